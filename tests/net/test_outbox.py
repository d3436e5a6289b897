"""An outbox hands out what waits in pieces of one TLS record and never changes one mid-write."""

from hypothesis import given
from hypothesis import strategies as st

from secure_chat.net.outbox import Outbox


def test_small_chunks_leave_together() -> None:
    """What waits is joined up to the size of a piece."""
    outbox = Outbox(10)
    for chunk in (b"abc", b"def", b"gh", b"ijk"):
        outbox.append(chunk)
    assert outbox.head() == b"abcdefgh"
    outbox.advance(8)
    assert outbox.head() == b"ijk"
    outbox.advance(3)
    assert not outbox


def test_the_head_stays_the_same_object_until_it_has_left() -> None:
    """OpenSSL wants the same bytes again after a write that could not finish."""
    outbox = Outbox(10)
    outbox.append(b"abc")
    head = outbox.head()
    outbox.append(b"def")
    assert outbox.head() is head
    outbox.advance(3)
    assert outbox.head() == b"def"


def test_a_part_that_has_left_is_not_sent_again() -> None:
    """After a partial write the rest is the next head."""
    outbox = Outbox(10)
    outbox.append(b"abcdef")
    outbox.advance(2)
    assert outbox.head() == b"cdef"
    assert outbox.size == 4


def test_a_long_chunk_is_cut() -> None:
    """A chunk longer than a record leaves in several."""
    outbox = Outbox(4)
    outbox.append(b"abcdefghij")
    assert outbox.head() == b"abcd"


def test_a_long_chunk_is_cut_without_being_copied() -> None:
    """Each piece is a part of the chunk itself; copying what is left would cost its square."""
    outbox = Outbox(4)
    chunk = b"abcdefghij"
    outbox.append(chunk)
    for piece in (b"abcd", b"efgh", b"ij"):
        head = outbox.head()
        assert isinstance(head, memoryview)
        assert bytes(head) == piece
        assert head.obj is chunk
        outbox.advance(len(head))


def test_what_follows_a_long_chunk_leaves_with_its_end() -> None:
    """The rest of a chunk and the message behind it are joined like any two chunks."""
    outbox = Outbox(4)
    outbox.append(b"abcdef")
    outbox.append(b"12")
    assert outbox.head() == b"abcd"
    outbox.advance(4)
    assert outbox.head() == b"ef12"


def test_clearing_forgets_everything() -> None:
    """A connection that is over keeps no bytes."""
    outbox = Outbox(4)
    outbox.append(b"abcdef")
    outbox.head()
    outbox.clear()
    assert not outbox
    assert outbox.size == 0


@given(st.lists(st.binary(min_size=1, max_size=30)), st.data())
def test_what_comes_out_is_what_went_in(chunks: list[bytes], data: st.DataObject) -> None:
    """Whatever the writes take, the bytes leave whole and in order."""
    outbox = Outbox(8)
    left = list(chunks)
    got = b""
    while left or outbox:
        if left and (not outbox or data.draw(st.booleans())):
            outbox.append(left.pop(0))
        else:
            head = outbox.head()
            assert 0 < len(head) <= 8
            written = data.draw(st.integers(1, len(head)))
            got += head[:written]
            outbox.advance(written)
    assert got == b"".join(chunks)
    assert outbox.size == 0
