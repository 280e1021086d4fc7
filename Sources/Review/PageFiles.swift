/// The page's files, which the build embeds in the program from `Page/`.
enum PageFiles {
    static var index: [UInt8] { PackageResources.index_html }
    static var style: [UInt8] { PackageResources.review_css }
    static var script: [UInt8] { PackageResources.review_js }
}
