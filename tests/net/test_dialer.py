"""Targets are read as people write them, and a connection is begun without waiting."""

import socket

import pytest

from secure_chat.errors import HostUnreachable, UsageError
from secure_chat.net import dialer


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("localhost", ("localhost", 65432)),
        ("example.test:7", ("example.test", 7)),
        ("::1", ("::1", 65432)),
        ("[::1]", ("::1", 65432)),
        ("[::1]:9", ("::1", 9)),
    ],
)
def test_a_target_is_host_and_perhaps_port(target: str, address: tuple[str, int]) -> None:
    """The port is optional; an IPv6 address with a port stands in brackets."""
    assert dialer.split_target(target) == address


@pytest.mark.parametrize("target", ["", ":1", "h:0", "h:65536", "h:x", "h:-1", "[::1]:x"])
def test_what_is_no_address_is_refused_with_an_example(target: str) -> None:
    """A wrong target is a usage error that shows a right one."""
    with pytest.raises(UsageError) as caught:
        dialer.split_target(target)
    assert "localhost:65432" in caught.value.hint


def test_a_name_has_addresses_and_each_only_once() -> None:
    """A numeric address stands for itself."""
    assert dialer.addresses("127.0.0.1", 7) == [(socket.AF_INET, ("127.0.0.1", 7))]


def test_an_unknown_name_is_unreachable() -> None:
    """The reserved name that never exists is told as a host that cannot be reached."""
    with pytest.raises(HostUnreachable):
        dialer.addresses("no-such-host.invalid", 7)
    with pytest.raises(HostUnreachable):
        dialer.addresses("x" * 70, 7)


def test_a_connection_is_begun_at_once() -> None:
    """The socket comes back non-blocking, connected or connecting."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = dialer.begin(socket.AF_INET, server.getsockname())
        with sock, server.accept()[0]:
            assert sock.getblocking() is False


def test_an_impossible_address_fails_with_the_systems_words() -> None:
    """What the system refuses at once is unreachable, and says why."""
    with pytest.raises(HostUnreachable) as caught:
        dialer.begin(socket.AF_INET, ("255.255.255.255", 9))
    assert caught.value.why


def test_running_out_of_sockets_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor left is a reason like any other."""

    def full(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "socket", full)
    with pytest.raises(HostUnreachable) as caught:
        dialer.begin(socket.AF_INET, ("127.0.0.1", 9))
    assert caught.value.why == "Too many open files"
