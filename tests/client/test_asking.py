"""Questions wait for their answer, through all its pages, and never for ever."""

from collections.abc import Callable

import pytest

from secure_chat.client.asking import Asking, error_of
from secure_chat.client.effects import Show
from secure_chat.client.events import (
    Answer,
    Done,
    Moderated,
    Page,
    People,
    Problem,
    Profile,
    RoomList,
)
from secure_chat.client.orders import Ask
from secure_chat.client.outlet import Outlet
from secure_chat.errors import (
    Exit,
    HostRefused,
    HostUnreachable,
    OutcomeUnknown,
    SecureChatError,
    UsageError,
)
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    History,
    Moderate,
    Person,
    RoomInfo,
    Rooms,
    Said,
    Who,
    Whois,
)

NAMES = [f"p{number:02}" for number in range(5)]
LOG = [Said(seq, 0, "bob", f"b{seq}", f"{seq}", "lobby") for seq in range(1, 8)]


class Host:
    """Answers each question at once, two things a page."""

    def __init__(self, limits: Limits) -> None:
        self.outlet = Outlet(limits)
        self.asked: list[object] = []
        self.asking = Asking(self.post, self.outlet, limits)

    def post(self, command: Ask) -> None:
        """Take a question and put its answer out."""
        self.asked.append(command.request)
        self.outlet.put(Show(self.answer(command.request)))

    def answer(self, request: object) -> Answer | Problem:
        """Return the page that is asked for."""
        if isinstance(request, Who):
            rest = [name for name in NAMES if name > request.after]
            people = [Person(name, 1) for name in rest[:2]]
            return People(request.re, request.room, people, len(rest) > 2)
        if isinstance(request, Rooms):
            rest = [name for name in NAMES if name > request.after]
            rooms = [RoomInfo(name, 1, 1, member=True) for name in rest[:2]]
            return RoomList(request.re, rooms, len(rest) > 2)
        if isinstance(request, Whois):
            return Profile(request.re, request.name, "member", 1, [])
        if isinstance(request, Moderate):
            return Done(request.re)
        assert isinstance(request, History)
        most = min(request.limit, 2)
        if request.newest:
            found = [said for said in LOG if said.seq < (request.before or 99)]
            return Page(request.re, found[-most:], len(found) > most)
        found = [said for said in LOG if said.seq > request.after]
        return Page(request.re, found[:most], len(found) > most)


@pytest.fixture
def host() -> Host:
    """Return a host that answers."""
    return Host(Limits(ack_seconds=0.01))


def test_lists_come_whole(host: Host) -> None:
    """As many pages are asked for as there are, each behind the last name of the one before."""
    assert [one.name for one in host.asking.people("lobby")] == NAMES
    assert [one.name for one in host.asking.rooms()] == NAMES
    assert host.asked[1] == Who(2, "lobby", "p01")
    assert host.asking.whois("bob").role == "member"


def test_an_act_is_told_as_it_was_asked_for(host: Host) -> None:
    """The host's answer says only that it is done."""
    done = host.asking.moderate("mute", name="bob", seconds=600, reason="noise")
    assert done == Moderated("mute", "bob", "", 600, "noise")
    assert host.asked == [Moderate(1, "mute", "bob", "", 600, "noise")]


def test_what_no_host_can_read_is_refused_here(host: Host) -> None:
    """The host would close the connection for it."""
    for ask in (
        lambda: host.asking.moderate("kick", name="bob", reason="x" * 2_000),
        lambda: host.asking.whois("x" * 200),
    ):
        with pytest.raises(UsageError, match="cannot be a message"):
            ask()
    assert host.asked == []


def test_history_comes_whole_and_in_order(host: Host) -> None:
    """From the first to the last, each once."""
    assert [said.seq for said in host.asking.history(History(0))] == [1, 2, 3, 4, 5, 6, 7]
    assert [said.seq for said in host.asking.history(History(0, after=5))] == [6, 7]


@pytest.mark.parametrize(("most", "seqs"), [(1, [7]), (3, [5, 6, 7]), (99, [1, 2, 3, 4, 5, 6, 7])])
def test_the_newest_come_in_order_too(host: Host, most: int, seqs: list[int]) -> None:
    """Pages are asked for from the end, and nothing more than is wanted."""
    assert [said.seq for said in host.asking.history(History(0), most)] == seqs


@pytest.mark.parametrize(
    "ask",
    [
        lambda asking: list(asking.people("lobby")),
        lambda asking: list(asking.rooms()),
        lambda asking: list(asking.history(History(0))),
        lambda asking: list(asking.history(History(0), 5)),
    ],
)
def test_a_host_that_promises_more_and_gives_nothing_is_not_asked_for_ever(
    host: Host, ask: Callable[[Asking], list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty page is the last one, whatever it says."""
    answer = host.answer

    def empty(request: object) -> Answer | Problem:
        found = answer(request)
        if isinstance(found, Page):
            return Page(found.re, [], more=True)
        if isinstance(found, People):
            return People(found.re, found.room, [], more=True)
        assert isinstance(found, RoomList)
        return RoomList(found.re, [], more=True)

    monkeypatch.setattr(host, "answer", empty)
    assert ask(host.asking) == []


def test_a_refused_question_is_an_error(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the host's words, made printable."""
    monkeypatch.setattr(
        host, "answer", lambda request: Problem("nobody", "no\x1b[2J", re=request.re)
    )
    with pytest.raises(SecureChatError, match=r"no\\x1b\[2J"):
        host.asking.whois("bob")


def test_no_answer_in_time_is_an_error(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a late one is nobody's."""
    monkeypatch.setattr(host, "answer", lambda _: Problem("nobody", "another's", re=99))
    with pytest.raises(OutcomeUnknown, match="did not answer in time"):
        host.asking.whois("bob")
    assert host.outlet.answers == {}


def test_a_client_that_has_ended_answers_at_once(host: Host) -> None:
    """Nobody waits for what cannot come."""
    host.outlet.end()
    host.outlet.error = HostRefused("revoked", "the host refused us")
    with pytest.raises(HostRefused):
        Asking(lambda _: None, host.outlet, Limits()).whois("bob")


def test_each_problem_has_its_exit_code() -> None:
    """A lost line is unreachable; a refusal is another failure, with what to do."""
    assert error_of(Problem("silent", "lost")).exit_code is Exit.UNREACHABLE
    refused = error_of(Problem("not-a-member", "no"))
    assert refused.exit_code is Exit.OTHER
    assert "Join the room" in refused.hint
    assert error_of(Problem("new-word", "no")).hint == ""
    assert isinstance(error_of(None), HostUnreachable)
