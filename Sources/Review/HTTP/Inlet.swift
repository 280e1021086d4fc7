import NIOCore

/// Sees a connection's bytes before the parser, which tells of requests only once their heads are complete.
final class Inlet: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        guard bytes.withUnsafeReadableBytes({ connection.takes($0) }) else { return }
        context.fireChannelRead(wrapInboundOut(bytes))
    }
}

/// Tells whether a line that is too long is an address or a header; the parser says the same of both.
struct LineWatch {
    private var length = 0
    /// Whether the line is the first of a request: a blank comes before any colon. nil before either.
    private var isFirst: Bool?
    /// Whether the last line that was longer than a field may be was an address.
    private(set) var hasLongAddress = false

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            guard byte != UInt8(ascii: "\n") else {
                (length, isFirst) = (0, nil)
                continue
            }
            length += 1
            if isFirst == nil {
                if byte == UInt8(ascii: " ") { isFirst = true }
                if byte == UInt8(ascii: ":") { isFirst = false }
            }
            if length > ServerLimits.longestField { hasLongAddress = isFirst == true }
        }
    }
}
