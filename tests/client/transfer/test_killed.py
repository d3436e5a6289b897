"""Killed at any step, a transfer is gone on with by the same call, and said once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.client.hosting import Hosting
from tests.client.transfer.dying import LIMITS
from tests.client.transfer.scene import bytes_of, client_of

ROOT: Final = Path(__file__).parents[3]


def kills(hosting: Hosting, certs: Path, data: Path, what: str, path: Path) -> int:
    """Return how often the program was killed before it came through."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.client.transfer.dying"),
            *(hosting.at, str(certs), str(data), what, str(path)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr.decode()
    return int(done.stdout)


@pytest.fixture(scope="module")
def hosting(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    """Return a host that sends in small pieces, so that a small file has many steps."""
    host = Hosting(certs, tmp_path_factory.mktemp("host"), LIMITS).start()
    yield host
    host.stop()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_both_ends_survive_a_kill_at_every_step(
    hosting: Hosting, certs: Path, tmp_path: Path, what: str
) -> None:
    """In the end it is there once, whole, and was said once; nothing half is left."""
    data = tmp_path / "data"
    sent = tmp_path / "sent"
    if what == "file":
        sent.write_bytes(bytes_of(6_500))
        files = {"": bytes_of(6_500)}
    else:
        (sent / "b").mkdir(parents=True)
        files = {"a": bytes_of(2_500), "b/c": b"", "b/d": b"x"}
        for name, content in files.items():
            (sent / name).write_bytes(content)
    with client_of("bob", hosting.at, certs, data) as bob:
        before = len(bob.files.listing(with_="alice"))
        assert kills(hosting, certs, data, "send", sent) > 8
        assert len(bob.files.listing(with_="alice")) == before + 1
    assert not list(data.glob("*/clients/alice/transfers/*"))
    got = tmp_path / "got"
    assert kills(hosting, certs, data, "get", got) > 8
    # Killed between the name and the end, the next one finds it there.
    (landed,) = got.iterdir()
    assert landed.name == "sent"
    assert {name: (landed / name).read_bytes() for name in files} == files
