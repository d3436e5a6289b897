"""The line an invited person is handed: read as it was written, and its secret shown nowhere."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from secure_chat.errors import Exit, UsageError
from secure_chat.pki.invitation import Invitation, looks_like_one, pin_of, reachable_name
from secure_chat.pki.vault import Vault

PIN = "A" * 40 + "-_9"
SECRET = "b" * 27
LINE = f"securechat://chat.example.org:65433/carol#{PIN}.{SECRET}"


def invitation(host: str = "chat.example.org") -> Invitation:
    """Return one for carol."""
    return Invitation(host=host, port=65_433, name="carol", authority=PIN, secret=SECRET)


@pytest.mark.parametrize("host", ["chat.example.org", "localhost", "192.0.2.7", "2001:db8::7"])
def test_a_line_is_read_as_it_was_written(host: str) -> None:
    """Whatever kind of address it has."""
    assert Invitation.read(invitation(host).line) == invitation(host)


def test_a_line_reads_as_the_page_says() -> None:
    """Address, name, authority and secret, in this order."""
    assert invitation().line == LINE
    assert invitation("2001:db8::7").line.startswith("securechat://[2001:db8::7]:65433/carol#")


@pytest.mark.parametrize(
    "text", [f"  {LINE}\n", LINE.replace("#", "#\r\n "), f"{LINE[:70]}\n{LINE[70:]}"]
)
def test_what_a_mail_does_to_a_line_does_no_harm(text: str) -> None:
    """Blanks and line ends are no part of it."""
    assert Invitation.read(text) == invitation()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        LINE[:-12],
        LINE + "/more",
        LINE.replace("securechat:", "https:"),
        LINE.replace(":65433", ""),
        LINE.replace("65433", "0"),
        LINE.replace("65433", "65536"),
        LINE.replace("carol", "Carol"),
        LINE.replace("carol", "host"),
        LINE.replace("carol", "carol/../x"),
        LINE.replace("chat.example.org", "chat_example"),
        LINE.replace("chat.example.org", "999.1.1.1"),
        LINE.replace("chat.example.org", "[::zz]"),
        LINE.replace("chat.example.org", "a@chat.example.org"),
        LINE.replace(PIN, PIN[:-1]),
        LINE.replace("#", "?"),
        LINE + "\x1b[2J",
    ],
)
def test_anything_else_is_no_invitation(text: str) -> None:
    """And the error repeats nothing of it, as it may hold a secret."""
    with pytest.raises(UsageError) as refused:
        Invitation.read(text)
    error = refused.value
    assert error.exit_code is Exit.USAGE
    for words in (error.what, error.why, error.hint):
        assert SECRET[:10] not in words
        assert "\x1b" not in words


def test_a_value_does_not_show_its_secret() -> None:
    """It may come into a traceback or a log."""
    assert SECRET not in repr(invitation())


def test_an_authority_is_known_by_its_public_key(certs: Path, foreign_certs: Path) -> None:
    """SHA-256 of its SubjectPublicKeyInfo; another one has another."""
    certificate = Vault(certs).ca_certificate()
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    expected = base64.urlsafe_b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    assert pin_of(certificate) == expected
    assert len(expected) == 43
    assert pin_of(Vault(foreign_certs).ca_certificate()) != expected


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], "127.0.0.1"),
        (["localhost", "127.0.0.1", "::1"], "127.0.0.1"),
        (["localhost", "box", "127.0.0.1"], "127.0.0.1"),
        (["localhost", "box", "chat.example.org", "127.0.0.1"], "chat.example.org"),
        (["localhost", "127.0.0.1", "::1", "192.0.2.7"], "192.0.2.7"),
        (["localhost", "127.8.8.8", "2001:db8::7"], "2001:db8::7"),
        (["localhost.localdomain", "x.localhost", "::"], "127.0.0.1"),
    ],
)
def test_others_dial_the_first_name_that_is_not_local(names: list[str], chosen: str) -> None:
    """A bare name of a computer is local too: it means nothing on another one."""
    assert reachable_name(names) == chosen


@pytest.mark.parametrize(
    ("text", "one"),
    [(LINE, True), ("SecureChat://x", True), (f"{PIN}#{SECRET}", True), ("invite.txt", False)],
)
def test_an_invitation_in_the_wrong_place_is_noticed(text: str, *, one: bool) -> None:
    """Also a part of one."""
    assert looks_like_one(text) is one
