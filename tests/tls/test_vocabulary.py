"""The words for how a handshake ended: complete, one sentence each, safe to print."""

import pytest

from secure_chat.tls.vocabulary import End, Reason, advice, from_code, sentence
from secure_chat.wire.messages import Code


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("end", ["host", "client"])
@pytest.mark.parametrize("by_peer", [False, True])
def test_every_reason_has_a_sentence_and_an_advice(
    reason: Reason, end: End, *, by_peer: bool
) -> None:
    """Nothing is left unfilled, and neither ends with a full stop."""
    for text in (
        sentence(reason, end, by_peer=by_peer),
        advice(reason, end, by_peer=by_peer),
    ):
        assert text
        assert "{" not in text
        assert not text.endswith(".")
        assert text.isascii()


def test_the_words_are_one_closed_vocabulary() -> None:
    """Scripts compare these words, so they are lower case with dashes."""
    assert all(word.replace("-", "").isalpha() and word.islower() for word in Reason)


def test_a_sentence_names_the_owner_as_the_speaker_sees_it() -> None:
    """The client's certificate is `the client's` to the host and `this client's` to itself."""
    assert "the client" in sentence(Reason.EXPIRED, "host")
    assert "this host" in sentence(Reason.EXPIRED, "host", by_peer=True)
    assert "the host" in sentence(Reason.EXPIRED, "client")
    assert "this client" in sentence(Reason.EXPIRED, "client", by_peer=True)


def test_an_advice_fits_the_one_who_can_act() -> None:
    """The owner of a bad certificate is told to remake it; a client, to check what it dialled."""
    assert advice(Reason.EXPIRED, "host") != advice(Reason.EXPIRED, "client", by_peer=True)
    assert advice(Reason.PLAINTEXT, "client") == "check address and port"
    assert advice(Reason.PLAINTEXT, "host") != "check address and port"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (Code.ALPN, Reason.NO_ALPN),
        (Code.CERTIFICATE, Reason.PROFILE),
        (Code.TOO_BIG, Reason.PROTOCOL),
        (Code.REVOKED, Reason.REVOKED),
        (Code.EXPIRED, Reason.EXPIRED),
        (Code.NOT_REGISTERED, Reason.NOT_REGISTERED),
        (Code.TOO_MANY_CONNECTIONS, Reason.TOO_MANY_CONNECTIONS),
        (Code.HOST_FULL, Reason.HOST_FULL),
        (Code.VERSION, Reason.VERSION),
        (Code.PROTOCOL, Reason.PROTOCOL),
        (Code.SHUTDOWN, Reason.SHUTDOWN),
        (Code.SILENT, Reason.SILENT),
        (Code.INTERNAL, Reason.OTHER),
        ("a word of the future", Reason.OTHER),
    ],
)
def test_a_close_code_before_the_welcome_becomes_a_reason(code: str, reason: Reason) -> None:
    """What the host says in its close frame is recorded in the record's own words."""
    assert from_code(code) is reason
