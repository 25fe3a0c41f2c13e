import ArgumentParser
import FilterbankFiles
import Glibc

/// Tells what is in the HDF5 file that is its standard input; the program starts itself with it.
struct Hdf5Command: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "read-hdf5", shouldDisplay: false)

    /// This program, whatever its file is called by now, with this command.
    static let program = Hdf5Program(path: "/proc/self/exe", arguments: ["read-hdf5"])

    func run() {
        Glibc.exit(Hdf5Child.run())
    }
}
