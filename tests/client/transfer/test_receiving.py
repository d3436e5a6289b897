"""One download: what it asks for, takes and believes, over any number of connections."""

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.client.transfer.receiving import Receiving, Stage
from secure_chat.limits import Limits
from secure_chat.wire.messages import Code, Fetch, More

LIMITS = Limits(transfer_window_bytes=8)
DATA = b"0123456789"
HASH = hashlib.sha256(DATA).hexdigest()


def asked(size: int | None = 10, sha256: str = HASH, **known: Any) -> Receiving:
    """Return a download that has been asked for."""
    receiving = Receiving(7, "", size, sha256, LIMITS, **known)
    receiving.begin(1)
    return receiving


def coming(size: int | None = 10, sha256: str = HASH, **known: Any) -> Receiving:
    """Return a download whose bytes come."""
    receiving = asked(size, sha256, **known)
    receiving.sending(size)
    return receiving


def whole(receiving: Receiving) -> Receiving:
    """Bring all the bytes."""
    assert receiving.piece(0, DATA[:8])
    assert receiving.more(8) == More(1, 16)
    assert receiving.piece(8, DATA[8:])
    return receiving


def test_it_asks_takes_and_verifies() -> None:
    """Done only when size and hash are what host and author say."""
    receiving = Receiving(7, "f1", 10, HASH, LIMITS)
    assert receiving.begin(1) == Fetch(1, 7, "f1", 0, 8)
    receiving.sending(10)
    whole(receiving).sent(10, HASH)
    assert receiving.stage is Stage.DONE
    assert receiving.over


def test_more_comes_half_a_window_at_a_time() -> None:
    """What is let come follows what was written, not what has arrived."""
    receiving = coming()
    receiving.piece(0, DATA[:6])
    assert receiving.more(3) is None
    assert receiving.more(4) == More(1, 12)
    assert receiving.more(4) is None


def test_nothing_more_is_let_come_before_it_comes_at_all() -> None:
    """There is nothing to be let go before the host has said that it sends."""
    assert asked().more(8) is None


def test_it_goes_on_from_what_an_earlier_run_has_written() -> None:
    """The hash covers that too."""
    receiving = Receiving(7, "", 10, HASH, LIMITS, had=hashlib.sha256(DATA[:6]), at=6)
    assert receiving.begin(1) == Fetch(1, 7, "", 6, 14)
    receiving.sending(10)
    assert receiving.piece(6, DATA[6:])
    receiving.sent(10, HASH)
    assert receiving.stage is Stage.DONE


def test_after_a_lost_connection_it_goes_on_under_another_number() -> None:
    """What the old one still brings is not looked at before the new one answers."""
    receiving = coming()
    receiving.piece(0, DATA[:4])
    receiving.lose()
    assert not receiving.piece(4, DATA[4:8])
    assert receiving.begin(2) == Fetch(2, 7, "", 4, 12)
    assert not receiving.piece(4, DATA[4:8])
    receiving.sent(10, HASH)
    receiving.sending(10)
    assert receiving.piece(4, DATA[4:])
    receiving.sent(10, HASH)
    assert receiving.stage is Stage.DONE


def test_a_stream_has_the_size_and_the_hash_that_it_ends_with() -> None:
    """Nobody knew them before."""
    receiving = whole(coming(None, ""))
    receiving.sent(10, HASH)
    assert (receiving.stage, receiving.size, receiving.sha256) == (Stage.DONE, 10, HASH)


def test_a_file_of_another_size_is_not_taken() -> None:
    """Refused before its first byte."""
    receiving = asked()
    receiving.sending(11)
    assert (receiving.stage, receiving.code) == (Stage.FAILED, Code.TOO_LARGE)


@pytest.mark.parametrize(
    ("at", "data", "code"),
    [
        (1, b"x", Code.WRONG_OFFSET),
        (0, b"x" * 9, Code.TOO_LARGE),
    ],
)
def test_a_piece_out_of_place_or_beyond_what_was_let_come_fails(
    at: int, data: bytes, code: Code
) -> None:
    """A host that sends so is not believed any further."""
    receiving = coming()
    assert not receiving.piece(at, data)
    assert (receiving.stage, receiving.code) == (Stage.FAILED, code)


def test_more_bytes_than_the_file_has_fail() -> None:
    """The size is enforced while they come."""
    receiving = coming(3)
    assert not receiving.piece(0, DATA[:4])
    assert receiving.code == Code.TOO_LARGE


@pytest.mark.parametrize(
    ("size", "sha256"), [(10, "0" * 64), (9, HASH), (11, HASH)], ids=["hash", "less", "more"]
)
def test_an_end_that_does_not_fit_begins_it_once_more(size: int, sha256: str) -> None:
    """What is here is thrown away; the second time it is given up."""
    receiving = whole(coming())
    receiving.sent(size, sha256)
    assert receiving.stage is Stage.SPOILT
    assert not receiving.over
    receiving.rewound()
    assert receiving.begin(1) == Fetch(1, 7, "", 0, 8)
    receiving.sending(10)
    whole(receiving).sent(size, sha256)
    assert (receiving.stage, receiving.code) == (Stage.FAILED, Code.HASH_DIFFERS)


def test_an_author_who_said_another_hash_is_believed_before_the_host() -> None:
    """The host's own end fits its bytes, but the message says otherwise."""
    receiving = whole(coming(10, "0" * 64))
    receiving.sent(10, HASH)
    assert receiving.stage is Stage.SPOILT


def test_a_file_that_ends_before_its_size_is_not_whole() -> None:
    """Even if the host says that this is all."""
    receiving = coming(10, "")
    receiving.piece(0, DATA[:4])
    receiving.sent(4, hashlib.sha256(DATA[:4]).hexdigest())
    assert receiving.stage is Stage.SPOILT


def test_what_was_passed_on_is_never_begun_again() -> None:
    """It cannot be taken back."""
    receiving = whole(coming(again=False))
    receiving.sent(10, "0" * 64)
    assert receiving.stage is Stage.FAILED


def test_a_host_that_has_less_than_we_have_makes_it_begin_again() -> None:
    """The part here is of something else."""
    receiving = asked()
    receiving.refused(Code.WRONG_OFFSET, "it has 3 bytes")
    assert receiving.stage is Stage.SPOILT


@pytest.mark.parametrize("code", [Code.NO_FILE, Code.STOPPED, Code.INTERNAL, "odd"])
def test_a_refusal_ends_it(code: str) -> None:
    """And nothing that comes later brings it back."""
    receiving = coming()
    receiving.refused(code, "no")
    receiving.refused(Code.WRONG_OFFSET, "no")
    receiving.fail("", "later")
    receiving.lose()
    assert (receiving.stage, receiving.code, receiving.why) == (Stage.FAILED, code, "no")


def test_it_is_told_only_once_that_it_comes() -> None:
    """A second word about its size is not heard."""
    receiving = coming()
    receiving.sending(11)
    assert receiving.stage is Stage.COMING


@settings(max_examples=300, deadline=None)
@given(data=st.data(), size=st.integers(0, 60))
def test_whatever_is_cut_the_file_is_whole_in_the_end(data: st.DataObject, size: int) -> None:
    """Pieces of any length, cuts anywhere: what is written is what was sent, byte for byte."""
    content = bytes(range(size))
    digest = hashlib.sha256(content).hexdigest()
    receiving = Receiving(7, "", size, digest, LIMITS)
    written, re, upto = b"", 0, 0
    cuts = data.draw(st.lists(st.booleans(), max_size=20))
    while not receiving.over:
        if receiving.stage is Stage.IDLE:
            re += 1
            fetch = receiving.begin(re)
            assert fetch.at == len(written)
            upto = fetch.upto
            receiving.sending(size)
        elif cuts and cuts.pop():
            receiving.lose()
        elif len(written) == size:
            receiving.sent(size, digest)
        else:
            end = data.draw(st.integers(len(written) + 1, min(upto, size)))
            assert receiving.piece(len(written), content[len(written) : end])
            written = content[:end]
            more = receiving.more(end)
            upto = upto if more is None else more.upto
            assert end < upto <= end + 8
    assert (receiving.stage, written) == (Stage.DONE, content)
