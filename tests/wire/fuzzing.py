"""Makes hostile streams out of real ones and judges what a connection makes of them.

Pure but for reading the kept streams. `scripts/fuzz` runs it for as long as one likes, the tests
run it for a moment and replay every kept stream. A stream is judged by what must hold for any bytes
whatever, so nothing here knows what is right for a particular one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TypeAlias

from secure_chat.limits import Limits
from secure_chat.wire.codec import encode, tag_of
from secure_chat.wire.connection import Connection, Ended, Event, Failed, PeerClosed
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import (
    Close,
    Code,
    Greeting,
    Hello,
    Message,
    Part,
    Said,
    Say,
    Welcome,
)
from secure_chat.wire.states import Role, State, legal
from tests.wire.examples import CONTENTS, samples

__all__ = ["CORPUS", "Case", "Fuzzer", "Signature", "judge", "kept", "opened"]

# One line for each stream: the end that reads, its state, the bytes in hex.
CORPUS = Path(__file__).parent / "corpus" / "streams.txt"
LIMITS = Limits()
LINE_CHARS = 1_024
# A way of more events than this, the end of the stream included, is only a sum of shorter ones.
MOST_EVENTS = 2

# What happened, without the values: two streams with the same signature took the same way.
Signature: TypeAlias = tuple[str, ...]

_OPENING: tuple[tuple[Role, Message], ...] = (
    (Role.HOST, Greeting(version=1, uid="C1")),
    (Role.CLIENT, Hello(version=1)),
    (Role.HOST, Welcome("alice", "member", "c", head=6, floor=1, rooms=["lobby"])),
    (Role.HOST, Close(code=Code.BYE)),
)

# Bytes that MessagePack, UTF-8 and the length give a meaning to.
_TOKENS = (
    *(bytes([byte]) for byte in range(0xC0, 0xE0)),
    b"\x00", b"\x7f", b"\x80", b"\x90", b"\xa0", b"\xff", b"\xa1t", b"\xa4ping",
    b"\xdb\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff",
    b"\xcf" + b"\xff" * 8, b"\xd3\x80" + b"\x00" * 7, b"\xcb\x7f\xf8" + b"\x00" * 6,
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe2\x80\xae", b"\x1b[2J",
    b"\x91" * 1_200, b"\x81\xa1x" * 1_200, b"\x00\x00\x00\x00", b"\x00\x01\x00\x01",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A stream of bytes for an end in a state.

    Args:
        role: the end that reads.
        state: how far its connection is.
        stream: what arrives.
    """

    role: Role
    state: State
    stream: bytes

    @property
    def line(self) -> str:
        """Return the case as a line of the corpus."""
        return f"{self.role} {self.state} {self.stream.hex()}\n"


def kept(path: Path = CORPUS) -> list[Case]:
    """Return the streams that were kept."""
    lines = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    return [Case(Role(role), State(state), bytes.fromhex(data)) for role, state, data in lines]


def opened(role: Role, state: State) -> Connection:
    """Return a connection that has come to `state` by the usual way."""
    connection = Connection(role, LIMITS)
    for sender, message in _OPENING:
        if connection.state is state:
            break
        if sender is role:
            connection.send(message)
        else:
            connection.receive_data(encode(message))
    connection.events()
    connection.data_to_send()
    return connection


# --- judging -------------------------------------------------------------------------------


def judge(case: Case, cuts: list[int]) -> Signature:
    """Feed a stream whole and cut, and check what must hold for any bytes.

    Args:
        case: the stream.
        cuts: where to cut it the second time, in ascending order.

    Raises:
        AssertionError: something that must hold does not; any other exception is a defect too.
    """
    whole = _fed(case, [])
    assert whole == _fed(case, cuts), "cutting the stream changed what was heard"
    events, frames, state = whole
    _check_events(case, events)
    _check_answers(case, frames)
    assert state is State.CLOSED, "a stream that ended left the connection open"
    return tuple(_word(event) for event in events)


def _fed(case: Case, cuts: list[int]) -> tuple[list[Event], list[bytes], State]:
    """Feed a stream in pieces up to its end and return all that came of it."""
    connection = opened(case.role, case.state)
    start = 0
    for stop in (*cuts, len(case.stream)):
        connection.receive_data(case.stream[start:stop])
        start = stop
    connection.receive_eof()
    return connection.events(), connection.data_to_send(), connection.state


def _check_events(case: Case, events: list[Event]) -> None:
    """Check that events follow the table, end once, and that messages survive another way round."""
    state, over = case.state, case.state is State.CLOSED
    for event in events[:-1]:
        assert not over, "something was heard behind the end"
        if isinstance(event, Failed):
            assert event.code in {Code.PROTOCOL, Code.TOO_BIG}, (
                "a fault with a code of another kind"
            )
            assert len(event.text) <= LINE_CHARS, "a fault that the peer could not read"
            over = True
        elif isinstance(event, PeerClosed):
            over = True
        else:
            assert isinstance(event, Part), "something that is no message was heard"
            after = legal(case.role.peer, state).get(type(event))
            assert after is not None, "an illegal message was heard"
            assert _again(case.role, state, event) == event, "a message changed on its way back"
            state = after
    assert events[-1] == Ended(clean=over), "the end was told wrongly"


def _again(role: Role, state: State, message: Message) -> Event:
    """Return a message as it is heard when it is sent again."""
    connection = opened(role, state)
    connection.receive_data(encode(message, 4 * LIMITS.frame_bytes))
    return connection.events()[0]


def _check_answers(case: Case, frames: list[bytes]) -> None:
    """Check that what is answered is what the peer may hear: pongs and at most one last Close."""
    for number, frame in enumerate(frames):
        peer = opened(case.role.peer, State.OPEN)
        peer.receive_data(frame)
        heard = peer.events()
        if heard:
            assert isinstance(heard[0], PeerClosed), "an answer that is neither Pong nor Close"
            assert number == len(frames) - 1, "something was said behind a Close"


def _word(event: Event) -> str:
    """Return what happened without the peer's values."""
    if isinstance(event, Failed):
        return f"failed: {''.join(char for char in event.text if not char.isdigit())}"
    if isinstance(event, Part):
        return tag_of(type(event))
    return type(event).__name__


# --- making --------------------------------------------------------------------------------


class Fuzzer:
    """Makes cases out of real messages and of earlier cases that took a new way.

    Args:
        seed: decides everything; the same number makes the same cases.
        cases: streams to begin with beside the real messages.
    """

    def __init__(self, seed: int, cases: list[Case]) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable, and nothing secret
        self._known = [encode(message) for role in Role for message in samples(role)]
        for content in CONTENTS:
            self._known.append(encode(Say("a1", "hello", "lobby", content=content)))
            self._known.append(encode(Said(7, 0, "alice", "a1", "", to="bob", content=content)))
        self._known += [case.stream for case in cases]
        self.found: dict[Signature, Case] = {}
        for case in cases:
            self._remember(judge(case, self._cuts(len(case.stream))), case)

    def run(self) -> Iterator[Case]:
        """Make, judge and give out one case after another, without end.

        A case is given out before it is judged, so whoever asks for the next has the culprit when
        this raises.
        """
        while True:
            case = self._case()
            yield case
            self._remember(judge(case, self._cuts(len(case.stream))), case)

    def _remember(self, way: Signature, case: Case) -> None:
        """Go on from a case that took a new way; keep the shortest one of each short way."""
        before = self.found.get(way)
        if before is None and len(way) <= MOST_EVENTS:
            self._known.append(case.stream)
        if len(way) <= MOST_EVENTS and (before is None or len(case.stream) < len(before.stream)):
            self.found[way] = case

    def _case(self) -> Case:
        """Make a stream of one to three frames, each harmed some times."""
        draw = self._random
        frames = [self._frame() for _ in range(draw.choice((1, 1, 1, 2, 3)))]
        state = draw.choice((State.OPEN, State.OPEN, *State))
        return Case(draw.choice(list(Role)), state, b"".join(frames))

    def _frame(self) -> bytes:
        """Take a known frame, harm its body, and mostly put the right length before it."""
        draw = self._random
        frame = draw.choice(self._known)
        body = bytearray(frame[PREFIX_BYTES:])
        for _ in range(draw.choice((0, 1, 1, 2, 4, 8))):
            self._harm(body)
        if draw.random() < 0.9:
            return len(body).to_bytes(PREFIX_BYTES, "big") + body
        if draw.random() < 0.5:
            return frame[:PREFIX_BYTES] + bytes(body)
        return draw.randbytes(PREFIX_BYTES) + bytes(body)

    def _harm(self, body: bytearray) -> None:
        """Do one thing to a body."""
        draw = self._random
        where = draw.randint(0, len(body))
        reach = where + draw.choice((1, 1, 2, 4, 16))
        match draw.randrange(7):
            case 0 if where < len(body):
                body[where] ^= 1 << draw.randrange(8)
            case 1 if where < len(body):
                body[where] = draw.randrange(256)
            case 2:
                body[where:where] = draw.choice(_TOKENS)
            case 3:
                body[where:reach] = draw.choice(_TOKENS)
            case 4:
                del body[where:reach]
            case 5:
                body[where:where] = body[where:reach]
            case _:
                other = draw.choice(self._known)
                start = draw.randint(0, len(other))
                body[where:where] = other[start : start + 24]

    def _cuts(self, size: int) -> list[int]:
        """Choose where to cut a stream: byte by byte now and then, else at some places."""
        draw = self._random
        if size <= 400 and draw.random() < 0.05:
            return list(range(1, size))
        return sorted(draw.randint(0, size) for _ in range(draw.randint(1, 5)))
