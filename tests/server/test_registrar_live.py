"""The registrar in a running host: real files, real connections, its own thread."""

import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.pki.bundle import certificates_in, issued_by
from secure_chat.pki.csr import make_request
from secure_chat.pki.invites import invite
from secure_chat.pki.issuing import promote, renew_host
from secure_chat.pki.keys import KeyType, key_to_pem, new_key
from secure_chat.pki.opening import open_authority
from secure_chat.pki.registry import SUPERSEDED
from secure_chat.pki.rotation import begin
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from secure_chat.server.seen import read_seen
from secure_chat.wire.connection import PeerClosed
from secure_chat.wire.enrolment import Authorities, Enroll, Enrolled
from secure_chat.wire.messages import (
    Ack,
    Code,
    Done,
    Error,
    Moderate,
    Notice,
    Renew,
    Renewed,
    Said,
    Say,
)
from tests.enrolling import Stranger
from tests.fakes import FakeClock
from tests.server.conftest import LiveHost
from tests.server.guest import Guest
from tests.server.pieces import held, request_of

NOW = SystemClock().now
NAMES = ("alice", "carol", "dave")


def renew(guest: Guest, vault: Vault, name: str) -> Renewed:
    """Get a new certificate over a connection and put it where the old one stands."""
    guest.say(Renew(re=7, request=request_of(vault, name)))
    renewed = guest.wait_for(Renewed)
    vault.client_crt(name).write_text(renewed.certificate)
    return renewed


def make_operator(vault: Vault, name: str) -> None:
    """Promote somebody whose key stands in the folder."""
    promote(vault, open_authority(vault), name, now=NOW(), by="test")


def test_a_renewed_certificate_takes_the_place_of_the_old_one_at_its_first_use(
    own: Path, tmp_path: Path
) -> None:
    """Both count until then; nobody has to wait for the registry to know the new one."""
    vault = Vault(own)
    with LiveHost(own, tmp_path / "host", Limits()) as host, host.guest("alice") as old:
        old.join()
        before = vault.registry().of("alice")[0]
        renewed = renew(old, vault, "alice")
        (certificate,) = certificates_in(renewed.certificate.encode())
        assert issued_by(certificate, vault.ca_certificate())
        assert renewed.authorities == vault.ca_crt.read_text()
        assert renewed.re == 7
        # The registry was there before the answer, so the new one is good at once.
        with host.guest("alice") as new:
            new.join()
            assert old.closed().code == Code.SUPERSEDED
            new.say(Say(id="1", text="still here", room="lobby"))
            assert new.wait_for(Said).author == "alice"
    (entry,) = vault.registry().of("alice")
    assert (entry.replaces, entry.role) == (before.serial, before.role)
    gone = vault.registry().entries[before.serial]
    assert (gone.state, gone.reason) == ("revoked", SUPERSEDED)
    assert set(read_seen(tmp_path / "host")) == {before.serial, entry.serial}


def test_what_an_operator_does_is_written_down_and_survives_a_restart(
    own: Path, tmp_path: Path
) -> None:
    """Kick, mute, close and ban: done when the answer comes, and still so the next time."""
    vault = Vault(own)
    make_operator(vault, "alice")
    with LiveHost(own, tmp_path / "host", Limits()) as host, host.guest("alice") as alice:
        assert alice.join().role == "operator"
        with host.guest("bob") as bob, host.guest("carol") as carol, host.guest("dave") as dave:
            for guest in (bob, carol, dave):
                guest.join()
            alice.say(Moderate(re=1, act="kick", name="bob", reason="too loud"))
            assert alice.wait_for(Done).re == 1
            assert bob.closed().code == Code.KICKED
            alice.say(Moderate(re=2, act="mute", name="carol", seconds=3_600))
            assert alice.wait_for(Done).re == 2
            carol.say(Say(id="1", text="mm", room="lobby"))
            assert carol.wait_for(Error).code == Code.MUTED
            alice.say(Moderate(re=3, act="ban", name="dave", reason="spam"))
            assert alice.wait_for(Done).re == 3
            assert dave.closed().code == Code.REVOKED
        said = host.wait_for("moderated").fields
        assert (said["by"], said["act"], said["person"]) == ("alice", "kick", "bob")
    trail = vault.audit_file.read_text()
    assert all(word in trail for word in ("too loud", "spam", '"by":"alice"'))
    with LiveHost(own, tmp_path / "host", Limits()) as again:
        with again.guest("carol") as carol, again.guest("bob") as bob:
            bob.join()
            carol.join()
            carol.say(Say(id="2", text="mm", room="lobby"))
            assert carol.wait_for(Error).code == Code.MUTED
        with again.guest("dave") as dave, pytest.raises(ssl.SSLError, match="revoked"):
            dave.join()


def test_a_command_that_holds_the_folder_stops_nobody_from_talking(
    own: Path, tmp_path: Path
) -> None:
    """What needs the folder is refused in words, all else goes on, and later it succeeds."""
    vault = Vault(own)
    with (
        LiveHost(own, tmp_path / "host", replace(Limits(), folder_seconds=0.1)) as host,
        host.guest("alice") as alice,
    ):
        alice.join()
        with held(vault):
            alice.say(Renew(re=1, request=request_of(vault, "alice")))
            refused = alice.wait_for(Error)
            assert (refused.re, refused.code) == (1, Code.INTERNAL)
            assert "another command" in refused.text
            alice.say(Say(id="1", text="meanwhile", room="lobby"))
            assert alice.wait_for(Ack).seq
        alice.say(Renew(re=2, request=request_of(vault, "alice")))
        assert alice.wait_for(Renewed).re == 2


@pytest.mark.parametrize("how", ["no key", "locked key"])
def test_without_the_authoritys_key_people_talk_and_nothing_is_issued(
    own: Path, tmp_path: Path, how: str
) -> None:
    """It is said at start, in words and for scripts; bans work all the same."""
    vault = Vault(own)
    make_operator(vault, "alice")
    if how == "no key":
        vault.ca_key.unlink()
    else:
        vault.ca_key.write_bytes(open_authority(vault).key_pem(b"something long enough"))
    host = LiveHost(own, tmp_path / "host", Limits())
    with host, host.guest("alice") as alice, host.guest("bob") as bob:
        assert host.ready.fields["issues"] is False
        assert "ca.key" in str(host.ready.fields["issues_why"])
        assert "ca.key" in host.ready.words
        alice.join()
        bob.join()
        bob.say(Renew(re=1, request=request_of(vault, "bob")))
        refused = bob.wait_for(Error)
        assert (refused.re, refused.code) == (1, Code.NO_AUTHORITY)
        assert str(own) not in refused.text
        alice.say(Moderate(re=1, act="ban", name="bob"))
        assert alice.wait_for(Done).re == 1
        assert bob.closed().code == Code.REVOKED
        with host.guest("bob") as again:
            assert again.closed().code == Code.REVOKED


def test_the_authoritys_key_is_used_as_soon_as_it_is_there(own: Path, tmp_path: Path) -> None:
    """The owner brings it back; the host need not be started again."""
    vault = Vault(own)
    aside = vault.ca_key.rename(tmp_path / "ca.key")
    with LiveHost(own, tmp_path / "host", Limits()) as host, host.guest("bob") as bob:
        bob.join()
        aside.rename(vault.ca_key)
        bob.say(Renew(re=1, request=request_of(vault, "bob")))
        assert bob.wait_for(Renewed).re == 1
        assert host.wait_for("issues").fields["issues"] is True


@pytest.mark.parametrize(
    "request_text",
    [
        pytest.param("", id="empty"),
        pytest.param("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", id="cut"),
        pytest.param("\ud7ff" * 100, id="no ASCII"),
    ],
)
def test_a_request_that_is_none_is_refused_and_the_host_lives(
    live: LiveHost, request_text: str
) -> None:
    """Whatever a client sends as a request, it gets an answer and nothing else happens."""
    with live.guest("alice") as alice:
        alice.join()
        alice.say(Renew(re=1, request=request_text))
        refused = alice.wait_for(Error)
        assert (refused.re, refused.code) == (1, Code.BAD_QUERY)
        alice.say(Say(id="1", text="hi", room="lobby"))
        assert alice.wait_for(Ack).seq


def test_a_request_for_another_name_gets_nothing(live: LiveHost) -> None:
    """The name of the next certificate is that of the connection's."""
    vault = Vault(live.certs)
    with live.guest("alice") as alice:
        alice.join()
        alice.say(Renew(re=1, request=request_of(vault, "bob")))
        assert alice.wait_for(Error).code == Code.BAD_QUERY
    assert len(vault.registry().of("bob")) == 1


def test_nobody_has_certificates_made_without_end(own: Path, tmp_path: Path) -> None:
    """Each is a line that stays for ever, so a person's share of an hour is bounded."""
    vault = Vault(own)
    with (
        LiveHost(own, tmp_path / "host", replace(Limits(), acts_per_hour=2)) as host,
        host.guest("alice") as alice,
        host.guest("bob") as bob,
    ):
        alice.join()
        bob.join()
        for number in range(2):
            alice.say(Renew(re=number, request=request_of(vault, "alice")))
            assert alice.wait_for(Renewed).re == number
        alice.say(Renew(re=9, request=request_of(vault, "alice")))
        assert alice.wait_for(Error).code == Code.NOT_ALLOWED
        bob.say(Renew(re=1, request=request_of(vault, "bob")))
        assert bob.wait_for(Renewed).re == 1


def serial_shown(host: LiveHost, name: str = "alice") -> str:
    """Join once, and return the serial number of the certificate that the host showed."""
    with host.guest(name) as guest:
        guest.join()
        shown = guest.sock.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"]).lower().lstrip("0")


def test_members_move_over_to_a_new_authority_and_the_host_ends_the_change_over(
    own: Path, tmp_path: Path
) -> None:
    """Clients are asked to renew, and when the last one has, only the new authority is left."""
    vault = Vault(own)
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        old = vault.ca_certificate()
        begin(vault, open_authority(vault), timedelta(days=30), NOW(), "test")
        host.wait_for("certificates")
        for name in (*NAMES, "bob"):
            with host.guest(name) as guest:
                guest.join()
                assert guest.wait_for(Notice).code == Code.RENEW
                renewed = renew(guest, vault, name)
                trusted = certificates_in(renewed.authorities.encode())
                assert trusted == vault.ca_certificates()
                assert old in trusted
            with host.guest(name) as guest:
                guest.join()
        host.wait_for("change-over")
        host.wait_for("certificates")
        assert len(vault.ca_certificates()) == 1
        with host.guest("alice") as alice:
            assert alice.join().name == "alice"
        (certificate,) = certificates_in(vault.host_crt.read_bytes())
        assert issued_by(certificate, vault.ca_certificate())
        assert serial_shown(host) == f"{certificate.serial_number:x}"


def test_a_host_certificate_changes_under_clients_that_come_and_go(
    own: Path, tmp_path: Path
) -> None:
    """Nobody is turned away, who is in stays, and from then on the new one is shown."""
    vault = Vault(own)
    with LiveHost(own, tmp_path / "host", Limits()) as host, host.guest("bob") as bob:
        bob.join()
        before = serial_shown(host)
        shown: set[str] = set()

        def come_and_go(name: str, until: str) -> None:
            while (serial := serial_shown(host, name)) != until:
                shown.add(serial)

        leaf = renew_host(vault, open_authority(vault), NOW(), "test", force=True)
        assert leaf is not None
        after = leaf.identity.serial
        with ThreadPoolExecutor(3) as crowd:
            for done in [crowd.submit(come_and_go, name, after) for name in NAMES]:
                done.result(60)
        assert shown == {before}
        assert host.wait_for("certificates").fields["host_serial"] == after
        bob.say(Say(id="1", text="I never left", room="lobby"))
        assert bob.wait_for(Ack).seq
        assert not [event for event in bob.heard if isinstance(event, PeerClosed)]
    assert all(record["established"] for record in host.records())


def test_a_host_renews_its_own_certificate_while_it_runs(tmp_path: Path) -> None:
    """Two thirds of its life are over when it starts; nobody has to do anything."""
    certs = tmp_path / "certs"
    then = FakeClock(wall=NOW() - 61 * 86_400)
    init_certs(Vault(certs, then), InitRequest(clients=("alice",)))
    before = Vault(certs).host_files().identity
    with LiveHost(certs, tmp_path / "host", Limits()) as host:
        said = host.wait_for("certificates")
        assert said.fields["host_serial"] != before.serial
        assert serial_shown(host) == said.fields["host_serial"]
    assert Vault(certs).host_files().identity.name == before.name


def test_half_a_host_certificate_changes_nothing_and_is_said_once(
    own: Path, tmp_path: Path
) -> None:
    """The old one stays in use until there is a whole one that fits the key."""
    vault = Vault(own)
    whole = vault.host_crt.read_bytes()
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        before = serial_shown(host)
        vault.host_crt.write_bytes(whole[:100])
        trouble = host.wait_for("certificates-unusable")
        assert "host.crt" in trouble.words
        assert serial_shown(host) == before
        vault.host_crt.write_bytes(whole)
        host.wait_for("certificates")
        assert serial_shown(host) == before
    later = [host.announced.get_nowait() for _ in range(host.announced.qsize())]
    assert "certificates-unusable" not in [said.event for said in later]


def wanted(name: str, secret: str) -> tuple[Enroll, bytes]:
    """Return a request for an invited person, and the key that it is for."""
    key = new_key(KeyType.P256)
    return Enroll(name, secret, make_request(key, name)), key_to_pem(key)


def where_people_enrol(host: LiveHost) -> tuple[str, int]:
    """Wait until the enrolment listener is open."""
    said = host.wait_for("enrolment").fields
    assert said["open"] is True
    address, _, port = str(said["address"]).rpartition(":")
    return address, int(port)


def test_an_invited_person_enrols_and_joins_at_once(own: Path, tmp_path: Path) -> None:
    """The port opens for the invitation, gives one certificate for it, and closes behind it."""
    vault = Vault(own)
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        _, secret = invite(vault, name="erin", now=NOW(), by="test")
        _, other = invite(vault, name="frank", now=NOW(), by="test")
        address = where_people_enrol(host)
        asked, key = wanted("erin", secret)
        with Stranger(address) as erin, Stranger(address) as thief:
            assert erin.hear() == thief.hear() == Authorities(vault.ca_crt.read_text())
            # Both are in the registrar's hands before anything is known of the first.
            erin.say(asked)
            given = erin.hear()
            assert isinstance(given, Enrolled)
            thief.say(asked)
            assert getattr(thief.hear(), "code", "") == "invite-used"
        assert (given.community, given.port) == (vault.community(), host.address[1])
        vault.client_crt("erin").write_text(given.certificate)
        vault.client_key("erin").write_bytes(key)
        with host.guest("erin") as guest:
            assert guest.join().name == "erin"
        said = host.wait_for("enrolled").fields
        assert (said["person"], said["role"]) == ("erin", "member")
        with Stranger(address) as frank:
            frank.hear()
            frank.say(wanted("frank", other)[0])
            assert isinstance(frank.hear(), Enrolled)
        assert host.wait_for("enrolment").fields["open"] is False
        with pytest.raises(ConnectionError):
            Stranger(address)


def test_two_who_show_one_secret_at_once_get_one_certificate(own: Path, tmp_path: Path) -> None:
    """Whoever comes second is told, however close behind."""
    vault = Vault(own)
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        _, secret = invite(vault, name="erin", now=NOW(), by="test")
        invite(vault, name="frank", now=NOW(), by="test")
        address = where_people_enrol(host)
        with Stranger(address) as one, Stranger(address) as two:
            for person in (one, two):
                person.hear()
            with held(vault):
                for person in (one, two):
                    person.say(wanted("erin", secret)[0])
            answers = [person.hear() for person in (one, two)]
    kinds = sorted(getattr(answer, "code", "enrolled") for answer in answers)
    assert kinds == ["enrolled", "invite-used"]
    assert len(vault.registry().of("erin")) == 1


def test_a_host_that_cannot_issue_tells_those_it_has_invited(own: Path, tmp_path: Path) -> None:
    """The invitation is not used up by it."""
    vault = Vault(own)
    vault.ca_key.unlink()
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        _, secret = invite(vault, name="erin", now=NOW(), by="test")
        with Stranger(where_people_enrol(host)) as erin:
            erin.hear()
            erin.say(wanted("erin", secret)[0])
            refused = erin.hear()
    assert getattr(refused, "code", "") == "no-authority"
    assert len(vault.registry().open_invites(NOW())) == 1
