"""Messages to test with: one of every type, and strategies that make any."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from secure_chat.wire.messages import (
    Ack,
    Close,
    Code,
    Done,
    Error,
    FromClient,
    FromHost,
    Greeting,
    Hello,
    History,
    Join,
    Leave,
    Live,
    Measure,
    Membership,
    Message,
    Moderate,
    Notice,
    Page,
    Part,
    People,
    Person,
    Ping,
    Pong,
    Presence,
    Profile,
    Renew,
    Renewed,
    RoomInfo,
    RoomList,
    Rooms,
    Said,
    Say,
    Welcome,
    Who,
    Whois,
)
from secure_chat.wire.states import Role

__all__ = [
    "BOTH",
    "CLIENT",
    "HOST",
    "as_map",
    "from_client",
    "from_host",
    "kinds_of",
    "samples",
    "steady",
    "text",
]

# No property is judged by the time it takes: this may run on a busy machine.
steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SAID = Said(seq=7, at=1_795_348_800_123, author="alice", id="a1", text="hello", room="lobby")

BOTH: tuple[Ping | Pong | Close, ...] = (Ping(), Pong(), Close(code=Code.BYE, text="see you"))
CLIENT: tuple[FromClient, ...] = (
    *BOTH,
    Hello(version=1, cursor=6, device="d1", agent="test"),
    Say(id="a1", text="hello", room="lobby"),
    Join(id="a2", room="tea"),
    Leave(id="a3", room="tea"),
    Who(re=1, room="lobby"),
    Rooms(re=2),
    Whois(re=3, name="bob"),
    History(re=4, search="hello", newest=True),
    Renew(re=5, request="-----BEGIN CERTIFICATE REQUEST-----"),
    Moderate(re=6, act=Measure.MUTE, name="bob", seconds=600, reason="shouting"),
)
HOST: tuple[FromHost, ...] = (
    *BOTH,
    Greeting(version=1, uid="C1"),
    Welcome(name="alice", role="member", community="c", head=6, floor=1, rooms=["lobby"]),
    Ack(id="a1", seq=7, at=1_795_348_800_123),
    SAID,
    Membership(seq=8, at=1_795_348_800_124, room="tea", member=True),
    Live(seq=8),
    Presence(room="lobby", here=2, joined=["bob"]),
    People(re=1, room="lobby", people=[Person(name="alice", here=1)]),
    RoomList(re=2, rooms=[RoomInfo(name="lobby", members=2, here=1, member=True)]),
    Profile(re=3, name="bob", role="member", here=0, rooms=["lobby"]),
    Page(re=4, messages=[SAID]),
    Renewed(re=5, certificate="-----BEGIN", authorities="-----BEGIN"),
    Done(re=6),
    Error(code=Code.NOBODY, text="nobody is called zoe", id="a1"),
    Notice(code=Code.SLOWED, text="slow down"),
)


def samples(role: Role) -> tuple[Message, ...]:
    """Return one message of every type that this end may send at all."""
    return HOST if role is Role.HOST else CLIENT


def kinds_of(role: Role) -> frozenset[type[Part]]:
    """Return the types that this end may send at all."""
    return frozenset(type(message) for message in samples(role))


def as_map(message: Message) -> dict[str, object]:
    """Return a message as the map that its frame holds."""
    fields: dict[str, object] = to_builtins(message)
    return fields


# --- strategies ----------------------------------------------------------------------------

seq = st.integers(0, 2**63 - 1)
count = st.integers(0, 2**53)
# UTF-8 cannot say half a character, so no frame ever holds one.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
word = text
maybe = st.one_of(st.none(), word)
said = st.builds(Said, seq, count, word, word, text, maybe, maybe)

both: st.SearchStrategy[Ping | Pong | Close] = st.one_of(
    st.just(Ping()), st.just(Pong()), st.builds(Close, word, text)
)
from_client: st.SearchStrategy[FromClient] = st.one_of(
    both,
    st.builds(Hello, count, st.one_of(st.none(), seq), count, st.booleans(), word, word),
    st.builds(Say, word, text, maybe, maybe),
    st.builds(Join, word, word),
    st.builds(Leave, word, word),
    st.builds(Who, count, word, word),
    st.builds(Rooms, count, word),
    st.builds(Whois, count, word),
    st.builds(History, count, maybe, maybe, maybe, st.one_of(st.none(), count), after=seq),
    st.builds(Renew, count, text),
    st.builds(Moderate, count, word, word, word, count, text),
)
from_host: st.SearchStrategy[FromHost] = st.one_of(
    both,
    st.builds(Greeting, count, word, word),
    st.builds(Welcome, word, word, word, seq, seq, st.lists(word, max_size=3), text, count, word),
    st.builds(Ack, word, seq, count),
    said,
    st.builds(Membership, seq, count, word, st.booleans()),
    st.builds(Live, seq),
    st.builds(Presence, word, count, st.lists(word, max_size=3), st.lists(word, max_size=3)),
    st.builds(People, count, word, st.lists(st.builds(Person, word, count), max_size=3)),
    st.builds(
        RoomList,
        count,
        st.lists(st.builds(RoomInfo, word, count, count, st.booleans()), max_size=3),
        st.booleans(),
    ),
    st.builds(Profile, count, word, word, count, st.lists(word, max_size=3), word, word),
    st.builds(Page, count, st.lists(said, max_size=3), st.booleans()),
    st.builds(Renewed, count, text, text),
    st.builds(Done, count),
    st.builds(Error, word, text, maybe, st.one_of(st.none(), count)),
    st.builds(Notice, word, text),
)
