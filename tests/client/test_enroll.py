"""Enrolling against a real listener: what is kept, what is refused, and what is never sent."""

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.client.enroll import Enrolling, Member, enroll
from secure_chat.client.profiles import Profiles
from secure_chat.errors import (
    EnrolmentRefused,
    Exit,
    HostNotTrusted,
    HostRefused,
    HostUnreachable,
    IdentityError,
    OutcomeUnknown,
    SecureChatError,
    UsageError,
)
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from secure_chat.net.recording import Evidence, record_of
from secure_chat.pki.csr import read_request
from secure_chat.pki.invitation import Invitation, pin_of
from secure_chat.pki.keys import KeyType, key_from_pem, key_is_encrypted, same_key
from secure_chat.pki.vault import Vault
from secure_chat.server.registrar import Enrol
from secure_chat.tls.context import ENROLMENT_ALPN
from secure_chat.wire.codec import encode
from secure_chat.wire.enrolment import Authorities, Enrolled
from secure_chat.wire.part import Close
from tests.client.hosting import Hosting
from tests.enrolling import SECRET, Listener, relay, signed


class Person:
    """Somebody with an empty home folder.

    Args:
        home: it.
    """

    def __init__(self, home: Path) -> None:
        self.profiles = Profiles(home / "profiles")
        self.evidence: queue.Queue[Evidence] = queue.Queue()

    def enroll(
        self, invitation: Invitation, limits: Limits | None = None, **more: object
    ) -> Member:
        """Enrol."""
        wanted = replace(Enrolling(invitation=invitation), **more)  # type: ignore[arg-type]
        return enroll(wanted, self.profiles, self.evidence.put, limits=limits)

    def refused(self, invitation: Invitation, limits: Limits | None = None) -> SecureChatError:
        """Enrol in vain: nothing is left, and the error names its record if there is one."""
        with pytest.raises(SecureChatError) as caught:
            self.enroll(invitation, limits)
        assert self.profiles.labels() == []
        assert not list(self.profiles.folder.rglob("*.key"))
        return caught.value

    def records(self) -> list[HandshakeRecord]:
        """Return what was recorded here."""
        return [record_of(self.evidence.get()) for _ in range(self.evidence.qsize())]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    """Return somebody who has nothing yet."""
    return Person(tmp_path / "home")


def granting(certs: Path) -> Callable[[Enrol], Enrolled]:
    """Return a registrar that gives everybody a certificate."""
    return lambda order: signed(certs, order, 7_000)


@pytest.mark.parametrize("kind", KeyType)
def test_an_invitation_becomes_a_profile(certs: Path, person: Person, kind: KeyType) -> None:
    """Key made here, certificate, authorities, community and the host's chat address."""
    with Listener(certs, granting(certs)) as listener:
        member = person.enroll(listener.invitation(), key_type=kind)
    profile = person.profiles.get("carol")
    assert member.profile == profile
    assert (profile.host, profile.port) == ("127.0.0.1", 7_000)
    assert profile.community == Vault(certs).community()
    files = Vault(profile.folder).client_files("carol")
    assert (files.identity.name, files.certificate, files.key) == (
        "carol",
        member.certificate,
        member.key,
    )
    # The host saw the public half of that key and nothing else of it.
    order = listener.orders.get_nowait()
    key = key_from_pem(member.key.read_bytes(), None, where="key")
    assert same_key(key, read_request(order.request, "carol"))
    assert (order.name, order.secret) == ("carol", SECRET)
    first, second = person.records()
    assert (first.established, first.reason, first.name) == (True, "introduced", None)
    assert (second.established, second.reason, second.name) == (True, "enrolled", "carol")
    assert {first.next_protocol, second.next_protocol} == {"securechat-enroll/1"}
    assert (first.validation_status, second.validation_status) == (None, "ok")


def test_a_passphrase_encrypts_the_key(certs: Path, person: Person) -> None:
    """From the first byte on the disk."""
    with Listener(certs, granting(certs)) as listener:
        member = person.enroll(listener.invitation(), passphrase=b"correct horse")
    assert key_is_encrypted(member.key)
    key = key_from_pem(member.key.read_bytes(), lambda: b"correct horse", where="key")
    assert same_key(key, key.public_key())


def test_two_devices_are_two_profiles(certs: Path, person: Person) -> None:
    """The same name, and a certificate and key of their own."""
    with Listener(certs, granting(certs)) as listener:
        first = person.enroll(listener.invitation())
        second = person.enroll(listener.invitation())
    assert (first.profile.label, second.profile.label) == ("carol", "carol-2")
    assert first.identity.serial != second.identity.serial
    assert first.key.read_bytes() != second.key.read_bytes()


def test_nothing_secret_passes_in_clear(certs: Path, person: Person) -> None:
    """Neither the secret nor any form of the private key, however it is written."""
    seen = bytearray()
    with (
        Listener(certs, granting(certs)) as listener,
        relay(listener.address, seen) as port,
    ):
        member = person.enroll(replace(listener.invitation(), port=port))
    assert len(seen) > 2_000
    key = key_from_pem(member.key.read_bytes(), None, where="key")
    number = key.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    pem = b"".join(member.key.read_bytes().splitlines()[1:-1])
    for secret in (
        SECRET.encode(),
        SECRET.encode().hex().encode(),
        number,
        number.hex().encode(),
        pem[40:80],
    ):
        assert secret not in seen
    # What is public is there, so that the search above has found something it could find.
    assert b"\x16\x03" in seen


@pytest.mark.parametrize(
    "code",
    [
        "unknown-secret",
        "invite-expired",
        "invite-used",
        "invite-cancelled",
        "wrong-name",
        "name-retired",
        "bad-request",
        "no-authority",
        "too-many-attempts",
    ],
)
def test_a_refusal_is_told_in_words(certs: Path, person: Person, code: str) -> None:
    """With the host's own word, a sentence, an advice and a record; the exit code is 6."""
    refusal = EnrolmentRefused(code, "no \x1b[2J", why="said a test")
    with Listener(certs, lambda _: refusal) as listener:
        error = person.refused(listener.invitation())
    assert isinstance(error, HostRefused)
    assert (error.code, error.exit_code) == (code, Exit.REFUSED)
    assert error.hint
    assert "\x1b" not in str(error)
    first, second = person.records()
    assert (first.reason, second.reason, second.established) == ("introduced", code, False)
    assert error.uid == second.uid
    if code == "invite-used":
        assert "its answer was lost" in error.hint
        assert "new invitation" in error.hint


def test_another_host_gets_no_secret(certs: Path, foreign_certs: Path, person: Person) -> None:
    """Its authority has another key than the invitation names, so the first visit is the last."""
    with Listener(foreign_certs, granting(foreign_certs)) as impostor:
        host, port = impostor.address
        authority = pin_of(Vault(certs).ca_certificate())
        ours = replace(impostor.invitation(), host=host, port=port, authority=authority)
        error = person.refused(ours)
        record = impostor.record()
    assert isinstance(error, HostNotTrusted)
    assert error.exit_code is Exit.NOT_TRUSTED
    assert "not sent" in error.hint
    assert impostor.orders.empty()
    assert (record.reason, record.established) == ("introduced", True)
    (own,) = person.records()
    assert (own.reason, own.established) == ("other-authority", False)
    assert error.uid == own.uid


def test_another_host_that_shows_our_authority_gets_no_secret_either(
    certs: Path, foreign_certs: Path, person: Person
) -> None:
    """Anybody can show a certificate; the second visit is for who has the key to one it issued."""
    pem = Vault(certs).ca_crt.read_text()
    with Listener(foreign_certs, granting(foreign_certs), shown=pem) as impostor:
        authority = pin_of(Vault(certs).ca_certificate())
        error = person.refused(replace(impostor.invitation(), authority=authority))
        assert impostor.record().reason == "introduced"
        assert impostor.record().reason == "unknown-ca"
    assert isinstance(error, HostNotTrusted)
    assert "not sent" in error.hint
    assert impostor.orders.empty()
    assert [record.reason for record in person.records()] == ["introduced", "unknown-ca"]


def test_the_name_that_is_dialled_must_be_the_hosts(certs: Path, person: Person) -> None:
    """An invitation for another name of the same machine is not enough."""
    with Listener(certs, granting(certs)) as listener:
        error = person.refused(replace(listener.invitation(), host="127.0.0.2"))
    assert isinstance(error, HostNotTrusted | HostUnreachable)
    assert listener.orders.empty()


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n" * 1_000,
    ],
)
def test_odd_authorities_are_none_of_ours(certs: Path, person: Person, shown: str) -> None:
    """Whatever a stranger shows there."""
    with Listener(certs, shown=shown) as listener:
        error = person.refused(listener.invitation())
    assert isinstance(error, HostNotTrusted)


def test_ours_is_found_among_several(certs: Path, foreign_certs: Path, person: Person) -> None:
    """During a change of authorities there are two; the one of the invitation is trusted."""
    shown = Vault(foreign_certs).ca_crt.read_text() + Vault(certs).ca_crt.read_text()
    with Listener(certs, granting(certs), shown=shown) as listener:
        assert person.enroll(listener.invitation()).identity.name == "carol"


@contextmanager
def odd_host(certs: Path, *visits: bytes) -> Iterator[Invitation]:
    """Be a host with our certificate that says these bytes, visit by visit, and closes."""
    vault = Vault(certs)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(vault.host_crt, vault.host_key)
    context.set_alpn_protocols([ENROLMENT_ALPN])

    def serve() -> None:
        for said in visits:
            near, _ = listener.accept()
            with near, context.wrap_socket(near, server_side=True) as tls, suppress(OSError):
                tls.sendall(said)
                tls.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        host, port = listener.getsockname()
        authority = pin_of(vault.ca_certificate())
        yield Invitation(host=host, port=port, name="carol", authority=authority, secret=SECRET)
        thread.join(20)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (encode(Close("shutdown", "stopping \x1b[2J")), "shutdown"),
        (encode(Enrolled("", "", "", 1)), "protocol"),
        (b"\xff\xff\xff\xff", "protocol"),
        (b"\x00\x00\x00\x01\x80", "protocol"),
        (b"", "closed"),
    ],
)
def test_what_a_host_says_out_of_turn_gets_no_secret(
    certs: Path, person: Person, said: bytes, reason: str
) -> None:
    """Whoever has not proved who they are has no say about the invitation."""
    with odd_host(certs, said) as invitation:
        error = person.refused(invitation)
    assert isinstance(error, HostUnreachable | HostNotTrusted)
    assert "\x1b" not in str(error)
    (record,) = person.records()
    assert (record.reason, record.established) == (reason, False)


def test_an_answer_that_is_none_is_unknown(certs: Path, person: Person) -> None:
    """The host was asked, so something may have been issued."""
    told = encode(Authorities(Vault(certs).ca_crt.read_text()))
    with odd_host(certs, told, told + told) as invitation:
        error = person.refused(invitation)
    assert isinstance(error, OutcomeUnknown)


def test_a_name_that_nobody_knows_is_unreachable(certs: Path, person: Person) -> None:
    """Nothing is sent anywhere."""
    with Listener(certs) as listener:
        error = person.refused(replace(listener.invitation(), host="no-such-host.invalid"))
    assert isinstance(error, HostUnreachable)
    assert "no address" in error.what


def test_nobody_there_is_told_with_what_it_may_mean(certs: Path, person: Person) -> None:
    """The port is closed when no invitation can be used."""
    with Listener(certs) as listener:
        invitation = listener.invitation()
        listener.shut()
        error = person.refused(invitation)
    assert isinstance(error, HostUnreachable)
    assert "open only while an invitation" in error.hint
    assert person.records() == []


def test_the_chat_port_is_no_enrolment_listener(
    certs: Path, person: Person, tmp_path: Path
) -> None:
    """Whoever has the wrong port is told so, and the secret stays here."""
    host = Hosting(certs, tmp_path / "host").start()
    try:
        authority = pin_of(Vault(certs).ca_certificate())
        error = person.refused(
            Invitation(
                host="127.0.0.1",
                port=host.port,
                name="carol",
                authority=authority,
                secret=SECRET,
            )
        )
    finally:
        host.stop()
    assert isinstance(error, HostNotTrusted)
    assert [record.reason for record in person.records()] == ["no-alpn"]


def test_silence_ends_at_the_deadline(person: Person, certs: Path) -> None:
    """Nothing was asked, so nothing is unknown."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        authority = pin_of(Vault(certs).ca_certificate())
        invitation = Invitation(
            host=host, port=port, name="carol", authority=authority, secret=SECRET
        )
        error = person.refused(invitation, replace(Limits(), connect_seconds=0.2))
    assert isinstance(error, HostUnreachable)
    assert [record.reason for record in person.records()] == ["silent"]


def test_an_answer_that_does_not_come_is_unknown(certs: Path, person: Person) -> None:
    """The certificate may be issued by then, which is said with what to do."""
    with Listener(certs) as listener:
        error = person.refused(listener.invitation(), replace(Limits(), ack_seconds=0.3))
    assert isinstance(error, OutcomeUnknown)
    assert error.exit_code is Exit.UNKNOWN
    assert "same invitation" in error.hint
    assert "new invitation" in error.hint


def test_a_host_that_stops_instead_of_answering_is_unknown(certs: Path, person: Person) -> None:
    """The same with a line that is cut."""
    with Listener(certs) as listener:

        def stop_when_asked() -> None:
            listener.orders.get(timeout=20)
            listener.enrolment.stop()

        killer = threading.Thread(target=stop_when_asked)
        killer.start()
        error = person.refused(listener.invitation())
        killer.join(20)
    assert isinstance(error, OutcomeUnknown)


def test_a_certificate_that_cannot_be_used_makes_no_profile(
    certs: Path, foreign_certs: Path, person: Person
) -> None:
    """Of another authority, for another key, for another name, without a community."""

    def renamed(order: Enrol) -> Enrolled:
        return signed(certs, replace(order, name="dora"))

    def rekeyed(_order: Enrol) -> Enrolled:
        vault = Vault(certs)
        return Enrolled(
            vault.client_crt("carol").read_text(),
            vault.ca_crt.read_text(),
            vault.community(),
            7_000,
        )

    def without(order: Enrol) -> Enrolled:
        given = signed(certs, order)
        return Enrolled(given.certificate, given.authorities, "../x", 7_000)

    def foreign(order: Enrol) -> Enrolled:
        ours, theirs = signed(certs, order), signed(foreign_certs, order)
        return Enrolled(theirs.certificate, ours.authorities, ours.community, 7_000)

    for judge in (renamed, rekeyed, without, foreign):
        with Listener(certs, judge) as listener:
            error = person.refused(listener.invitation())
        assert isinstance(error, IdentityError), judge
        assert "cannot be used" in error.what


def test_a_taken_label_is_refused_before_anybody_is_asked(certs: Path, person: Person) -> None:
    """The invitation is not used up by it."""
    with Listener(certs, granting(certs)) as listener:
        person.enroll(listener.invitation(), label="work")
        listener.orders.get_nowait()
        with pytest.raises(UsageError, match="already"):
            person.enroll(listener.invitation(), label="work")
        assert listener.orders.empty()


def test_without_room_for_the_key_nobody_is_asked(
    certs: Path, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The invitation can still be used when there is room."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Listener(certs, granting(certs)) as listener:
        monkeypatch.setattr("secure_chat.client.profiles.create_file", full)
        error = person.refused(listener.invitation())
        assert "No space left" in error.why
        assert listener.orders.empty()
        assert listener.evidence.empty()
