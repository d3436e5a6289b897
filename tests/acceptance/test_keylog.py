"""The key log of both commands: only when asked for, and said wherever somebody may look."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.scene import Scene


def client_records(scene: Scene) -> list[dict[str, Any]]:
    """Return alice's own journal."""
    (path,) = scene.data.glob("*/clients/alice/handshakes.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def secrets_in(path: Path) -> set[str]:
    """Return the lines that are no comments."""
    return {line for line in path.read_text().splitlines() if not line.startswith("#")}


def test_both_commands_write_keys_and_say_so_everywhere(scene: Scene, tmp_path: Path) -> None:
    """On stderr even when quiet, in the first event, and in the record of each handshake."""
    on_host, on_client = tmp_path / "host.keys", tmp_path / "client.keys"

    host = scene.host("--keylog", str(on_host), "--quiet")
    client = scene.client("alice", "--keylog", str(on_client), "--quiet")
    connected = client.event("connected").event
    assert client.finish() == 0
    assert host.stop() == 0

    (ready,) = host.events("ready")
    assert (ready["keylog"], connected["keylog"]) == (str(on_host), str(on_client))
    for actor, path in ((host, on_host), (client, on_client)):
        (warning,) = actor.talk
        assert warning.startswith("warning: ")
        assert str(path) in warning
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [record["keylog"] for record in scene.records()] == [True]
    assert [record["keylog"] for record in client_records(scene)] == [True]
    assert secrets_in(on_host) == secrets_in(on_client)
    assert any(line.startswith("SERVER_TRAFFIC_SECRET_0 ") for line in secrets_in(on_host))


def test_the_environment_alone_writes_no_keys(scene: Scene, tmp_path: Path) -> None:
    """SSLKEYLOGFILE is meant for browsers, and may be set without anybody knowing."""
    keys = tmp_path / "keys"
    scene.environment["SSLKEYLOGFILE"] = str(keys)

    host = scene.host()
    client = scene.client("alice")
    connected = client.event("connected").event
    assert client.finish() == 0
    assert host.stop() == 0

    assert not keys.exists()
    (ready,) = host.events("ready")
    assert "keylog" not in ready.keys() | connected.keys()
    assert [record["keylog"] for record in scene.records()] == [False]
    assert [record["keylog"] for record in client_records(scene)] == [False]


@pytest.mark.parametrize("command", [("host", "--port", "0"), ("join", "--as", "alice")])
def test_a_file_that_others_may_read_is_refused(
    command: tuple[str, ...], scene: Scene, tmp_path: Path
) -> None:
    """With what, why and what to do; nothing is written to it."""
    keys = tmp_path / "keys"
    keys.touch()
    keys.chmod(0o644)

    done = scene.run(*command, "--keylog", str(keys))

    assert (done.code, done.out) == (1, "")
    assert f"error: cannot write the key log {keys}: its mode is 0644" in done.err
    assert "Name a file that does not exist yet" in done.err
    assert keys.read_bytes() == b""
