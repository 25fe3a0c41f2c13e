import Kernels
import Plots

extension Samples {
    /// The samples of a filterbank that was searched.
    init(_ filterbank: Filterbank) {
        self.init(
            stepCount: filterbank.stepCount,
            channelCount: filterbank.header.channelCount
        ) { step, channels in
            try filterbank.numbers(step: step, channels: channels)
        }
    }
}
