"""The load counts each message once, and does not read what it is told to throw away."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benches.exchange import Exchange, Line
from scripts.benches.ours import SecureChat
from scripts.benches.peer import Papers

_MARK = b"~mark~"
_MUCH = 3_000_000
_PEOPLE = 2


class _Silent(SecureChat):
    """A dialect without a hello: connected is entered."""

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:  # noqa: ARG002 -- says nothing
        return


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Return an authority with two people."""
    return Papers.at(tmp_path_factory.mktemp("papers") / "certs", _PEOPLE)


@pytest.fixture
def sender(papers: Papers) -> Iterator[int]:
    """Return the port of a server that sends both who come much and then one word."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers.folder / "host.crt", papers.folder / "host.key")
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        socks = [context.wrap_socket(listener.accept()[0], server_side=True) for _ in range(2)]
        for sock in socks:
            sock.sendall(b"x" * _MUCH + _MARK)
        done.wait()
        for sock in socks:
            sock.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join()


def test_what_comes_for_the_deaf_is_thrown_away_and_holds_up_nobody(
    papers: Papers, sender: int, tmp_path: Path
) -> None:
    """The server writes to the deaf one first; the other hears all of it only if that went away."""
    exchange = Exchange(_Silent(papers, tmp_path), sender, range(_PEOPLE))
    deaf, hearing = exchange.lines
    exchange.deafen([deaf])
    heard = marks = 0
    while not marks:
        for line, data in exchange.hear(20.0):
            assert line is hearing
            heard += len(data)
            marks += line.count(_MARK, data)
    assert heard == _MUCH + len(_MARK)
    exchange.close()


def test_a_mark_in_two_pieces_is_counted_once() -> None:
    """TCP cuts where it likes; a mark at the end of a piece is not counted again with the next."""
    with ssl.create_default_context().wrap_socket(
        socket.socket(), do_handshake_on_connect=False, server_hostname="localhost"
    ) as sock:
        line = Line(sock, 0)
        pieces = (b"a~ma", b"rk~b~mark~", b"c", b"~mark", b"~~mark~")
        assert [line.count(_MARK, piece) for piece in pieces] == [0, 2, 0, 0, 2]
