import Ledger
import Pipeline

/// Writes a run's outcomes into the ledger.
package final class LedgerRecorder: RunRecorder {
    private let ledger: Ledger
    private let inFlight: InFlightLog
    private let graph: Graph
    private let targets: [String]
    /// Ledger ids of the graph's nodes.
    private let stageOfNode: [Int: Int64]
    /// The digest of the content from which a replayed clip's rows were made, by place in the manifest.
    private let contentOf: @Sendable (Int) -> String

    /// - Parameters:
    ///   - targets: the identities that failures of this pipeline can have.
    ///   - stageOfNode: the ledger's ids of the nodes that persist.
    ///   - contentOf: digest of a clip's file as known before the run, by place in the manifest.
    package init(
        ledger: Ledger, inFlight: InFlightLog, graph: Graph, targets: [String],
        stageOfNode: [Int: Int64],
        contentOf: @escaping @Sendable (Int) -> String
    ) {
        self.ledger = ledger
        self.inFlight = inFlight
        self.graph = graph
        self.targets = targets
        self.stageOfNode = stageOfNode
        self.contentOf = contentOf
    }

    package func commit(_ outcomes: [Outcome]) throws {
        var batch = CommitBatch(targets: targets)
        for outcome in outcomes {
            if let failure = outcome.failure {
                batch.failures.append(
                    FailureRecord(
                        clip: outcome.clip,
                        target: graph.failureTarget(node: failure.node, failureClass: failure.failureClass).hex,
                        failureClass: failure.failureClass, reason: failure.reason, offset: failure.offset,
                        size: outcome.source?.size, modified: outcome.source?.modified))
                if let content = outcome.source?.content, !content.isEmpty {
                    batch.failedContents.append((outcome.clip, content))
                }
                continue
            }
            let content = outcome.source?.content ?? contentOf(outcome.index)
            if let source = outcome.source {
                batch.sources.append(
                    SourceRecord(
                        clip: outcome.clip, size: source.size, modified: source.modified, content: source.content,
                        frames: source.length?.frames, rate: source.length?.rate))
            }
            for product in outcome.products {
                guard let stage = stageOfNode[product.node] else { continue }
                batch.results.append(
                    ResultRecord(
                        clip: outcome.clip, stage: stage, content: content, shard: product.store.id,
                        firstRow: Int64(product.firstRow), rowCount: Int64(product.rowCount), digest: product.digest,
                        samples: product.samples.map(Int64.init)))
            }
            batch.done.append(outcome.clip)
        }
        try ledger.commit(batch)
    }

    package func noteStart(clip: Int64, worker: Int) { inFlight.note(clip: clip, worker: worker) }
    package func noteIdle(worker: Int) { inFlight.note(clip: 0, worker: worker) }
    package func noteCall(_ call: ModelCall, clips: [Int64], worker: Int) {
        inFlight.note(call: call, clips: clips, worker: worker)
    }
    package func noteReturn(worker: Int) { inFlight.noteReturn(worker: worker) }
    package func noteHang(worker: Int) { inFlight.noteHang(worker: worker) }
}
