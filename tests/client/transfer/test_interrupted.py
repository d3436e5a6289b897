"""Hosts that go and come back, certificates that are renewed, and clients that are kept out."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_chat.client import Client
from secure_chat.client.events import Acked, Message, Renewed
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.outward import Outward
from secure_chat.errors import HostRefused, SecureChatError, TransferIncomplete
from secure_chat.pki.roles import demote, promote
from tests.cli.processes import PROGRAM, Running
from tests.client.community import Community, until
from tests.client.hosting import Hosting, revoke
from tests.client.transfer.scene import MANY, bytes_of, client_of


class Calling:
    """A blocking call on a thread of its own.

    Args:
        call: what.
    """

    def __init__(self, call: Callable[[], Any]) -> None:
        self.result: Any = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._call()
        except SecureChatError as error:
            self.result = error

    def end(self) -> Any:
        """Wait until it is over."""
        self._thread.join(40)
        assert not self._thread.is_alive()
        return self.result


class Pausing:
    """Holds back the n-th word of the host about a transfer until something is done.

    Args:
        monkeypatch: puts it between the host and the transfer.
        kind: `Outward` or `Inward`.
        number: which word, from 1.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, kind: type[Outward] | type[Inward], number: int
    ) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        told: Callable[..., None] = kind.told
        words = 0

        def pausing(load: Any, message: Any) -> None:
            nonlocal words
            words += 1
            if words == number:
                self.reached.set()
                assert self.go_on.wait(40)
            told(load, message)

        monkeypatch.setattr(kind, "told", pausing)


@pytest.fixture
def own(certs: Path, tmp_path: Path) -> Iterator[Community]:
    """Return a community whose folder may be changed, with a running host."""
    folder = Path(shutil.copytree(certs, tmp_path / "certs"))
    made = Community(folder, tmp_path / "data", Hosting(folder, tmp_path / "host").start())
    yield made
    made.end()


def fetched(client: Client, message: Message, folder: Path) -> bytes:
    """Return the bytes of a fetched file."""
    with Inbox.open(folder) as inbox:
        path = client.files.fetch(message, inbox)
    assert path is not None
    return path.read_bytes()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_an_upload_goes_on_when_the_host_is_back(
    own: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """By itself, wherever it was; the message is said once."""
    alice, data = own.client("alice", live=False), bytes_of(MANY)
    pausing = Pausing(monkeypatch, Outward, number)
    sending = Calling(lambda: alice.files.send_bytes(data, name="x", to="bob"))
    assert pausing.reached.wait(20)
    own.hosting.stop()
    pausing.go_on.set()
    own.hosting.start()
    acked = sending.end()
    assert isinstance(acked, Acked)
    bob = own.client("bob", live=False)
    assert [one.seq for one in bob.files.listing()] == [acked.seq]
    assert fetched(bob, bob.files.message(acked.seq), tmp_path / "in") == data


@pytest.mark.parametrize("number", [1, 3, 9])
def test_a_download_goes_on_when_the_host_is_back(
    own: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """By itself, from what is written."""
    alice, data = own.client("alice", live=False), bytes_of(MANY)
    acked = alice.files.send_bytes(data, name="x", to="bob")
    bob = own.client("bob", live=False)
    message = bob.files.message(acked.seq)
    pausing = Pausing(monkeypatch, Inward, number)
    fetching = Calling(lambda: fetched(bob, message, tmp_path / "in"))
    assert pausing.reached.wait(20)
    own.hosting.stop()
    pausing.go_on.set()
    own.hosting.start()
    assert fetching.end() == data


def renewed(client: Client) -> threading.Thread:
    """Return a thread that consumes events until a new certificate is in use."""
    thread = threading.Thread(
        target=lambda: until(client.events(), lambda event: isinstance(event, Renewed))
    )
    thread.start()
    return thread


def test_transfers_go_on_over_a_renewed_certificate(
    own: Community, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is another one in the middle of both, and nobody notices."""
    data = bytes_of(MANY)
    alice = own.client("alice")
    pausing = Pausing(monkeypatch, Outward, 3)
    sending = Calling(lambda: alice.files.send_bytes(data, name="x", to="bob"))
    assert pausing.reached.wait(20)
    moved = renewed(alice)
    promote(own.vault, own.authority, "alice", now=own.now(), by="test")
    moved.join(30)
    assert not moved.is_alive()
    pausing.go_on.set()
    acked = sending.end()
    assert isinstance(acked, Acked)
    message = alice.files.message(acked.seq)
    pausing = Pausing(monkeypatch, Inward, 3)
    fetching = Calling(lambda: fetched(alice, message, tmp_path / "in"))
    assert pausing.reached.wait(20)
    moved = renewed(alice)
    demote(own.vault, own.authority, "alice", now=own.now(), by="test")
    moved.join(30)
    assert not moved.is_alive()
    pausing.go_on.set()
    assert fetching.end() == data


def test_a_client_that_is_kept_out_ends_its_transfers(
    own: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason why, and later ones at once."""
    alice = own.client("alice", live=False)
    pausing = Pausing(monkeypatch, Outward, 2)
    sending = Calling(lambda: alice.files.send_bytes(bytes_of(MANY), name="x", to="bob"))
    assert pausing.reached.wait(20)
    revoke(own.certs, "alice")
    assert alice._outlet.decided.wait(20)
    alice._threads[1].join(20)
    pausing.go_on.set()
    assert isinstance(sending.end(), HostRefused)
    with pytest.raises(HostRefused):
        alice.files.send_bytes(b"abc", name="x", to="bob")


def test_a_client_that_leaves_ends_its_transfers(
    own: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits on another thread is told."""
    alice = own.client("alice", live=False)
    pausing = Pausing(monkeypatch, Outward, 2)
    sending = Calling(lambda: alice.files.send_bytes(bytes_of(MANY), name="x", to="bob"))
    assert pausing.reached.wait(20)
    closing = threading.Thread(target=alice.close)
    closing.start()
    alice._threads[1].join(20)
    pausing.go_on.set()
    closing.join(20)
    told = sending.end()
    assert isinstance(told, TransferIncomplete)
    assert "left" in told.what


def host_at(certs: Path, data: Path, port: int) -> Running:
    """Return a host that is a process of its own."""
    command = (*PROGRAM, "host", "--certs", str(certs), "--data", str(data), "--json")
    more = ("--port", str(port), "--enroll-port", "0")
    return Running((*command, *more), {**os.environ})


def test_a_killed_host_loses_nothing_that_it_had(
    certs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle of an upload and of a download, each goes on where it was."""
    data = bytes_of(MANY)
    with host_at(certs, tmp_path / "host", 0) as first:
        at = str(first.event("ready")["address"])
        port = int(at.rpartition(":")[2])
        alice = client_of("alice", at, certs, tmp_path / "data")
        with alice:
            up = Pausing(monkeypatch, Outward, 4)
            sending = Calling(lambda: alice.files.send_bytes(data, name="x", to="alice"))
            assert up.reached.wait(20)
            first.kill()
            first.process.wait(20)
            up.go_on.set()
            with host_at(certs, tmp_path / "host", port) as second:
                second.event("ready")
                acked = sending.end()
                assert isinstance(acked, Acked)
                message = alice.files.message(acked.seq)
                down = Pausing(monkeypatch, Inward, 6)
                fetching = Calling(lambda: fetched(alice, message, tmp_path / "in"))
                assert down.reached.wait(20)
                second.kill()
                second.process.wait(20)
                down.go_on.set()
                with host_at(certs, tmp_path / "host", port) as third:
                    third.event("ready")
                    assert fetching.end() == data
                    alice.close()
