"""Ours among the peers."""

import ssl
import sys
import time
from pathlib import Path

from scripts.benches.peer import Peer, hear
from secure_chat.limits import Limits
from secure_chat.tls.context import ALPN
from secure_chat.wire.codec import encode
from secure_chat.wire.connection import Connection
from secure_chat.wire.messages import PROTOCOL_VERSION, Greeting, Hello, Live, Say
from secure_chat.wire.states import Role

__all__ = ["SecureChat"]


class SecureChat(Peer):
    """Ours, with everything switched on: durable log, acks, records."""

    name = "securechat"
    program = sys.executable

    def alpn(self) -> str | None:
        """Return the protocol's name."""
        return ALPN

    def command(self) -> list[str]:
        """Return the command, with the limit on what a person may say lifted."""
        program = str(Path(sys.executable).with_name("securechat"))
        return [
            *(program, "host", "--certs", str(self.papers.folder), "--data", str(self.folder)),
            *("--port", str(self.port), "--rate", "0", "--quiet"),
        ]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Say hello and read up to what is live."""
        wire = Connection(Role.CLIENT, Limits())
        heard: list[object] = []
        while not any(isinstance(event, Live) for event in heard):
            wire.receive_data(hear(sock))
            for event in wire.events():
                heard.append(event)
                if isinstance(event, Greeting):
                    wire.send(Hello(version=PROTOCOL_VERSION, cursor=2**62, device=str(number)))
                    sock.sendall(b"".join(wire.data_to_send()))

    def publish(self, number: int) -> bytes:
        """Return one `say` for the lobby."""
        # Each message has an id of its own.
        self._told += 1
        ident = f"{time.time_ns() // 1_000_000:012x}{self._told:020x}"
        return encode(Say(id=ident, text=self.payload.decode(), room="lobby"))
