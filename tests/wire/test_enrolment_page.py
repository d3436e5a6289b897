"""ENROLMENT.md says what the code does: its fields, its codes and the bytes of its example."""

import re
from pathlib import Path

import pytest
from msgspec import inspect

import secure_chat.wire
from secure_chat.errors import RemoteProtocolError
from secure_chat.limits import Limits
from secure_chat.pki.claim import Refusal
from secure_chat.pki.invitation import Invitation
from secure_chat.tls.context import ENROLMENT_ALPN
from secure_chat.tls.vocabulary import Reason
from secure_chat.wire.codec import encode, tag_of
from secure_chat.wire.enrolment import (
    Authorities,
    Enroll,
    Enrolled,
    decode_from_host,
    decode_from_person,
)
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.part import Close, Code, Part

PAGE = (Path(secure_chat.wire.__path__[0]) / "ENROLMENT.md").read_text(encoding="utf-8")
KINDS: tuple[type[Part], ...] = (Authorities, Enroll, Enrolled)
EXAMPLE = (
    Authorities("CA"),
    Enroll("carol", "s3", "CSR"),
    Enrolled("CRT", "CA", "c0", 65_432),
    Close("invite-used", "it has been used"),
)


def rows(title: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    found = re.search(rf"(?ms)^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE)
    assert found, title
    lines = [line for line in found[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def kind_in_words(kind: inspect.Type) -> str:
    """Name the type of a field as the page does."""
    if isinstance(kind, inspect.IntType):
        return "count"
    assert isinstance(kind, inspect.StrType)
    return "word" if kind.max_length == 128 else "text"


@pytest.mark.parametrize("kind", KINDS, ids=tag_of)
def test_the_fields_of_a_message_are_the_codes(kind: type[Part]) -> None:
    """Each one with its kind, and all are required."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)
    told = [row[:3] for row in rows(f"`{tag_of(kind)}`")]
    assert told == [
        [f"`{field.name}`", kind_in_words(field.type), "required"] for field in described.fields
    ]


def test_there_are_no_other_messages() -> None:
    """Each has its heading, once."""
    assert re.findall(r"(?m)^#### `(\w+)`$", PAGE) == [tag_of(kind) for kind in KINDS]


def test_every_code_is_told() -> None:
    """What the registrar refuses with, what the listener adds, and the chat's for faults."""
    told = {code for row in rows("Codes") for code in re.findall(r"`([a-z-]+)`", row[0])}
    renewing = {Refusal.REVOKED}  # said to members only
    listener = {Reason.TOO_MANY_ATTEMPTS, Reason.NO_AUTHORITY}
    faults = {Code.ALPN, Code.PROTOCOL, Code.TOO_BIG}
    assert told == {str(code) for code in (set(Refusal) - renewing) | listener | faults}


def test_the_bounds_are_the_limits() -> None:
    """With the numbers as people write them."""
    limits = Limits()
    for words in (
        f"within {limits.enrolment_seconds:g} seconds",
        f"At most {limits.enrolments} are served",
        f"{limits.enrolment_attempts} of one address or {limits.enrolment_attempts_in_all} in all",
        f"at most {limits.request_bytes:,} characters",
        f"at most {limits.frame_bytes:,} bytes",
        ENROLMENT_ALPN,
    ):
        assert words in PAGE


def test_the_form_of_an_invitation_is_the_codes() -> None:
    """Filled in, it is one."""
    (form,) = re.findall(r"(?m)^securechat://.*$", PAGE)
    filled = (
        form.replace("HOST:PORT", "chat.example.org:65433")
        .replace("NAME", "carol")
        .replace("AUTHORITY", "A" * 43)
        .replace("SECRET", "b" * 27)
    )
    assert Invitation.read(filled).line == filled


def test_the_example_is_bytes_of_the_code() -> None:
    """And is read as what it is."""
    told = re.findall(r"(?m)^(host|client) +([0-9a-f]+)$", PAGE)
    assert [bytes.fromhex(frame) for _, frame in told] == [encode(one) for one in EXAMPLE]
    for (who, frame), message in zip(told, EXAMPLE, strict=True):
        decode = decode_from_host if who == "host" else decode_from_person
        assert decode(bytes.fromhex(frame)[PREFIX_BYTES:]) == message
    with pytest.raises(RemoteProtocolError):
        decode_from_person(bytes.fromhex(told[0][1])[PREFIX_BYTES:])
