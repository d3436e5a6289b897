"""Handshakes on the wire, captured and taken apart by Wireshark's own command line program."""

import select
import signal
import socket
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.tools import lacking, need

__all__ = ["Capture", "Conversation", "Spoken", "decode", "fields", "names_of"]

_PATIENCE = 20.0
_LOOK = 0.2
# So many probes are sent before the capture is given up.
_PROBES = int(_PATIENCE / _LOOK)
_HEADER = 4
# A ServerHello with this random asks for another ClientHello (RFC 8446 section 4.1.3).
_RETRY = sha256(b"HelloRetryRequest").hexdigest()


class Capture:
    """Captures what goes over one port of the loopback, for the length of a `with` statement.

    Args:
        port: of the host.
        path: where to.
    """

    def __init__(self, port: int, path: Path) -> None:
        self.path = path
        # Datagrams to a port of our own tell when the capture has begun and how far it is.
        self._probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._probe.bind(("127.0.0.1", 0))
        self._mark = self._probe.getsockname()
        command = [need("tshark"), "-n", "-l", "-P", "-i", "lo", "-w", str(path)]
        command += ["-f", f"tcp port {port} or udp port {self._mark[1]}"]
        command += ["-T", "fields", "-e", "udp.length"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self._rest = b""

    def __enter__(self) -> Self:
        for _ in range(_PROBES):
            if self._reached(1, _LOOK):
                return self
            if self._process.poll() is not None:
                break
        self._stop()
        return lacking(f"tshark cannot capture here: {self._said.decode(errors='replace')}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        reached = kind is not None or self._reached(2, _PATIENCE)
        self._stop()
        assert reached, "the capture did not get to its end"

    def _reached(self, size: int, seconds: float) -> bool:
        """Send a datagram of a size, and tell whether the capture has come to it."""
        self._probe.sendto(bytes(size), self._mark)
        stdout = self._process.stdout
        assert stdout is not None
        wanted = str(8 + size).encode()
        while select.select([stdout], [], [], seconds)[0]:
            data = stdout.read1(65_536)  # type: ignore[attr-defined] # it is buffered
            if not data:
                return False
            *lines, self._rest = (self._rest + data).split(b"\n")
            if wanted in lines:
                return True
        return False

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        _, self._said = self._process.communicate(timeout=_PATIENCE)
        self._probe.close()


@dataclass(frozen=True)
class Spoken:
    """One message of a handshake.

    Args:
        by_client: whether the client sent it.
        type: its number, None for what is no handshake message.
        alert: the number of an alert.
        size: its bytes before encryption, header included.
        tree: what the program has found in it.
    """

    by_client: bool
    type: int | None
    alert: int | None
    size: int
    tree: ET.Element

    def values(self, name: str) -> list[bytes]:
        """Return the bytes of every field of a name, in order."""
        return [bytes.fromhex(found.get("value", "")) for found in fields(self.tree, name)]

    def numbers(self, name: str) -> list[int]:
        """Return every field of a name as a number."""
        return [int.from_bytes(value) for value in self.values(name)]

    def texts(self, name: str) -> list[str]:
        """Return every field of a name as the program writes it."""
        return [found.get("show", "") for found in fields(self.tree, name)]

    @property
    def asks_again(self) -> bool:
        """Whether it is a HelloRetryRequest."""
        return [value.hex() for value in self.values("tls.handshake.random")] == [_RETRY]


@dataclass
class Conversation:
    """What was said over one connection, in order.

    Args:
        spoken: handshake messages, alerts and changes of the cipher.
    """

    spoken: list[Spoken] = field(default_factory=list)

    def of_type(self, number: int, *, by_client: bool) -> list[Spoken]:
        """Return one end's handshake messages of a type."""
        return [one for one in self.spoken if (one.type, one.by_client) == (number, by_client)]


def decode(capture: Path, keylog: Path, port: int) -> dict[int, Conversation]:
    """Return what was said on each connection, by the client's port.

    Args:
        capture: as `Capture` wrote it.
        keylog: with the keys of all connections.
        port: of the host.
    """
    command = [need("tshark"), "-n", "-r", str(capture), "-Y", "tls", "-T", "pdml"]
    command += ["-o", f"tls.keylog_file:{keylog}", "-d", f"tcp.port=={port},tls"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=3 * _PATIENCE)
    found: dict[int, Conversation] = {}
    for packet in ET.fromstring(done.stdout):  # noqa: S314 # we have just had it made
        ports = [int(fields(packet, f"tcp.{end}port")[0].get("show", "")) for end in ("src", "dst")]
        by_client = ports[1] == port
        talk = found.setdefault(ports[0 if by_client else 1], Conversation())
        talk.spoken += _spoken(packet, by_client=by_client)
    return found


def _spoken(packet: ET.Element, *, by_client: bool) -> Iterator[Spoken]:
    for record in fields(packet, "tls.record"):
        for part in record:
            one = Spoken(by_client, None, None, 0, part)
            match part.get("name"):
                case "tls.handshake":
                    (kind, *_) = one.numbers("tls.handshake.type")
                    (length, *_) = one.numbers("tls.handshake.length")
                    yield Spoken(by_client, kind, None, _HEADER + length, part)
                case "tls.alert_message":
                    (alert,) = one.numbers("tls.alert_message.desc")
                    yield Spoken(by_client, None, alert, int(part.get("size", "")), part)
                case "tls.change_cipher_spec":
                    yield Spoken(by_client, None, None, int(part.get("size", "")), part)


def fields(tree: ET.Element, name: str) -> list[ET.Element]:
    """Return every field of a name, in order."""
    return [found for found in tree.iter("field") if found.get("name") == name]


def names_of(name: str) -> dict[int, str]:
    """Return what the program calls the numbers of a field.

    Args:
        name: such as `tls.handshake.ciphersuite`.
    """
    done = subprocess.run(
        [need("tshark"), "-G", "values"], capture_output=True, check=True, timeout=3 * _PATIENCE
    )
    rows = (line.split("\t") for line in done.stdout.decode(errors="replace").splitlines())
    return {int(row[2], 0): row[3] for row in rows if row[:2] == ["V", name]}
