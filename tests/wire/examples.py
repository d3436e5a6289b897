"""Messages to test with: one of every type, and strategies that make any."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from secure_chat.wire.messages import (
    Abandon,
    Ack,
    Attached,
    Chunk,
    Close,
    Code,
    Content,
    ContentKind,
    Done,
    Enough,
    Error,
    Fetch,
    Format,
    FromClient,
    FromHost,
    Grant,
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
    More,
    Notice,
    Page,
    Part,
    People,
    Person,
    Piece,
    Ping,
    Placed,
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
    Seal,
    Sealed,
    Sending,
    Sent,
    Upload,
    Welcome,
    Who,
    Whois,
)
from secure_chat.wire.states import Role

__all__ = [
    "BOTH",
    "CLIENT",
    "CONTENTS",
    "HOST",
    "as_map",
    "contents",
    "from_client",
    "from_host",
    "kinds_of",
    "samples",
    "steady",
    "text",
]

# No property is judged by the time it takes: this may run on a busy machine.
steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
FILE = Attached(up="u1", name="cat.png", type="image/png", size=4, sha256=SHA256)
# One of every kind and format, with every field that a content may have somewhere.
CONTENTS: tuple[Content, ...] = (
    Content(reply=3),
    Content(format=Format.MARKDOWN),
    Content(format=Format.CODE, lang="c++"),
    Content(format=Format.JSON, edited=9),
    Content(kind=ContentKind.REACTION, of=5),
    Content(kind=ContentKind.EDIT, of=5, format=Format.CODE),
    Content(kind=ContentKind.DELETION, of=5),
    Content(kind=ContentKind.FILE, reply=3, file=FILE),
    Content(kind=ContentKind.FOLDER, file=FILE, entries=12, total=2**40),
    Content(kind=ContentKind.STREAM, file=Attached(up="u2", name="x.tar")),
    Content(kind=ContentKind.STREAM_END, of=6, file=FILE),
    Content(kind=ContentKind.DELETED, of=7),
    Content(kind="one of the year 2040"),
)

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
    Upload(up="u1", size=4, within="u0"),
    Chunk(up="u1", at=0, data=b"test"),
    Seal(up="u1", size=4, sha256=SHA256),
    Abandon(up="u1"),
    Fetch(re=7, seq=9, up="u1", at=1, upto=2**20),
    More(re=7, upto=2**21),
    Enough(re=7),
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
    Placed(up="u1", at=0, upto=4),
    Grant(up="u1", upto=2**20),
    Sealed(up="u1", size=4, sha256=SHA256),
    Sending(re=7, size=4),
    Piece(re=7, at=0, data=b"test"),
    Sent(re=7, size=4, sha256=SHA256),
)


def samples(role: Role) -> tuple[Message, ...]:
    """Return one message of every type that this end may send at all."""
    return HOST if role is Role.HOST else CLIENT


def kinds_of(role: Role) -> frozenset[type[Part]]:
    """Return the types that this end may send at all."""
    return frozenset(type(message) for message in samples(role))


def as_map(message: Message) -> dict[str, object]:
    """Return a message as the map that its frame holds."""
    fields: dict[str, object] = to_builtins(message, builtin_types=(bytes,))
    return fields


# --- strategies ----------------------------------------------------------------------------

seq = st.integers(0, 2**63 - 1)
count = st.integers(0, 2**53)
# UTF-8 cannot say half a character, so no frame ever holds one.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
word = text
maybe = st.one_of(st.none(), word)
some = st.binary(max_size=40)
numbered = st.one_of(st.none(), count)
attached = st.builds(Attached, word, text, word, count, word)
contents: st.SearchStrategy[Content] = st.builds(
    Content,
    st.one_of(st.sampled_from([*map(str, ContentKind)]), word),
    st.one_of(st.sampled_from([*map(str, Format)]), word),
    word,
    seq,
    seq,
    st.one_of(st.none(), attached),
    count,
    count,
    seq,
)
content = st.one_of(st.none(), contents)
said = st.builds(Said, seq, count, word, word, text, maybe, maybe, content)

both: st.SearchStrategy[Ping | Pong | Close] = st.one_of(
    st.just(Ping()), st.just(Pong()), st.builds(Close, word, text)
)
from_client: st.SearchStrategy[FromClient] = st.one_of(
    both,
    st.builds(Hello, count, st.one_of(st.none(), seq), count, st.booleans(), word, word),
    st.builds(Say, word, text, maybe, maybe, content),
    st.builds(Join, word, word),
    st.builds(Leave, word, word),
    st.builds(Who, count, word, word),
    st.builds(Rooms, count, word),
    st.builds(Whois, count, word),
    st.builds(History, count, maybe, maybe, maybe, numbered, after=seq, files=st.booleans()),
    st.builds(Renew, count, text),
    st.builds(Moderate, count, word, word, word, count, text),
    st.builds(Upload, word, numbered, word),
    st.builds(Chunk, word, count, some),
    st.builds(Seal, word, count, word),
    st.builds(Abandon, word),
    st.builds(Fetch, count, seq, word, count, count),
    st.builds(More, count, count),
    st.builds(Enough, count),
)
from_host: st.SearchStrategy[FromHost] = st.one_of(
    both,
    st.builds(Greeting, count, word, word),
    st.builds(
        Welcome, word, word, word, seq, seq, st.lists(word, max_size=3), text, count, count, word
    ),
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
    st.builds(Error, word, text, maybe, numbered, maybe),
    st.builds(Notice, word, text),
    st.builds(Placed, word, count, count),
    st.builds(Grant, word, count),
    st.builds(Sealed, word, count, word),
    st.builds(Sending, count, numbered),
    st.builds(Piece, count, count, some),
    st.builds(Sent, count, count, word),
)
