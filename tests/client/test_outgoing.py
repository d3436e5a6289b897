"""What no host could read is refused before it is queued."""

import pytest

from secure_chat.client.effects import Outgoing
from secure_chat.client.outgoing import check, new_id
from secure_chat.errors import UsageError
from secure_chat.limits import Limits
from secure_chat.wire.messages import Content, Join, Leave, Say


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


JSON = Content(format="json")


@pytest.mark.parametrize("text", ['{"a":[1,null,"ü"]}', "1e5", '"x"', " true "])
def test_a_json_value_is_sent_as_it_was_written(text: str) -> None:
    """Any value, with blanks around it."""
    check(Say("a1", text, "lobby", content=JSON), Limits())


@pytest.mark.parametrize("text", ["", "{", "{'a':1}", "1 2", "NaN", '"\ud800"', "[" * 5_000])
def test_what_claims_to_be_json_must_be(text: str) -> None:
    """Whoever receives it may hand it to a program."""
    with pytest.raises(UsageError, match="no JSON value"):
        check(Say("a1", text, "lobby", content=JSON), Limits())


def test_other_formats_and_unknown_ones_are_only_text() -> None:
    """What is not known here may be known there."""
    for format_ in ("", "markdown", "code", "odd"):
        check(Say("a1", "{", "lobby", content=Content("odd", format=format_)), Limits())


def test_a_kind_that_fits_no_frame_is_refused() -> None:
    """A host would close at it."""
    with pytest.raises(UsageError, match="cannot be a message"):
        check(Say("a1", "x", "lobby", content=Content("k" * 129)), Limits())


def test_ids_are_never_the_same() -> None:
    """128 random bits, in the letters that ids may have."""
    ids = {new_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {len(id_) for id_ in ids} == {32}
