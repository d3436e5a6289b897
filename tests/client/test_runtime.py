"""The client as a library, against a real host over real sockets and files."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

import secure_chat.client
from secure_chat.client import Client
from secure_chat.client.events import (
    Acked,
    Connected,
    Disconnected,
    Event,
    Left,
    Live,
    Membership,
    Message,
    Problem,
    Refused,
)
from secure_chat.client.session import Session
from secure_chat.client.store import Store
from secure_chat.errors import (
    HostNotTrusted,
    HostRefused,
    HostUnreachable,
    IdentityError,
    OutcomeUnknown,
    SecureChatError,
    StoreError,
    UsageError,
)
from secure_chat.handshakes.journal import read_records
from secure_chat.limits import Limits
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.client.hosting import Hosting, revoke

Kind = TypeVar("Kind")


@pytest.fixture
def hosting(certs: Path, tmp_path: Path) -> Iterator[Hosting]:
    """Return a running host."""
    host = Hosting(certs, tmp_path / "host").start()
    yield host
    host.stop()


class People:
    """Makes clients of one host and closes them."""

    def __init__(self, hosting: Hosting, certs: Path, data: Path) -> None:
        self.hosting, self.certs, self.data = hosting, certs, data
        self.made: list[Client] = []

    def make(
        self,
        name: str,
        *,
        history: int = 0,
        live: bool = True,
        remember: bool = True,
        limits: Limits | None = None,
    ) -> Client:
        """Return a client that is not connected."""
        client = Client(
            name,
            at=self.hosting.at,
            certs=self.certs,
            data=self.data,
            history=history,
            live=live,
            remember=remember,
            limits=limits,
        )
        self.made.append(client)
        return client

    def join(self, name: str, *, history: int = 0, remember: bool = True) -> Client:
        """Return a client that is connected."""
        client = self.make(name, history=history, remember=remember)
        client.connect()
        return client

    def folder(self, name: str) -> Path:
        """Return a person's data folder."""
        return self.data / Vault(self.certs).community() / "clients" / name


@pytest.fixture
def people(hosting: Hosting, certs: Path, tmp_path: Path) -> Iterator[People]:
    """Return what makes clients."""
    made = People(hosting, certs, tmp_path / "data")
    yield made
    for client in made.made:
        client.close()


def until(events: Iterator[Event], kind: type[Kind]) -> Kind:
    """Skip to the next event of a kind."""
    for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} before the end")


def test_an_echo_bot_answers(people: People) -> None:
    """The promise of the front page, with a line to end it."""

    def echo() -> None:
        with Client(name="bob", at=people.hosting.at, certs=people.certs, data=people.data) as bob:
            ready.set()
            for message in bob.messages():
                if message.author != bob.name:
                    bob.reply(message, f"you said: {message.text}")
                if message.text == "goodbye":
                    break

    ready = threading.Event()
    thread = threading.Thread(target=echo)
    thread.start()
    assert ready.wait(20)
    alice = people.join("alice")
    alice.say("hello")
    messages = alice.messages()
    assert [next(messages).text for _ in range(2)] == ["hello", "you said: hello"]
    alice.say("psst", to="bob")
    alice.say("goodbye", to="bob")
    answers = [next(messages) for _ in range(4)]
    assert [one.to for one in answers if one.author == "bob"] == ["alice", "alice"]
    thread.join(20)
    assert not thread.is_alive()


def test_what_was_shown_is_not_shown_again_and_the_rest_is(people: People) -> None:
    """An event counts as shown when the next one is asked for, also across runs."""
    sender = people.join("bob", remember=False)
    alice = people.join("alice")
    until(alice.events(), Live)
    for text in ("one", "two", "three"):
        sender.say(text)
    messages = alice.messages()
    assert next(messages).text == "one"
    assert next(messages).text == "two"
    alice.close()
    again = people.join("alice", history=50)
    messages = again.messages()
    assert [next(messages).text for _ in range(2)] == ["two", "three"]


def test_a_restart_of_the_host_loses_and_doubles_nothing(people: People) -> None:
    """What is said meanwhile is sent later; what others said meanwhile comes then."""
    alice, bob = people.join("alice"), people.join("bob")
    a_events, b_events = alice.events(), bob.events()
    until(a_events, Live)
    until(b_events, Live)
    alice.say("before", id="a1")
    assert until(a_events, Acked).id == "a1"
    people.hosting.stop()
    assert until(a_events, Disconnected).code == "shutdown"
    until(b_events, Disconnected)
    alice.say("meanwhile", id="a2")
    bob.say("me too", id="b1")
    people.hosting.start()
    until(a_events, Connected)
    alice.say("after", id="a3")
    texts: list[list[str]] = []
    for events in (a_events, b_events):
        texts.append([])
        while len(texts[-1]) < 3:
            texts[-1].append(until(events, Message).text)
    assert sorted(texts[0]) == ["after", "me too", "meanwhile"]
    assert texts[0] == texts[1]


def test_what_could_not_be_sent_is_sent_by_the_next_run(people: People) -> None:
    """The queue survives the process, and the id stays the same."""
    alice = people.join("alice")
    people.hosting.stop()
    events = alice.events()
    until(events, Disconnected)
    alice.say("later", id="a1")
    alice.close()
    assert until(events, Left).unsent == 1
    people.hosting.start()
    again = people.join("alice")
    assert until(again.events(), Acked).id == "a1"


def test_leaving_in_order_waits_for_everything(people: People) -> None:
    """The events end by themselves, behind the ack and one's own line."""
    alice = people.join("alice")
    alice.say("last words", id="a1")
    alice.finish()
    events = list(alice.events())
    assert [event.id for event in events if isinstance(event, Acked | Message)] == ["a1", "a1"]
    assert events[-1] == Left(0)
    assert list(alice.events()) == list(alice.messages()) == []
    assert alice.error is None


def test_leaving_a_with_statement_waits_a_moment_for_acks(people: People) -> None:
    """What was said inside is stored behind it; an error inside waits for nothing."""
    with people.make("alice", remember=False) as alice:
        alice.say("said and gone")
    bob = people.join("bob", remember=False)
    from secure_chat.wire.messages import History

    assert [one.text for one in bob.ask.history(History(0))] == ["said and gone"]
    with pytest.raises(ZeroDivisionError), people.make("carol"):
        raise ZeroDivisionError


def test_rooms_are_joined_and_left(people: People) -> None:
    """Each is acknowledged and told as a membership."""
    alice = people.join("alice")
    events = alice.events()
    assert alice.rooms == ("lobby",)
    id_ = alice.join("tea", id="j1")
    assert until(events, Acked).id == id_ == "j1"
    assert until(events, Membership).member
    alice.leave("tea")
    assert not until(events, Membership).member
    alice.say("alone", room="tea", id="a1")
    problem = until(events, Problem)
    assert (problem.code, problem.id) == ("not-a-member", "a1")


def test_deliver_waits_for_the_ack(people: People) -> None:
    """The same id gives the same place; a refusal is an error; no answer is unknown."""
    alice = people.make("alice", live=False, remember=False)
    alice.connect()
    first = alice.deliver("once", id="a1")
    assert alice.deliver("once", id="a1") == first
    with pytest.raises(SecureChatError, match="the host refused that"):
        alice.deliver("x", to="nobody.there")
    with pytest.raises(UsageError):
        alice.deliver("x" * 100_000)
    people.hosting.stop()
    with pytest.raises(OutcomeUnknown, match=r"0\.2 s"):
        alice.deliver("lost?", timeout=0.2)
    alice.close()
    with pytest.raises(HostUnreachable):
        alice.deliver("too late")


def test_what_cannot_be_a_message_is_refused_here(people: People) -> None:
    """The host would close the connection for it, at each repeat again."""
    alice = people.join("alice")
    for text, room in (("x" * 100_000, None), ("hi", "r" * 200), ("\ud800", None)):
        with pytest.raises(UsageError, match="cannot be a message"):
            alice.say(text, room=room)


def test_the_queue_is_bounded(people: People) -> None:
    """Beyond the bound there is an error, or a wait that ends when there is room again."""
    alice = people.make("alice", limits=Limits(unsent=2))
    alice.connect()
    people.hosting.stop()
    events = alice.events()
    until(events, Disconnected)
    alice.say("one")
    alice.say("two")
    with pytest.raises(SecureChatError, match="too much is waiting"):
        alice.say("three")
    with pytest.raises(SecureChatError, match="too much is waiting"):
        alice.say("three", patience=0.05)
    people.hosting.start()
    alice.say("three", patience=20)
    assert [until(events, Acked).seq for _ in range(3)]


def test_a_consumer_that_falls_far_behind_is_given_everything_in_the_end(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound nothing is read, and nothing is lost by that."""
    bob = people.make("bob", limits=Limits(client_events=8))
    held = threading.Event()
    hold = bob._worker.hold

    def noted(conn: int, holding: bool) -> None:  # noqa: FBT001 -- as in Worker
        hold(conn, holding)
        held.set()

    monkeypatch.setattr(bob._worker, "hold", noted)
    bob.connect()
    alice = people.join("alice", remember=False)
    for number in range(200):
        alice.say(f"{number}")
    assert held.wait(20)
    messages = bob.messages()
    assert [next(messages).text for _ in range(200)] == [f"{number}" for number in range(200)]


def test_a_second_client_of_the_same_person_keeps_nothing(people: People) -> None:
    """The folder is the first one's; both hear everything."""
    first, second = people.join("alice"), people.join("alice")
    first.say("to myself")
    assert next(first.messages()).text == next(second.messages()).text == "to myself"
    assert len(list(people.folder("alice").glob("client*.sqlite"))) == 1
    visitor = people.join("carol", remember=False)
    assert visitor.name == "carol"
    assert not list(people.folder("carol").glob("client*"))


def test_each_handshake_leaves_a_record_at_the_client_too(people: People) -> None:
    """It stands in the client's own folder."""
    people.join("alice").close()
    (record,) = read_records(people.folder("alice"))
    assert (record.end, record.established, record.name) == ("client", True, "alice")


def test_nobody_there(people: People) -> None:
    """The first connection that fails ends the client, with the error to be shown."""
    people.hosting.stop()
    alice = people.make("alice")
    with pytest.raises(HostUnreachable):
        alice.connect()
    (refused,) = alice.events()
    assert isinstance(refused, Refused)
    assert refused.error is alice.error


def test_a_host_of_another_community_is_not_trusted(
    foreign_certs: Path, certs: Path, tmp_path: Path
) -> None:
    """Whoever answers there is not ours."""
    host = Hosting(foreign_certs, tmp_path / "host").start()
    client = Client("alice", at=host.at, certs=certs, data=tmp_path / "data")
    with pytest.raises(HostNotTrusted):
        client.connect()
    host.stop()


def test_who_is_not_registered_is_refused(people: People, tmp_path: Path) -> None:
    """A certificate of the right authority that the host has never heard of."""
    copied = tmp_path / "certs"
    shutil.copytree(people.certs, copied)
    init_certs(Vault(copied), InitRequest(clients=("erin",)))
    client = Client("erin", at=people.hosting.at, certs=copied, data=tmp_path / "data")
    with pytest.raises(HostRefused) as refused:
        client.connect()
    assert refused.value.code == "not-registered"


def test_who_is_revoked_while_connected_is_told_and_does_not_come_back(
    certs: Path, tmp_path: Path
) -> None:
    """The messages end with the refusal."""
    copied = tmp_path / "certs"
    shutil.copytree(certs, copied)
    host = Hosting(copied, tmp_path / "host").start()
    client = Client("alice", at=host.at, certs=copied, data=tmp_path / "data")
    client.connect()
    revoke(copied, "alice")
    with pytest.raises(HostRefused) as refused:
        list(client.messages())
    assert refused.value.code == "revoked"
    client.close()
    host.stop()


def test_a_data_folder_that_cannot_be_used_is_an_error_for_a_client_that_keeps_things(
    people: People,
) -> None:
    """One that keeps nothing works without it."""
    people.data.write_text("a file in its place")
    with pytest.raises(StoreError):
        people.make("alice")
    visitor = people.join("alice", remember=False)
    assert visitor.name == "alice"


def test_closing_without_connecting_connects_to_nobody(people: People) -> None:
    """Nothing is left behind, and the folder is free."""
    client = people.make("alice")
    client.close()
    client.close()
    assert not list(read_records(people.folder("alice")))
    Store.open(people.folder("alice")).close()


def test_an_interrupted_connect_leaves_nothing_behind(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while waiting ends both threads."""
    client = people.make("alice")

    def interrupted() -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(client._outlet.decided, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.connect()
    assert not any(thread.is_alive() for thread in client._threads)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_ends_the_client_and_leaves_nobody_waiting(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events end and the error says what happened."""

    def broken(session: Session, request: object) -> None:
        raise ZeroDivisionError(session, request)

    alice = people.join("alice")
    monkeypatch.setattr(Session, "ask", broken)
    with pytest.raises(SecureChatError, match="a part of the client has stopped"):
        alice.ask.whois("bob")
    assert isinstance(next(iter(alice.events())), Connected)
    with pytest.raises(SecureChatError, match="a part of the client has stopped"):
        alice.ask.whois("bob")


def test_who_to_be_has_to_be_known(certs: Path) -> None:
    """Nothing is made before the identity is settled."""
    with pytest.raises(IdentityError, match="several identities"):
        Client(certs=certs)


def test_the_package_has_one_name_and_no_other() -> None:
    """`Client` is loaded when it is asked for; anything else is a plain mistake."""
    with pytest.raises(AttributeError, match="Cliente"):
        _ = secure_chat.client.Cliente
