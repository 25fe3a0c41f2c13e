import Primitives
import Testing
import Wire

@Suite struct TicketTests {
    @Test func aSmallGridAdmitsEverybody() {
        for population in 0...3 as ClosedRange<UInt64> {
            #expect(Ticket.admits(.max, population: population, widening: 0))
        }
        #expect(!Ticket.admits(.max, population: 4, widening: 0))
        #expect(Ticket.admits(.max, population: 6, widening: 1))
        #expect(!Ticket.admits(.max, population: 7, widening: 1))
    }

    @Test(arguments: [(10, 0), (100, 0), (100, 3), (1_000, 5), (50_000, 12)])
    func theShareOfAdmittedTicketsIsAsWritten(population: UInt64, widening: UInt8) {
        var generator = PRNG(seed: population)
        let manifest: ManifestID = generator.identifier()
        let ticketCount: UInt64 = 6_000
        var admitted: UInt64 = 0
        for _ in 0..<ticketCount {
            let number = Ticket.number(
                manifest: manifest,
                lowestUnit: 7,
                seat: 1,
                worker: generator.identifier()
            )
            if Ticket.admits(number, population: population, widening: widening) { admitted += 1 }
        }
        // Five standard deviations of a binomial count, squared to stay with whole numbers.
        let expected = ticketCount * (3 << UInt64(widening)) / population
        let distance = max(admitted, expected) - min(admitted, expected)
        #expect(distance * distance <= 25 * (expected + 1))
    }

    @Test func wideningNeverShutsAWorkerOut() {
        var generator = PRNG(seed: 1)
        for _ in 0..<300 {
            let number = generator.next()
            let population = generator.number()
            let steps = (0...Limits.wideningMax).map {
                Ticket.admits(number, population: population, widening: $0)
            }
            #expect(!zip(steps, steps.dropFirst()).contains { $0 && !$1 })
        }
    }

    @Test func theBorderOfAShareIsExact() {
        // 3 of 12 is a quarter of all numbers.
        let quarter = UInt64(1) << 62
        #expect(Ticket.admits(quarter - 1, population: 12, widening: 0))
        #expect(!Ticket.admits(quarter, population: 12, widening: 0))
        #expect(Ticket.admits(quarter, population: 12, widening: 1))
    }

    @Test func extremesDoNotOverflow() {
        for number in [0, 1, UInt64.max - 1, .max] {
            for population in [0, 1, 3, 4, UInt64.max - 1, .max] {
                for widening in [0, 61, 62, 63, UInt8.max] as [UInt8] {
                    _ = Ticket.admits(number, population: population, widening: widening)
                }
            }
        }
        #expect(!Ticket.admits(3, population: .max, widening: 0))
        #expect(Ticket.admits(2, population: .max, widening: 0))
        #expect(Ticket.admits(3 << 61, population: .max, widening: 63))
    }

    @Test func aTicketDependsOnAllItsParts() {
        var generator = PRNG(seed: 2)
        let manifest: ManifestID = generator.identifier()
        let worker: PeerID = generator.identifier()
        let numbers = [
            Ticket.number(manifest: manifest, lowestUnit: 1, seat: 0, worker: worker),
            Ticket.number(manifest: manifest, lowestUnit: 2, seat: 0, worker: worker),
            Ticket.number(manifest: manifest, lowestUnit: 1, seat: 1, worker: worker),
            Ticket.number(
                manifest: ManifestID(worker.digest),
                lowestUnit: 1,
                seat: 0,
                worker: PeerID(manifest.digest)
            ),
        ]
        #expect(Set(numbers).count == numbers.count)
    }
}
