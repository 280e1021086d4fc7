import Wording

/// The score from which a clip or a chunk counts as having a class: a value for every class, and where it comes from.
package struct ClassThresholds: Sendable, Equatable {
    /// Thresholds from one source, for some of the classes.
    package struct Layer: Sendable, Equatable {
        /// Where they come from, in words.
        package let origin: String
        /// By class, 0 to 1.
        package let values: [String: Double]

        package init(origin: String, values: [String: Double]) {
            self.origin = origin
            self.values = values
        }
    }

    /// The first layer that has a class gives its threshold.
    package let layers: [Layer]
    /// The threshold of classes in no layer.
    package let fallback: Double

    /// The default threshold: the score at which a sigmoid says "as likely as not".
    package static let usual = 0.5

    package init(layers: [Layer] = [], fallback: Double = usual) {
        self.layers = layers.filter { !$0.values.isEmpty }
        self.fallback = fallback
    }

    /// The name in messages for the thresholds that a model's file recommends.
    package static let modelsOwn = "the model's own"

    /// Combines the thresholds of a command.
    ///
    /// - Parameters:
    ///   - recommended: by class, what the model's file recommends.
    ///   - given: one threshold that the user asked for, for all classes; it replaces those that the model recommends.
    ///   - table: thresholds by class that the user asked for; they take precedence over all others.
    package init(recommended: [String: Double], given: Double? = nil, table: Layer? = nil) {
        let own = Layer(origin: Self.modelsOwn, values: given == nil ? recommended : [:])
        self.init(layers: [table, own].compactMap(\.self), fallback: given ?? Self.usual)
    }

    /// A class's threshold.
    package func value(of name: String) -> Double {
        for layer in layers { if let value = layer.values[name] { return value } }
        return fallback
    }

    /// Where the classes' thresholds come from: `t.csv for 3 of 17 classes, the model's own for 9, 0.5 for 5`.
    package func text(_ classes: [String]) -> String {
        var parts: [(origin: String, count: Int)] = []
        var left = classes
        for layer in layers {
            let rest = left.filter { layer.values[$0] == nil }
            if rest.count < left.count { parts.append((layer.origin, left.count - rest.count)) }
            left = rest
        }
        if !left.isEmpty || parts.isEmpty { parts.append(("\(fallback)", left.count)) }
        let all = counted(classes.count, "class", "classes")
        guard parts.count > 1 else {
            return "\(parts[0].origin) for \(classes.count == 1 ? "the class" : "all \(all)")"
        }
        return parts.enumerated().map { place, part in
            "\(part.origin) for \(part.count)" + (place == 0 ? " of \(all)" : "")
        }.joined(separator: ", ")
    }
}
