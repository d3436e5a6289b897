"""What is no TLS: the host closes without a word and writes down what it was."""

import socket
from contextlib import suppress

from secure_chat.wire.messages import People, Who
from tests.acceptance.scene import Scene

_SENT = {
    "HTTP": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "plaintext"),
    "an SSH banner": (b"SSH-2.0-OpenSSH_9.9\r\n", "plaintext"),
    "words": (b"hello?\r\n", "plaintext"),
    "zeros": (bytes(64), "garbage"),
    "a TLS record of another kind": (b"\x17\x03\x03\x00\x05hello", "garbage"),
    "an old hello": (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + bytes(40), "garbage"),
    "one wrong byte": (b"\xff", "garbage"),
}


def _answer(address: tuple[str, int], sent: bytes) -> bytes:
    """Send something, keep the line open, and return what comes until the host closes it."""
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(sent)
        got = b""
        # A reset is a way of closing too; what matters is that nothing comes before it.
        with suppress(ConnectionResetError):
            while data := sock.recv(1_000):
                got += data
        return got


def test_what_is_no_tls_is_closed_without_an_answer(scene: Scene) -> None:
    """Not a byte goes out, at once, and each leaves one record that names its kind."""
    host = scene.host()
    for sent, _ in _SENT.values():
        assert _answer(scene.address, sent) == b""
    with scene.guest("alice") as alice:
        alice.join()
    assert host.stop() == 0
    *records, good = scene.records()
    assert [record["reason"] for record in records] == [reason for _, reason in _SENT.values()]
    assert good["reason"] == "ok"
    for record in records:
        assert not record["established"]
        assert record["advice"]
        # Nothing that was sent may stand in the record.
        assert "OpenSSH" not in str(record)
        assert (record["hello"], record["version"]) == (None, None)


def test_a_flood_of_it_is_counted_and_disturbs_nobody(scene: Scene) -> None:
    """A member who is connected goes on talking while three hundred strangers knock."""
    host = scene.host()
    with scene.guest("alice") as alice:
        alice.join()
        for number in range(300):
            assert _answer(scene.address, b"\x00garbage") == b""
            if number % 100 == 0:
                alice.until_quiet(Who(re=number, room="lobby"), People)
    assert host.stop() == 0
    refused = [record for record in scene.records() if record["reason"] == "garbage"]
    assert sum(record["count"] for record in refused) == 300
