"""The registrar's thread by itself: what it answers, in which order, and what it does at bounds."""

import queue
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import EnrolmentRefused
from secure_chat.hub.commands import Petition, Used
from secure_chat.hub.events import Replied
from secure_chat.limits import Limits
from secure_chat.server.clerk import Clerk
from secure_chat.server.registrar import Enrol, Registrar
from secure_chat.server.seen import SEEN_FILE, read_seen
from secure_chat.wire.enrolment import Enrolled
from secure_chat.wire.messages import Code, Done, Error, Moderate, Renew, Renewed
from tests.server.pieces import Office, held, identity_of, request_of


class Desk:
    """A registrar whose rounds a test takes itself, and everything that comes out of it.

    Args:
        office: the folder and its parts.
        data: the host's data folder.
        limits: the bounds in force.
    """

    def __init__(self, office: Office, data: Path, limits: Limits) -> None:
        self.office = office
        self.data = data
        self.replies: list[Replied] = []
        self.looks: list[Callable[[], None]] = []
        self.registrar = Registrar(
            clerk=Clerk(
                vault=office.vault,
                issuer=office.issuer,
                gate=office.gate,
                announcer=office.told,
                limits=limits,
                clock=office.clock,
                port=65_432,
            ),
            custodian=office.custodian,
            gate=office.gate,
            data=data,
            reply=self.replies.append,
            look=self.looks.append,
            announcer=office.told,
            limits=limits,
            clock=office.clock,
        )
        self.registrar.post(office.vault.registry())

    def petition(self, name: str, asked: Renew | Moderate) -> None:
        """Hand a petition in."""
        self.registrar.post(Petition(1, identity_of(self.office.vault, name), asked))

    def renewal(self, name: str, re: int = 1) -> None:
        """Ask for a renewal."""
        self.petition(name, Renew(re=re, request=request_of(self.office.vault, name)))

    def answers(self) -> list[Renewed | Done | Error]:
        """Take a round, have the main thread look, and return what was answered."""
        self.registrar._round()
        self.look()
        answers = [reply.message for reply in self.replies]
        self.replies.clear()
        return answers

    def look(self) -> None:
        """Be the main thread."""
        self.registrar.post(self.office.vault.registry())
        looks, self.looks[:] = list(self.looks), []
        for then in looks:
            then()


@pytest.fixture
def desk(own: Path, tmp_path: Path) -> Iterator[Desk]:
    """A registrar over a folder of our own, its first look at everything behind it."""
    data = tmp_path / "host"
    data.mkdir()
    made = Desk(Office(own), data, replace(Limits(), inbox_items=3, folder_seconds=0.0))
    assert made.answers() == []
    made.answers()
    yield made
    made.registrar.close()


def test_an_answer_waits_for_the_look_and_a_refusal_does_not(desk: Desk) -> None:
    """Nobody is given a certificate that the hub does not know of yet."""
    desk.renewal("alice", re=4)
    desk.registrar._round()
    assert desk.replies == []
    assert len(desk.looks) == 1
    desk.look()
    (reply,) = desk.replies
    assert isinstance(reply.message, Renewed)
    assert (reply.conn, reply.message.re) == (1, 4)
    desk.replies.clear()
    desk.petition("alice", Renew(re=5, request="nothing"))
    desk.registrar._round()
    (reply,) = desk.replies
    assert isinstance(reply.message, Error)
    assert reply.message.re == 5
    assert desk.looks == []


def test_several_requests_are_answered_in_their_order(desk: Desk) -> None:
    """One after the other, in one round."""
    desk.renewal("alice", re=1)
    desk.petition("bob", Moderate(re=2, act="kick", name="alice"))
    assert [answer.re for answer in desk.answers()] == [1, 2]


@pytest.mark.parametrize(
    ("act", "found"),
    [
        (Moderate(re=1, act="kick", name="bob"), lambda registry: "bob" in registry.kicks),
        (
            Moderate(re=1, act="mute", name="bob", seconds=60),
            lambda registry: registry.mutes["bob"] < float("inf"),
        ),
        (
            Moderate(re=1, act="mute", name="bob"),
            lambda registry: registry.mutes["bob"] == float("inf"),
        ),
        (Moderate(re=1, act="unmute", name="bob"), lambda registry: not registry.mutes),
        (
            Moderate(re=1, act="close-room", room="den"),
            lambda registry: "den" in registry.closed_rooms,
        ),
        (Moderate(re=1, act="open-room", room="den"), lambda registry: not registry.closed_rooms),
        (Moderate(re=1, act="ban", name="bob"), lambda registry: "bob" in registry.retired),
    ],
)
def test_each_act_stands_in_the_registry_when_it_is_answered(
    desk: Desk, act: Moderate, found: Callable[[object], bool]
) -> None:
    """With who did it, for the owner too."""
    assert desk.answers() == []
    desk.petition("alice", act)
    assert desk.answers() == [Done(1)]
    assert found(desk.office.vault.registry())
    (said,) = desk.office.told.take()
    assert (said.event, said.fields["by"], said.fields["act"]) == ("moderated", "alice", act.act)


def test_who_has_been_revoked_meanwhile_gets_nothing(desk: Desk) -> None:
    """The trail is read anew for each certificate."""
    alice = identity_of(desk.office.vault, "alice")
    desk.petition("bob", Moderate(re=1, act="ban", name="alice"))
    desk.registrar.post(
        Petition(2, alice, Renew(re=2, request=request_of(desk.office.vault, "alice")))
    )
    done, refused = sorted(desk.answers(), key=lambda answer: answer.re or 0)
    assert isinstance(done, Done)
    assert isinstance(refused, Error)
    assert refused.code == Code.REVOKED


def test_a_folder_that_is_held_is_waited_for_once_a_round(desk: Desk) -> None:
    """Everybody is told the same, the owner too, and the next round tries again."""
    with held(desk.office.vault):
        desk.renewal("alice", re=1)
        desk.petition("bob", Moderate(re=2, act="kick", name="alice"))
        answers = desk.answers()
    assert [(answer.re, getattr(answer, "code", "")) for answer in answers] == [
        (1, Code.INTERNAL),
        (2, Code.INTERNAL),
    ]
    assert desk.office.told.events() == ["not-done", "not-done"]
    desk.renewal("alice", re=3)
    assert isinstance(desk.answers()[0], Renewed)


def test_a_trail_that_cannot_be_written_is_an_answer_and_told(desk: Desk) -> None:
    """The peer hears no names of files; the owner hears all of it."""
    trail = desk.office.vault.audit_file
    trail.write_bytes(trail.read_bytes() + b"{\n")
    desk.petition("bob", Renew(re=1, request=request_of(desk.office.vault, "bob")))
    desk.registrar._round()
    (reply,) = desk.replies
    assert isinstance(reply.message, Error)
    assert reply.message.code == Code.INTERNAL
    assert trail.name not in reply.message.text
    (said,) = desk.office.told.take()
    assert trail.name in said.words


def test_beyond_its_bound_requests_are_refused_and_none_waits_for_ever(desk: Desk) -> None:
    """From the hub's thread, at once; a registry always gets through."""
    answers: queue.SimpleQueue[Enrolled | EnrolmentRefused] = queue.SimpleQueue()
    desk.registrar._round()
    for number in range(4):
        desk.petition("alice", Moderate(re=number, act="kick", name="bob"))
    desk.registrar.post(Enrol("erin", "secret", "request", answers.put))
    desk.registrar.post(Used(identity_of(desk.office.vault, "alice")))
    assert [reply.message.re for reply in desk.replies] == [3]
    refused = answers.get_nowait()
    assert isinstance(refused, EnrolmentRefused)
    assert refused.code == "no-authority"
    desk.replies.clear()
    desk.registrar.post(desk.office.vault.registry())
    assert [answer.re for answer in desk.answers()] == [0, 1, 2]
    assert read_seen(desk.data) == {}


def test_an_enrolment_is_answered_behind_the_look_and_a_refusal_at_once(desk: Desk) -> None:
    """And the secret of nobody is enough for nothing."""
    answers: queue.SimpleQueue[Enrolled | EnrolmentRefused] = queue.SimpleQueue()
    desk.registrar.post(Enrol("erin", "guess", "request", answers.put))
    desk.registrar._round()
    refused = answers.get_nowait()
    assert isinstance(refused, EnrolmentRefused)
    assert refused.code == "unknown-secret"
    assert "guess" not in repr(Enrol("erin", "guess", "request", answers.put))
    with held(desk.office.vault):
        desk.registrar.post(Enrol("erin", "guess", "request", answers.put))
        desk.registrar._round()
    busy = answers.get_nowait()
    assert isinstance(busy, EnrolmentRefused)
    assert (busy.code, "another command" in busy.what) == ("no-authority", True)


def test_what_was_asked_before_the_end_is_done(desk: Desk) -> None:
    """The last round takes everything, without patience for a folder that is held."""
    desk.petition("bob", Moderate(re=1, act="kick", name="alice"))
    desk.registrar.stop()
    desk.registrar.run()
    assert len(desk.looks) == 1
    assert "alice" in desk.office.vault.registry().kicks


def test_who_was_welcomed_is_remembered_now_and_then_and_at_the_end(desk: Desk) -> None:
    """The first at once, others at most every ten seconds."""
    clock, vault = desk.office.clock, desk.office.vault
    serials = {name: identity_of(vault, name).serial for name in ("alice", "bob", "carol")}

    def welcome(name: str) -> None:
        desk.registrar.post(Used(identity_of(vault, name)))
        desk.registrar._round()

    welcome("alice")
    assert set(read_seen(desk.data)) == {serials["alice"]}
    welcome("bob")
    assert set(read_seen(desk.data)) == {serials["alice"]}
    assert desk.registrar._patience() == pytest.approx(10)
    clock.advance(10)
    desk.registrar._round()
    assert set(read_seen(desk.data)) == {serials["alice"], serials["bob"]}
    welcome("carol")
    desk.registrar.stop()
    desk.registrar.run()
    assert set(read_seen(desk.data)) == set(serials.values())


def test_a_disk_that_takes_no_note_of_who_was_seen_costs_nobody_anything(desk: Desk) -> None:
    """It is told, and tried again."""
    (desk.data / SEEN_FILE).mkdir()
    desk.registrar.post(Used(identity_of(desk.office.vault, "alice")))
    assert desk.answers() == []
    (said,) = desk.office.told.take()
    assert "seen.json" in said.words
