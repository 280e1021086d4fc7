import Features
import Testing

/// Front-ends as users write them: a preset, and settings.
@Suite struct FrontEndSettingTests {
    /// A text that another setting of the same key would not have.
    private static func others(_ setting: FrontEndSetting) -> [String] {
        switch setting.values {
        case .integer(let range): [range.lowerBound, min(range.upperBound, 7)].map { "\($0)" }
        case .number(let range): ["\(range.lowerBound)", "\(range.upperBound)", "0.25"]
        case .name(let names): names
        }
    }

    @Test("Each setting sets what it tells, and takes only its values", arguments: FrontEndSetting.all.indices)
    func setting(place: Int) {
        let setting = FrontEndSetting.all[place]
        for text in Self.others(setting) where setting.accepts(text) {
            var frontEnd = FrontEnd.standard
            setting.set(&frontEnd, to: text)
            #expect(
                setting.text(of: frontEnd) == text || Double(setting.text(of: frontEnd)) == Double(text),
                "\(setting.key)")
            // And nothing else.
            for other in FrontEndSetting.all where other.key != setting.key {
                #expect(other.text(of: frontEnd) == other.text(of: .standard), "\(setting.key) changes \(other.key)")
            }
        }
        for text in ["", "none of these", "nan", "-1e300"] { #expect(!setting.accepts(text), "\(setting.key) \(text)") }
        #expect(Set(FrontEndSetting.all.map(\.key)).count == FrontEndSetting.all.count)
    }

    @Test("Any front-end is a preset and settings, which give it back", arguments: FrontEndPreset.allCases)
    func roundTrip(preset: FrontEndPreset) {
        func made(_ given: (preset: FrontEndPreset, settings: [(key: String, value: String)]), chunk: Int) -> FrontEnd {
            var found = given.preset.frontEnd
            for (key, value) in given.settings { FrontEndSetting.all.first { $0.key == key }?.set(&found, to: value) }
            found.chunk = chunk
            return found
        }
        let plain = preset.frontEnd.asPreset
        #expect(plain.preset == preset && plain.settings.isEmpty)
        for setting in FrontEndSetting.all {
            for text in Self.others(setting) where setting.accepts(text) {
                var other = preset.frontEnd
                setting.set(&other, to: text)
                other.chunk = 12_345
                let given = other.asPreset
                #expect(made(given, chunk: 12_345) == other, "\(setting.key) \(text)")
                #expect(given.settings.count <= 2, "\(given)")
            }
        }
    }
}
