"""The whole host over real sockets and files: who gets in, who hears what, what stays."""

import os
import socket
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import HostStartError, IdentityError, StoreError, UsageError
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Outcome
from secure_chat.log.sqlite import SqliteLog
from secure_chat.server.app import Host, HostSettings
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import (
    Ack,
    Code,
    Error,
    History,
    Join,
    Membership,
    Page,
    People,
    Person,
    Presence,
    Said,
    Say,
    Who,
)
from tests.server.conftest import LiveHost
from tests.server.guest import Guest, context_for


def test_two_people_talk_and_everybody_sees_the_same_order(live: LiveHost) -> None:
    """What is acknowledged to one is shown to both under the same number."""
    with live.guest("alice") as alice, live.guest("bob") as bob:
        assert alice.join().name == "alice"
        assert bob.join().rooms == ["lobby"]
        alice.say(Say(id="1", text="hi", room="lobby"))
        bob.say(Say(id="1", text="hello", room="lobby"))
        acks = {alice.wait_for(Ack).seq, bob.wait_for(Ack).seq}
        at_alice, at_bob = alice.messages(2, Said), bob.messages(2, Said)
        assert at_alice == at_bob
        assert {said.seq for said in at_alice} == acks
        assert {(said.author, said.text) for said in at_bob} == {("alice", "hi"), ("bob", "hello")}


def test_a_direct_message_waits_for_one_who_is_away_and_nobody_else_sees_it(
    live: LiveHost,
) -> None:
    """It reaches the addressee later, the sender's other client, and no third person."""
    with live.guest("alice") as alice, live.guest("alice") as other, live.guest("carol") as carol:
        alice.join()
        other.join()
        carol.join()
        alice.say(Say(id="1", text="psst", to="bob"))
        assert other.wait_for(Said).to == "bob"
        carol.until_quiet(Who(re=1, room="lobby"), People)
        assert not [event for event in carol.heard if isinstance(event, Said)]
    with live.guest("bob") as bob:
        bob.join(history=10)
        (said,) = [event for event in bob.heard if isinstance(event, Said)]
        assert (said.author, said.text, said.room) == ("alice", "psst", None)


def test_nothing_a_client_sends_changes_the_name_others_see(live: LiveHost) -> None:
    """Author and sender fields in a frame are ignored: the certificate alone names."""
    import msgspec

    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        frame = {"t": "say", "id": "1", "text": "x", "room": "lobby"}
        body = msgspec.msgpack.encode(frame | {"author": "carol", "from": "carol", "name": "carol"})
        alice.raw(len(body).to_bytes(4, "big") + body)
        assert bob.wait_for(Said).author == "alice"


def test_what_was_acknowledged_survives_a_restart(certs: Path, tmp_path: Path) -> None:
    """A second host on the same folder continues the same order and knows the same ids."""
    first = LiveHost(certs, tmp_path, Limits()).start()
    with first.guest("alice") as alice:
        alice.join()
        alice.say(Say(id="once", text="kept", room="lobby"))
        ack = alice.wait_for(Ack)
    first.stop()
    second = LiveHost(certs, tmp_path, Limits()).start()
    with second.guest("alice") as alice:
        assert alice.join(cursor=0).head == ack.seq
        assert [event.text for event in alice.heard if isinstance(event, Said)] == ["kept"]
        alice.say(Say(id="once", text="kept", room="lobby"))
        assert alice.wait_for(Ack) == ack
        alice.say(Say(id="once", text="changed", room="lobby"))
        assert alice.wait_for(Error).code == Code.ID_CONFLICT
    second.stop()


def test_a_long_absence_is_paged_while_new_messages_arrive(live: LiveHost) -> None:
    """Everything missed comes once and in order, and what is said meanwhile follows it."""
    number = 700
    with live.guest("alice") as alice:
        alice.join()
        for at in range(number):
            alice.say(Say(id=str(at), text=f"message {at}", room="lobby"))
        alice.messages(number, Ack)
        with live.guest("bob") as bob:
            bob.join(cursor=0)
            alice.say(Say(id="last", text="last", room="lobby"))
            alice.wait_for(Ack)
            said = [event for event in bob.heard if isinstance(event, Said)]
            while not said or said[-1].text != "last":
                said.append(bob.wait_for(Said))
                said.sort(key=lambda message: message.seq)
            joined = {event.seq for event in bob.heard if isinstance(event, Membership)}
            expected = [f"message {at}" for at in range(number)] + ["last"]
            first = min(joined, default=0)
            assert [message.text for message in said] == expected[-len(said) :]
            assert first <= said[0].seq or len(said) == number + 1


def test_people_see_who_is_here(live: LiveHost) -> None:
    """Coming and going is told to the room, merged, and answered on request."""
    with live.guest("alice") as alice:
        alice.join()
        alice.heard.clear()
        with live.guest("bob") as bob:
            bob.join()
            presence = alice.wait_for(Presence)
            while "bob" not in presence.joined:
                presence = alice.wait_for(Presence)
            alice.say(Who(re=7, room="lobby"))
            people = alice.wait_for(People)
            assert people.re == 7
            assert people.people == [Person("alice", 1), Person("bob", 1)]
        left = alice.wait_for(Presence)
        while "bob" not in left.left:
            left = alice.wait_for(Presence)


def test_history_finds_words_and_keeps_to_ones_own_rooms(live: LiveHost) -> None:
    """Search answers from the index; rooms one is not a member of are closed to it."""
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        alice.say(Join(id="j", room="den"))
        alice.say(Say(id="1", text="a needle in the den", room="den"))
        alice.say(Say(id="2", text="a needle in the lobby", room="lobby"))
        alice.messages(3, Ack)
        bob.say(History(re=1, search="needle"))
        assert [said.text for said in bob.wait_for(Page).messages] == ["a needle in the lobby"]
        alice.say(History(re=2, search="needle"))
        assert len(alice.wait_for(Page).messages) == 2
        bob.say(History(re=3, room="den"))
        assert bob.wait_for(Error).code == Code.NOT_A_MEMBER


def _nested(depth: int) -> bytes:
    return b"\x81\xa1t" * depth + b"\xc0"


def _frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param((1 << 20).to_bytes(4, "big"), Code.TOO_BIG, id="oversized length"),
        pytest.param(b"\x00\x00\x00\x00", Code.PROTOCOL, id="empty frame"),
        pytest.param(_frame(b"\x81\xa1t\xa5bogus"), Code.PROTOCOL, id="unknown type"),
        pytest.param(
            _frame(b"\x82\xa1t\xa5whois\xa2re\xa1x"), Code.PROTOCOL, id="wrong field type"
        ),
        pytest.param(_frame(b"\x81\xa1t\xa2\xff\xfe"), Code.PROTOCOL, id="invalid UTF-8"),
        pytest.param(_frame(_nested(5_000)), Code.PROTOCOL, id="deep nesting"),
        pytest.param(_frame(b"\xc1"), Code.PROTOCOL, id="no msgpack"),
    ],
)
def test_a_broken_frame_gets_a_code_and_disturbs_nobody(
    live: LiveHost, sent: bytes, code: Code
) -> None:
    """The one who breaks the protocol is told why and closed; everybody else goes on."""
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        bob.join()
        bob.raw(sent)
        assert bob.closed().code == code
        alice.say(Say(id="1", text="still here", room="lobby"))
        alice.wait_for(Ack)


def test_a_frame_may_arrive_in_single_bytes(live: LiveHost) -> None:
    """Where TCP and TLS cut the bytes means nothing."""
    with live.guest("alice") as alice:
        alice.join()
        for byte in encode(Say(id="1", text="dripped", room="lobby")):
            alice.raw(bytes([byte]))
        alice.wait_for(Ack)


@pytest.mark.parametrize(
    ("say", "code"),
    [
        (Say(id="1", text="x" * 20_000, room="lobby"), Code.TOO_LONG),
        (Say(id="1", text="", room="lobby"), Code.EMPTY),
        (Say(id="1", text="x", room="nowhere"), Code.NOT_A_MEMBER),
        (Say(id="1", text="x", to="nobody-here"), Code.NOBODY),
        (Say(id="no spaces", text="x", room="lobby"), Code.BAD_ID),
        (Say(id="1", text="x"), Code.BAD_TARGET),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_and_the_connection_goes_on(
    live: LiveHost, say: Say, code: Code
) -> None:
    """An error names the request and the reason."""
    with live.guest("alice") as alice:
        alice.join()
        alice.say(say)
        error = alice.wait_for(Error)
        assert (error.code, error.id) == (code, say.id)
        alice.say(Say(id="fine", text="fine", room="lobby"))
        assert alice.wait_for(Ack).id == "fine"


def test_another_protocol_by_alpn_is_refused_by_a_frame(live: LiveHost) -> None:
    """Offering another protocol, or none, ends with a Close that says so."""
    for offered in ("http/1.1", None):
        raw = socket.create_connection(live.address, timeout=20)
        context = context_for(live.certs, "alice", alpn=offered)
        with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
            assert b"alpn" in tls.recv(1000)


def test_too_many_connections_of_one_person_are_refused(certs: Path, tmp_path: Path) -> None:
    """The bound is per person: others still get in."""
    live = LiveHost(certs, tmp_path, replace(Limits(), connections_per_person=2)).start()
    with live.guest("alice") as one, live.guest("alice") as two, live.guest("bob") as bob:
        one.join()
        two.join()
        with live.guest("alice") as three:
            assert three.closed().code == Code.TOO_MANY_CONNECTIONS
        bob.join()
    live.stop()


@pytest.mark.parametrize("live", [{"handshake_seconds": 1.0}], indirect=True)
def test_silent_connections_do_not_keep_a_good_client_waiting(live: LiveHost) -> None:
    """Silent peers and stopped hellos cost nobody anything and are gone after the deadline."""
    silent = [socket.create_connection(live.address) for _ in range(60)]
    stopped = [socket.create_connection(live.address) for _ in range(40)]
    for sock in stopped:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    with live.guest("alice") as alice:
        alice.join()
        for sock in silent + stopped:
            sock.settimeout(20)
            assert sock.recv(100) == b""
            sock.close()
    live.stop()
    reasons = [record["reason"] for record in live.records()]
    assert reasons.count("silent") == 60
    assert reasons.count("stalled") == 40
    assert reasons.count("ok") == 1


def test_each_refusal_leaves_one_record_with_the_refused_certificate(
    live: LiveHost, foreign_certs: Path
) -> None:
    """A stranger, a foreign authority's client and the host's own certificate used as a client."""
    import hashlib

    vault_files = {
        "unknown-ca": (foreign_certs / "clients/alice.crt", foreign_certs / "clients/alice.key"),
        "wrong-purpose": (live.certs / "host.crt", live.certs / "host.key"),
    }
    for shown in (None, *vault_files.values()):
        context = context_for(live.certs, None)
        if shown is not None:
            context.load_cert_chain(*shown)
        raw = socket.create_connection(live.address, timeout=20)
        with (
            context.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
            pytest.raises(ssl.SSLError),
        ):
            tls.recv(10)
    live.stop()
    records = {record["reason"]: record for record in live.records()}
    assert set(records) == {"no-certificate", *vault_files}
    for reason, (certificate, _) in vault_files.items():
        der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
        assert records[reason]["client_cert_chain_fps"][0] == hashlib.sha256(der).hexdigest()


def test_a_certificate_nobody_registered_is_refused_by_name(live: LiveHost, tmp_path: Path) -> None:
    """The authority's signature alone lets nobody in: the registry has to know the serial."""
    import shutil
    from datetime import timedelta

    from secure_chat.pki.setup import InitRequest, init_certs
    from secure_chat.pki.vault import Vault

    copy = tmp_path / "copy"
    shutil.copytree(live.certs, copy)
    init_certs(Vault(copy), InitRequest(clients=("mallory",), life=timedelta(days=1)))
    with Guest(live.address, copy, "mallory") as mallory:
        assert mallory.closed().code == Code.NOT_REGISTERED


def test_a_second_host_on_the_same_folder_refuses_to_start(live: LiveHost) -> None:
    """Two writers would destroy the log, so the second one says who holds the folder."""
    second = Host(HostSettings(certs=live.certs, data=live.data, port=0), print)
    with pytest.raises(StoreError, match="in use"):
        second.run()


def test_a_port_in_use_is_told(live: LiveHost, tmp_path: Path) -> None:
    """The error names the port and the way out."""
    settings = HostSettings(certs=live.certs, data=tmp_path / "x", port=live.address[1])
    with pytest.raises(HostStartError, match=str(live.address[1])) as caught:
        Host(settings, print).run()
    assert "--port" in caught.value.hint


def test_an_address_that_is_not_ours_is_told(certs: Path, tmp_path: Path) -> None:
    """A foreign address and a name without one are different mistakes."""
    with pytest.raises(HostStartError, match="198"):
        Host(HostSettings(certs=certs, data=tmp_path, bind="198.51.100.1", port=0), print).run()
    with pytest.raises(UsageError):
        Host(HostSettings(certs=certs, data=tmp_path, bind="no.such.invalid"), print).run()


def test_missing_certificates_are_told_with_the_command_that_makes_them(tmp_path: Path) -> None:
    """A new user's first mistake has a way out."""
    with pytest.raises(IdentityError) as caught:
        Host(HostSettings(certs=tmp_path, data=tmp_path), print).run()
    assert "init-certs" in caught.value.hint


def test_a_folder_that_cannot_be_made_is_told(certs: Path, tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be used"):
        Host(HostSettings(certs=certs, data=tmp_path / "file" / "data", port=0), print).run()


def test_a_newer_log_is_refused(certs: Path, tmp_path: Path) -> None:
    """A file of a later version is not touched."""
    import sqlite3

    with sqlite3.connect(tmp_path / "log.sqlite") as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    live = LiveHost(certs, tmp_path, Limits())
    with pytest.raises(AssertionError):
        live.start()
    assert isinstance(live.error, StoreError)
    live.stop()


def test_the_deaf_are_dropped_and_told_why_and_lose_nothing(certs: Path, tmp_path: Path) -> None:
    """Memory stays bounded, others are served, and the next welcome says what happened."""
    limits = replace(
        Limits(), stuck_seconds=2.0, outbox_bytes=200_000, messages_per_second=0, ping_seconds=60
    )
    live = LiveHost(certs, tmp_path, limits).start()
    number, text = 1_500, "x" * 10_000
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join()
        cursor = bob.join().head
        last = 0
        for at in range(number):
            alice.say(Say(id=str(at), text=text, room="lobby"))
            last = alice.wait_for(Ack).seq
            alice.heard.clear()
        dropped = live.wait_for("dropped")
        assert dropped.fields["person"] == "bob"
    with live.guest("bob") as bob:
        welcome = bob.join(cursor=cursor)
        assert "took no data" in welcome.dropped
        said = [event.seq for event in bob.heard if isinstance(event, Said)]
        assert len(said) == number
        assert said[-1] == last
        assert said == sorted(set(said))
    live.stop()


def test_a_full_disk_stores_nothing_acknowledges_nothing_and_recovers(
    certs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender is told, the host lives and answers, and goes on when there is room."""
    real = SqliteLog.append
    pages = [60]

    def bounded(self: SqliteLog, drafts: Sequence[Draft]) -> list[Outcome]:
        # On the hub's thread, which owns the connection.
        self._db.execute(f"PRAGMA max_page_count = {pages[0]}")
        return real(self, drafts)

    monkeypatch.setattr(SqliteLog, "append", bounded)
    live = LiveHost(certs, tmp_path, Limits()).start()
    with live.guest("alice") as alice:
        alice.join()

        def say(ident: str) -> Ack | Error:
            alice.say(Say(id=ident, text="x" * 8_000, room="lobby"))
            while not (got := [e for e in alice.heard if isinstance(e, Ack | Error)]):
                alice.read()
            alice.heard.clear()
            return got[0]

        stored = 0
        while isinstance(answer := say(f"before-{stored}"), Ack):
            stored += 1
        assert stored
        assert answer.code == Code.DISK_FULL
        assert live.wait_for("storage").words
        alice.say(History(re=1, limit=1_000))
        assert len(alice.wait_for(Page).messages) > 1
        pages[0] = 100_000
        assert isinstance(say(f"before-{stored}"), Ack)
        assert "again" in live.wait_for("storage").words
    live.stop()


def test_a_host_needs_no_more_descriptors_than_it_has(
    live: LiveHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of descriptors the host rests, and takes newcomers again when there are some."""
    assert live.address
    real = socket.socket.accept
    failures = [OSError(24, "Too many open files"), OSError(103, "aborted")]

    def accept(self: socket.socket) -> tuple[socket.socket, object]:
        if failures:
            raise failures.pop(0)
        return real(self)

    monkeypatch.setattr(socket.socket, "accept", accept)
    with live.guest("alice") as alice:
        alice.join()
    assert not failures
    assert os.getpid()
