import CMalloc

/// How the C library keeps large buffers, which a server of sounds makes and frees on many threads.
enum LargeBuffers {
    /// Has buffers of a megabyte and more given back to the system as soon as they are freed. Once one has been freed,
    /// glibc keeps buffers of up to its size, at most 32 MB, in an arena for each thread (`mallopt(3)`, `M_MMAP_THRESHOLD`):
    /// after a hundred sounds hundreds of megabytes stay there.
    static func giveBack() { _ = mallopt(M_MMAP_THRESHOLD, 1 << 20) }
}
