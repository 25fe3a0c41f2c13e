import Primitives
import Simulator
import Testing
import Wire

/// Predictions of jobs whose time and cost can be worked out by hand.
@Suite struct ForecastTests {
    private static let operations: UInt64 = 500_000_000

    /// Units of 5 s each on machines of one place, all alike.
    private func forecast(
        units: UInt32 = 64,
        machines: Int = 4,
        faulty: Int = 0,
        churn: Ratio = .never,
        errors: Ratio = Ratio(1, of: 1),
        eventsMax: UInt64 = Forecast.eventsMax
    ) -> Forecast {
        Forecast(
            unitCount: units,
            operationsPerUnit: Self.operations,
            secondsPerUnit: 25,
            machines: (0..<machines).map { index in
                JobModel.Machine(
                    places: 1,
                    speed: Self.operations / 5,
                    isFaulty: index < faulty
                )
            },
            churn: churn,
            errors: errors,
            eventsMax: eventsMax
        )
    }

    /// Nothing is wasted but on audits, of one unit in twenty, and the time is that of all results
    /// shared out evenly, and a little.
    @Test(arguments: [(Policy.strict, UInt64(2), UInt64(10)), (.single, 1, 0)])
    func equalMachinesWithoutFaultsAgreeWithArithmetic(
        policy: Policy,
        replicas: UInt64,
        auditsMax: UInt64
    ) throws {
        let prediction = forecast().predict(policy)
        let ideal = 64 * 5 * replicas / 4
        let seconds = try #require(prediction.span).milliseconds / 1_000
        #expect((ideal...ideal + 30).contains(seconds), "\(seconds) s instead of \(ideal) s")
        let results = prediction.operations / Self.operations
        #expect((64 * replicas...64 * replicas + auditsMax).contains(results))
        #expect(prediction.operations == results * Self.operations)
        #expect(prediction.milliReplicas == results * 1_000 / 64)
        #expect(prediction.overhead == (results - 64) * Self.operations)
        #expect(prediction.wrong == 0)
        #expect(prediction.simulatedUnits == 64 && prediction.simulatedMachines == 4)
    }

    @Test func twiceTheMachinesTakeHalfTheTime() throws {
        let few = try #require(forecast(units: 128).predict(.strict).span)
        let many = try #require(forecast(units: 128, machines: 8).predict(.strict).span)
        let ratio = Double(few.milliseconds) / Double(many.milliseconds)
        #expect((1.6...2.2).contains(ratio), "\(ratio)")
    }

    @Test func onlyTheSinglePolicyTakesTheWordOfAFaultyMachine() throws {
        let lone = forecast(units: 16, machines: 1, faulty: 1).predict(.single)
        #expect(lone.wrong == 16 && lone.milliReplicas == 1_000)
        let strict = forecast(units: 16, machines: 5, faulty: 1).predict(.strict)
        #expect(strict.span != nil && strict.wrong == 0)
        #expect(strict.milliReplicas > 2_000, "what is disputed is computed once more")
    }

    @Test func whoLeavesTakesWorkAlong() throws {
        let calm = forecast(units: 128).predict(.strict)
        // Each machine leaves every five minutes, for ten.
        let rough = forecast(units: 128, churn: Ratio(12, of: 1)).predict(.strict)
        #expect(rough.overhead > calm.overhead)
        #expect(try #require(rough.span) > (try #require(calm.span)))
        #expect(rough.wrong == 0)
    }

    /// A sample stands for the whole: the time of what was left out follows from its pace.
    @Test func aLargeJobIsScaled() throws {
        let prediction = forecast(units: 200_000, machines: 16, eventsMax: 100_000).predict(.strict)
        #expect(prediction.simulatedUnits < 10_000)
        let ideal = 200_000 * 5 * 2 / 16
        let seconds = Int(try #require(prediction.span).milliseconds / 1_000)
        #expect((ideal * 9 / 10...ideal * 5 / 4).contains(seconds), "\(seconds) s, not \(ideal) s")
        // Two results of each unit, and audits of one in twenty.
        #expect((400_000...420_000).contains(prediction.operations / Self.operations))
    }

    @Test func aForecastIsRepeatedExactly() {
        let rough = forecast(machines: 6, faulty: 1, churn: Ratio(1, of: 1))
        #expect(rough.predict(.strict) == rough.predict(.strict))
    }

    @Test func machinesAreDrawnAroundTheSpeedAndSomeAreFaulty() {
        let drawn = JobModel.Machine.drawn(
            100,
            places: 2,
            speed: 800,
            faulty: Ratio(7, of: 100),
            seed: 3
        )
        #expect(drawn.count { $0.isFaulty } == 7)
        #expect(drawn.allSatisfy { (400...1_600).contains($0.speed) && $0.places == 2 })
        #expect(Set(drawn.map(\.speed)).count > 5)
    }
}
