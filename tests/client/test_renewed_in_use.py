"""Certificates renewed, promoted and retired under running clients, against a real host."""

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from secure_chat.client import Client
from secure_chat.client.events import (
    Acked,
    Connected,
    Disconnected,
    Event,
    Expiring,
    Live,
    Message,
    Problem,
    Renewed,
)
from secure_chat.errors import HostRefused
from secure_chat.pki.reason import Reason
from secure_chat.pki.revoking import revoke
from secure_chat.pki.roles import demote, promote
from secure_chat.pki.rotation import begin, finish
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from secure_chat.wire.messages import History
from tests.client.certificates import DAY
from tests.client.community import Community, aged_community, until
from tests.client.hosting import Hosting

_RENEWALS = 3

Kind = TypeVar("Kind", bound=Event)


@pytest.fixture
def community(certs: Path, tmp_path: Path) -> Iterator[Community]:
    """Return a community whose host does not run yet: a running one takes a moment to look."""
    folder = tmp_path / "certs"
    shutil.copytree(certs, folder)
    made = Community(folder, tmp_path / "data", Hosting(folder, tmp_path / "host"))
    yield made
    made.end()


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Community]:
    """Return a community whose certificates were made 80 days ago to live for 90."""
    made = aged_community(tmp_path, days=80)
    yield made
    made.end()


def is_renewed(event: Event) -> bool:
    """Tell whether a new certificate is in use."""
    return isinstance(event, Renewed)


def is_live(event: Event) -> bool:
    """Tell whether everything missed is here."""
    return isinstance(event, Live)


class Talker:
    """Answers each message of the other one until both have had enough renewals, then leaves.

    Args:
        client: connected.
        enough: set when it is time to leave.
    """

    def __init__(self, client: Client, enough: threading.Event) -> None:
        self.client = client
        self.heard: list[Event] = []
        self.said: list[str] = []
        self.renewed = threading.Event()
        self._enough = enough
        self.thread = threading.Thread(target=self._talk)

    def _say(self) -> None:
        text = f"{self.client.name} {len(self.said)}"
        self.said.append(text)
        self.client.say(text)

    def _talk(self) -> None:
        self._say()
        renewals = 0
        for event in self.client.events():
            self.heard.append(event)
            renewals += isinstance(event, Renewed)
            if renewals == _RENEWALS:
                self.renewed.set()
            if self._enough.is_set():
                self.client.finish()
            elif isinstance(event, Message) and event.author != self.client.name:
                self._say()

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of a kind."""
        return [event for event in self.heard if isinstance(event, kind)]


@pytest.mark.slow
def test_nobody_sees_certificates_change(tmp_path: Path) -> None:
    """Two people talk without a pause while each certificate is renewed again and again.

    Every message comes once and in one order to both, every one is acknowledged once, and no line
    is ever down.
    """
    certs = tmp_path / "certs"
    vault = Vault(certs)
    init_certs(vault, InitRequest(clients=("carol",)))
    init_certs(vault, InitRequest(clients=("alice", "bob"), life=timedelta(seconds=6)))
    community = Community(certs, tmp_path / "data", Hosting(certs, tmp_path / "host"))
    community.hosting.start()
    enough = threading.Event()
    people = [Talker(community.client(name), enough) for name in ("alice", "bob")]
    for person in people:
        person.thread.start()
    for person in people:
        assert person.renewed.wait(60)
    enough.set()
    for person in people:
        person.thread.join(20)
    log = list(community.client("carol", live=False).ask.history(History(0)))
    community.end()
    assert sorted(one.text for one in log) == sorted(people[0].said + people[1].said)
    for person in people:
        name, messages = person.client.name, person.of(Message)
        assert person.client.error is None
        assert not person.of(Disconnected)
        assert len(person.of(Connected)) == 1
        assert len(person.of(Renewed)) >= _RENEWALS
        assert messages == [one for one in log if one.seq <= messages[-1].seq]
        assert [one.text for one in log if one.author == name] == person.said
        acked = [one.id for one in person.of(Acked)]
        assert acked == [one.id for one in log if one.author == name]
        issued = [entry for entry in vault.registry().entries.values() if entry.name == name]
        assert len(issued) > _RENEWALS
        assert {entry.reason for entry in issued[:_RENEWALS]} == {"superseded"}


def test_a_promotion_reaches_a_running_client(community: Community) -> None:
    """Where the key stands beside the authority the new certificate is found on the disk."""
    community.hosting.start()
    alice = community.client("alice")
    events = alice.events()
    until(events, is_live)
    old = community.vault.client_files("alice").identity
    promote(community.vault, community.authority, "alice", now=community.now(), by="test")
    *before, renewed = until(events, is_renewed)
    assert isinstance(renewed, Renewed)
    assert renewed.role == "operator"
    assert not any(isinstance(event, Disconnected) for event in before)
    assert alice.ask.whois("alice").role == "operator"
    alice.deliver("as an operator")
    # What is under way is finished before it stops.
    community.hosting.stop()
    entry = community.vault.registry().get(old.serial)
    assert entry is not None
    assert (entry.state, entry.reason) == ("revoked", "superseded")


def test_a_promotion_reaches_another_computer(community: Community) -> None:
    """There the certificate is asked for and written, with the key that is there."""
    community.hosting.start()
    away = community.elsewhere("alice")
    alice = community.client("alice", certs=away.folder)
    events = alice.events()
    until(events, is_live)
    shutil.rmtree(community.certs / "clients")
    promote(community.vault, community.authority, "alice", now=community.now(), by="test")
    *before, renewed = until(events, is_renewed)
    assert isinstance(renewed, Renewed)
    assert renewed.role == away.client_files("alice").identity.role == "operator"
    assert not any(isinstance(event, Disconnected) for event in before)


def test_two_clients_with_the_same_files_both_move(community: Community) -> None:
    """One of them writes; the other is retired by that and comes back with what was written."""
    community.hosting.start()
    away = community.elsewhere("alice")
    both = [community.client("alice", certs=away.folder) for _ in range(2)]
    events = [client.events() for client in both]
    for one in events:
        until(one, is_live)
    shutil.rmtree(community.certs / "clients")
    promote(community.vault, community.authority, "alice", now=community.now(), by="test")
    for client, one in zip(both, events, strict=True):
        seen = until(one, lambda event: is_renewed(event) and event.role == "operator")  # type: ignore[union-attr]
        assert not any(isinstance(event, Disconnected) for event in seen)
        client.deliver("still here")
    counting = community.vault.registry().of("alice")
    assert away.client_files("alice").identity.serial in {entry.serial for entry in counting}


def test_a_new_authority_reaches_another_computer(community: Community) -> None:
    """During the change-over both are trusted; behind it the next run trusts the new one."""
    community.hosting.start()
    away = community.elsewhere("alice")
    alice = community.client("alice", certs=away.folder)
    events = alice.events()
    until(events, is_live)
    old = away.ca_fingerprint()
    begin(community.vault, community.authority, timedelta(days=1), community.now(), "test")
    until(events, is_renewed)
    assert len(away.ca_certificates()) == 2
    assert away.ca_fingerprint() == community.vault.ca_fingerprint() != old
    finish(community.vault, community.authority, community.now(), "test")
    alice.close()
    community.hosting.stop()
    community.hosting.start()
    again = community.client("alice", certs=away.folder)
    again.deliver("under the new authority")


def test_a_demotion_costs_an_operator_one_connection(community: Community) -> None:
    """The certificate is revoked at once; where another one stands on the disk, they are back."""
    promote(community.vault, community.authority, "alice", now=community.now(), by="test")
    community.hosting.start()
    alice = community.client("alice")
    events = alice.events()
    until(events, is_live)
    demote(community.vault, community.authority, "alice", now=community.now(), by="test")
    renewed = until(events, is_renewed)[-1]
    assert isinstance(renewed, Renewed)
    assert renewed.role == "member"


def test_whoever_is_revoked_stays_out(community: Community) -> None:
    """There is no newer certificate for them; the error says whom to ask."""
    community.hosting.start()
    alice = community.client("alice")
    revoke(
        community.vault,
        community.authority,
        "alice",
        Reason.KEY_COMPROMISE,
        community.now(),
        "test",
    )
    with pytest.raises(HostRefused) as refused:
        list(alice.messages())
    assert refused.value.code == "revoked"
    assert "invite" in refused.value.hint
    again = Client("alice", at=community.hosting.at, certs=community.certs, data=community.data)
    with pytest.raises(HostRefused) as refused:
        again.connect()
    assert refused.value.code == "revoked"


def test_a_client_that_comes_and_goes_has_its_certificate_renewed(aged: Community) -> None:
    """It leaves with the old one; the next one comes with the new one, and that retires the old."""
    old = aged.vault.client_files("alice").identity
    aged.hosting.start()
    one = aged.client("alice", live=False)
    one.deliver("with the old one")
    one.close()
    new = aged.vault.client_files("alice").identity
    assert new.serial != old.serial
    assert not any(isinstance(event, Renewed) for event in one.events())
    entry = aged.vault.registry().get(old.serial)
    assert entry is not None
    assert entry.state == "valid"
    alice = aged.client("alice")
    until(alice.events(), is_live)
    alice.deliver("with the new one")
    assert alice.expiring is None


def test_the_end_is_warned_of_when_nobody_can_issue(aged: Community) -> None:
    """The host has no key of the authority, so the person is told, with the reason."""
    aged.vault.ca_key.unlink()
    aged.hosting.start()
    alice = aged.client("alice")
    warning = until(alice.events(), lambda event: isinstance(event, Expiring))[-1]
    assert isinstance(warning, Expiring)
    assert "no-authority" in warning.why
    assert 9 * DAY < warning.left <= 10 * DAY
    assert alice.expiring == warning


def test_operators_act_from_inside_the_chat(community: Community) -> None:
    """A kick ends a client for good, a mute is told and holds, a closed room is silent."""
    promote(community.vault, community.authority, "alice", now=community.now(), by="test")
    community.hosting.start()
    alice, bob, carol = (community.client(name) for name in ("alice", "bob", "carol"))
    bob_events = bob.events()
    until(bob_events, is_live)
    bob.join("tea")
    done = alice.ask.moderate("mute", name="bob", seconds=600, reason="noise")
    assert (done.act, done.name, done.seconds) == ("mute", "bob", 600)
    bob.say("can you hear me?", id="b1")
    told = until(bob_events, lambda event: isinstance(event, Problem) and event.id == "b1")
    assert [event.code for event in told if isinstance(event, Problem)] == ["muted"]
    alice.ask.moderate("unmute", name="bob")
    bob.deliver("and now?")
    alice.ask.moderate("close-room", room="tea")
    with pytest.raises(Exception, match="closed"):
        bob.deliver("anybody?", room="tea")
    alice.ask.moderate("open-room", room="tea")
    bob.deliver("open again", room="tea")
    with pytest.raises(Exception, match="only operators"):
        carol.ask.moderate("kick", name="alice")
    alice.ask.moderate("kick", name="bob")
    with pytest.raises(HostRefused) as refused:
        list(bob.messages())
    assert (refused.value.code, refused.value.hint) == ("kicked", "You may join again.")
    community.client("bob").deliver("back")
