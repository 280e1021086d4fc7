extension Plan {
    /// What a route does with a clip, as a fingerprint of the stages that run and of those whose rows are read instead.
    /// Two runs with the same work take the same time for the same audio.
    package func work(of route: Route) -> String {
        let runs = graph.nodes.filter { route.runs($0.index) }.map(\.fingerprint.hex)
        let reads = route.replays.map { graph.nodes[$0.cache].fingerprint.hex }
        return Fingerprint(fields: ["work"] + runs + ["reads"] + reads).hex
    }

    /// The work of all clips that have any; nil if it is not the same for all.
    package var work: String? { routes.count == 1 ? work(of: routes[0]) : nil }
}
