extension FrontEnd: CustomStringConvertible {
    /// The name and value of those settings, apart from the ten that are always given, that differ from YAMNet's.
    private var others: [(key: Key, value: String)] {
        let usual = FrontEnd.standard
        var found: [(Key, String)] = []
        func tell<Value: Equatable>(_ key: Key, _ path: KeyPath<FrontEnd, Value>, _ text: (Value) -> String) {
            if self[keyPath: path] != usual[keyPath: path] { found.append((key, text(self[keyPath: path]))) }
        }
        tell(.windowShape, \.windowShape, \.rawValue)
        tell(.melScale, \.melScale, \.rawValue)
        tell(.triangles, \.triangles, \.rawValue)
        tell(.bandNorm, \.bandNorm, \.rawValue)
        tell(.framing, \.framing, \.rawValue)
        tell(.removesMean, \.removesMean, \.description)
        tell(.preEmphasis, \.preEmphasis, \.description)
        tell(.preEmphasisScope, \.preEmphasisScope, \.rawValue)
        tell(.spectrum, \.spectrum, \.rawValue)
        tell(.logarithm, \.logarithm, \.rawValue)
        tell(.reference, \.reference, \.description)
        tell(.floor, \.floor, \.description)
        tell(.range, \.range, \.description)
        tell(.mean, \.mean, \.description)
        tell(.deviation, \.deviation, \.description)
        return found
    }

    package var description: String {
        let inner = offset == 0 ? "mel" : "mel + \(offset)"
        let name =
            switch logarithm {
            case .natural: "ln"
            case .decimal: "log10"
            case .decibel: "dB"
            }
        let rest = others.filter { $0.key != .logarithm }.map { ", \($0.key.stringValue) \($0.value)" }.joined()
        return "\(rate) Hz, window \(window), hop \(hop), FFT \(fft), \(bands) bands \(low)-\(high) Hz, "
            + "\(name)(\(inner)), chunk \(chunk), \(patchFrames) frames" + rest
    }

    /// The settings that the stored frames depend on, as fields of a stage's identity; empty for YAMNet's frames.
    ///
    /// YAMNet's frames thus keep the identity from before there were other front-ends, however they are requested.
    package var identityOfFrames: [String] {
        var kept = self
        kept.chunk = FrontEnd.standard.chunk
        kept.patchFrames = FrontEnd.standard.patchFrames
        if range > 0 {
            // All three are applied to patches, not to frames.
            kept.range = 0
            kept.mean = 0
            kept.deviation = 1
        }
        if preEmphasis == 0 { kept.preEmphasisScope = .frame }
        if logarithm != .decibel { kept.reference = 1 }
        guard kept != .standard else { return [] }
        return [
            "rate=\(rate)", "window=\(window)", "hop=\(hop)", "fft=\(fft)", "bands=\(bands)", "low=\(low)",
            "high=\(high)", "offset=\(offset)",
        ] + kept.others.map { "\($0.key.stringValue)=\($0.value)" }
    }
}

extension FrontEnd: Codable {
    /// The keys of the JSON text in a model's `front_end` and in the ledger. The first ten are always present; the
    /// others only if they differ from YAMNet's, so that the text for YAMNet is the same as before there were other
    /// front-ends.
    fileprivate enum Key: String, CodingKey, CaseIterable {
        case rate, window, hop, fft, bands, low, high, offset, chunk, patchFrames
        case windowShape, melScale, triangles, bandNorm, framing, removesMean, preEmphasis, preEmphasisScope, spectrum
        case logarithm, reference, floor, range, mean, deviation
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads the settings; those that are not named are YAMNet's.
    ///
    /// - Throws: `DecodingError` if a setting is missing or unknown, or its value is not valid.
    package init(from decoder: any Decoder) throws {
        // Ignoring an unknown setting would silently give different features.
        for key in try decoder.container(keyedBy: AnyKey.self).allKeys where Key(stringValue: key.stringValue) == nil {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no setting '\(key.stringValue)' is known"))
        }
        let values = try decoder.container(keyedBy: Key.self)
        func number(_ key: Key) throws -> Int { try values.decode(Int.self, forKey: key) }
        func real(_ key: Key) throws -> Double { try values.decode(Double.self, forKey: key) }
        self.init(
            rate: try number(.rate), window: try number(.window), hop: try number(.hop), fft: try number(.fft),
            bands: try number(.bands), low: try real(.low), high: try real(.high), offset: try real(.offset),
            chunk: try number(.chunk), patchFrames: try number(.patchFrames))
        func read<Value: Decodable>(_ key: Key, _ path: WritableKeyPath<FrontEnd, Value>) throws {
            if let value = try values.decodeIfPresent(Value.self, forKey: key) { self[keyPath: path] = value }
        }
        func name<Value: RawRepresentable>(_ key: Key, _ path: WritableKeyPath<FrontEnd, Value>) throws
        where Value.RawValue == String {
            guard let text = try values.decodeIfPresent(String.self, forKey: key) else { return }
            guard let value = Value(rawValue: text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: values, debugDescription: "'\(text)' is not one of its values")
            }
            self[keyPath: path] = value
        }
        try name(.windowShape, \.windowShape)
        try name(.melScale, \.melScale)
        try name(.triangles, \.triangles)
        try name(.bandNorm, \.bandNorm)
        try name(.framing, \.framing)
        try read(.removesMean, \.removesMean)
        try read(.preEmphasis, \.preEmphasis)
        try name(.preEmphasisScope, \.preEmphasisScope)
        try name(.spectrum, \.spectrum)
        try name(.logarithm, \.logarithm)
        try read(.reference, \.reference)
        try read(.floor, \.floor)
        try read(.range, \.range)
        try read(.mean, \.mean)
        try read(.deviation, \.deviation)
    }

    /// Writes the first ten settings, and of the others those that differ from YAMNet's.
    ///
    /// - Throws: the encoder's error.
    package func encode(to encoder: any Encoder) throws {
        let usual = FrontEnd.standard
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(rate, forKey: .rate)
        try values.encode(window, forKey: .window)
        try values.encode(hop, forKey: .hop)
        try values.encode(fft, forKey: .fft)
        try values.encode(bands, forKey: .bands)
        try values.encode(low, forKey: .low)
        try values.encode(high, forKey: .high)
        try values.encode(offset, forKey: .offset)
        try values.encode(chunk, forKey: .chunk)
        try values.encode(patchFrames, forKey: .patchFrames)
        func write<Value: Encodable & Equatable>(_ key: Key, _ path: KeyPath<FrontEnd, Value>) throws {
            if self[keyPath: path] != usual[keyPath: path] { try values.encode(self[keyPath: path], forKey: key) }
        }
        func name<Value: RawRepresentable & Equatable>(_ key: Key, _ path: KeyPath<FrontEnd, Value>) throws
        where Value.RawValue == String {
            if self[keyPath: path] != usual[keyPath: path] {
                try values.encode(self[keyPath: path].rawValue, forKey: key)
            }
        }
        try name(.windowShape, \.windowShape)
        try name(.melScale, \.melScale)
        try name(.triangles, \.triangles)
        try name(.bandNorm, \.bandNorm)
        try name(.framing, \.framing)
        try write(.removesMean, \.removesMean)
        try write(.preEmphasis, \.preEmphasis)
        try name(.preEmphasisScope, \.preEmphasisScope)
        try name(.spectrum, \.spectrum)
        try name(.logarithm, \.logarithm)
        try write(.reference, \.reference)
        try write(.floor, \.floor)
        try write(.range, \.range)
        try write(.mean, \.mean)
        try write(.deviation, \.deviation)
    }
}
