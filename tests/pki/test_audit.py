"""The audit trail: appended, locked, folded."""

import json
import multiprocessing
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.clock import rfc3339
from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act
from secure_chat.pki.audit import AuditTrail, RegistryWatch
from secure_chat.pki.fold import fold
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.registry import REPLACED

AT = 1_795_348_800.25


def identity(name: str = "alice", serial: str = "5a01", role: Role = Role.MEMBER) -> Identity:
    """Return what a certificate would say."""
    return Identity(name, role, serial, "f" * 64, "securechat CA 1", 1_795_345_200, 1_803_124_800)


def act(what: str, name: str = "alice", serial: str = "5a01", **more: str) -> Act:
    """Return an act on a certificate."""
    return Act.of(what, identity(name, serial), at=AT, by="test", **more)


CREATED = Act(at=rfc3339(AT), act="created-ca", by="test")


def lines(*acts: Act) -> bytes:
    """Return the trail of these acts."""
    return b"".join(one.line() for one in acts)


def test_a_line_is_one_json_object_with_plain_times() -> None:
    """Scripts read the trail as JSON lines with RFC 3339 times."""
    line = act("revoked", reason="lost").line()
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "at": "2026-11-22T12:00:00.250Z",
        "act": "revoked",
        "name": "alice",
        "role": "member",
        "serial": "5a01",
        "fingerprint": "f" * 64,
        "not_before": "2026-11-22T11:00:00.000Z",
        "not_after": "2027-02-20T12:00:00.000Z",
        "by": "test",
        "reason": "lost",
    }


def test_what_was_issued_is_valid_until_it_is_revoked() -> None:
    """The fold knows every certificate with its dates, and who is revoked and why."""
    registry = fold(lines(CREATED, act("issued"), act("adopted", "bob", "5a02")))
    entry = registry.get("5a01")
    assert entry is not None
    assert (entry.name, entry.role, entry.state) == ("alice", Role.MEMBER, "valid")
    assert (entry.not_before, entry.not_after) == (1_795_345_200, 1_803_124_800)
    assert registry.names() == {"alice", "bob"}
    revoked = fold(lines(act("issued"), act("revoked", reason="lost"))).get("5a01")
    assert revoked is not None
    assert (revoked.state, revoked.reason) == ("revoked", "lost")


def test_nothing_brings_a_revoked_certificate_back() -> None:
    """Neither a second issue nor an adoption of the same serial makes it count again."""
    trail = lines(act("issued"), act("revoked"), act("issued"), act("adopted"))
    assert fold(trail).names() == set()


def test_a_new_authority_ends_what_the_old_one_issued() -> None:
    """Only an authority that was put back, and its certificates adopted, makes them count."""
    trail = lines(act("issued"), act("issued", "bob", "5a02"), act("revoked", "bob", "5a02"))
    after = fold(trail + CREATED.line() + act("issued", "carol", "5a03").line())
    assert after.names() == {"carol"}
    reasons = {entry.name: entry.reason for entry in after.entries.values()}
    assert reasons == {"alice": REPLACED, "bob": "", "carol": ""}
    back = fold(trail + lines(CREATED, act("adopted"), act("adopted", "bob", "5a02")))
    assert back.names() == {"alice"}


def test_lines_that_name_no_authority_are_of_the_one_made_before_them() -> None:
    """Lines from before there could be two; without a first line nobody knows."""
    created = Act(at=rfc3339(AT), act="created-ca", fingerprint="c1", by="test")
    trail = lines(created, act("issued"), act("issued", "bob", "5a02", authority="c2"))
    assert [entry.authority for entry in fold(trail).entries.values()] == ["c1", "c2"]
    assert [entry.authority for entry in fold(lines(act("issued"))).entries.values()] == [""]
    retired = Act(at=rfc3339(AT), act="retired-ca", fingerprint="c1", by="test")
    assert fold(trail + retired.line()).names() == {"bob"}


def test_acts_that_mean_nothing_to_the_registry_are_kept_and_passed_over() -> None:
    """A later version's acts and fields, and a revocation of the unknown, change nothing."""
    foreign = b'{"at":"2026-11-22T12:00:00Z","act":"foretold","to":["x"],"name":"zoe"}\n'
    assert fold(foreign + act("revoked").line() + act("issued").line()).names() == {"alice"}


def test_a_last_line_that_was_cut_does_not_count() -> None:
    """Wherever a crash cut the last line, the lines before it are read."""
    whole, last = act("issued").line(), act("issued", "bob", "5a02").line()
    for cut in range(len(last)):
        assert fold(whole + last[:cut]).names() == {"alice"}
    assert fold(whole + last).names() == {"alice", "bob"}


@pytest.mark.parametrize(
    "damage",
    [
        b"garbage\n",
        b"\n",
        b"[]\n",
        b'{"act":"issued"}\n',
        b'{"at":"x","act":"issued","role":"king","not_before":"x","not_after":"x"}\n',
        b'{"at":"x","act":"issued","role":"member","not_before":"x","not_after":"x"}\n',
        b"[" * 100_000 + b"\n",
        b'{"at":1,"act":"issued"}\n',
    ],
)
def test_a_damaged_line_is_never_guessed_at(damage: bytes) -> None:
    """A whole line that cannot be read might have revoked somebody: nothing is loaded."""
    with pytest.raises(IdentityError, match="line 2 of here is damaged"):
        fold(act("issued").line() + damage, where="here")


@given(st.binary(max_size=100))
def test_arbitrary_octets_are_a_registry_or_an_identity_error(data: bytes) -> None:
    """Nothing else comes out of a file, whatever is in it."""
    try:
        fold(data)
    except IdentityError:
        return


def test_appending_keeps_what_is_there_and_is_private(tmp_path: Path) -> None:
    """Lines come behind the others, the file is 0600, and the registry reads them."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([CREATED, act("issued")])
    first = trail.path.read_bytes()
    trail.append([act("issued", "bob", "5a02")])
    assert trail.path.read_bytes() == first + act("issued", "bob", "5a02").line()
    assert trail.registry().names() == {"alice", "bob"}
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_cut_last_line_is_taken_away_by_the_next_append(tmp_path: Path) -> None:
    """It never counted, and must not run into the next line."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([act("issued")])
    whole = trail.path.read_bytes()
    trail.path.write_bytes(whole + b'{"at":"20')
    trail.append([act("issued", "bob", "5a02")])
    assert trail.path.read_bytes() == whole + act("issued", "bob", "5a02").line()


def test_a_cut_last_line_of_any_length_is_taken_away(tmp_path: Path) -> None:
    """However far back the last whole line is, and when there is none at all."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for whole in (b"", act("issued").line()):
        for cut in (1, 4_095, 4_096, 4_097, 10_000):
            trail.path.write_bytes(whole + b"x" * cut)
            trail.append([act("issued", "bob", "5a02")])
            assert trail.path.read_bytes() == whole + act("issued", "bob", "5a02").line()


def test_the_same_act_twice_is_two_lines(tmp_path: Path) -> None:
    """Somebody may be muted, heard and muted again within a millisecond."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([act("issued")])
    trail.append([act("issued")])
    assert trail.path.read_bytes() == act("issued").line() * 2


def test_completing_repeats_no_line(tmp_path: Path) -> None:
    """Going on after a crash finds some lines there; the file is not even touched then."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    first, second = act("issued"), act("issued", "bob", "5a02")
    with trail.lock():
        trail.complete_locked([first])
        before = trail.path.stat()
        trail.complete_locked([first])
        after = trail.path.stat()
        assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
        trail.path.write_bytes(first.line() + second.line()[:-1])
        trail.complete_locked([first, second])
    assert trail.path.read_bytes() == lines(first, second)


def test_what_a_trail_is_going_to_say_can_be_asked_before(tmp_path: Path) -> None:
    """Acts that are not written yet count as if they were, behind a cut line too."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([CREATED, act("issued")])
    trail.path.write_bytes(trail.path.read_bytes() + b'{"at":"20')
    before = trail.path.read_bytes()
    assert trail.registry([act("issued", "bob", "5a02")]).names() == {"alice", "bob"}
    assert trail.registry().names() == {"alice"}
    assert trail.path.read_bytes() == before


def test_only_one_at_a_time_may_change_the_folder(tmp_path: Path) -> None:
    """While one holds the lock another is told so, and gets it afterwards."""
    first, second = AuditTrail(tmp_path / "audit.jsonl"), AuditTrail(tmp_path / "audit.jsonl")
    with (
        first.lock(),
        pytest.raises(IdentityError, match="another command is changing"),
        second.lock(seconds=0),
    ):
        pytest.fail("two hold the lock")
    with second.lock(seconds=0):
        pass


def test_a_trail_that_cannot_be_read_is_not_completed(tmp_path: Path) -> None:
    """A folder in its place has its error, as it has when something is appended."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.path.mkdir()
    with trail.lock(), pytest.raises(IdentityError, match=r"audit\.jsonl cannot be used"):
        trail.complete_locked([act("issued")])


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    """A missing folder, a folder in the file's place, a lock that is none: each has its error."""
    with pytest.raises(IdentityError, match=r"audit\.lock cannot be used"):
        AuditTrail(tmp_path / "missing" / "audit.jsonl").append([CREATED])
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(IdentityError, match=r"audit\.jsonl cannot be used"):
        AuditTrail(tmp_path / "audit.jsonl").append([CREATED])
    with pytest.raises(IdentityError, match=r"audit\.jsonl cannot be used"):
        AuditTrail(tmp_path / "audit.jsonl").registry()
    (tmp_path / "audit.lock").write_bytes(b"this is no database" * 100)
    with pytest.raises(IdentityError, match=r"audit\.lock cannot be locked"):
        AuditTrail(tmp_path / "audit.jsonl").append([CREATED])


def test_somebody_else_making_the_lock_first_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and making, another process may have made it."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    (tmp_path / "audit.lock").touch()
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with trail.lock(seconds=0):
        pass


def _append_many(path: Path, who: str) -> None:
    trail = AuditTrail(path)
    for number in range(20):
        trail.append([act("issued", who, f"{who}{number}")])


def test_lines_of_several_processes_never_mix(tmp_path: Path) -> None:
    """Three processes append twenty lines each; all sixty are whole."""
    spawn = multiprocessing.get_context("spawn")
    path = tmp_path / "audit.jsonl"
    workers = [spawn.Process(target=_append_many, args=(path, who)) for who in "abc"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(AuditTrail(path).registry().entries) == 60


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    """A connection that is closed, as a dying process closes it, leaves nothing behind."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([CREATED])
    holder = sqlite3.connect(tmp_path / "audit.lock", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(IdentityError, match="another"), trail.lock(seconds=0):
        pytest.fail("two hold the lock")
    holder.close()
    trail.append([act("issued")])
    assert trail.registry().names() == {"alice"}


def test_a_watch_tells_of_each_change_once(tmp_path: Path) -> None:
    """The first look reads, later ones only when the file changed."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([act("issued")])
    watch = RegistryWatch(trail.path)
    first = watch.poll()
    assert first is not None
    assert first.names() == {"alice"}
    assert watch.poll() is None
    trail.append([act("revoked")])
    second = watch.poll()
    assert second is not None
    assert second.names() == set()
    assert watch.poll() is None


@pytest.mark.parametrize(
    "harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"garbage\n")]
)
def test_a_watch_tells_of_harm_once_and_goes_on(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """A file that vanished or was damaged is said once; put back, it is read again."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    trail.append([act("issued")])
    watch = RegistryWatch(trail.path)
    watch.poll()
    harm(trail.path)
    with pytest.raises(IdentityError):
        watch.poll()
    assert watch.poll() is None
    trail.path.write_bytes(act("issued").line() * 2)
    assert watch.poll() is not None
