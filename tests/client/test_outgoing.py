"""What no host could read is refused before it is queued."""

import pytest

from secure_chat.client.effects import Outgoing
from secure_chat.client.outgoing import check, new_id
from secure_chat.errors import UsageError
from secure_chat.limits import Limits
from secure_chat.wire.messages import Join, Leave, Say


@pytest.mark.parametrize(
    "message",
    [
        Say("a1", "x" * 100_000, "lobby"),
        Say("a1", "half a character \ud800", "lobby"),
        Say("i" * 129, "hi", "lobby"),
        Say("a1", "hi", "r" * 129),
        Say("a1", "hi", None, "p" * 129),
        Join("j1", "r" * 129),
    ],
)
def test_a_breach_of_the_protocol_is_refused(message: Outgoing) -> None:
    """A host would close at it, and at each repeat."""
    with pytest.raises(UsageError, match="cannot be a message"):
        check(message, Limits())


@pytest.mark.parametrize(
    "message", [Say("a1", "x" * 60_000, "lobby"), Say("a1", ""), Leave("l1", "?")]
)
def test_everything_else_is_the_hosts_to_judge(message: Outgoing) -> None:
    """It answers with an error and the conversation goes on."""
    check(message, Limits())


def test_ids_are_never_the_same() -> None:
    """128 random bits, in the letters that ids may have."""
    ids = {new_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {len(id_) for id_ in ids} == {32}
