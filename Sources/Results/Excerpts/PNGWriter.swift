import CPNG

/// Encodes a picture of at most 256 colours as PNG, with libpng.
final class PNGWriter {
    /// `PNG_FORMAT_RGB_COLORMAP`, a macro that Swift does not import: three bytes per colour, one per pixel.
    private static let format: UInt32 = 0x02 | 0x08
    /// `PNG_IMAGE_FLAG_FAST`: low compression, which takes a third of the time and makes the file a few per cent
    /// larger.
    private static let fast: UInt32 = 0x02

    private var image = png_image()

    private init() {}

    deinit { png_image_free(&image) }

    /// - Parameters:
    ///   - pixels: palette indices, row by row from the top, `width * height` of them.
    ///   - palette: red, green and blue of each colour, at most 256.
    /// - Throws: `ExcerptError` with libpng's reason.
    static func bytes(_ pixels: [UInt8], width: Int, height: Int, palette: [UInt8]) throws -> [UInt8] {
        try PNGWriter().write(pixels, width, height, palette)
    }

    private func write(_ pixels: [UInt8], _ width: Int, _ height: Int, _ palette: [UInt8]) throws -> [UInt8] {
        precondition(pixels.count == width * height && palette.count % 3 == 0, "a picture of another size")
        image.version = UInt32(PNG_IMAGE_VERSION)
        image.width = UInt32(width)
        image.height = UInt32(height)
        image.format = Self.format
        image.flags = Self.fast
        image.colormap_entries = UInt32(palette.count / 3)
        // Incompressible data takes slightly more space than the pixels; the rest is for the header and palette.
        let room = pixels.count + height + pixels.count / 500 + palette.count + 1024
        var size = png_alloc_size_t(room)
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = 0
            guard let base = buffer.baseAddress else { return }
            if png_image_write_to_memory(&image, base, &size, 0, pixels, Int32(width), palette) != 0 {
                count = Int(size)
            }
        }
        guard !bytes.isEmpty else {
            let reason = withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw ExcerptError(.undrawable, path: "picture", "libpng cannot write \(width) x \(height): \(reason)")
        }
        return bytes
    }
}
