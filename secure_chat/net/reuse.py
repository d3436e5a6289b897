"""Memory of files: what one chunk has given back is taken again by the next.

Called by whoever begins to carry files, on any thread. The bytes of files are taken and given back
hundreds of times a second, 64 KiB at a time. Left alone, the C library gives what is free at the
end of its heap to the system as soon as that is 128 KiB, and every page of it comes back zeroed
through a page fault: that cost a fifth of all that is done for a file.
"""

__all__ = ["keep_freed"]


def keep_freed(most: int) -> None:
    """Have the C library keep what is freed: in each of its heaps about twice as much as this.

    The GNU library learns it from a large block: when one is given back that it had from the
    system alone, blocks of that size are nothing unusual, and its bounds rise for good. Another
    library learns nothing from it, which does no harm. None of the block's pages is ever touched.

    Args:
        most: bytes that are in use for a moment and then free again, 256 KiB to 16 MiB.
    """
    large = bytearray(most)
    del large
