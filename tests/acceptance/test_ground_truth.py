"""What our records say, against what another program reads off the wire.

Wireshark's own program captures handshakes with the host of the installed command, decrypts them
with the host's key log, and takes them apart; every field of our records must be the same.
"""

import json
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_chat.handshakes.record import encode
from secure_chat.net.recording import gather, record_of
from secure_chat.tls import names
from secure_chat.tls.context import client_contexts
from secure_chat.tls.link import LinkFailed, Want
from tests.acceptance.capture import Capture, Conversation, decode, names_of
from tests.acceptance.scene import Scene
from tests.acceptance.wire_record import Record, as_recorded, certificates, heard_by, on_the_wire
from tests.tls.ends import client_link, finish, ready, step
from tests.tools import need

pytestmark = pytest.mark.slow

_PATIENCE = 20.0


@dataclass(frozen=True)
class Witnessed:
    """One connection.

    Args:
        wire: what the other program has read.
        host: the host's record.
        client: the client's record, None where the client was not ours.
    """

    wire: Conversation
    host: Record
    client: Record | None


def _alice(scene: Scene) -> Record:
    """Let the installed command join, and return its own record."""
    client = scene.client("alice")
    client.event("connected")
    assert client.finish() == 0
    (path,) = scene.data.glob("*/clients/alice/handshakes.jsonl")
    record: Record = json.loads(path.read_text())
    return record


def _linked(scene: Scene, ca: Path, leaf: Path | None) -> Record:
    """Let our TLS connect by itself, and return its record of the failure.

    Args:
        scene: where the host is.
        ca: whom to trust.
        leaf: a certificate with a key beside it; None shows none.
    """
    contexts = client_contexts(ca, leaf, leaf and leaf.with_suffix(".key"))
    link = client_link(socket.create_connection(("127.0.0.1", scene.address[1])), contexts)
    while isinstance(ended := step(link), Want):
        ready(link, ended)
    if ended is None:
        # A client learns only from its first read that it is not let in.
        with pytest.raises(LinkFailed) as caught:
            finish(link, link.read)
        ended = caught.value.failure
    record: Record = json.loads(encode(record_of(gather(link, "C", 0.0, 0.0, "", ended))))
    link.close()
    return record


def _old(scene: Scene) -> Record | None:
    """Offer TLS 1.2 and nothing newer, with all that Python offers by itself."""
    context = ssl.create_default_context(cafile=str(scene.certs / "ca.crt"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    sock = socket.create_connection(("127.0.0.1", scene.address[1]), timeout=_PATIENCE)
    with sock, pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        context.wrap_socket(sock, server_hostname="old.example")
    return None


def _foreign_program(scene: Scene) -> Record | None:
    """Let OpenSSL's own client offer first a key of a group that the host may not take."""
    alice = scene.certs / "clients/alice"
    words = [need("openssl"), "s_client", "-connect", f"127.0.0.1:{scene.address[1]}"]
    words += ["-groups", "P-256:X25519", "-alpn", "securechat/1", "-servername", "other.example"]
    words += ["-cert", f"{alice}.crt", "-key", f"{alice}.key"]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        out = b""
        # An open stdin keeps it listening; the host ends every connection within its deadline.
        while b"greeting" not in out and (data := process.stdout.read1(65_536)):  # type: ignore[attr-defined]
            out += data
        process.stdin.close()
        process.stdout.read()
        process.wait(_PATIENCE)
    return None


@pytest.fixture(scope="module")
def witnessed(
    certs: Path, foreign_certs: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Witnessed]:
    """Return every case, played one after the other against one host, under one capture."""
    folder = tmp_path_factory.mktemp("wire")
    keylog = folder / "keys"
    with Scene(certs, folder / "data") as scene:
        host = scene.host("--keylog", str(keylog))
        port = scene.address[1]
        # A name is sent in clear text, an address is not.
        scene.address = ("localhost", port)
        with Capture(port, folder / "capture") as capture:
            ours, theirs = certs / "ca.crt", foreign_certs / "ca.crt"
            clients = {
                "welcome": _alice(scene),
                "no certificate": _linked(scene, ours, None),
                "unknown authority": _linked(scene, ours, foreign_certs / "clients/alice.crt"),
                "host not trusted": _linked(scene, theirs, foreign_certs / "clients/alice.crt"),
                "TLS 1.2": _old(scene),
                "another program": _foreign_program(scene),
            }
            assert host.stop() == 0
        records = scene.records()
    talks = decode(capture.path, keylog, port)
    assert len(records) == len(talks) == len(clients), "one connection and one record each"
    return {
        case: Witnessed(talks[record["id.orig_p"]], record, client)
        for (case, client), record in zip(clients.items(), records, strict=True)
    }


CASES = (
    "welcome",
    "no certificate",
    "unknown authority",
    "host not trusted",
    "TLS 1.2",
    "another program",
)


@pytest.mark.parametrize("case", CASES)
def test_the_hosts_record_is_what_went_over_the_wire(
    case: str, witnessed: dict[str, Witnessed]
) -> None:
    """Equal in every field that can be seen there, the order and size of messages included."""
    seen = witnessed[case]
    heard = heard_by("host", seen.wire)

    assert as_recorded(seen.host) == on_the_wire(heard, "host")


@pytest.mark.parametrize("case", CASES[:4])
def test_the_clients_record_is_what_went_over_the_wire(
    case: str, witnessed: dict[str, Witnessed]
) -> None:
    """The same on the other end."""
    seen = witnessed[case]
    heard = heard_by("client", seen.wire)
    assert seen.client is not None

    assert as_recorded(seen.client) == on_the_wire(heard, "client")


@pytest.mark.parametrize("case", CASES)
def test_certificates_say_what_the_other_program_reads_in_them(
    case: str, witnessed: dict[str, Witnessed]
) -> None:
    """Names, dates, serials, keys and purposes, of both chains, a refused one's too."""
    seen = witnessed[case]
    for chain, by_client in (("host_chain", False), ("client_chain", True)):
        ours = [dict(one) for one in seen.host[chain]]
        for one in ours:
            del one["fingerprint"], one["size"]
        assert ours == certificates(seen.wire, by_client=by_client)


def test_the_cases_are_what_they_are_called(witnessed: dict[str, Witnessed]) -> None:
    """Or two empty records might agree with each other."""
    reasons = {case: seen.host["reason"] for case, seen in witnessed.items()}
    shown = {case: len(seen.host["client_chain"]) for case, seen in witnessed.items()}

    assert reasons == {
        "welcome": "ok",
        "no certificate": "no-certificate",
        "unknown authority": "unknown-ca",
        "host not trusted": "unknown-ca",
        "TLS 1.2": "old-tls",
        "another program": "ok",
    }
    assert [case for case, number in shown.items() if number] == [CASES[0], CASES[2], CASES[5]]
    assert len(witnessed["TLS 1.2"].host["offered"]["ciphers"]) > 10
    assert all(seen.host["keylog"] for seen in witnessed.values())


# What IANA has changed or never had; the other program is some years old.
_ELSEWHERE = {
    "tls.handshake.extension.type": {0x4469: "application_settings"},
    "tls.handshake.extensions_supported_group": {
        0x0200: "frodo640aes",
        0x0201: "frodo640shake",
        0x0202: "frodo976aes",
    },
}


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("tls.handshake.ciphersuite", names.CIPHERS),
        ("tls.handshake.extension.type", names.EXTENSIONS),
        ("tls.handshake.extensions_supported_group", names.GROUPS),
        ("tls.handshake.sig_hash_alg", names.SCHEMES),
    ],
)
def test_numbers_have_the_names_that_the_other_program_gives_them(
    name: str, table: dict[int, str]
) -> None:
    """Wherever both have one."""
    theirs = names_of(name)
    common = theirs.keys() & table.keys()

    assert len(common) > 15
    differing = {number: theirs[number] for number in common if theirs[number] != table[number]}
    assert differing.items() <= _ELSEWHERE.get(name, {}).items()
