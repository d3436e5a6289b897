"""Two Python servers as a textbook writes them, and the peers that run them.

Both give every line a client sends to every client, over mutual TLS, and store nothing: one with
a thread for each connection and blocking sockets, one with asyncio's streams.

    python -m scripts.benches.pythons threads|asyncio PORT CERTS
"""

import asyncio
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Final

from scripts.benches.peer import Peer, hear_until

__all__ = ["PythonAsyncio", "PythonThreads"]

_READY: Final = b"ready\n"


class PythonThreads(Peer):
    """A thread for each connection."""

    name = "python-threads"
    program = sys.executable
    kind = "threads"

    def command(self) -> list[str]:
        """Return the command that runs this module."""
        own = ("-m", "scripts.benches.pythons", self.kind)
        return [sys.executable, *own, str(self.port), str(self.papers.folder)]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Wait until the server counts this client."""
        hear_until(sock, _READY)

    def publish(self, number: int) -> bytes:
        """Return one line."""
        return self.payload + b"\n"


class PythonAsyncio(PythonThreads):
    """One thread with asyncio's streams."""

    name = "python-asyncio"
    kind = "asyncio"


class _Threads:
    """Serves every connection in a thread of its own."""

    def __init__(self) -> None:
        # Two threads must not write into one connection at a time.
        self._clients: dict[ssl.SSLSocket, threading.Lock] = {}

    def run(self, port: int, context: ssl.SSLContext) -> None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            while True:
                raw, _ = listener.accept()
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(raw, context), daemon=True).start()

    def _serve(self, raw: socket.socket, context: ssl.SSLContext) -> None:
        try:
            with context.wrap_socket(raw, server_side=True) as sock, sock.makefile("rb") as lines:
                sock.sendall(_READY)
                self._clients[sock] = threading.Lock()
                try:
                    for line in lines:
                        self._tell_all(line)
                finally:
                    del self._clients[sock]
        except OSError:
            # Somebody who left, or never began: nobody is told.
            return

    def _tell_all(self, line: bytes) -> None:
        for sock, lock in tuple(self._clients.items()):
            try:
                with lock:
                    sock.sendall(line)
            except OSError:
                # Its own thread notices as well.
                continue


class _Asyncio:
    """Serves every connection in one event loop."""

    def __init__(self) -> None:
        self._clients: set[asyncio.StreamWriter] = set()

    def run(self, port: int, context: ssl.SSLContext) -> None:
        asyncio.run(self._listen(port, context))

    async def _listen(self, port: int, context: ssl.SSLContext) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=context)
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_READY)
        self._clients.add(writer)
        try:
            async for line in reader:
                for client in tuple(self._clients):
                    client.write(line)
                    await client.drain()
        except OSError:
            # Somebody who left: nobody is told.
            return
        finally:
            self._clients.discard(writer)
            writer.close()


def _context(certs: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certs / "host.crt", certs / "host.key")
    context.load_verify_locations(certs / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _main(kind: str, port: str, certs: str) -> None:
    run = {"threads": _Threads().run, "asyncio": _Asyncio().run}[kind]
    run(int(port), _context(Path(certs)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
