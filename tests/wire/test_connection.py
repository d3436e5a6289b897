"""A connection turns whatever a peer sends into events, and never raises because of it."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.errors import LocalProtocolError
from secure_chat.limits import Limits
from secure_chat.wire.codec import encode, tag_of
from secure_chat.wire.connection import Connection, Ended, Event, Failed, PeerClosed
from secure_chat.wire.messages import (
    Close,
    Code,
    FromClient,
    FromHost,
    Greeting,
    Hello,
    Live,
    Message,
    Notice,
    Ping,
    Pong,
    Say,
    Welcome,
)
from secure_chat.wire.states import TRANSITIONS, Role, State
from tests.wire.examples import CLIENT, HOST, from_client, from_host, kinds_of, samples, steady

GREETING = Greeting(version=1, uid="C1")
HELLO = Hello(version=1)
WELCOME = Welcome(name="alice", role="member", community="c", head=6, floor=1, rooms=["lobby"])
OPENING: tuple[tuple[Role, State, Message], ...] = (
    (Role.HOST, State.GREETED, GREETING),
    (Role.CLIENT, State.HELLO, HELLO),
    (Role.HOST, State.OPEN, WELCOME),
    (Role.HOST, State.CLOSED, Close(code=Code.BYE)),
)
SAY = Say(id="a1", text="hello", room="lobby")


def at(role: Role, state: State, limits: Limits | None = None) -> Connection:
    """Make a connection that has come to `state` by the usual way."""
    connection = Connection(role, limits or Limits())
    for sender, after, message in OPENING:
        if connection.state is state:
            break
        if sender is role:
            connection.send(message)
        else:
            connection.receive_data(encode(message))
        assert connection.state is after
    connection.events()
    connection.data_to_send()
    return connection


def raw(body: bytes) -> bytes:
    """Put the length before a body."""
    return len(body).to_bytes(4, "big") + body


def told(connection: Connection) -> list[Event]:
    """Read what a connection wants to send, with the other end's eyes."""
    reader = at(connection._role.peer, State.OPEN)
    reader.receive_data(b"".join(connection.data_to_send()))
    return reader.events()


# --- the way a conversation goes -----------------------------------------------------------


def test_two_ends_open_and_talk_and_close() -> None:
    """Greeting, hello and welcome open both ends; then each hears the other; then it is over."""
    host, client = Connection(Role.HOST, Limits()), Connection(Role.CLIENT, Limits())
    heard: list[Event] = []
    script: tuple[tuple[Connection, Connection, Message], ...] = (
        (host, client, GREETING),
        (client, host, HELLO),
        (host, client, WELCOME),
        (client, host, SAY),
        (host, client, Live(seq=6)),
        (client, host, Close(code=Code.BYE, text="good night")),
    )
    for speaker, listener, message in script:
        speaker.send(message)
        listener.receive_data(b"".join(speaker.data_to_send()))
        heard += listener.events()
        assert speaker.state is listener.state
    assert heard == [GREETING, HELLO, WELCOME, SAY, Live(seq=6), PeerClosed("bye", "good night")]
    assert host.state is State.CLOSED


def test_what_waits_is_taken_once() -> None:
    """Events and bytes are handed out one time."""
    host = at(Role.HOST, State.OPEN)
    host.receive_data(encode(SAY))
    host.send(Live(seq=1))
    assert host.events() == [SAY]
    assert host.events() == []
    assert host.data_to_send() == [encode(Live(seq=1))]
    assert host.data_to_send() == []


def test_a_ping_is_answered_by_itself_and_seen_by_nobody() -> None:
    """Each Ping gets one Pong, in order with what else is sent; neither is an event."""
    host = at(Role.HOST, State.GREETED)
    host.receive_data(encode(Ping()) * 2 + encode(Pong()))
    assert host.data_to_send() == [encode(Pong())] * 2
    assert host.events() == []
    assert host.state is State.GREETED


# --- every end, state and type -------------------------------------------------------------


@pytest.mark.parametrize(("role", "state"), [*product(Role, State)])
def test_what_a_peer_may_say_is_heard_and_all_else_fails(role: Role, state: State) -> None:
    """For every state and type that may arrive: legal moves on by the table, illegal ends it."""
    for message in samples(role.peer):
        connection = at(role, state)
        connection.receive_data(encode(message))
        after = TRANSITIONS.get((role.peer, state, type(message)))
        happened = connection.events()
        if state is State.CLOSED:
            assert (connection.state, happened) == (State.CLOSED, [])
        elif after is None:
            text = f"{tag_of(type(message))} is not allowed in state {state}"
            assert (connection.state, happened) == (State.CLOSED, [Failed("protocol", text)])
        else:
            assert connection.state is after
            assert happened == expected_events(message)


def expected_events(message: Message) -> list[Event]:
    """Say what a legal message is for its reader."""
    if isinstance(message, Ping | Pong):
        return []
    if isinstance(message, Close):
        return [PeerClosed(message.code, message.text)]
    return [message]


@pytest.mark.parametrize(("role", "state"), [*product(Role, State)])
def test_what_this_end_may_say_is_sent_and_all_else_raises(role: Role, state: State) -> None:
    """For every state and type that may be sent: legal moves on by the table, illegal raises."""
    for message in (*HOST, *CLIENT):
        connection = at(role, state)
        after = TRANSITIONS.get((role, state, type(message)))
        if after is None:
            with pytest.raises(LocalProtocolError, match=f"may not say that in state {state}"):
                connection.send(message)
            assert (connection.state, connection.data_to_send()) == (state, [])
        else:
            connection.send(message)
            assert (connection.state, connection.data_to_send()) == (after, [encode(message)])


@pytest.mark.parametrize("role", Role)
def test_what_only_the_other_end_says_is_refused_when_it_arrives(role: Role) -> None:
    """A host that hears a host's message, or a client a client's, ends the connection."""
    for message in samples(role):
        if type(message) in kinds_of(role.peer):
            continue
        connection = at(role, State.OPEN)
        connection.receive_data(encode(message))
        assert connection.events() == [
            Failed("protocol", "the frame is of a type that this end does not know")
        ]


# --- faults --------------------------------------------------------------------------------

FAULTS = {
    "too long a frame": (b"\x00\x01\x00\x01", "too-big", "65537 bytes, at most 65536"),
    "a frame of four thousand million bytes": (b"\xff\xff\xff\xff", "too-big", "4294967295"),
    "a frame of length zero": (b"\0\0\0\0", "protocol", "length zero"),
    "an unknown type": (raw(b"\x81\xa1t\xa5shout"), "protocol", "does not know"),
    "a wrong field type": (raw(b"\x82\xa1t\xa5rooms\xa2re\xa11"), "protocol", "got `str`"),
    "invalid UTF-8": (raw(b"\x83\xa1t\xa4join\xa2id\xa1\xff\xa4room\xa1a"), "protocol", "UTF-8"),
    "trailing bytes": (raw(b"\x81\xa1t\xa4ping\x00"), "protocol", "one whole MessagePack"),
    "no MessagePack": (raw(b"\xc1"), "protocol", "one whole MessagePack"),
    "deep nesting": (raw(b"\x82\xa1t\xa4ping\xa1x" + b"\x91" * 65_000), "protocol", "too deeply"),
    "another protocol": (b"GET / HTTP/1.1\r\n", "too-big", "1195725856 bytes"),
    "a second hello": (encode(HELLO), "protocol", "hello is not allowed in state open"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_connection_and_tells_both_ends(name: str) -> None:
    """What came before a fault is heard, the peer is told code and reason, the rest is not read."""
    data, code, words = FAULTS[name]
    host = at(Role.HOST, State.OPEN)
    host.receive_data(encode(SAY) + data + encode(SAY))
    heard, failed = host.events()
    assert heard == SAY
    assert isinstance(failed, Failed)
    assert failed.code == code
    assert words in failed.text
    assert told(host) == [PeerClosed(failed.code, failed.text)]
    assert host.state is State.CLOSED
    host.receive_data(encode(SAY))
    assert host.events() == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_the_same_however_it_is_cut(name: str) -> None:
    """Byte by byte the same frames are heard and the same fault is found."""
    data, code, _ = FAULTS[name]
    host = at(Role.HOST, State.OPEN)
    for byte in encode(SAY) + data + encode(SAY):
        host.receive_data(bytes([byte]))
    heard, failed = host.events()
    assert heard == SAY
    assert isinstance(failed, Failed)
    assert failed.code == code


def test_a_client_that_was_not_greeted_fails_in_silence() -> None:
    """A client writes nothing before it has heard the host, not even why it leaves."""
    client = Connection(Role.CLIENT, Limits())
    client.receive_data(encode(WELCOME))
    assert client.events() == [Failed("protocol", "welcome is not allowed in state start")]
    assert client.data_to_send() == []
    assert client.state is State.CLOSED


def test_a_host_that_speaks_before_the_welcome_breaks_the_protocol() -> None:
    """Delivery before the welcome ends the connection."""
    client = at(Role.CLIENT, State.HELLO)
    client.receive_data(encode(HOST[6]))
    assert client.events() == [Failed("protocol", "said is not allowed in state hello")]
    assert told(client) == [PeerClosed("protocol", "said is not allowed in state hello")]


def test_a_fault_is_told_whatever_the_bound_of_frames() -> None:
    """Even a bound below every message does not keep the reason from leaving."""
    host = Connection(Role.HOST, Limits(frame_bytes=1))
    host.receive_data(b"\0\0\0\x02")
    assert host.events() == [Failed("too-big", "a frame of 2 bytes, at most 1 are accepted")]
    assert told(host) == [PeerClosed("too-big", "a frame of 2 bytes, at most 1 are accepted")]


def test_the_bound_of_frames_holds_for_what_is_sent() -> None:
    """What the peer would refuse is not sent, and the state stays as it was."""
    host = Connection(Role.HOST, Limits(frame_bytes=20))
    with pytest.raises(LocalProtocolError, match="at most 20"):
        host.send(GREETING)
    assert (host.state, host.data_to_send()) == (State.START, [])


# --- the end -------------------------------------------------------------------------------


def test_nothing_is_looked_at_behind_a_close() -> None:
    """A peer that goes on after its Close is not listened to, faults included."""
    host = at(Role.HOST, State.OPEN)
    host.receive_data(encode(Close("bye")) + encode(SAY) + b"\xff\xff\xff\xff")
    host.receive_data(b"\xff\xff\xff\xff")
    assert host.events() == [PeerClosed("bye", "")]
    assert host.data_to_send() == []


def test_what_was_on_its_way_when_this_end_closed_is_no_fault() -> None:
    """A Close crosses what the peer was still free to say; that is dropped without a word."""
    host = at(Role.HOST, State.OPEN)
    host.send(Close(code=Code.SHUTDOWN))
    host.receive_data(encode(SAY))
    assert host.events() == []


@pytest.mark.parametrize("role", Role)
def test_an_end_after_a_close_is_clean(role: Role) -> None:
    """Whichever end said Close, the end of the stream behind it is clean."""
    connection = at(role, State.CLOSED)
    connection.receive_eof()
    assert connection.events() == [Ended(clean=True)]


@pytest.mark.parametrize("state", [state for state in State if state is not State.CLOSED])
def test_an_end_without_a_close_is_not_clean(state: State) -> None:
    """A stream that just ends was cut, in every state."""
    host = at(Role.HOST, state)
    host.receive_eof()
    assert host.events() == [Ended(clean=False)]
    assert host.state is State.CLOSED


def test_an_end_within_a_frame_is_not_clean() -> None:
    """A frame that was begun and never finished is no message and no orderly end."""
    host = at(Role.HOST, State.OPEN)
    host.receive_data(encode(SAY)[:-1])
    host.receive_eof()
    assert host.events() == [Ended(clean=False)]


def test_a_stream_ends_once() -> None:
    """The second end of a stream is no news."""
    host = at(Role.HOST, State.OPEN)
    host.receive_eof()
    host.receive_eof()
    assert host.events() == [Ended(clean=False)]
    with pytest.raises(LocalProtocolError):
        host.send(Live(seq=1))


# --- what the worker's deadlines need --------------------------------------------------------


def test_a_begun_frame_waits_until_it_is_whole() -> None:
    """`waiting` is true exactly while a part of a frame is here."""
    host = at(Role.HOST, State.OPEN)
    frame = encode(SAY)
    for end in range(1, len(frame)):
        waited = [host.waiting]
        for piece in (frame[:end], frame[end:]):
            host.receive_data(piece)
            waited.append(host.waiting)
        assert waited == [False, True, False]


def test_progress_tells_a_drip_from_a_busy_peer() -> None:
    """It grows when frames are completed and stands still while one frame drips."""
    host = at(Role.HOST, State.OPEN)
    frame = encode(SAY)
    before = host.progress
    host.receive_data(frame[:5])
    host.receive_data(frame[5:9])
    assert host.progress == before
    host.receive_data(frame[9:] + frame[:5])
    assert host.progress == before + 1
    assert host.waiting


def test_nothing_waits_when_it_is_over() -> None:
    """A frame begun before the end is not awaited any more."""
    host = at(Role.HOST, State.OPEN)
    host.receive_data(encode(SAY)[:-1])
    host.send(Close(code=Code.SLOW))
    assert not host.waiting


# --- properties ----------------------------------------------------------------------------


@steady
@given(
    role=st.sampled_from(Role),
    state=st.sampled_from(State),
    pieces=st.lists(st.binary(max_size=80), max_size=10),
)
def test_any_bytes_in_any_state_raise_nothing(
    role: Role, state: State, pieces: list[bytes]
) -> None:
    """Arbitrary bytes end in events, at most one of them a failure, and it is the last."""
    connection = at(role, state)
    for piece in pieces:
        connection.receive_data(piece)
    connection.receive_eof()
    happened = connection.events()
    assert happened[-1] == Ended(clean=connection_was_over(happened) or state is State.CLOSED)
    assert sum(isinstance(event, Failed | PeerClosed) for event in happened) <= 1
    assert not any(isinstance(event, Failed | PeerClosed) for event in happened[:-2])


def connection_was_over(happened: list[Event]) -> bool:
    """Tell whether a failure or a Close stands among the events."""
    return any(isinstance(event, Failed | PeerClosed) for event in happened)


@steady
@given(role=st.sampled_from(Role), bodies=st.lists(st.binary(min_size=1, max_size=80), max_size=6))
def test_any_framed_bytes_raise_nothing(role: Role, bodies: list[bytes]) -> None:
    """Arbitrary bodies in true frames are heard or told to be a fault."""
    connection = at(role, State.OPEN)
    for body in bodies:
        connection.receive_data(raw(body))
    if connection.state is State.CLOSED:
        assert isinstance(connection.events()[-1], Failed | PeerClosed)


def played(role: Role, stream: bytes, cuts: list[int]) -> tuple[list[Event], list[bytes], State]:
    """Feed a stream in pieces to a connection that is open and return all that came of it."""
    connection = at(role, State.OPEN)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    for start, stop in pairwise(edges):
        connection.receive_data(stream[start:stop])
    return connection.events(), connection.data_to_send(), connection.state


@steady
@given(
    messages=st.lists(from_client, max_size=6),
    tail=st.binary(max_size=30),
    cuts=st.lists(st.integers(0, 1_000), max_size=12),
)
def test_a_host_hears_the_same_however_the_stream_is_cut(
    messages: list[FromClient], tail: bytes, cuts: list[int]
) -> None:
    """Messages, garbage behind them, any cuts: the same events, answers and state as in one."""
    stream = b"".join(map(encode, messages)) + tail
    assert played(Role.HOST, stream, cuts) == played(Role.HOST, stream, [])


@steady
@given(messages=st.lists(from_host, max_size=6), cuts=st.lists(st.integers(0, 1_000), max_size=12))
def test_a_client_hears_the_same_however_the_stream_is_cut(
    messages: list[FromHost], cuts: list[int]
) -> None:
    """For the client it holds too."""
    stream = b"".join(map(encode, messages))
    assert played(Role.CLIENT, stream, cuts) == played(Role.CLIENT, stream, [])


@pytest.mark.parametrize("message", CLIENT, ids=lambda message: tag_of(type(message)))
def test_every_client_frame_may_be_cut_at_every_byte(message: Message) -> None:
    """Each type that a client sends is heard the same wherever its frame is cut."""
    frame = encode(message)
    for cut in range(len(frame) + 1):
        assert played(Role.HOST, frame, [cut]) == played(Role.HOST, frame, [])


@pytest.mark.parametrize("message", HOST, ids=lambda message: tag_of(type(message)))
def test_every_host_frame_may_be_cut_at_every_byte(message: Message) -> None:
    """Each type that a host sends is heard the same wherever its frame is cut."""
    frame = encode(message)
    for cut in range(len(frame) + 1):
        assert played(Role.CLIENT, frame, [cut]) == played(Role.CLIENT, frame, [])


@steady
@given(data=st.data())
def test_two_ends_that_keep_the_rules_never_fail(data: st.DataObject) -> None:
    """Whatever legal messages two ends exchange, in whatever crossing order, nobody fails."""
    ends = {role: Connection(role, Limits()) for role in Role}
    wires: dict[Role, bytes] = dict.fromkeys(Role, b"")
    spoken: dict[Role, list[Message]] = {role: [] for role in Role}
    heard: dict[Role, list[Event]] = {role: [] for role in Role}
    for role in data.draw(st.lists(st.sampled_from(Role), max_size=30)):
        end = ends[role]
        speaks: bool = data.draw(st.booleans())
        legal_now = [m for m in samples(role) if (role, end.state, type(m)) in TRANSITIONS]
        if speaks and legal_now:
            message: Message = data.draw(st.sampled_from(legal_now))
            end.send(message)
            spoken[role].append(message)
        else:
            reach = data.draw(st.integers(0, len(wires[role.peer])))
            end.receive_data(wires[role.peer][:reach])
            wires[role.peer] = wires[role.peer][reach:]
            heard[role] += end.events()
        wires[role] += b"".join(end.data_to_send())
    for role in Role:
        assert not any(isinstance(event, Failed) for event in heard[role])
        due = [event for message in spoken[role.peer] for event in expected_events(message)]
        assert heard[role] == due[: len(heard[role])]


def test_a_notice_with_hostile_text_is_an_event_like_any_other() -> None:
    """This layer judges form only: what may be shown is decided elsewhere."""
    client = at(Role.CLIENT, State.OPEN)
    notice = Notice(code="\x1b[2J", text="\x1b]0;owned\x07\u202e")
    client.receive_data(encode(notice))
    assert client.events() == [notice]
