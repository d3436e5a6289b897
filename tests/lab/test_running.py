"""A run of the lab leaves nothing behind, unless it is told to, and then all of it."""

import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.errors import SecureChatError, UsageError
from secure_chat.handshakes.journal import read_records
from secure_chat.lab.catalogue import SCENARIOS, chosen
from secure_chat.lab.checking import Outcome
from secure_chat.lab.running import play
from secure_chat.lab.scenario import Shown
from secure_chat.lab.stage import Stage


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def open_descriptors() -> int:
    """Return how many descriptors this process has."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("this system does not list a process's descriptors")
    return len(list(folder.iterdir()))


def test_nothing_is_left_of_a_whole_run(temporary: Path) -> None:
    """No file, no thread and no socket, though there were some meanwhile."""
    before, threads = open_descriptors(), threading.active_count()
    there = []
    for _ in play(SCENARIOS):
        there.append(len(list(temporary.iterdir())))
        assert threading.active_count() == threads
    assert there == [1] * len(SCENARIOS)
    assert list(temporary.iterdir()) == []
    assert open_descriptors() == before


def test_nothing_is_left_when_it_is_stopped_early(temporary: Path) -> None:
    """A person who has seen enough need not wait."""
    before = open_descriptors()
    outcomes = play(SCENARIOS)
    assert next(outcomes).passed
    assert list(temporary.iterdir())
    outcomes.close()
    assert list(temporary.iterdir()) == []
    assert open_descriptors() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, SecureChatError])
def test_nothing_is_left_when_a_scenario_ends_by_an_error(
    temporary: Path, error: type[BaseException]
) -> None:
    """The host that was running has stopped as well."""
    before, threads = open_descriptors(), threading.active_count()

    def interrupted(stage: Stage) -> Shown:
        with stage.host(), stage.impostor(stage.papers.member("bob")):
            assert threading.active_count() > threads
            raise error("enough")

    (success,) = chosen(["success"])
    outcomes = play([replace(success, play=interrupted)])
    with pytest.raises(error, match="enough"):
        next(outcomes)
    assert threading.active_count() == threads
    assert list(temporary.iterdir()) == []
    assert open_descriptors() == before


def test_a_host_that_cannot_start_says_why(stage: Stage) -> None:
    """The lab does not wait for an address that never comes."""
    broken = stage.papers.other_names("broken")
    broken.host_key.unlink()
    with pytest.raises(SecureChatError, match="missing"), stage.host(broken):
        pytest.fail("it has no key")


def test_what_is_kept_is_a_data_folder_like_any_other(
    outcomes: dict[str, Outcome], kept: Path
) -> None:
    """Journals by community and end, certificates beside them, and nobody else may look."""
    assert sorted(path.name for path in kept.iterdir()) == ["data", "papers"]
    assert kept.stat().st_mode & 0o077 == 0
    community = (kept / "papers/community/community").read_text().strip()
    host = list(read_records(kept / "data" / community / "host", newest_first=False))
    ours = [outcome.record("host") for outcome in outcomes.values()]
    elsewhere = {"foreign-host", "expired-host", "member-as-host", "wrong-port"}
    assert [record.uid for record in host] == [
        record.uid
        for record, name in zip(ours, outcomes, strict=True)
        if record is not None and name not in elsewhere
    ]


def test_a_folder_with_something_in_it_is_not_touched(tmp_path: Path) -> None:
    """The lab never mixes its worthless certificates with others."""
    (tmp_path / "ca.crt").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        next(play(SCENARIOS, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["ca.crt"]


def test_a_folder_that_cannot_be_made_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the one that is named and for the one that is removed again."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SecureChatError, match="cannot write"):
        next(play(SCENARIOS, file))
    monkeypatch.setattr(tempfile, "tempdir", str(file))
    with pytest.raises(SecureChatError, match="temporary files"):
        next(play(SCENARIOS))
