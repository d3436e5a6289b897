"""A worker carries connections from the first byte to the last, over real TLS on loopback."""

import contextlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.errors import HostNotTrusted, HostRefused, HostUnreachable
from secure_chat.limits import Limits
from secure_chat.net.dialer import begin
from secure_chat.net.orders import (
    Admit,
    Adopt,
    Fan,
    Frames,
    Open,
    Rest,
    Serve,
    Stop,
)
from secure_chat.net.orders import (
    End as EndOrder,
)
from secure_chat.net.recording import record_of
from secure_chat.tls.reason import Reason
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import (
    Ack,
    Close,
    Code,
    Greeting,
    Live,
    Said,
    Say,
    Welcome,
)
from secure_chat.wire.states import Role
from tests.fakes import FakeClock
from tests.net.ends import End, client_tls, host_tls, pair_of_sockets, turn_until
from tests.net.table import ADDRESS, WELCOME, Table


def test_a_conversation_from_the_first_byte_to_goodbye(table: Table) -> None:
    """Greeting, hello, welcome, words both ways, close; one record on each end."""
    table.join()
    table.client.worker.send(1, Say(id="1", text="hi", room="lobby"))
    table.until(table.host.said)
    assert table.host.said() == [Say(id="1", text="hi", room="lobby")]
    table.host.worker.post(Frames(1, encode(Ack(id="1", seq=5, at=0))))
    table.until(table.client.said)
    assert table.client.said() == [Ack(id="1", seq=5, at=0)]
    table.client.worker.close(1, Code.BYE, "")
    table.until(lambda: not table.host.worker.peers and not table.client.worker.peers)
    assert [loss.code for loss in table.host.heard.losses] == [Code.BYE]
    assert [loss.code for loss in table.client.heard.losses] == [Code.BYE]
    for end, name in ((table.host, "somebody"), (table.client, "alice")):
        (evidence,) = end.heard.evidence
        assert evidence.established
        assert evidence.failure.reason is Reason.OK
        assert record_of(evidence).version == "TLSv13"
        assert evidence.name == name
        assert evidence.said


def test_a_stranger_is_refused_and_both_ends_know_why(certs: Path, clock: FakeClock) -> None:
    """Without a certificate the host refuses in the handshake and the client learns the reason."""
    table = Table(certs, clock, Limits(), None)
    table.connect()
    table.until(lambda: table.host.heard.losses and table.client.heard.losses)
    assert table.host.heard.losses[0].code == Reason.NO_CERTIFICATE
    error = table.client.heard.losses[0].error
    assert isinstance(error, HostRefused)
    assert table.host.heard.evidence[0].failure.reason is Reason.NO_CERTIFICATE
    assert table.client.heard.evidence[0].failure.reason is Reason.NO_CERTIFICATE
    assert not table.host.heard.opened_conns
    table.stop()


def test_a_host_of_another_authority_is_not_trusted(
    certs: Path, foreign_certs: Path, clock: FakeClock
) -> None:
    """The client refuses a host that its own authority did not issue."""
    table = Table(certs, clock, Limits(), "alice")
    table.client.stop()
    table.client = End(Role.CLIENT, client_tls(foreign_certs, "alice"), clock, Limits())
    table.connect()
    table.until(lambda: table.host.heard.losses and table.client.heard.losses)
    assert isinstance(table.client.heard.losses[0].error, HostNotTrusted)
    assert table.client.heard.evidence[0].failure.reason is Reason.UNKNOWN_CA
    table.stop()


def test_a_refusal_before_the_greeting_is_told(table: Table) -> None:
    """What the hub decides reaches the client as its reason, and the record says the same."""
    table.connect()
    table.until(lambda: table.host.heard.opened_conns)
    table.host.worker.post(EndOrder(1, Code.NOT_REGISTERED, "nobody knows this serial"))
    table.until(lambda: table.client.heard.losses)
    error = table.client.heard.losses[0].error
    assert isinstance(error, HostRefused)
    assert error.code == Code.NOT_REGISTERED
    assert "nobody knows this serial" in str(error)
    assert [e.failure.reason for e in table.host.heard.evidence] == [Reason.NOT_REGISTERED]
    assert [e.failure.reason for e in table.client.heard.evidence] == [Reason.NOT_REGISTERED]


def test_a_host_that_shuts_down_before_the_welcome_is_unreachable(table: Table) -> None:
    """Shutting down is not a refusal: trying again later makes sense."""
    table.connect()
    table.until(lambda: table.host.heard.opened_conns)
    table.host.worker.post(EndOrder(1, Code.SHUTDOWN, ""))
    table.until(lambda: table.client.heard.losses)
    assert isinstance(table.client.heard.losses[0].error, HostUnreachable)


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"])
def test_silence_before_the_handshake_is_ended_by_one_deadline(table: Table, sent: bytes) -> None:
    """Silence and a stopped hello are gone after the handshake's time, with one record each."""
    host, client = pair_of_sockets()
    client.sendall(sent)
    table.host.worker.adopt(1, host, ADDRESS)
    table.pass_time(9)
    assert table.host.worker.peers
    table.pass_time(3)
    assert not table.host.worker.peers
    (evidence,) = table.host.heard.evidence
    assert evidence.failure.reason is (Reason.STALLED if sent else Reason.SILENT)
    client.close()


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x\r\n", b"\x00" * 64])
def test_what_is_no_tls_is_closed_without_an_answer(table: Table, sent: bytes) -> None:
    """Plaintext and garbage get not one byte back, and one record."""
    host, client = pair_of_sockets()
    client.sendall(sent)
    table.host.worker.adopt(1, host, ADDRESS)
    turn_until(lambda: not table.host.worker.peers, table.host)
    client.settimeout(5)
    answer = b""
    with contextlib.suppress(ConnectionError):
        answer = client.recv(100)
    assert answer == b""
    (evidence,) = table.host.heard.evidence
    assert evidence.failure.reason in (Reason.PLAINTEXT, Reason.GARBAGE)
    client.close()


def test_a_client_that_never_says_hello_is_ended(table: Table) -> None:
    """After the greeting a client has its time and no more."""
    table.connect()
    table.until(lambda: table.host.heard.opened_conns)
    table.host.worker.post(Admit(1))
    table.until(table.client.said)
    table.pass_time(12)
    assert [loss.code for loss in table.host.heard.losses] == [Code.SILENT]
    assert len(table.host.heard.evidence) == 1


def test_a_host_that_never_greets_is_given_up(table: Table) -> None:
    """The client does not wait for ever either."""
    table.connect()
    table.until(lambda: table.host.heard.opened_conns)
    table.host.worker.peers[1].deadline = float("inf")
    table.pass_time(12)
    assert isinstance(table.client.heard.losses[0].error, HostUnreachable)


def test_a_broken_protocol_ends_with_a_code_the_peer_can_read(table: Table) -> None:
    """An oversized frame is answered by a Close, and the other end reads it."""
    table.join()
    peer = table.client.worker.peers[1]
    peer.outbox.append((1 << 30).to_bytes(4, "big"))
    table.client.worker.dirty[1] = peer
    table.until(lambda: table.client.heard.losses)
    assert [loss.code for loss in table.host.heard.losses] == [Code.TOO_BIG]
    assert [loss.code for loss in table.client.heard.losses] == [Code.TOO_BIG]


def test_a_frame_that_drips_is_cut(table: Table) -> None:
    """A frame begun and not finished in its time ends the connection, however it drips."""
    table.join()
    peer = table.client.worker.peers[1]
    for byte in b"\x00\x00\x10\x00" + b"x" * 20:
        peer.outbox.append(bytes([byte]))
        table.client.worker.dirty[1] = peer
        table.pass_time(1)
    assert [loss.code for loss in table.host.heard.losses] == [Code.SILENT]
    assert "frame" in table.host.heard.losses[0].text


def test_silence_is_asked_after_and_then_taken_for_death(table: Table) -> None:
    """A living peer answers pings for ever; one that has stopped is found dead within 30 s."""
    table.join()
    table.pass_time(60)
    assert not table.host.heard.losses
    assert not table.client.heard.losses
    for _ in range(30):
        table.clock.advance(1)
        table.host.worker.turn(0)
    assert [loss.code for loss in table.host.heard.losses] == [Code.SILENT]


def test_live_messages_reach_their_audience_once(table: Table) -> None:
    """A fan-out puts the same bytes into every live member's outbox."""
    table.join()
    data = encode(Said(seq=1, at=0, author="bob", id="x", text="t", room="lobby"))
    table.host.worker.post(Fan((1, 99), data, 1))
    table.until(table.client.said)
    assert [m.seq for m in table.client.said() if isinstance(m, Said)] == [1]


def test_a_reader_that_stops_is_served_from_the_log_and_dropped_when_it_stays_deaf(
    table: Table,
) -> None:
    """Its outbox stays bounded, the hub learns where it stopped, and it is dropped at last."""
    table.join()
    limits = table.host.worker.limits
    data = encode(Said(seq=1, at=0, author="bob", id="x", text="t" * 16_000, room="lobby"))
    sent = 0
    while not table.host.heard.lags:
        sent += 1
        table.host.worker.post(Fan((1,), data, sent))
        table.host.worker.turn(0)
        assert table.host.worker.peers[1].outbox.size <= limits.outbox_bytes + len(data)
    assert table.host.heard.lags == [(1, sent - 1)]
    table.host.worker.post(Fan((1,), data, sent + 1))
    table.host.worker.turn(0)
    assert table.host.heard.lags == [(1, sent - 1)]
    for _ in range(22):
        table.clock.advance(1)
        table.host.worker.turn(0)
    (loss,) = table.host.heard.losses
    assert loss.code == Code.SLOW
    assert "20 s" in loss.text


def test_a_lagging_reader_that_reads_again_asks_for_its_page(table: Table) -> None:
    """Room in the outbox is told once, a page is taken, and live delivery goes on behind it."""
    table.join()
    data = encode(Said(seq=1, at=0, author="bob", id="x", text="t" * 16_000, room="lobby"))
    sent = 0
    while not table.host.heard.lags:
        sent += 1
        table.host.worker.post(Fan((1,), data, sent))
        table.host.worker.turn(0)
    table.until(lambda: table.host.heard.drains)
    assert table.host.heard.drains == [1]
    table.host.worker.post(Serve(1, encode(Live(seq=sent)), sent, live=False))
    table.until(lambda: len(table.host.heard.drains) == 2)
    table.host.worker.post(Serve(1, encode(Live(seq=sent + 1)), sent + 1, live=True))
    table.host.worker.post(Fan((1,), encode(Live(seq=sent + 2)), sent + 2))
    table.until(lambda: table.client.said()[-1:] == [Live(seq=sent + 2)])
    lives = [message.seq for message in table.client.said() if isinstance(message, Live)]
    assert lives == [sent, sent + 1, sent + 2]


def test_presence_is_left_out_for_a_full_outbox(table: Table) -> None:
    """What is not part of the log never makes a peer lag."""
    table.join()
    peer = table.host.worker.peers[1]
    peer.outbox.append(b"x" * (table.host.worker.limits.outbox_bytes + 1))
    size = peer.outbox.size
    table.host.worker.post(Fan((1,), b"presence", 0))
    table.host.worker._take_orders()
    assert peer.outbox.size == size
    assert not table.host.heard.lags


def test_a_peer_that_said_too_much_rests_and_is_not_taken_for_dead(table: Table) -> None:
    """Nothing is read while it rests, and everything it said arrives afterwards."""
    table.join()
    table.host.worker.post(Rest(1, 40.0))
    table.host.worker.turn(0)
    table.client.worker.send(1, Say(id="1", text="hi", room="lobby"))
    table.pass_time(35)
    assert not table.host.said()
    assert not table.host.heard.losses
    table.pass_time(7)
    table.until(table.host.said)


def test_a_held_peer_is_not_read_until_it_is_let_go(table: Table) -> None:
    """Back-pressure from the window: nothing is read, nothing is lost."""
    table.join()
    table.client.worker.hold(1, holding=True)
    table.host.worker.post(Frames(1, encode(Live(seq=9))))
    for _ in range(20):
        table.host.worker.turn(0)
        table.client.worker.turn(0)
    assert not table.client.said()
    table.client.worker.hold(1, holding=False)
    table.until(table.client.said)
    table.client.worker.hold(7, holding=True)


def test_a_crowded_handler_stops_the_reading_not_the_writing(table: Table) -> None:
    """Back-pressure on the host: frames still leave, none comes in."""
    table.join()
    table.host.heard.full = True
    table.client.worker.send(1, Say(id="1", text="hi", room="lobby"))
    table.host.worker.post(Frames(1, encode(Live(seq=9))))
    table.until(table.client.said)
    assert not table.host.said()
    assert table.host.heard.waits
    table.host.heard.full = False
    table.until(table.host.said)


def test_at_the_bound_the_oldest_unfinished_handshake_goes(certs: Path, clock: FakeClock) -> None:
    """Newcomers are let in; the one that has waited longest is dropped with a record."""
    limits = replace(Limits(), handshakes_waiting=2)
    host = End(Role.HOST, host_tls(certs), clock, limits)
    clients = []
    for conn in range(3):
        ours, theirs = pair_of_sockets()
        clients.append(theirs)
        host.worker.adopt(conn, ours, ADDRESS)
    assert list(host.worker.peers) == [1, 2]
    assert [e.failure.reason for e in host.heard.evidence] == [Reason.DROPPED]
    host.stop()
    for client in clients:
        client.close()


def test_a_connection_attempt_becomes_a_connection(table: Table) -> None:
    """The client's worker finishes a connect that was only begun."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = begin(socket.AF_INET, server.getsockname())
        table.client.worker.adopt(1, sock, ADDRESS, server_name="127.0.0.1", connecting=True)
        turn_until(lambda: table.client.worker.peers, table.client)
        table.host.worker.adopt(1, server.accept()[0], ADDRESS)
        table.until(lambda: table.host.heard.opened_conns)


def test_a_connection_attempt_that_fails_is_told_without_a_record(table: Table) -> None:
    """Nobody there: unreachable, and no handshake to record."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    sock = begin(socket.AF_INET, address)
    table.client.worker.adopt(1, sock, address, server_name="127.0.0.1", connecting=True)
    turn_until(lambda: table.client.heard.losses, table.client)
    assert isinstance(table.client.heard.losses[0].error, HostUnreachable)
    assert not table.client.heard.evidence


def test_an_attempt_given_up_in_the_turn_it_succeeds_is_given_up(table: Table) -> None:
    """An order taken in the same turn wins over the socket that has become ready."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = begin(socket.AF_INET, server.getsockname())
        nursery = table.client.worker.nursery
        nursery.add(1, sock, ADDRESS, None)
        (attempt,) = nursery._waiting.values()
        table.client.worker.close(1, Code.BYE, "")
        nursery.ready(attempt)
    assert len(table.client.heard.losses) == 1
    assert not table.client.worker.peers


def test_nothing_is_said_to_a_peer_whose_close_has_been_read(table: Table) -> None:
    """A handler may still talk to a connection that has ended in the same turn."""
    table.join()
    peer = table.client.worker.peers[1]
    peer.wire.receive_data(encode(Close(code=Code.SHUTDOWN)))
    table.client.worker.send(1, Say(id="1", text="hi", room="lobby"))
    assert not peer.outbox


@pytest.mark.parametrize("how", ["late", "ended", "stopped"])
def test_a_connection_attempt_ends_by_time_or_by_will(table: Table, how: str) -> None:
    """An attempt that nobody answers is given up in time, by its owner, or at the stop."""
    sock = socket.socket()
    sock.setblocking(False)
    ours, theirs = socket.socketpair()
    worker = table.client.worker
    worker.nursery.add(1, ours, ADDRESS, None)
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(b"x" * 65536)
    if how == "late":
        table.pass_time(11)
    elif how == "ended":
        worker.close(1, Code.BYE, "")
    else:
        worker.post(Stop(Code.SHUTDOWN, ""))
        worker.turn(0)
    assert isinstance(table.client.heard.losses[0].error, HostUnreachable)
    theirs.close()
    sock.close()


def test_stopping_says_goodbye_to_everybody_and_returns(certs: Path) -> None:
    """An ordered stop lets what waits leave, tells the reason, and closes every socket."""
    clock = SystemClock()
    table = Table(certs, clock, Limits(), "alice")  # type: ignore[arg-type] # the real clock
    table.join()
    table.host.worker.post(Frames(1, encode(Live(seq=3))))
    table.host.worker.post(Stop(Code.SHUTDOWN, "the host is shutting down"))
    table.host.worker.run()
    turn_until(lambda: table.client.heard.losses and not table.client.worker.peers, table.client)
    assert table.client.said() == [Live(seq=3)]
    assert [(loss.code, loss.text) for loss in table.client.heard.losses] == [
        (Code.SHUTDOWN, "the host is shutting down")
    ]
    table.client.stop()


def test_orders_for_connections_that_are_gone_are_ignored(table: Table) -> None:
    """An order may cross with the end of its connection."""
    for order in (Admit(9), Frames(9, b""), Rest(9, 1), EndOrder(9, "bye", ""), Fan((9,), b"", 1)):
        table.host.worker.post(order)
    table.host.worker.post("something else")
    table.host.worker.turn(0)
    assert table.host.heard.commands == ["something else"]
    table.host.worker.send(9, Live(seq=1))
    table.host.worker.close(9, Code.BYE, "")


def test_a_socket_that_died_in_the_queue_is_only_lost(table: Table) -> None:
    """A socket that was closed before it was adopted has no handshake to record."""
    host, client = pair_of_sockets()
    client.close()
    host.close()
    table.host.worker.post(Adopt(5, host, ADDRESS))
    table.host.worker.turn(0)
    assert [loss.conn for loss in table.host.heard.losses] == [5]
    assert not table.host.heard.evidence


def test_a_greeting_twice_is_a_bug_of_ours_not_of_the_peer(table: Table) -> None:
    """A second admission or welcome of the same peer changes nothing."""
    table.join()
    table.host.worker.post(Open(1, WELCOME))
    table.host.worker.turn(0)
    table.pass_time(1)
    assert not table.client.heard.losses
    assert not [m for m in table.client.said() if isinstance(m, Greeting | Welcome)]


def test_what_openssl_holds_is_not_forgotten_while_the_handler_is_crowded(table: Table) -> None:
    """Records already taken from the socket are read when there is room, with no new byte."""
    table.join()
    turns = 3 * table.host.worker.limits.read_bytes // 15_000
    for number in range(turns):
        table.client.worker.send(1, Say(id=str(number), text="x" * 15_000, room="lobby"))
        table.client.worker.turn(0)
    while not table.host.worker.again:
        table.host.worker.turn(0.01)
        table.client.worker.turn(0)
    table.host.heard.full = True
    before = len(table.host.said())
    for _ in range(3):
        table.host.worker.turn(0)
    assert len(table.host.said()) == before
    table.host.heard.full = False
    table.until(lambda: len(table.host.said()) == turns)


def test_a_peer_that_does_not_listen_to_goodbye_is_closed_in_a_second(table: Table) -> None:
    """What cannot leave at the end is given up, and no turn spins meanwhile."""
    table.join()
    peer = table.host.worker.peers[1]
    peer.outbox.append(b"x" * 9_000_000)
    table.host.worker.post(EndOrder(1, Code.SHUTDOWN, ""))
    table.client.worker.send(1, Say(id="1", text="still talking", room="lobby"))
    table.client.worker.turn(0)
    for _ in range(5):
        table.host.worker.turn(0)
    assert 1 in table.host.worker.peers
    assert not peer.interest & 1
    for _ in range(3):
        table.clock.advance(1)
        table.host.worker.turn(0)
    assert not table.host.worker.peers


def test_a_connection_cut_while_writing_is_lost_once(table: Table) -> None:
    """A reset is noticed by whoever writes first, and told once."""
    table.join()
    table.client.worker.peers[1].link._tls.close()  # type: ignore[union-attr] # a cut
    for _ in range(3):
        table.host.worker.post(Frames(1, encode(Live(seq=1))))
        table.host.worker.turn(0.01)
    assert len(table.host.heard.losses) == 1
    assert table.host.heard.losses[0].code == Reason.CLOSED


@pytest.mark.parametrize("state", ["handshake", "greeting"])
def test_a_client_may_give_up_before_it_is_welcome(table: Table, state: str) -> None:
    """Giving up during the handshake or before the greeting says nothing to the host."""
    table.connect()
    if state == "greeting":
        table.until(lambda: table.client.heard.opened_conns)
    table.client.worker.close(1, Code.BYE, "")
    assert len(table.client.heard.losses) == 1
    table.until(lambda: not table.client.worker.peers)
    assert len(table.client.heard.evidence) == 1


def test_a_server_of_another_protocol_is_not_our_host(certs: Path, clock: FakeClock) -> None:
    """A host of our authority that does not agree on the protocol is refused by the client."""
    import ssl

    from secure_chat.pki.vault import Vault

    vault = Vault(certs)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(vault.host_crt, vault.host_key)
    server, ours = pair_of_sockets()
    other = context.wrap_socket(server, server_side=True, do_handshake_on_connect=False)
    other.setblocking(False)
    client = End(Role.CLIENT, client_tls(certs, "alice"), clock, Limits())
    client.worker.adopt(1, ours, ADDRESS, server_name="127.0.0.1")
    for _ in range(100):
        with contextlib.suppress(ssl.SSLWantReadError, OSError):
            other.do_handshake()
        client.worker.turn(0.001)
    assert client.heard.evidence[0].failure.reason is Reason.NO_ALPN
    assert client.heard.losses[0].error is not None
    client.stop()
    other.close()


def test_a_peer_that_resets_while_we_linger_is_let_go(table: Table) -> None:
    """After our last word whatever the peer does ends it."""
    table.connect()
    table.until(lambda: table.host.heard.opened_conns)
    table.host.worker.close(1, Code.REVOKED, "no more")
    table.until(lambda: not table.host.worker.peers and not table.client.worker.peers)
    assert isinstance(table.client.heard.losses[0].error, HostRefused)


def test_a_silent_peer_that_takes_what_we_send_is_alive_until_it_stops(
    certs: Path, clock: FakeClock
) -> None:
    """On a slow line an answer stands behind a lot; taking data is a sign of life until it ends."""
    table = Table(certs, clock, replace(Limits(), stuck_seconds=100), "alice")
    table.join()
    peer = table.host.worker.peers[1]
    for _ in range(8):
        while not peer.interest & 2:
            table.host.worker.post(Frames(1, b"x" * 1_000_000))
            table.host.worker.turn(0)
        clock.advance(14)
        tls = table.client.worker.peers[1].link._tls
        assert tls is not None
        with contextlib.suppress(BlockingIOError):
            while socket.socket.recv(tls, 1_000_000):
                pass
        table.host.worker.turn(0.1)
    assert not table.host.heard.losses
    while not peer.interest & 2:
        table.host.worker.post(Frames(1, b"x" * 1_000_000))
        table.host.worker.turn(0)
    for _ in range(30):
        clock.advance(1)
        table.host.worker.turn(0)
    (loss,) = table.host.heard.losses
    assert loss.code == Code.SLOW
    assert loss.text == "said nothing for 28 s and took no data while more waited"
    table.stop()


def test_a_peer_that_is_not_read_is_still_asked_so_that_it_hears_us(table: Table) -> None:
    """A rest of ours must not make the other end take us for dead."""
    table.join()
    table.host.worker.post(Rest(1, 100.0))
    table.host.worker.turn(0)
    table.pass_time(60)
    assert not table.host.heard.losses
    assert not table.client.heard.losses


def test_a_frame_that_was_cut_by_a_rest_has_its_whole_time_behind_it(table: Table) -> None:
    """The time in which nobody read is not the sender's."""
    table.join()
    peer = table.client.worker.peers[1]
    frame = encode(Say(id="1", text="x" * 100, room="lobby"))
    peer.outbox.append(frame[:50])
    table.client.worker.dirty[1] = peer
    table.until(lambda: table.host.worker.peers[1].wire.waiting)
    table.host.worker.post(Rest(1, 12.0))
    table.host.worker.turn(0)
    for _ in range(14):
        table.clock.advance(1)
        table.host.worker.turn(0)
    peer.outbox.append(frame[50:])
    table.client.worker.dirty[1] = peer
    table.until(table.host.said)
    table.host.worker.hold(1, holding=True)
    table.host.worker.hold(1, holding=False)
