// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target of this package.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Settings of the pure tiers and of the kernels: every unsafe construct is marked `unsafe`.
let pure: [SwiftSetting] = house + [.strictMemorySafety()]

let package = Package(
    name: "starling",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Tier 0
        .target(name: "Primitives", swiftSettings: pure),
        .target(name: "Wire", dependencies: ["Primitives"], swiftSettings: pure),

        // Tier 1
        .target(name: "Membership", dependencies: ["Primitives", "Wire"], swiftSettings: pure),
        .target(name: "WorkUnits", dependencies: ["Primitives", "Wire"], swiftSettings: pure),
        .target(name: "Ledger", dependencies: ["Primitives", "Wire"], swiftSettings: pure),
        .target(
            name: "PeerCore",
            dependencies: ["Primitives", "Wire", "Membership", "WorkUnits", "Ledger"],
            swiftSettings: pure
        ),

        // Tier 1k
        .target(name: "CKernels"),
        .target(name: "Kernels", dependencies: ["Primitives", "CKernels"], swiftSettings: pure),

        // Tier 2
        .systemLibrary(name: "COpenSSL"),
        .systemLibrary(name: "CZeroMQ"),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CZlib"),
        .target(name: "Subprocesses", dependencies: ["CLinux"], swiftSettings: house),
        .target(
            name: "Identity",
            dependencies: ["Primitives", "Wire", "COpenSSL"],
            swiftSettings: house
        ),
        .target(
            name: "Transport",
            dependencies: ["Primitives", "CZeroMQ"],
            swiftSettings: house
        ),
        .target(
            name: "Store",
            dependencies: [
                "Primitives", "Wire",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: house
        ),
        .target(name: "Plots", dependencies: ["CZlib"], swiftSettings: house),
        .target(
            name: "Sandbox",
            dependencies: ["Primitives", "Kernels", "CLinux"],
            swiftSettings: house
        ),
        .target(
            name: "FilterbankFiles",
            dependencies: ["Primitives", "Kernels", "Subprocesses", "CZlib"],
            swiftSettings: house
        ),
        .target(
            name: "JobFiles",
            dependencies: [
                "Primitives", "Wire", "Kernels",
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: house
        ),
        .target(
            name: "PeerNode",
            dependencies: [
                "Primitives", "Wire", "Membership", "WorkUnits", "Ledger", "PeerCore", "Kernels",
                "Identity", "Transport", "Store", "Sandbox",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: house
        ),

        // Tier 3
        .executableTarget(
            name: "starling",
            dependencies: [
                "Subprocesses",
                "Kernels", "FilterbankFiles", "JobFiles", "Primitives", "Wire", "WorkUnits",
                "Ledger", "PeerCore", "PeerNode", "Store", "Plots", "Simulator",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house
        ),
        // It starts once a unit: the runtime is part of it, so that nothing has to be found and
        // bound. No test target may depend on it, or the tests would be linked in the same way.
        .executableTarget(
            name: "starling-executor",
            dependencies: ["Sandbox"],
            swiftSettings: house,
            linkerSettings: [.unsafeFlags(["-static-stdlib"])]
        ),

        // Simulation
        .target(
            name: "Simulator",
            dependencies: ["Primitives", "Wire", "Membership", "WorkUnits", "Ledger", "PeerCore"],
            swiftSettings: pure
        ),
        .executableTarget(
            name: "starling-sim",
            dependencies: [
                "Simulator", "Primitives", "Wire", "WorkUnits", "Subprocesses", "Kernels",
                "FilterbankFiles", "JobFiles",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: house
        ),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: ["Primitives", "Wire", "Ledger", "Simulator"],
            swiftSettings: house
        ),
        // The tests run what the fuzzer has found: no fuzzer is needed for that.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Primitives", "Wire", "Ledger", "PeerCore", "Kernels", "JobFiles", "TestSupport",
            ],
            path: "Fuzz/FuzzTargets",
            swiftSettings: house
        ),
        .testTarget(
            name: "FuzzTargetsTests",
            dependencies: [
                "FuzzTargets", "Primitives", "Wire", "TestSupport",
            ],
            exclude: ["Found"],
            swiftSettings: house
        ),
        .testTarget(
            name: "PrimitivesTests",
            dependencies: ["Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "WireTests",
            dependencies: ["Primitives", "Wire"],
            exclude: ["Vectors"],
            swiftSettings: house
        ),
        .testTarget(
            name: "LedgerTests",
            dependencies: ["Primitives", "Wire", "Ledger", "TestSupport"],
            exclude: ["Cases"],
            swiftSettings: house
        ),
        .testTarget(
            name: "WorkUnitsTests",
            dependencies: ["Primitives", "Wire", "WorkUnits", "TestSupport"],
            swiftSettings: house
        ),
        .testTarget(
            name: "MembershipTests",
            dependencies: ["Primitives", "Wire", "Membership", "TestSupport"],
            swiftSettings: house
        ),
        .testTarget(
            name: "PeerCoreTests",
            dependencies: [
                "Primitives", "Wire", "Membership", "WorkUnits", "Ledger", "PeerCore",
                "TestSupport",
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "KernelsTests",
            dependencies: ["Kernels", "Primitives"],
            exclude: ["Cases"],
            swiftSettings: house
        ),
        .testTarget(
            name: "FilterbankFilesTests",
            dependencies: ["Subprocesses", "FilterbankFiles", "Kernels", "Primitives"],
            exclude: ["Files"],
            swiftSettings: house
        ),
        .testTarget(
            name: "PlotsTests",
            dependencies: ["Subprocesses", "Plots"],
            exclude: ["Reader"],
            swiftSettings: house
        ),
        .testTarget(
            name: "IdentityTests",
            dependencies: ["Identity", "Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "TransportTests",
            dependencies: ["Transport", "Primitives", "CZeroMQ"],
            swiftSettings: house
        ),
        .testTarget(
            name: "SandboxTests",
            dependencies: ["Subprocesses", "Sandbox", "Kernels", "Primitives"],
            swiftSettings: house
        ),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "Subprocesses",
                "Store", "Primitives", "Wire", "Identity",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["Reader"],
            swiftSettings: house
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: ["Subprocesses", "Simulator", "Primitives", "Wire"],
            swiftSettings: house
        ),
        .testTarget(
            name: "PeerNodeTests",
            dependencies: [
                "Subprocesses",
                "PeerNode", "PeerCore", "WorkUnits", "Primitives", "Wire", "Ledger", "Kernels",
                "Identity", "Transport", "Store", "Sandbox", "TestSupport",
            ],
            swiftSettings: house
        ),
        .testTarget(
            name: "ProcessTests",
            dependencies: ["Subprocesses", "starling", "Kernels", "Primitives"],
            swiftSettings: house
        ),
        .testTarget(name: "TidyTests", swiftSettings: house),
    ],
    swiftLanguageModes: [.v6]
)

// Nobody needs the benchmarks but who measures: `make bench` asks for them.
if Context.environment["STARLING_BENCH"] == "1" {
    package.targets.append(
        .executableTarget(
            name: "starling-bench",
            dependencies: [
                "Subprocesses",
                "Primitives", "Wire", "Kernels", "PeerCore", "PeerNode", "Store", "Transport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/starling-bench",
            swiftSettings: house
        )
    )
}

// `make fuzz` asks for the fuzzer. What it shall reach counts the edges that are taken; hashes are
// in Primitives, where they would drown the rest.
if Context.environment["STARLING_FUZZ"] == "1" {
    let reached = ["Wire", "Membership", "WorkUnits", "Ledger", "PeerCore", "Kernels", "JobFiles"]
    for target in package.targets where reached.contains(target.name) {
        target.swiftSettings =
            (target.swiftSettings ?? []) + [
                .unsafeFlags(["-Xfrontend", "-sanitize=fuzzer"])
            ]
    }
    package.targets.append(
        .executableTarget(
            name: "starling-fuzz",
            dependencies: ["FuzzTargets", "Primitives"],
            path: "Fuzz/starling-fuzz",
            swiftSettings: house,
            linkerSettings: [.linkedLibrary("stdc++"), .linkedLibrary("m")]
        )
    )
}
