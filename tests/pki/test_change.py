"""A change of the certificates folder happens wholly or not at all."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act
from secure_chat.pki.audit import AuditTrail
from secure_chat.pki.change import Change, finish_change
from tests.pki.kill import killed_before_step

NEW = {"ca.key": b"new key", "clients/alice.crt": b"new alice", "ca.crt": b"new ca"}
OLD = {"ca.crt": b"old ca", "ca.key": b"old key", "clients/carol.crt": b"old carol"}
ACT = Act(at="2026-11-22T12:00:00.000Z", act="created-ca", by="test")


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Put files into a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def read(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def replacement(folder: Path) -> Change:
    """Return a change that replaces the old set by the new one."""
    change = Change(folder, backup="backup-1")
    for name in OLD:
        change.retire(name)
    change.note(ACT)
    for name, data in NEW.items():
        change.add(name, data, 0o600)
    return change


AFTER = {
    **NEW,
    **{f"backup-1/{name}": data for name, data in OLD.items()},
    "audit.jsonl": ACT.line(),
}


def test_nothing_is_touched_before_the_commit(tmp_path: Path) -> None:
    """What was prepared and not decided is cleared away, and all is as it was."""
    write(tmp_path, OLD)
    replacement(tmp_path)
    assert {name: data for name, data in read(tmp_path).items() if name[0] != "."} == OLD
    assert not finish_change(tmp_path)
    assert read(tmp_path) == OLD


def test_a_commit_installs_retires_and_notes(tmp_path: Path) -> None:
    """The new files are in place with their modes, the old ones in the backup, all private."""
    write(tmp_path, OLD)
    replacement(tmp_path).commit()
    assert read(tmp_path) == AFTER
    assert not (tmp_path / ".staging").exists()
    for name in NEW:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    for name in ("backup-1", "backup-1/clients", "clients"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700
    assert not finish_change(tmp_path)


def test_an_empty_change_does_nothing(tmp_path: Path) -> None:
    """With nothing to change the folder is not even looked at."""
    Change(tmp_path / "missing", backup="b").commit()
    assert not (tmp_path / "missing").exists()


def test_an_act_alone_is_a_change(tmp_path: Path) -> None:
    """A line of the trail needs no file."""
    change = Change(tmp_path, backup="b")
    change.note(ACT)
    change.commit()
    assert read(tmp_path) == {"audit.jsonl": ACT.line()}


def test_what_stands_in_the_way_moves_into_the_backup(tmp_path: Path) -> None:
    """A file nobody expected at the place of a new one is kept."""
    change = Change(tmp_path, backup="backup-1")
    change.add("ca.key", b"new", 0o600)
    write(tmp_path, {"ca.key": b"somebody's"})
    change.commit()
    assert read(tmp_path) == {"ca.key": b"new", "backup-1/ca.key": b"somebody's"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize("old", [{}, OLD], ids=["fresh", "replacing"])
def test_killed_at_any_step_it_is_undone_or_finished(tmp_path: Path, old: dict[str, bytes]) -> None:
    """Before every single operation on the disk a SIGKILL leaves the old set or leads to the new.

    The authority's certificate is never there together with a file of the other set.
    """
    after = AFTER if old else {**NEW, "audit.jsonl": ACT.line()}
    outcomes: list[bool] = []
    step = 0
    killed = True
    while killed:
        step += 1
        folder = tmp_path / str(step)
        folder.mkdir()
        write(folder, old)
        killed = killed_before_step(step, folder, replacement(folder).commit)
        now = read(folder)
        if now.get("ca.crt") == NEW["ca.crt"]:
            assert {name: now.get(name) for name in NEW} == NEW
        if now.get("ca.crt") == OLD["ca.crt"]:
            assert {name: now.get(name) for name in OLD} == OLD
        finish_change(folder)
        assert read(folder) in (old, after)
        outcomes.append(read(folder) == after)
    assert step > 20
    # Once decided, always finished: first undone every time, then finished every time.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}


def test_a_decided_change_is_finished_once(tmp_path: Path) -> None:
    """A disk that refuses in the middle is explained; once it does not, the change is finished."""
    write(tmp_path, OLD)
    change = replacement(tmp_path)
    (tmp_path / "backup-1").touch()
    with pytest.raises(IdentityError, match="cannot be written"):
        change.commit()
    (tmp_path / "backup-1").unlink()
    assert finish_change(tmp_path)
    assert read(tmp_path) == AFTER
    assert not finish_change(tmp_path)
    assert AuditTrail(tmp_path / "audit.jsonl").registry().names() == set()


def add_under_a_file(folder: Path) -> None:
    """Stage below something that is no folder."""
    change = Change(folder, backup="b")
    (folder / ".staging").touch()
    change.add("x", b"", 0o600)


def commit_into_a_file(folder: Path) -> None:
    """Commit where the staging folder cannot be made."""
    change = Change(folder, backup="b")
    change.note(ACT)
    (folder / ".staging").touch()
    change.commit()


def finish_a_damaged_plan(folder: Path) -> None:
    """Go on with a plan that cannot be read."""
    (folder / ".staging").mkdir()
    (folder / ".staging" / "plan.json").write_bytes(b"{}")
    finish_change(folder)


@pytest.mark.parametrize("act", [add_under_a_file, commit_into_a_file, finish_a_damaged_plan])
def test_a_disk_that_refuses_is_explained(tmp_path: Path, act: Callable[[Path], None]) -> None:
    """The error names the place and says that running again goes on."""
    with pytest.raises(IdentityError, match=r"\.staging.* cannot be written") as refusal:
        act(tmp_path)
    assert "init-certs" in refusal.value.hint
