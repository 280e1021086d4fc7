import Corpora
import Testing

/// Labels held against a model's classes.
@Suite struct ClassNamesTests {
    private let names = ClassNames([
        "Speech", "Child speech, kid speaking", "Dog", "Bark", "Door", "Waves, surf", "Fire", "Fire alarm",
    ])

    private func message(_ rows: [(clip: String, labels: [String])]) -> String {
        do {
            try names.check(rows.enumerated().map { (line: $0 + 2, clip: $1.clip, labels: $1.labels) }, file: "m.csv")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("The first unknown label is named with its place, and all of them are counted")
    func unknown() {
        #expect(message([("a", ["Dog", "Fire"]), ("b", [])]) == "")
        #expect(
            message([("a", ["Dog"]), ("b", ["Fire", "Dgo"])])
                == "m.csv:3: found label 'Dgo' of clip 'b', expected one of the 8 classes; nearest: 'Dog'")
        let many = message([("a", ["Dgo", "Cat"]), ("b", ["Cat", "Dog"]), ("c", ["Cow", "Hen"])])
        #expect(many.contains("m.csv:2: found label 'Dgo' of clip 'a'"))
        #expect(many.contains("4 names in 3 clips: 'Cat' 2 times, 'Cow' 1 time, 'Dgo' 1 time, ...)"))
    }

    @Test("Near names: other case, slips of the hand, a part of the name; the nearest first")
    func near() {
        #expect(names.near("speech").first == "Speech")
        #expect(names.near("Dpg") == ["Dog"])
        #expect(names.near("Child speech") == ["Child speech, kid speaking", "Speech"])
        #expect(names.near("surf") == ["Waves, surf"])
        #expect(names.near("Fire") == ["Fire", "Fire alarm"])
        #expect(names.near("Xylophone").isEmpty && names.near("").isEmpty)
        #expect(names.near(String(repeating: "Dog ", count: 25_000)).count <= 3)
    }

    @Test("An identifier is as good as its name; a model without identifiers says so")
    func identifiers() {
        let known = ClassNames(["Dog", "Bark", "/m/09x0r"], identifiers: ["/m/0bt9lr", "", "/m/1"])
        #expect(known.place(of: "/m/0bt9lr") == 0 && known.place(of: "Dog") == 0 && known.place(of: "") == nil)
        // A class of that very name goes before.
        #expect(known.place(of: "/m/09x0r") == 2 && known.place(of: "/m/1") == 2 && known.place(of: "/m/2") == nil)
        #expect(ClassNames(["Dog"]).place(of: "/m/0bt9lr") == nil)
        #expect(ClassNames(["Dog", "Bark"], identifiers: ["/m/0bt9lr"]).identifiers.isEmpty)
        #expect(
            ClassNames(["Dog"], identifiers: [""]).expected("/m/0bt9lr")
                == "the name of one of the 1 class, as the model has no identifiers")
        #expect(known.expected("/m/77") == "one of the 3 classes, such as 'Dog'")
    }

    @Test("A name with one scalar put in, taken out, replaced or swapped is found again, whatever the name")
    func slips() {
        var state: UInt64 = 7
        func number(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzäß ")
        for _ in 0..<300 {
            let long = (0..<6).map { _ in String((0..<12).map { _ in alphabet[number(alphabet.count)] }) }
            let names = ClassNames(long)
            let wanted = number(6)
            var label = Array(long[wanted])
            let place = number(11)
            switch number(4) {
            case 0: label.insert("z", at: place)
            case 1: label.remove(at: place)
            case 2: label[place] = "q"
            default: label.swapAt(place, place + 1)
            }
            #expect(names.near(String(label)).first == long[wanted])
        }
    }
}
