"""One link: bytes both ways, its two farewells, its ear, and its one thread."""

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from secure_chat.errors import LocalProtocolError
from secure_chat.limits import Limits
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Reason
from tests.fakes import FakeClock
from tests.tls.conftest import House
from tests.tls.ends import Shake, client_link, finish, host_link, loopback, ready, step

Shaken = Callable[..., Shake]


@pytest.fixture
def open_pair(house: House, shaken: Shaken) -> Shake:
    """Return two links behind a good handshake and the host's first word."""
    done = shaken(house.host_contexts(), house.client_contexts(house.alice))
    assert (done.host_end, done.client_end) == (None, None)
    return done


def test_bytes_arrive_in_both_directions(open_pair: Shake) -> None:
    """What one end writes the other reads, and nothing more is there then."""
    host, client = open_pair.host, open_pair.client

    assert finish(client, lambda: client.write(b"to the host")) == 11
    assert finish(host, host.read) == b"to the host"
    assert host.read() is Want.READ
    assert finish(host, lambda: host.write(memoryview(b"back"))) == 4
    assert finish(client, lambda: client.read(2)) == b"ba"
    assert client.pending() == 2
    assert client.read() == b"ck"
    assert client.pending() == 0


def test_bytes_are_put_where_the_reader_wants_them(open_pair: Shake) -> None:
    """They fill the room from its beginning and nothing beyond; the end is no byte."""
    host, client = open_pair.host, open_pair.client
    room = memoryview(bytearray(b"........"))

    assert finish(client, lambda: client.write(b"abcdef")) == 6
    assert finish(host, lambda: host.read_into(room[:4])) == 4
    assert host.read_into(room[4:]) == 2
    assert bytes(room) == b"abcdef.."
    assert host.read_into(room) is Want.READ
    finish(client, client.shut)
    assert finish(host, lambda: host.read_into(room)) == 0
    assert bytes(room) == b"abcdef.."


def test_a_full_line_wants_to_write_and_takes_the_same_bytes_again(open_pair: Shake) -> None:
    """Behind `Want.WRITE` the very same bytes go on where they stopped, and none is lost."""
    host, client = open_pair.host, open_pair.client
    chunk = bytes(range(256)) * 64
    chunks, received = 0, bytearray()
    while host.write(chunk) is not Want.WRITE:
        chunks += 1
    while host.write(chunk) is Want.WRITE:
        received += _piece(client)
    while host.shut() is Want.WRITE:
        received += _piece(client)
    while piece := _piece(client):
        received += piece

    assert received == chunk * (chunks + 1)


def _piece(link: Link) -> bytes:
    piece = finish(link, link.read)
    assert isinstance(piece, bytes)
    return piece


class Moody:
    """A TLS object that wants the opposite of what one would expect, as a key update makes it."""

    def do_handshake(self) -> None:
        """Want to write, as behind a full line."""
        raise ssl.SSLWantWriteError

    def read(self, _size: int, _room: memoryview | None = None) -> bytes:
        """Want to write first."""
        raise ssl.SSLWantWriteError

    def write(self, _chunk: bytes) -> int:
        """Want to read first."""
        raise ssl.SSLWantReadError


def test_each_call_may_want_either_direction(
    open_pair: Shake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL may have to write in order to read, and the other way round."""
    host = open_pair.host
    tls = host._tls
    monkeypatch.setattr(host, "_tls", Moody())

    room = memoryview(bytearray(1))
    answers = host.handshake(), host.read(), host.read_into(room), host.write(b"x")

    monkeypatch.setattr(host, "_tls", tls)
    assert answers == (Want.WRITE, Want.WRITE, Want.WRITE, Want.READ)


def test_an_orderly_end_is_an_empty_read(open_pair: Shake) -> None:
    """close_notify says that nothing was cut off; both ends may say it."""
    host, client = open_pair.host, open_pair.client

    assert host.shut() is None
    assert finish(client, client.read) == b""
    assert client.shut() is None
    ready(host, Want.READ)
    assert host.read() == b""
    assert host.read_into(memoryview(bytearray(1))) == 0
    assert host.shut() is None
    assert client.read() == b""


def test_an_end_that_has_shut_still_reads(open_pair: Shake) -> None:
    """The other direction stays open until the peer closes it too (RFC 8446 section 6.1)."""
    host, client = open_pair.host, open_pair.client

    assert host.shut() is None
    finish(client, lambda: client.write(b"last words"))

    assert finish(host, host.read) == b"last words"


def test_a_cut_line_is_a_failure_not_an_end(open_pair: Shake) -> None:
    """A connection that ends without close_notify may have lost something."""
    host, client = open_pair.host, open_pair.client
    host.close()

    room = memoryview(bytearray(1))
    for read in (client.read, lambda: client.read_into(room)):
        with pytest.raises(LinkFailed) as caught:
            finish(client, read)
        assert caught.value.failure.reason is Reason.CLOSED


def test_writing_to_a_peer_that_is_gone_fails(open_pair: Shake) -> None:
    """The system's broken pipe becomes a closed link, never an exception of its own."""
    host, client = open_pair.host, open_pair.client
    client.close()

    def write_on() -> None:
        while True:
            finish(host, lambda: host.write(b"x" * 16_384))

    with pytest.raises(LinkFailed) as caught:
        write_on()

    assert caught.value.failure.reason is Reason.CLOSED


def test_a_farewell_that_cannot_leave_wants_to_write(open_pair: Shake) -> None:
    """With a full line close_notify waits its turn like everything else."""
    host = open_pair.host
    while host.write(b"x" * 16_384) is not Want.WRITE:
        pass

    assert host.shut() is Want.WRITE


def test_hushing_ends_the_recording_and_nothing_else(open_pair: Shake) -> None:
    """Behind `hush` records pass unheard; before it each one is heard."""
    host, client = open_pair.host, open_pair.client
    host.hush()
    host.hush()
    heard = len(host.said)

    assert client.shut() is None
    assert finish(host, host.read) == b""

    assert len(host.said) == heard
    assert client.said[-1][1:3] == ("write", 21)


def test_hushing_works_at_every_stage(house: House) -> None:
    """Before TLS has begun and behind its end there is nothing to hush, and that is no error."""
    accepted, dialled = loopback()
    link = host_link(accepted, house.host_contexts())
    link.hush()
    dialled.close()
    assert step(link) is not None
    link.hush()
    client_end, server_end = loopback()
    client = client_link(client_end, house.client_contexts(house.alice))
    assert step(client) is Want.READ
    client.finish_sending()
    client.hush()
    for end in (link, client, server_end):
        end.close()


def test_messages_are_timed_from_the_beginning_of_the_connection(house: House) -> None:
    """Times are microseconds of the clock that was given, counted from the link's making."""
    clock = FakeClock()
    accepted, dialled = loopback()
    host = host_link(accepted, house.host_contexts(), clock)
    client = client_link(dialled, house.client_contexts(house.alice))
    step(client)
    clock.advance(1.5)
    ready(host, Want.READ)

    step(host)

    assert {at for at, *_ in host.said} == {1_500_000}
    host.close()
    client.close()


def test_only_so_many_messages_are_kept(house: House) -> None:
    """At the bound the rest of the handshake goes on unheard."""
    accepted, dialled = loopback()
    host = Link(
        accepted,
        house.host_contexts(),
        server_side=True,
        server_name=None,
        clock=FakeClock(),
        limits=Limits(messages_recorded=3),
    )
    client = client_link(dialled, house.client_contexts(house.alice))
    step(client)
    ready(host, Want.READ)
    assert step(host) is Want.READ

    assert len(host.said) == 3
    host.close()
    client.close()


def test_before_the_handshake_nothing_is_known(house: House) -> None:
    """A link over a silent socket has no certificate, no version and no farewell to say."""
    accepted, dialled = loopback()
    link = host_link(accepted, house.host_contexts())

    assert (link.certificate(), link.alpn, link.version, link.cipher) == (None,) * 4
    assert (link.pending(), link.shut()) == (0, None)
    assert link.fileno() == accepted.fileno()
    assert (link.local, link.remote) == (dialled.getpeername(), dialled.getsockname())
    link.close()
    link.close()
    dialled.close()


def test_both_ends_know_the_others_certificate(open_pair: Shake, house: House) -> None:
    """The leaf is the very bytes that were issued."""
    assert open_pair.host.certificate() == house.alice.der
    assert open_pair.client.certificate() == house.host.der


def test_a_link_is_used_from_one_thread_only(open_pair: Shake) -> None:
    """Two threads in one TLS object deadlock or crash, so a second one is turned away."""
    host = open_pair.host
    room = memoryview(bytearray(1))
    reads = (host.read, lambda: host.read_into(room))
    calls = (host.handshake, *reads, lambda: host.write(b"x"), host.hush, host.shut)

    with ThreadPoolExecutor(1) as other:
        for call in (*calls, host.finish_sending, host.discard):
            with pytest.raises(LocalProtocolError, match="thread"):
                other.submit(call).result()

    assert host.read() is Want.READ


def test_a_drip_of_first_bytes_does_not_keep_the_selector_awake(house: House) -> None:
    """A peer that sends half a record header and waits costs nothing until more comes."""
    accepted, dialled = loopback()
    link = host_link(accepted, house.host_contexts())
    dialled.sendall(bytes.fromhex("160301"))
    ready(link, Want.READ)
    assert step(link) is Want.READ
    assert link.begun

    assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 6
    dialled.sendall(bytes.fromhex("00ff01"))
    ready(link, Want.READ)
    assert step(link) is Want.READ
    dialled.close()
    ready(link, Want.READ)
    failure = step(link)

    assert getattr(failure, "reason", None) is Reason.CLOSED
    link.close()


def test_a_hello_in_single_bytes_is_as_good_as_a_whole_one(house: House) -> None:
    """A slow but honest client gets through the guard."""
    to_client, at_client = loopback()
    at_host, to_host = loopback()
    client = client_link(at_client, house.client_contexts(house.alice))
    host = host_link(at_host, house.host_contexts())
    assert step(client) is Want.READ
    hello = to_client.recv(16_384)

    for byte in hello[:-1]:
        to_host.sendall(bytes([byte]))
        assert step(host) is Want.READ
    assert host.said == []
    to_host.sendall(hello[-1:])
    ready(host, Want.READ)
    assert step(host) is Want.READ

    assert len(host.said) > 1
    for end in (client, host, to_client, to_host):
        end.close()


def test_a_system_without_a_low_water_mark_hands_the_bytes_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the option does not exist the few bytes go to OpenSSL, which waits for the rest."""
    accepted, dialled = loopback()
    link = host_link(accepted, house.host_contexts())
    dialled.sendall(bytes.fromhex("160301"))
    ready(link, Want.READ)

    def refuse(*_: object) -> None:
        raise OSError(10042, "no such option")

    monkeypatch.setattr(socket.socket, "setsockopt", refuse)

    assert step(link) is Want.READ
    assert step(link) is Want.READ
    assert link.late().reason is Reason.STALLED
    link.close()
    dialled.close()


def test_what_a_lingering_peer_sends_is_thrown_away(open_pair: Shake) -> None:
    """Behind the last word the link only waits for the other end to close."""
    host, client = open_pair.host, open_pair.client
    finish(client, lambda: client.write(b"unread"))
    ready(host, Want.READ)

    host.finish_sending()
    while not host.discard():
        client.close()
        ready(host, Want.READ)

    assert host.discard()


def test_a_loud_lingering_peer_gets_a_bounded_look(open_pair: Shake) -> None:
    """One look reads only so much, so that nobody else has to wait for it."""
    host, client = open_pair.host, open_pair.client
    while client.write(b"x" * 16_384) is not Want.WRITE:
        pass
    host.finish_sending()

    assert host.discard() is False
    assert host.discard() is False


def test_a_reset_ends_lingering(open_pair: Shake) -> None:
    """A peer that resets is as gone as one that closes."""
    host, client = open_pair.host, open_pair.client
    finish(host, lambda: host.write(b"never read"))
    ready(client, Want.READ)
    client.close()
    ready(host, Want.READ)
    host.finish_sending()

    while not host.discard():
        ready(host, Want.READ)


def test_a_socket_whose_peer_is_gone_can_still_become_a_link(house: House) -> None:
    """Between accept and adoption the peer may reset; that is a failure like any other."""
    sock = socket.socket()
    link = host_link(sock, house.host_contexts())
    assert link.remote == ("", 0)

    failure = step(link)

    assert getattr(failure, "reason", None) in {Reason.CLOSED, Reason.OTHER}
    link.close()


def test_the_ear_keeps_nothing_for_sockets_without_a_link(house: House) -> None:
    """A context used without a link has nowhere to keep messages and does not try."""
    context = house.host_contexts().talking
    assert issubclass(context.sslsocket_class, ssl.SSLSocket)
    assert context.sslsocket_class.said is None  # type: ignore[attr-defined] # ours, not ssl's
