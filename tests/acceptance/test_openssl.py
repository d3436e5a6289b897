"""OpenSSL's own client against the host: who is refused, why, and what the host writes down."""

import os
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from secure_chat.wire.codec import decode_from_host
from secure_chat.wire.messages import Close, Code, FromHost, Greeting
from tests.acceptance.paper import Shown, authority_of, impostor, long_ago, old_community, write
from tests.acceptance.scene import Scene
from tests.tools import need

_PATIENCE = 20.0
_ALPN = ("-alpn", "securechat/1")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one run of `openssl s_client` brought.

    Args:
        out: everything it printed.
        record: what the host wrote down.
        shown: the certificate it showed, if any.
    """

    out: bytes
    record: dict[str, Any]
    shown: Shown | None


def _cases(certs: Path, folder: Path) -> dict[str, tuple[Shown | None, list[str]]]:
    """Return what each case shows and its further options."""
    authority = authority_of(certs)
    day = timedelta(days=1)
    foreign = impostor(authority).issue_member("alice", now=time.time(), life=day)
    expired = authority.issue_member("alice", now=long_ago(), life=day)
    alice = Shown(certs / "clients/alice.crt", certs / "clients/alice.key")
    alpn = ["-alpn", "securechat/1"]
    return {
        "no certificate": (None, alpn),
        "foreign authority": (write(foreign, folder / "foreign"), alpn),
        "host's own": (Shown(certs / "host.crt", certs / "host.key"), alpn),
        "expired": (write(expired, folder / "expired"), alpn),
        "TLS 1.2": (alice, [*alpn, "-tls1_2"]),
        "welcome": (alice, alpn),
        "no ALPN": (alice, []),
        "another ALPN": (alice, ["-alpn", "http/1.1"]),
    }


def _words(scene: Scene, shown: Shown | None, options: list[str]) -> list[str]:
    host, port = scene.address
    words = [need("openssl"), "s_client", "-connect", f"{host}:{port}", *options]
    words += ["-CAfile", str(scene.certs / "ca.crt"), "-verify_return_error"]
    if shown is not None:
        words += ["-cert", str(shown.certificate), "-key", str(shown.key)]
    return words


def _speak(words: list[str]) -> bytes:
    """Run `openssl s_client` until it ends or has been greeted, and return what it printed."""
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        out = b""
        # An open stdin keeps it listening; the host ends every connection within its deadline.
        while b"greeting" not in out and (data := os.read(process.stdout.fileno(), 65_536)):
            out += data
        process.stdin.close()
        out += process.stdout.read()
        process.wait(_PATIENCE)
    return out


def _frames(out: bytes, tag: bytes) -> list[FromHost]:
    """Return the frames of a type among what OpenSSL printed."""
    found = []
    at = -1
    while (at := out.find(b"\xa1t" + bytes([0xA0 + len(tag)]) + tag, at + 1)) > 0:
        start = at - 5
        length = int.from_bytes(out[start : start + 4], "big")
        found.append(decode_from_host(out[start + 4 : start + 4 + length]))
    return found


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Spoken]:
    """Return every case, run one after the other against one host of the installed command."""
    folder = tmp_path_factory.mktemp("openssl")
    with Scene(old_community(folder / "certs"), folder / "data") as scene:
        host = scene.host()
        cases = _cases(scene.certs, folder)
        outs = [_speak(_words(scene, *case)) for case in cases.values()]
        assert host.stop() == 0
        records = scene.records()
        assert len(records) == len(cases), "each handshake leaves one record"
    return {
        case: Spoken(out, record, shown)
        for (case, (shown, _)), out, record in zip(cases.items(), outs, records, strict=True)
    }


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("no certificate", "no-certificate"),
        ("foreign authority", "unknown-ca"),
        ("host's own", "wrong-purpose"),
        ("expired", "expired"),
    ],
)
def test_a_stranger_is_refused_inside_the_handshake(
    table: dict[str, Spoken], case: str, reason: str
) -> None:
    """OpenSSL gets an alert and no greeting; one record has the reason and the certificate."""
    spoken = table[case]
    assert b"alert" in spoken.out.lower()
    assert not _frames(spoken.out, b"greeting")
    record = spoken.record
    assert (record["established"], record["reason"]) == (False, reason)
    shown = [] if spoken.shown is None else [spoken.shown.fingerprint]
    assert record["client_cert_chain_fps"][:1] == shown
    assert record["advice"]
    assert record["hello"]


def test_tls_12_is_refused(table: dict[str, Spoken]) -> None:
    """Only TLS 1.3 is spoken; an older client gets an alert and leaves a record."""
    spoken = table["TLS 1.2"]
    assert b"alert protocol version" in spoken.out
    assert b"Cipher is (NONE)" in spoken.out
    record = spoken.record
    assert (record["established"], record["reason"]) == (False, "old-tls")


def test_a_member_is_greeted_under_tls_13_without_a_ticket(table: dict[str, Spoken]) -> None:
    """With alice's certificate and our protocol name the first bytes are the greeting."""
    spoken = table["welcome"]
    (greeting,) = _frames(spoken.out, b"greeting")
    record = spoken.record
    assert isinstance(greeting, Greeting)
    assert greeting.uid == record["uid"]
    assert spoken.shown is not None
    assert record["client_cert_chain_fps"][0] == spoken.shown.fingerprint
    assert (record["established"], record["reason"], record["name"]) == (True, "ok", "alice")
    assert record["next_protocol"] == "securechat/1"
    assert b"New, TLSv1.3, Cipher is" in spoken.out
    assert b"Verify return code: 0 (ok)" in spoken.out
    # OpenSSL's client prints each ticket it is given.
    assert b"ticket arrived" not in spoken.out.lower()
    assert b"tls session ticket" not in spoken.out.lower()


@pytest.mark.parametrize("case", ["no ALPN", "another ALPN"])
def test_another_protocol_is_refused_by_a_frame(table: dict[str, Spoken], case: str) -> None:
    """TLS finishes, and the only thing said in it is why there will be no conversation."""
    spoken = table[case]
    (close,) = _frames(spoken.out, b"close")
    assert isinstance(close, Close)
    assert close.code == Code.ALPN
    assert not _frames(spoken.out, b"greeting")
    record = spoken.record
    assert (record["established"], record["reason"]) == (False, "no-alpn")
