"""One peer's conversation as a pure object: bytes in, events out; messages in, bytes out.

Owned by the worker that owns the peer's socket, used on that worker's thread only. It holds no
socket, thread or clock, and nothing that a peer sends can raise out of it: a fault becomes a Close
for the peer and a `Failed` for this end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from secure_chat.errors import LocalProtocolError, RemoteProtocolError
from secure_chat.limits import Limits
from secure_chat.wire.codec import decode_from_client, decode_from_host, encode, tag_of
from secure_chat.wire.framing import FrameReader
from secure_chat.wire.messages import Close, Code, Message, Part, Ping, Pong
from secure_chat.wire.states import Role, State, legal, plain

__all__ = ["Connection", "Ended", "Event", "Failed", "PeerClosed"]

_PONG = encode(Pong())
_DECODE: Mapping[Role, Callable[[bytes | memoryview], Message]] = {
    Role.HOST: decode_from_host,
    Role.CLIENT: decode_from_client,
}


@dataclass(frozen=True, slots=True)
class Failed:
    """The peer broke the protocol; the connection is over.

    Args:
        code: what the peer is told, a word of `wire.messages.Code`.
        text: one sentence, in words that hold nothing the peer sent.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class PeerClosed:
    """The peer said its last frame; the connection is over.

    Args:
        code: why, a word of `wire.messages.Code` or one that this end does not know.
        text: the peer's sentence; hostile text like everything a peer writes.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The stream of the peer's bytes ended.

    Args:
        clean: whether one of the two ends had said Close before.
    """

    clean: bool


Event: TypeAlias = Message | Failed | PeerClosed | Ended


class Connection:
    """The protocol between this end and one peer.

    Feed what arrives to `receive_data`, then take `events` and `data_to_send`. A Ping is answered
    by itself; neither Ping nor Pong is an event.

    Args:
        role: which end this is.
        limits: `frame_bytes` bounds frames in both directions.
    """

    __slots__ = (
        "_decode",
        "_ended",
        "_events",
        "_most",
        "_ours",
        "_out",
        "_plain",
        "_reader",
        "_role",
        "_theirs",
        "state",
    )

    state: State
    _ours: Mapping[type[Part], State]
    _theirs: Mapping[type[Part], State]
    _plain: frozenset[type[Part]]

    def __init__(self, role: Role, limits: Limits) -> None:
        self._role = role
        self._most = limits.frame_bytes
        self._decode = _DECODE[role.peer]
        self._reader = FrameReader(limits.frame_bytes)
        self._events: list[Event] = []
        self._out: list[bytes] = []
        self._ended = False
        self._enter(State.START)

    @property
    def waiting(self) -> bool:
        """Tell whether a part of a frame is here and its rest is awaited."""
        return self._reader.begun and self.state is not State.CLOSED

    @property
    def progress(self) -> int:
        """Return a number that grows whenever frames are completed.

        While it stands still and `waiting` is true, it is still the same frame that waits; the
        deadline of a frame begins anew when it grows.
        """
        return self._reader.progress

    def receive_data(self, data: bytes | memoryview) -> None:
        """Take in what arrived; never raises. Take `events` and `data_to_send` next.

        What arrives after a Close in either direction is not looked at.

        Args:
            data: what was read, of any length, cut anywhere; nothing here looks at it later.
        """
        if self.state is State.CLOSED:
            return
        decode, happened, plain_kinds = self._decode, self._events.append, self._plain
        try:
            for frame in self._reader.feed(data):
                message = decode(frame)
                if type(message) in plain_kinds:
                    happened(message)
                    continue
                if not self._turn(message):
                    return
                plain_kinds = self._plain
        except RemoteProtocolError as fault:
            self._fail(fault)

    def receive_eof(self) -> None:
        """Take in that nothing more will arrive; the second time it does nothing."""
        if self._ended:
            return
        self._ended = True
        self._events.append(Ended(clean=self.state is State.CLOSED))
        self._enter(State.CLOSED)

    def send(self, message: Message) -> None:
        """Say something to the peer; the bytes are in `data_to_send` next.

        Args:
            message: what is said.

        Raises:
            LocalProtocolError: this end may not say that now, or it fits no frame; nothing is
                sent and the state stays.
        """
        after = self._ours.get(type(message))
        if after is None:
            raise LocalProtocolError(
                f"a {tag_of(type(message))} cannot be sent",
                why=f"a {self._role} may not say that in state {self.state}",
            )
        self._out.append(encode(message, self._most))
        if after is not self.state:
            self._enter(after)

    def data_to_send(self) -> list[bytes]:
        """Take the frames that wait to be written, in order."""
        taken, self._out = self._out, []
        return taken

    def events(self) -> list[Event]:
        """Take what has happened, in order."""
        taken, self._events = self._events, []
        return taken

    def _enter(self, state: State) -> None:
        """Move to `state` and to what is legal there."""
        self.state = state
        self._ours = legal(self._role, state)
        self._theirs = legal(self._role.peer, state)
        self._plain = plain(self._role.peer, state)

    def _turn(self, message: Message) -> bool:
        """Take in a message that may be illegal, moves the state or is answered here.

        Returns:
            Whether what follows it is still looked at.
        """
        after = self._theirs.get(type(message))
        if after is None:
            raise RemoteProtocolError(
                Code.PROTOCOL, f"{tag_of(type(message))} is not allowed in state {self.state}"
            )
        if after is not self.state:
            self._enter(after)
        if isinstance(message, Ping):
            self._out.append(_PONG)
        elif isinstance(message, Close):
            self._events.append(PeerClosed(message.code, message.text))
        elif not isinstance(message, Pong):
            self._events.append(message)
        return after is not State.CLOSED

    def _fail(self, fault: RemoteProtocolError) -> None:
        """End the conversation by the peer's fault and tell both ends."""
        if Close in self._ours:
            # Our own short words: they fit any frame, so this cannot raise.
            self._out.append(encode(Close(fault.code, fault.text)))
        self._events.append(Failed(fault.code, fault.text))
        self._enter(State.CLOSED)
