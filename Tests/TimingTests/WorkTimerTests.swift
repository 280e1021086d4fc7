import Foundation
import Testing
import Timing

struct WorkTimerTests {
    /// A clock that tests set.
    private final class Hand: @unchecked Sendable {
        var time: UInt64 = 1000
    }

    private struct Fault: Error {}

    @Test("Each kind of work gets the time that it does not spend in others")
    func nesting() throws {
        let hand = Hand()
        let timer = WorkTimer { hand.time }
        WorkTimer.$current.withValue(timer) {
            hand.time += 1
            WorkTimer.measure(.decode) {
                hand.time += 10
                WorkTimer.measure(.hashing) { hand.time += 100 }
                WorkTimer.measure(.decode) { hand.time += 20 }
                hand.time += 40
            }
            hand.time += 2
        }
        #expect(timer.nanoseconds == [.other: 3, .decode: 70, .hashing: 100])
    }

    @Test("An error ends its kind of work")
    func errors() {
        let hand = Hand()
        let timer = WorkTimer { hand.time }
        WorkTimer.$current.withValue(timer) {
            #expect(throws: Fault.self) {
                try WorkTimer.measure(.ledger) {
                    hand.time += 5
                    throw Fault()
                }
            }
            hand.time += 7
        }
        #expect(timer.nanoseconds == [.ledger: 5, .other: 7])
    }

    @Test("A thread without a timer is not measured, and one with a profile adds to it")
    func profile() {
        #expect(WorkTimer.measure(.decode) { 3 } == 3)
        #expect(WorkProfile.measure(nil) { WorkTimer.current == nil })
        let profile = WorkProfile()
        for _ in 0..<2 {
            WorkProfile.measure(profile) {
                #expect(WorkProfile.current === profile)
                WorkTimer.measure(.forward) {
                    let start = WorkTimer.threadTime()
                    while WorkTimer.threadTime() < start + 1_000_000 {}
                }
            }
        }
        // A millisecond of processor time in each of two threads' turns; the clock that ends it is the same.
        #expect(profile.seconds[.forward].map { $0 >= 0.002 } == true)
        #expect(Set(profile.seconds.keys) == [.forward, .other])
        #expect(WorkTimer.current == nil && WorkProfile.current == nil)
    }
}
