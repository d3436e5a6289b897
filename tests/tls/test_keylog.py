"""The key log: only where it was asked for, for nobody else's eyes, and whole."""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_chat.errors import StoreError
from secure_chat.tls.context import Contexts, client_contexts, host_contexts
from secure_chat.tls.keylog import write_keys
from secure_chat.tls.transcript import read_transcript
from tests.tls.conftest import House
from tests.tls.ends import Shake

Shaken = Callable[..., Shake]

# RFC 9850: what TLS 1.3 without early data has.
SECRETS = {
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
}


@dataclass(frozen=True)
class Key:
    """One line of a key log."""

    label: str
    random: str
    secret: str


def keys_in(path: Path) -> set[Key]:
    """Return the lines that are no comments."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {Key(*line.split(" ")) for line in lines if not line.startswith("#")}


def host_with(house: House, keylog: Path) -> Contexts:
    """Return the host's contexts with a key log."""
    leaf = house.host
    return host_contexts(house.ca.ca, leaf.certificate, leaf.key, house.ca.crl, keylog=keylog)


def client_with(house: House, keylog: Path) -> Contexts:
    """Return alice's contexts with a key log."""
    alice = house.alice
    return client_contexts(house.ca.ca, alice.certificate, alice.key, keylog=keylog)


def test_every_secret_of_a_connection_is_there_from_both_ends(
    house: House, shaken: Shaken, tmp_path: Path
) -> None:
    """Those of the application data too, though a context without a key log takes over."""
    on_host, on_client = tmp_path / "host.keys", tmp_path / "client.keys"
    host, client = host_with(house, on_host), client_with(house, on_client)

    done = shaken(host, client)

    hello = read_transcript(done.host.said).hello
    assert {key.label for key in keys_in(on_host)} == SECRETS
    assert keys_in(on_host) == keys_in(on_client)
    assert {key.random for key in keys_in(on_host)} == {hello}
    assert done.host.keylog
    assert done.client.keylog
    assert not host.quiet.keylog_filename
    assert not client.quiet.keylog_filename


def test_a_refused_connection_has_its_secrets_too(
    house: House, shaken: Shaken, tmp_path: Path
) -> None:
    """The alert that says why is encrypted."""
    keylog = tmp_path / "keys"

    refused = shaken(host_with(house, keylog), house.client_contexts(None))

    assert refused.host_end is not None
    assert {"SERVER_TRAFFIC_SECRET_0", "CLIENT_HANDSHAKE_TRAFFIC_SECRET"} <= {
        key.label for key in keys_in(keylog)
    }


def test_without_being_asked_nothing_is_written(house: House, shaken: Shaken) -> None:
    """The links say so too."""
    done = shaken(house.host_contexts(), house.client_contexts(house.alice))

    assert not done.host.keylog
    assert not done.client.keylog


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_the_file_is_for_its_owner_only(house: House, tmp_path: Path, mask: int) -> None:
    """Whatever the umask; OpenSSL alone would make it readable to everybody."""
    keylog = tmp_path / "keys"
    before = os.umask(mask)
    try:
        host_with(house, keylog)
    finally:
        os.umask(before)

    assert stat.S_IMODE(keylog.stat().st_mode) == 0o600


def test_a_key_log_of_our_own_is_continued(house: House, shaken: Shaken, tmp_path: Path) -> None:
    """A second run adds its keys; both ends may share a file."""
    keylog = tmp_path / "keys"
    for _ in range(2):
        shaken(host_with(house, keylog), client_with(house, keylog))

    assert len({key.random for key in keys_in(keylog)}) == 2
    lines = keylog.read_text().splitlines()
    assert len([line for line in lines if not line.startswith("#")]) == 4 * len(SECRETS)


def a_link(path: Path) -> None:
    """Put a link to a good key log there."""
    target = path.with_name("target")
    target.touch(mode=0o600)
    path.symlink_to(target)


def a_dead_link(path: Path) -> None:
    """Put a link to nothing there."""
    path.symlink_to(path.with_name("nothing"))


def a_pipe(path: Path) -> None:
    """Put a pipe there, which would block whoever opens it."""
    os.mkfifo(path, 0o600)


def a_readable_file(path: Path) -> None:
    """Put a file there that others may read."""
    path.touch()
    path.chmod(0o640)


def a_strangers_file(path: Path) -> None:
    """Put a file of somebody else there."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    path.touch(mode=0o600)
    os.chown(path, 12_345, -1)


def a_private_key(path: Path) -> None:
    """Put something there that must not be appended to."""
    path.touch(mode=0o600)
    path.write_text("-----BEGIN PRIVATE KEY-----\n")


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (a_link, "it is a link"),
        (a_dead_link, "it is a link"),
        (a_pipe, "no regular file"),
        (Path.mkdir, "no regular file"),
        (a_readable_file, "its mode is 0640"),
        (a_strangers_file, "belongs to somebody else"),
        (a_private_key, "something else than keys"),
    ],
)
def test_what_is_no_key_log_of_ours_is_refused_and_left_as_it_is(
    put: Callable[[Path], None], why: str, house: House, tmp_path: Path
) -> None:
    """With what, why and what to do; nothing is widened, followed or appended to."""
    keylog = tmp_path / "keys"
    put(keylog)
    before = keylog.lstat()

    with pytest.raises(StoreError, match=why) as caught:
        host_with(house, keylog)

    assert str(keylog) in caught.value.what
    assert caught.value.hint
    after = keylog.lstat()
    assert (after.st_mode, after.st_size, after.st_ino) == (
        before.st_mode,
        before.st_size,
        before.st_ino,
    )
    assert not keylog.with_name("nothing").exists()


def test_a_folder_that_is_not_there_is_named(house: House, tmp_path: Path) -> None:
    """The system's own words say why."""
    with pytest.raises(StoreError, match="No such file or directory"):
        client_with(house, tmp_path / "nowhere" / "keys")


def test_a_disk_that_takes_no_keys_is_named(tmp_path: Path) -> None:
    """The file could be made, and not be opened again."""

    class Full:
        @property
        def keylog_filename(self) -> str:
            raise AssertionError

        @keylog_filename.setter
        def keylog_filename(self, _path: str) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StoreError, match="No space left on device"):
        write_keys(Full(), tmp_path / "keys")  # type: ignore[arg-type] # all that is asked of it


def test_a_file_that_is_replaced_meanwhile_is_refused(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our look and OpenSSL's opening, somebody may have put another one there."""
    keylog = tmp_path / "keys"
    stats = iter([os.stat_result([0] * 10), os.stat_result([1] * 10)])
    monkeypatch.setattr(Path, "lstat", lambda _: next(stats))

    with pytest.raises(StoreError, match="replaced"):
        host_with(house, keylog)
