"""A change of the certificates folder happens wholly or not at all."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act
from secure_chat.pki.audit import AuditTrail
from secure_chat.pki.change import Change, changing, finish_change, heal, new_backup
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


def renewal(folder: Path) -> Change:
    """Return a change that puts two files over old ones, with a copy of one in the backup."""
    change = Change(folder, backup="backup-1")
    change.note(ACT)
    change.keep("clients/carol.crt")
    change.add("clients/carol.crt", b"new carol", 0o644, replace=True)
    change.add("ca.crt", b"new ca", 0o644, replace=True)
    return change


RENEWED = {
    **OLD,
    "clients/carol.crt": b"new carol",
    "ca.crt": b"new ca",
    "backup-1/clients/carol.crt": b"old carol",
    "audit.jsonl": ACT.line(),
}


def test_a_file_can_be_thrown_away_by_the_one_that_replaces_it(tmp_path: Path) -> None:
    """No backup is made of it, unless a copy was asked for."""
    write(tmp_path, OLD)
    renewal(tmp_path).commit()
    assert read(tmp_path) == RENEWED
    change = Change(tmp_path, backup="backup-2")
    change.add("ca.crt", b"newer ca", 0o644, replace=True)
    change.commit()
    assert read(tmp_path) == {**RENEWED, "ca.crt": b"newer ca"}


def test_what_is_not_there_cannot_be_kept(tmp_path: Path) -> None:
    """The missing file is named."""
    with pytest.raises(IdentityError, match=r"ca\.crt cannot be written: No such file"):
        Change(tmp_path, backup="b").keep("ca.crt")


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_killed_at_any_step_a_replaced_file_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    """At every moment and after each half of a write, there is never none and never a part."""
    outcomes: list[bool] = []
    killed = True
    while killed:
        folder = tmp_path / str(len(outcomes))
        folder.mkdir()
        write(folder, OLD)
        # The change is prepared in the child too, so its writes count.
        killed = killed_before_step(
            len(outcomes) + 1,
            folder,
            lambda folder=folder: renewal(folder).commit(),  # type: ignore[misc]
            writes=True,
        )
        now = read(folder)
        for name in ("clients/carol.crt", "ca.crt"):
            assert now[name] in {OLD[name], RENEWED[name]}
        finish_change(folder)
        assert read(folder) in (OLD, RENEWED)
        outcomes.append(read(folder) == RENEWED)
    assert outcomes == sorted(outcomes)
    assert len(outcomes) > 40
    assert set(outcomes) == {False, True}


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


def test_a_change_of_a_locked_folder_commits_when_its_block_ends_well(tmp_path: Path) -> None:
    """And leaves nothing, no key least of all, when it does not; the lock is held in between."""
    write(tmp_path, {"audit.jsonl": b""})
    trail = AuditTrail(tmp_path / "audit.jsonl")
    with changing(tmp_path, 1_795_348_800.0) as change:
        change.note(ACT)
        with pytest.raises(IdentityError, match="another command"), trail.lock(seconds=0):
            pytest.fail("two hold the lock")
    before = read(tmp_path)
    assert before["audit.jsonl"] == ACT.line()
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    assert read(tmp_path) == before


def interrupted(folder: Path) -> None:
    """Begin a change and be interrupted by a person."""
    with changing(folder, 1_795_348_800.0) as change:
        change.note(ACT)
        change.add("ca.key", b"secret", 0o600)
        raise KeyboardInterrupt


def changed(folder: Path) -> None:
    """Begin a change and have nothing to do."""
    with changing(folder, 1_795_348_800.0):
        pass


@pytest.mark.parametrize("deal", [heal, changed])
def test_what_an_interrupted_command_left_is_dealt_with_first(
    tmp_path: Path, deal: Callable[[Path], None]
) -> None:
    """By the next change, or by whoever is about to open the authority."""
    heal(tmp_path / "missing")
    write(tmp_path, {**OLD, "audit.jsonl": b""})
    replacement(tmp_path)
    deal(tmp_path)
    assert not (tmp_path / ".staging").exists()
    assert (tmp_path / "ca.crt").read_bytes() == b"old ca"


def test_only_the_folder_of_a_host_is_changed(tmp_path: Path) -> None:
    """A member's has no trail, and gets none."""
    with (
        pytest.raises(IdentityError, match=r"audit\.jsonl is missing"),
        changing(tmp_path, 0.0),
    ):
        pytest.fail("there is nothing to change")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Of its moment, and a number when that one is taken."""
    names = []
    for _ in range(3):
        path = new_backup(tmp_path, 1_795_348_800.0)
        path.mkdir()
        names.append(path.name)
    stem = "backup-20261122T120000Z"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]


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
