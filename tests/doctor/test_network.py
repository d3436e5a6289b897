"""Every way a host can be away, wrong or unwilling, on real sockets, is found by its name."""

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace as replace_struct

from secure_chat.clock import SystemClock
from secure_chat.doctor.examine import MOST_VISITS
from secure_chat.doctor.findings import Finding, Level
from secure_chat.doctor.reach import Ground, network_findings
from secure_chat.doctor.visit import Visit, visit
from secure_chat.limits import Limits
from secure_chat.pki.keys import key_to_pem
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.tls import context
from secure_chat.tls.context import ALPN, client_contexts
from secure_chat.wire.messages import PROTOCOL_VERSION, Close, Code, Greeting
from tests.client.hosting import revoke
from tests.doctor.odd_hosts import (
    Answer,
    answering,
    closing,
    greeting,
    saying,
    silent,
    tls,
)
from tests.doctor.paper import DAY, issue_host, issue_member, sign_again
from tests.doctor.scene import QUICK, Scene, wrong
from tests.server.conftest import LiveHost

FAULT, WARNING, NOTE, OK = Level.FAULT, Level.WARNING, Level.NOTE, Level.OK

Found = dict[str, Level]


@contextmanager
def serving(scene: Scene, limits: Limits | None = None, **settings: Any) -> Iterator[LiveHost]:
    """Run a host with the set-up, at whose address it is looked for."""
    live = LiveHost(scene.certs, scene.host_data, limits or Limits(), **settings).start()
    scene.target = live.address
    try:
        yield live
    finally:
        live.stop()


def about(findings: list[Finding], area: str = "network") -> list[Finding]:
    """Return what is found in one area."""
    return [finding for finding in findings if finding.area == area]


# --- who lets us in ------------------------------------------------------------------------


def test_nothing_is_wrong_with_a_running_host(scene: Scene) -> None:
    """The owner is told who it is, what it speaks and asks for, and that everybody is let in."""
    with serving(scene) as live:
        findings = scene.examine(offline=False)
        member = scene.member_folder("alice")
        member.target = scene.target
        assert member.visit() == {}
    assert wrong(findings) == {}
    shown = {finding.id: finding for finding in about(findings)}
    assert "TLS 1.3" in shown["old-tls"].what
    assert "CN=localhost" in shown["host-shown"].what
    assert "CN=securechat CA" in shown["host-shown"].what
    assert "asks for a certificate" in shown["host-asks-others"].what
    let_in = [f.what.split()[0] for f in about(findings) if f.id == "refused"]
    assert let_in == ["alice", "bob", "carol", "dave"]
    assert [record["established"] for record in live.records()] == [True] * 5


def test_only_who_is_wanted_knocks(scene: Scene) -> None:
    """And nobody takes part: nobody is seen to come, nothing is stored."""
    with serving(scene) as live:
        findings = scene.examine(offline=False, wanted="bob")
        assert [f.what.split()[0] for f in findings if f.id == "refused"] == ["bob"]
        with live.guest("alice") as alice:
            assert alice.join().head == 1
    assert [record["name"] for record in live.records()] == ["bob", "alice"]


def test_no_more_than_some_knock(scene: Scene) -> None:
    """A folder may have a thousand members."""
    names = tuple(f"member{number}" for number in range(MOST_VISITS + 1))
    init_certs(scene.vault, InitRequest(clients=names))

    with serving(scene) as live:
        assert scene.visit() == {}
    assert len(live.records()) == MOST_VISITS


def test_a_host_is_looked_at_by_a_stranger_when_nobody_can_knock(scene: Scene) -> None:
    """It says who it is all the same, and that it refuses strangers."""
    member = scene.member_folder("alice")
    member.vault.client_key("alice").unlink()
    with serving(scene) as live:
        member.target = live.address
        findings = member.examine(offline=False)
    assert wrong(findings) == {"no-identity": FAULT}
    assert {f.id: f.level for f in about(findings)}["nobody-tried"] is NOTE
    assert {f.id: f.level for f in about(findings)}["lets-strangers-in"] is OK
    assert [record["reason"] for record in live.records()] == ["no-certificate"]


def test_a_host_is_looked_at_without_any_certificates(scene: Scene, tmp_path: Path) -> None:
    """It says who it is, and nobody here can say whether that is true."""
    nobody = Scene(tmp_path / "none", tmp_path / "data")
    with serving(scene) as live:
        nobody.target = live.address
        findings = nobody.examine(offline=False)
    assert wrong(findings) == {"no-certs-folder": FAULT, "host-unverified": WARNING}
    assert [f.id for f in about(findings) if f.id == "host-shown"] == ["host-shown"]


def test_a_host_is_judged_without_its_messages_too(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Python does not report them, less is told, and nothing is wrong."""
    monkeypatch.setattr(context, "_EAR", "no_such_thing")
    revoke(scene.certs, "bob")
    with serving(scene):
        findings = scene.examine(offline=False)
        assert scene.visit(wanted="bob") == {"revoked": FAULT, "refused-revoked": FAULT}
        assert scene.visit(wanted="alice") == {}
    assert wrong(findings) == {"refused-revoked": FAULT}
    told = {finding.id for finding in about(findings)}
    assert {"host-shown", "old-tls", "refused"} <= told
    assert "host-asks-others" not in told


def test_a_certificate_that_openssl_does_not_take_is_not_shown(scene: Scene) -> None:
    """Its key is too short even to be tried."""
    member = scene.member_folder("alice")
    key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505
    sign_again(scene.certs, "clients/alice", key=key.public_key())
    shutil.copy(scene.vault.client_crt("alice"), member.vault.client_crt("alice"))
    member.vault.client_key("alice").write_bytes(key_to_pem(key))

    with serving(scene) as live:
        member.target = live.address
        findings = member.examine(offline=False)

    assert wrong(findings) == {"not-ours": FAULT}
    assert "nobody-tried" in {finding.id for finding in about(findings)}


def test_a_host_that_asks_for_others_is_named(scene: Scene) -> None:
    """One of securechat names no authority at all; another program may name some."""
    with serving(scene) as live:
        contexts = client_contexts(
            scene.vault.ca_crt, scene.vault.client_crt("bob"), scene.vault.client_key("bob")
        )
        seen = visit(live.address, "bob", contexts, SystemClock(), Limits())
    record = seen.record
    assert record is not None
    chosen = record.chosen
    assert chosen is not None
    assert not chosen.authorities

    def levels(*authorities: str) -> list[Level]:
        other = replace_struct(chosen, authorities=authorities)
        asked = replace(seen, record=replace_struct(record, chosen=other))
        ground = Ground(authority="CN=ours", host_sha256="", running=True, now=0.0)
        found = network_findings([asked], ground)
        return [finding.level for finding in found if finding.id == "host-asks-others"]

    assert levels("CN=theirs", "CN=others") == [WARNING]
    assert levels("CN=theirs", "CN=ours") == levels() == [OK]


# --- nobody there --------------------------------------------------------------------------


def test_a_name_without_an_address_is_named(scene: Scene) -> None:
    """An impossible one, so that no resolver is asked."""
    scene.target = ("no..name", 1)

    assert scene.visit() == {"host-names": FAULT, "unknown-name": FAULT}


def test_an_address_at_which_nothing_answers_is_named(scene: Scene) -> None:
    """With how to start a host there, or how to look only here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scene.target = listener.getsockname()

    findings = scene.examine(offline=False)

    assert wrong(findings) == {"unreachable": FAULT}
    (finding,) = [f for f in findings if f.id == "unreachable"]
    assert "refused" in finding.why
    assert f"securechat host --port {scene.target[1]}" in finding.hint
    assert "--offline" in finding.hint


def test_a_host_that_runs_elsewhere_is_remembered(scene: Scene) -> None:
    """The folder tells that there is one, so nobody is told to start another."""
    with serving(scene), socket.create_server(("127.0.0.1", 0)) as listener:
        scene.target = listener.getsockname()
        listener.close()
        (finding,) = [f for f in scene.examine(offline=False) if f.id == "unreachable"]
    assert "a host is running with this data folder" in finding.hint


def test_somewhere_else_nobody_is_told_to_start_a_host() -> None:
    """Whoever runs that one has to."""
    ground = Ground(authority=None, host_sha256="", running=False, now=0.0)
    away = Visit(target=("chat.example", 65_432), name=None, refusals=("192.0.2.1: no answer",))

    *_, finding = network_findings([away], ground)

    assert (finding.id, finding.level) == ("unreachable", FAULT)
    assert "ask whoever runs the host" in finding.hint


# --- something else there ------------------------------------------------------------------


STRANGERS: Final[dict[str, Answer]] = {
    "a web server": saying(b"HTTP/1.0 400 Bad Request\r\n\r\n"),
    "garbage": saying(bytes(range(200, 250)) * 10),
    "a mail server": saying(b"220 mail.example ESMTP\r\n"),
    "silence": silent,
    "a closed door": closing,
}


@pytest.mark.parametrize("row", STRANGERS)
def test_something_that_is_no_host_is_named(row: str, scene: Scene) -> None:
    """Whatever it says, or when it says nothing."""
    with answering(STRANGERS[row]) as scene.target:
        findings = scene.examine(offline=False, limits=replace(QUICK, handshake_seconds=0.3))

    assert wrong(findings) == {"no-host": FAULT}
    (finding,) = [f for f in findings if f.id == "no-host"]
    assert "another --port" in finding.hint


def settings_of(scene: Scene, alpn: str | None = ALPN) -> ssl.SSLContext:
    """Return the settings of a host with the folder's certificate that asks for one too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(scene.vault.host_crt, scene.vault.host_key)
    context.load_verify_locations(scene.vault.ca_crt)
    context.verify_mode = ssl.CERT_REQUIRED
    if alpn is not None:
        context.set_alpn_protocols([alpn])
    return context


def test_an_odd_host_that_is_in_order_is_no_fault(scene: Scene) -> None:
    """What follows differs from it in one thing each."""
    with answering(tls(settings_of(scene))) as scene.target:
        assert scene.visit() == {}


def test_a_host_of_tls_1_2_is_named(scene: Scene) -> None:
    """It cannot come to a handshake."""
    context = settings_of(scene)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with answering(tls(context)) as scene.target:
        assert scene.visit() == {"old-tls": FAULT}


@pytest.mark.parametrize("alpn", [None, "h2"])
def test_a_host_of_another_protocol_is_named(scene: Scene, alpn: str | None) -> None:
    """It may be a web server with a certificate of this authority."""

    def talk(sock: ssl.SSLSocket) -> None:
        with suppress(OSError):
            sock.recv(1)

    with answering(tls(settings_of(scene, alpn), talk)) as scene.target:
        assert scene.visit() == {"no-alpn": FAULT}


def test_a_host_that_asks_nobody_for_a_certificate_is_named(scene: Scene) -> None:
    """Everybody gets in there."""
    context = settings_of(scene)
    context.verify_mode = ssl.CERT_NONE
    with answering(tls(context)) as scene.target:
        assert scene.visit() == {"host-asks-nobody": FAULT}
        member = scene.member_folder("alice")
        member.vault.client_key("alice").unlink()
        member.target = scene.target
        assert member.visit() == {
            "no-identity": FAULT,
            "host-asks-nobody": FAULT,
            "lets-strangers-in": FAULT,
        }


TALK: Final[dict[str, tuple[Callable[[ssl.SSLSocket], None], Found]]] = {
    "another version": (
        greeting(Greeting(PROTOCOL_VERSION + 1, "Codd", "newer host")),
        {"host-version": FAULT},
    ),
    "a host that stops": (
        greeting(Close(Code.SHUTDOWN, "the host is shutting down")),
        {"refused-shutdown": FAULT},
    ),
    "a full host": (greeting(Close(Code.HOST_FULL, "no room")), {"refused-host-full": FAULT}),
    "a code of tomorrow": (greeting(Close("new-moon", "no moon")), {"refused-other": FAULT}),
    "nonsense": (lambda sock: sock.sendall(b"\0\0\0\1\xc1"), {"host-protocol": FAULT}),
    "no word": (lambda _sock: None, {"host-closed": FAULT}),
}


@pytest.mark.parametrize("row", TALK)
def test_a_host_that_does_not_greet_as_we_do_is_named(row: str, scene: Scene) -> None:
    """It may refuse, stop, or speak something else behind the handshake."""
    talk, expected = TALK[row]

    def politely(sock: ssl.SSLSocket) -> None:
        talk(sock)
        sock.unwrap()

    with answering(tls(settings_of(scene), politely)) as scene.target:
        findings = scene.examine(offline=False, wanted="alice")

    assert wrong(findings) == expected


def test_a_host_that_never_greets_is_named(scene: Scene) -> None:
    """The visitor does not wait for ever."""
    waiting = tls(settings_of(scene), silent)
    with answering(waiting) as scene.target:
        found = scene.bad(
            offline=False, wanted="alice", limits=replace(QUICK, handshake_seconds=0.5)
        )
    assert found == {"host-stalled": FAULT}


# --- not our host --------------------------------------------------------------------------


def test_a_host_of_another_authority_is_named(
    scene: Scene, foreign_certs: Path, tmp_path: Path
) -> None:
    """It may bear the right names; its authority is not ours."""
    foreign = Scene(foreign_certs, tmp_path / "foreign")
    with serving(foreign):
        scene.target = foreign.target
        assert scene.visit() == {"host-unknown-ca": FAULT}


def test_a_host_with_another_name_is_named(scene: Scene) -> None:
    """Here and there: its certificate is in our folder."""
    issue_host(scene.certs, "chat.example.org")
    with serving(scene):
        findings = scene.examine(offline=False)
        scene.target = ("localhost", scene.target[1])
        assert scene.visit() == {"host-names": FAULT, "host-name-mismatch": FAULT}
    assert wrong(findings) == {"host-names": FAULT, "host-ip-mismatch": FAULT}


def test_an_expired_host_is_named(old: Scene) -> None:
    """A host does not start so, but may go on running so."""
    issue_host(old.certs, "localhost", "127.0.0.1", begin=-3 * DAY, life=DAY)
    with answering(tls(settings_of(old))) as old.target:
        assert old.visit() == {"expired": FAULT, "host-expired": FAULT}


def test_a_host_that_expires_soon_is_named(old: Scene) -> None:
    """Whoever only joins is told as well; a host that can issue would renew it by itself."""
    issue_host(old.certs, "localhost", "127.0.0.1", begin=-70 * DAY)
    member = old.member_folder("alice")
    old.vault.ca_key.unlink()
    with serving(old):
        member.target = old.target
        assert member.visit() == {"host-expires-soon": WARNING}


def test_a_host_with_a_certificate_that_is_not_ours_is_named(scene: Scene) -> None:
    """The authority signed it, but securechat would not have."""
    sign_again(scene.certs, "host", days=3_650)
    member = scene.member_folder("alice")
    with answering(tls(settings_of(scene))) as member.target:
        assert member.visit() == {"host-not-ours": WARNING}


def test_a_host_that_shows_another_certificate_than_the_folder_has_is_worth_a_note(
    scene: Scene,
) -> None:
    """A host takes a new one by itself; this one does not, so it may be another host's folder."""
    with answering(tls(settings_of(scene))) as scene.target:
        issue_host(scene.certs, "localhost", "127.0.0.1")
        findings = scene.examine(offline=False)
    assert [f.level for f in findings if f.id == "other-host"] == [NOTE]


# --- who is refused ------------------------------------------------------------------------


def received(scene: Scene, name: str, spoil: Callable[[Scene], object]) -> list[Finding]:
    """Return what a member finds whose host thinks differently of them."""
    member = scene.member_folder(name)
    spoil(scene)
    with serving(scene):
        member.target = scene.target
        return member.examine(offline=False)


def test_somebody_whom_the_host_has_revoked_is_named(scene: Scene) -> None:
    """Their own folder does not know it yet."""
    findings = received(scene, "bob", lambda scene: revoke(scene.certs, "bob"))

    assert wrong(findings) == {"refused-revoked": FAULT}
    (finding,) = [f for f in findings if f.id == "refused-revoked"]
    assert finding.what.startswith("bob is not let in")
    assert "revoked" in finding.why.lower()


def test_somebody_whom_the_host_does_not_know_is_named(scene: Scene) -> None:
    """The authority signed it, the host's registry has no line for it."""

    def forget(scene: Scene) -> None:
        path = scene.vault.audit_file
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if '"bob"' not in line))

    assert wrong(received(scene, "bob", forget)) == {"refused-not-registered": FAULT}


def test_somebody_who_has_expired_is_named(old: Scene) -> None:
    """Here and there."""
    issue_member(old.certs, "bob", begin=-3 * DAY)

    assert wrong(received(old, "bob", lambda _: None)) == {
        "expired": FAULT,
        "refused-expired": FAULT,
    }


def test_somebody_with_an_odd_certificate_is_named(scene: Scene) -> None:
    """OpenSSL lets it pass, our profile does not."""
    sign_again(scene.certs, "clients/bob", days=3_650)

    assert wrong(received(scene, "bob", lambda _: None)) == {
        "not-ours": FAULT,
        "refused-profile": FAULT,
    }


def test_somebody_who_is_connected_too_often_is_named(scene: Scene) -> None:
    """The host's own words stand beside it."""
    with (
        serving(scene, replace(Limits(), connections_per_person=1)) as live,
        live.guest("alice") as alice,
    ):
        alice.join()
        assert scene.visit(wanted="alice") == {"refused-too-many-connections": FAULT}
        assert scene.visit(wanted="bob") == {}


def test_one_who_is_refused_does_not_hide_the_others(scene: Scene) -> None:
    """Everybody of a folder knocks for themselves."""
    revoke(scene.certs, "alice")
    with serving(scene):
        findings = scene.examine(offline=False)
    assert wrong(findings) == {"refused-revoked": FAULT}
    assert [f.what.split()[0] for f in findings if f.id == "refused"] == ["bob", "carol", "dave"]
