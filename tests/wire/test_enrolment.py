"""What is said at the enrolment listener: four messages, none of the chat's, no secret shown."""

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.errors import RemoteProtocolError
from secure_chat.limits import Limits
from secure_chat.wire.codec import decode_from_client, decode_from_host, encode, tag_of
from secure_chat.wire.enrolment import Authorities, Enroll, Enrolled, decode_from_person
from secure_chat.wire.enrolment import decode_from_host as decode_from_listener
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import Close, Greeting, Hello, Part, Say

ASKED = Enroll("carol", "the-secret", "-----BEGIN CERTIFICATE REQUEST-----")
TOLD = (Authorities("pem"), Enrolled("crt", "ca", "c0", 65_432), Close("invite-used", "gone"))


def body(message: Part) -> bytes:
    """Return the frame of a message without its length."""
    return encode(message)[PREFIX_BYTES:]


@pytest.mark.parametrize("message", [ASKED, Close("bye")], ids=lambda said: tag_of(type(said)))
def test_what_a_person_says_comes_back_as_it_was(message: Part) -> None:
    """Through bytes and back."""
    assert decode_from_person(body(message)) == message


@pytest.mark.parametrize("message", TOLD, ids=lambda said: tag_of(type(said)))
def test_what_a_host_says_comes_back_as_it_was(message: Part) -> None:
    """Through bytes and back."""
    assert decode_from_listener(body(message)) == message


@pytest.mark.parametrize(
    "message", [Hello(version=1), Say("a1", "hi", "lobby"), Greeting(1, "C1"), *TOLD[:2]]
)
def test_a_person_can_say_nothing_else_there(message: Part) -> None:
    """Neither what belongs to the chat nor what a host says."""
    with pytest.raises(RemoteProtocolError, match="does not know"):
        decode_from_person(body(message))


def test_nothing_of_it_can_be_said_in_the_chat() -> None:
    """The chat's decoders know none of these types."""
    with pytest.raises(RemoteProtocolError, match="does not know"):
        decode_from_client(body(ASKED))
    for message in TOLD[:2]:
        with pytest.raises(RemoteProtocolError, match="does not know"):
            decode_from_host(body(message))


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "n" * 129, "secret": "s", "request": "r"},
        {"name": "n", "secret": "s" * 129, "request": "r"},
        {"name": "n", "secret": "s", "request": "r" * (Limits().request_bytes + 1)},
        {"name": "n", "secret": "s"},
        {"name": "n", "secret": 1, "request": "r"},
    ],
)
def test_what_is_too_long_or_missing_is_a_fault(fields: dict[str, object]) -> None:
    """And its words repeat nothing of it."""
    with pytest.raises(RemoteProtocolError) as fault:
        decode_from_person(msgspec.msgpack.encode({"t": "enroll", **fields}))
    assert "nn" not in fault.value.text
    assert "rr" not in fault.value.text


@pytest.mark.parametrize("port", [0, 65_536, -1, "65432"])
def test_a_port_is_a_port(port: object) -> None:
    """A profile with another one could never be used."""
    frame = {"t": "enrolled", "certificate": "", "authorities": "", "community": "", "port": port}
    with pytest.raises(RemoteProtocolError):
        decode_from_listener(msgspec.msgpack.encode(frame))


def test_a_value_does_not_show_its_secret() -> None:
    """It may come into a traceback or a log."""
    assert "the-secret" not in repr(ASKED)
    assert "carol" in repr(ASKED)


@given(st.binary(max_size=200))
def test_bytes_of_a_stranger_raise_nothing_else(frame: bytes) -> None:
    """Whatever they are."""
    for decode in (decode_from_person, decode_from_listener):
        with suppress(RemoteProtocolError):
            assert isinstance(decode(frame), Part)
