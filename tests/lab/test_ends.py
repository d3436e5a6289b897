"""The ends of the lab do what the real ones do where nothing is wrong, and never hang."""

import socket

import pytest

from secure_chat.lab.stage import Stage
from secure_chat.lab.strangers import cutting_midway, half_a_hello, knock
from secure_chat.tls.vocabulary import Reason


def reasons(stage: Stage) -> dict[str, str]:
    """Return what each end has recorded since the last look."""
    return {record.end: record.reason for record in stage.records()}


def free_address() -> tuple[str, int]:
    """Return an address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        host, port = sock.getsockname()
    return host, port


def test_a_bare_client_with_good_papers_is_let_in(stage: Stage) -> None:
    """So it is refused in the scenarios for what it shows, and not for what it is."""
    with stage.host() as at:
        stage.approach(at, stage.papers.member("alice"))
    host, client = sorted(stage.records(), key=lambda record: record.end, reverse=True)
    assert (host.established, host.name) == (True, "alice")
    assert (client.established, client.name) == (True, "alice")


def test_a_bare_host_with_good_papers_is_trusted_and_lets_nobody_in(stage: Stage) -> None:
    """Its certificate passes; there is no host behind it."""
    with stage.impostor(stage.papers.host()) as at:
        stage.join(at)
    assert reasons(stage) == {"host": Reason.SHUTDOWN, "client": Reason.SHUTDOWN}


def test_records_are_told_once(stage: Stage) -> None:
    """Each scenario sees its own."""
    with stage.host() as at:
        stage.join(at)
        knock(at, b"hello\r\n")
    assert len(stage.records()) == 3
    assert stage.records() == []


def test_a_listener_that_nobody_comes_to_is_not_waited_for(stage: Stage) -> None:
    """An impostor whose guest stays away ends with its statement, long before its patience."""
    with stage.impostor(stage.papers.member("bob")):
        pass
    assert stage.records() == []


def test_a_line_to_nowhere_is_a_closed_one(stage: Stage) -> None:
    """The client has its record, and nobody waits for the rest."""
    with cutting_midway(free_address()) as at:
        stage.join(at)
    assert reasons(stage) == {"client": Reason.CLOSED}


def test_a_line_that_ends_within_a_record_is_let_go(stage: Stage) -> None:
    """Half a hello is less than the line waits for."""
    with stage.host() as at, cutting_midway(at) as line, socket.create_connection(line) as sock:
        sock.sendall(half_a_hello())
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(10) == b""
    assert reasons(stage) == {"host": Reason.CLOSED}


def test_half_a_hello_begins_like_a_whole_one() -> None:
    """A record of a handshake, version 3, a ClientHello, and less than it promises."""
    half = half_a_hello()
    assert half[:2] == b"\x16\x03"
    assert half[5] == 1
    whole = 5 + int.from_bytes(half[3:5], "big")
    assert len(half) == whole // 2


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_the_real_client_is_let_in_by_the_real_host(stage: Stage, name: str) -> None:
    """Both write down who it was."""
    with stage.host() as at:
        stage.join(at, name)
    assert {(record.end, record.name) for record in stage.records()} == {
        ("host", name),
        ("client", name),
    }
