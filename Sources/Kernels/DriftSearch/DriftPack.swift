package import Primitives

/// A filterbank file that is ready to be searched: what its units have in common, and their bytes.
package struct DriftPack: Sendable {
    /// What all units have in common.
    package let parameters: Parameters
    /// The units.
    package let plan: UnitPlan
    private let filterbank: Filterbank
    private let geometry: DriftGeometry
    private let codebook: Codebook

    /// Takes the statistics of each coarse channel of `file`.
    package init(
        _ file: InputFile,
        _ settings: DriftSettings,
        variant: Variant = .fastest,
        isShipped: Bool = false,
        workers: any Workers = OneWorker()
    ) throws(InputError) {
        try self.init(
            Filterbank(file.bytes),
            name: file.name,
            settings,
            variant: variant,
            isShipped: isShipped,
            workers: workers
        )
    }

    /// Takes the statistics of each coarse channel of `filterbank`, whose file is called `name`.
    ///
    /// What is to be shipped is shortened to a byte for each sample where that loses nothing.
    package init(
        _ filterbank: Filterbank,
        name: String,
        _ settings: DriftSettings,
        variant: Variant = .fastest,
        isShipped: Bool = false,
        workers: any Workers = OneWorker()
    ) throws(InputError) {
        self.filterbank = filterbank
        codebook = isShipped ? try Codebook(filterbank) : .none
        let survey = try DriftSurvey(filterbank, settings, variant, workers, codebook)
        let visible = name.utf8.map { $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") }
        let fileName = String(
            decoding: visible.prefix(KernelLimits.headerTextByteCountMax),
            as: UTF8.self
        )
        let decided = DriftParameters(
            method: settings.method,
            maxDrift: settings.maxDrift,
            threshold: settings.threshold,
            tileWidth: survey.tileWidth,
            stepCount: filterbank.stepCount,
            header: filterbank.header,
            fileName: fileName,
            codebook: codebook,
            coarseChannels: survey.channels
        )
        parameters = decided.encoded()
        do {
            geometry = try DriftGeometry(DriftParameters(parameters))
            plan = try geometry.plan()
        } catch {
            throw .setting(error.description)
        }
    }

    /// The bytes of the unit at `index`, which is below `plan.unitCount`.
    package func unit(_ index: Int) throws(InputError) -> Bytes {
        let extent = plan[index].bytes
        var bytes: Bytes = []
        bytes.reserveCapacity(Int(extent.upperBound - extent.lowerBound))
        try append(index, to: &bytes)
        return bytes
    }

    /// All units, one after the other.
    package func dataset() throws(InputError) -> Dataset {
        var bytes: Bytes = []
        bytes.reserveCapacity(Int(plan.byteCount))
        for index in 0..<plan.unitCount { try append(index, to: &bytes) }
        return Dataset(parameters: parameters, bytes: bytes)
    }

    private func append(_ index: Int, to bytes: inout Bytes) throws(InputError) {
        let tile = geometry.tile(index)
        let stored = geometry.storedColumns(tile.columns)
        let first = tile.coarseChannel * geometry.columnCount
        guard geometry.method == .turboSETI else {
            let wanted = (first + stored.lowerBound)..<(first + stored.upperBound)
            return try append(wanted, to: &bytes)
        }
        for step in 0..<geometry.stepCount {
            for piece in pieces(of: stored, count: geometry.columnCount) {
                let channels = (first + piece.lowerBound)..<(first + piece.upperBound)
                try append(channels, step: step, to: &bytes)
            }
        }
    }

    private func append(
        _ channels: Range<Int>,
        step: Int,
        to bytes: inout Bytes
    ) throws(InputError) {
        guard !codebook.isEmpty else {
            bytes.append(contentsOf: try filterbank.samples(step: step, channels: channels))
            return
        }
        var encoder = codebook.encoder()
        let numbers = try filterbank.numbers(step: step, channels: channels)
        guard encoder.append(numbers, to: &bytes) else {
            throw .unreadable("the file has changed while it was read; try again")
        }
    }

    /// Appends channels of the file; those that it has not are zeros.
    private func append(_ wanted: Range<Int>, to bytes: inout Bytes) throws(InputError) {
        let present = wanted.clamped(to: 0..<geometry.channelCount)
        let before = (present.lowerBound - wanted.lowerBound) * geometry.sampleByteCount
        let behind = (wanted.upperBound - present.upperBound) * geometry.sampleByteCount
        for step in 0..<geometry.stepCount {
            bytes.append(contentsOf: repeatElement(0, count: before))
            try append(present, step: step, to: &bytes)
            bytes.append(contentsOf: repeatElement(0, count: behind))
        }
    }

    /// The parts of a circular range, each inside `0..<count`.
    private func pieces(of columns: Range<Int>, count: Int) -> [Range<Int>] {
        if columns.lowerBound < 0 {
            return [(columns.lowerBound + count)..<count, 0..<columns.upperBound]
        }
        if columns.upperBound > count {
            return [columns.lowerBound..<count, 0..<(columns.upperBound - count)]
        }
        return [columns]
    }
}
