"""The message brokers among the peers, as they come, storing nothing."""

import socket
import ssl
import struct

from scripts.benches.peer import Peer, hear, hear_until

__all__ = ["Mosquitto", "Nats"]


class Nats(Peer):
    """nats-server: core publish and subscribe, stores nothing."""

    name = "nats"
    program = "nats-server"
    package = "nats-server"

    def command(self) -> list[str]:
        """Return the command; options say everything."""
        certs = self.papers.folder
        return [
            *(self.path(), "-a", "127.0.0.1", "-p", str(self.port), "--tlsverify"),
            *("--tlscert", str(certs / "host.crt"), "--tlskey", str(certs / "host.key")),
            *("--tlscacert", str(certs / "ca.crt"), "-l", str(self.folder / "log")),
        ]

    def greet(self, raw: socket.socket) -> None:
        """Wait for the server's introduction, which is in the clear."""
        # A byte at a time, because what follows the line belongs to TLS.
        while (byte := raw.recv(1)) != b"\n":
            if not byte:
                raise ConnectionError("nats-server closed instead of introducing itself")

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Subscribe and wait until that is done."""
        sock.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB room 1\r\nPING\r\n')
        hear_until(sock, b"PONG")

    def publish(self, number: int) -> bytes:
        """Return one `PUB`."""
        return b"PUB room %d\r\n%s\r\n" % (len(self.payload), self.payload)


class Mosquitto(Peer):
    """mosquitto: MQTT 3.1.1 with QoS 0, stores nothing."""

    name = "mosquitto"
    program = "mosquitto"
    package = "mosquitto"

    def command(self) -> list[str]:
        """Write the configuration and return the command."""
        certs = self.papers.folder
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\ncafile {certs / 'ca.crt'}\n"
            f"certfile {certs / 'host.crt'}\nkeyfile {certs / 'host.key'}\n"
            "require_certificate true\nallow_anonymous true\nuser root\n"
            "max_queued_messages 0\nset_tcp_nodelay true\nlog_dest none\n"
        )
        return [self.path(), "-c", str(config)]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Connect and subscribe, each acknowledged."""
        client = f"c{number}".encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(client)) + client
        sock.sendall(bytes([0x10, len(body)]) + body)
        self._expect(sock, 0x20)
        sock.sendall(b"\x82\x09\x00\x01\x00\x04room\x00")
        self._expect(sock, 0x90)

    @staticmethod
    def _expect(sock: ssl.SSLSocket, kind: int) -> None:
        if hear(sock)[0] != kind:
            raise ConnectionError("mosquitto refused")

    def publish(self, number: int) -> bytes:
        """Return one `PUBLISH` with QoS 0."""
        body = b"\x00\x04room" + self.payload
        length = len(body)
        prefix = bytearray([0x30])
        while True:
            length, low = divmod(length, 128)
            prefix.append(low | (128 if length else 0))
            if not length:
                return bytes(prefix) + body
