"""Senders who wait for acknowledgements: ours, whose messages are durable, and NATS JetStream's.

Nobody receives what they say, so a message costs its way to the log and the acknowledgement back.
Acknowledgements come in the order in which a sender spoke, so counting them is enough to know
which message each of them is for.
"""

import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final, TypeAlias

from scripts.benches.exchange import Busy, Exchange, Line, Pace
from scripts.benches.peer import hear, hear_until
from scripts.benches.peers import Nats, SecureChat
from scripts.benches.texts import Texts
from secure_chat.limits import Limits
from secure_chat.wire.connection import Connection
from secure_chat.wire.messages import PROTOCOL_VERSION, Greeting, Hello, Welcome
from secure_chat.wire.states import Role

__all__ = ["Acked", "JetStream", "QuietChat", "Saturated", "Senders"]

_LONGEST: Final = 120.0
_LAST: Final = 20.0
_SIZE: Final = 128
# Made before anything is measured; so many that the search index has words enough.
_TEXTS: Final = cycle([text.encode() for text in islice(Texts(_SIZE), 20_000)])


class QuietChat(SecureChat):
    """Ours; the connections say things in the lobby and are delivered nothing, as one-shot sends.

    An entry of a room is the ordinary entry of the log: a direct message costs two more index
    entries and comes back to its author.
    """

    # The field `t` of an acknowledgement, as MessagePack writes it.
    mark: Final = b"\xa1t\xa3ack"

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Say hello as somebody who will not listen, and wait for the welcome."""
        wire = Connection(Role.CLIENT, Limits())
        heard: list[object] = []
        while not any(isinstance(event, Welcome) for event in heard):
            wire.receive_data(hear(sock))
            for event in wire.events():
                heard.append(event)
                if isinstance(event, Greeting):
                    wire.send(Hello(version=PROTOCOL_VERSION, live=False, device=str(number)))
                    sock.sendall(b"".join(wire.data_to_send()))


class JetStream(Nats):
    """nats-server with a stream kept in files; every publication is acknowledged.

    It writes before it acknowledges and leaves the flush to the disk to a timer of two minutes.
    """

    name = "jetstream"
    mark: Final = b'{"stream":"room"'

    def command(self) -> list[str]:
        """Return the command, with streams switched on."""
        return [*super().command(), "-js", "-sd", str(self.folder / "store")]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Subscribe to one's own inbox and make the stream, which others may have made before."""
        wanted = b'{"name":"room","subjects":["room"],"storage":"file","num_replicas":1}'
        sock.sendall(
            b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB _INBOX.%d 1\r\n'
            b"PUB $JS.API.STREAM.CREATE.room _INBOX.%d %d\r\n%s\r\n"
            % (number, number, len(wanted), wanted)
        )
        # Its answer names the stream too, so it must be read to the end before anything counts.
        hear_until(sock, b"}\r\n")

    def publish(self, number: int) -> bytes:
        """Return one `PUB` that asks for an acknowledgement."""
        return b"PUB room _INBOX.%d %d\r\n%s\r\n" % (number, len(self.payload), self.payload)


Acked: TypeAlias = QuietChat | JetStream
Others: TypeAlias = Callable[[bytes], None]


@dataclass(frozen=True)
class Saturated:
    """What a saturated run showed.

    Args:
        acks: how many were counted.
        seconds: how long they took.
        busy: the share of that in which the load worked.
    """

    acks: int
    seconds: float
    busy: float


class Senders:
    """Connections that speak, each with a queue of its own.

    Args:
        peer: whom they speak to, and how.
        count: how many they are.
    """

    def __init__(self, peer: Acked, count: int) -> None:
        self.exchange = Exchange(peer, peer.port, range(count))
        self._peer = peer
        self._lines = tuple(self.exchange.lines)

    def saturate(self, window: int, acks: int, observe: Callable[[], None]) -> Saturated:
        """Let everybody speak as fast as they are acknowledged.

        Args:
            window: messages each has under way.
            acks: how many to wait for.
            observe: called when the first tenth is over and the measuring begins.

        Raises:
            TimeoutError: they did not come.
        """
        for line in self._lines:
            self._say(line, window)
        total = skipped = 0
        busy: Busy | None = None
        limit = time.monotonic() + _LONGEST
        while total < acks:
            if time.monotonic() > limit:
                raise TimeoutError(f"{self._peer.name} acknowledged {total} of {acks} messages")
            for line, data in self.exchange.hear(1.0):
                arrived = line.count(self._peer.mark, data)
                total += arrived
                if arrived:
                    self._say(line, arrived)
            if busy is None and total >= acks // 10:
                observe()
                busy, skipped = Busy(), total
        assert busy is not None
        return Saturated(total - skipped, busy.seconds(), busy.share())

    def pace(self, rate: int, seconds: float, others: Others | None = None) -> list[float]:
        """Speak in turn at a pace.

        Args:
            rate: messages a second, all together.
            seconds: how long.
            others: called with what arrives on lines that were added to the exchange, and with
                nothing at every message, so that it can do what its time has come for.

        Returns:
            Milliseconds from each write to its acknowledgement, those of the first tenth left out.

        Raises:
            TimeoutError: the last ones did not come.
        """
        under_way: dict[Line, deque[float]] = {line: deque() for line in self._lines}
        taken: list[float] = []

        def listen(seconds: float) -> None:
            for line, data in self.exchange.hear(seconds):
                now = time.perf_counter()
                if line in under_way:
                    said = under_way[line]
                    acks = range(line.count(self._peer.mark, data))
                    taken.extend((now - said.popleft()) * 1e3 for _ in acks)
                elif others is not None:
                    others(data)

        pace, messages = Pace(rate), int(rate * seconds)
        for number in range(messages):
            while (ahead := pace.until(number)) > 0:
                listen(ahead)
            line = self._lines[number % len(self._lines)]
            under_way[line].append(time.perf_counter())
            self._say(line, 1)
            if others is not None:
                others(b"")
            listen(0)
        limit = time.monotonic() + _LAST
        while any(under_way.values()):
            if time.monotonic() > limit:
                raise TimeoutError(f"{self._peer.name} left messages without acknowledgement")
            listen(0.1)
        return taken[messages // 10 :]

    def close(self) -> None:
        """Go away."""
        self.exchange.close()

    def _say(self, line: Line, count: int) -> None:
        """Say the next so many texts in one write, as a client with a queue does."""
        said = []
        for _ in range(count):
            self._peer.payload = next(_TEXTS)
            said.append(self._peer.publish(line.number))
        self.exchange.say(line, b"".join(said))
