import Glibc
import Sandbox

/// The child process of a peer: it takes one unit from standard input, computes it, and ends.
@main
enum StarlingExecutor {
    static func main() {
        exit(ExecutorChild.run(CommandLine.arguments))
    }
}
