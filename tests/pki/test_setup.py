"""Bringing a certificates folder to a whole set, whatever is there and whatever happens."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.act import Act
from secure_chat.pki.authority import Authority
from secure_chat.pki.identity import Role
from secure_chat.pki.inventory import holdings
from secure_chat.pki.keys import KeyType, key_is_encrypted
from secure_chat.pki.leaf import Revocation
from secure_chat.pki.registry import REPLACED
from secure_chat.pki.setup import InitReport, InitRequest, init_certs, open_authority
from secure_chat.pki.vault import Vault
from tests.fakes import FakeClock
from tests.pki.kill import killed_before_step

FILES = {
    "audit.jsonl",
    "audit.lock",
    "ca.crt",
    "ca.key",
    "clients/alice.crt",
    "clients/alice.key",
    "clients/bob.crt",
    "clients/bob.key",
    "community",
    "crl.pem",
    "host.crt",
    "host.key",
}


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock of the run."""
    return FakeClock()


@pytest.fixture
def vault(tmp_path: Path, clock: FakeClock) -> Vault:
    """Return a vault whose folder is not there yet."""
    return Vault(tmp_path / "certs", clock)


def run(vault: Vault, **wanted: object) -> InitReport:
    """Run once."""
    return init_certs(vault, InitRequest(**wanted))  # type: ignore[arg-type]


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return content, mode and time of every file, and mode of every folder."""
    found: dict[str, tuple[bytes, int, int]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        time = status.st_mtime_ns if path.is_file() else 0
        found[path.relative_to(folder).as_posix()] = (data, status.st_mode, time)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file."""
    return {name: data for name, (data, mode, _) in snapshot(folder).items() if stat.S_ISREG(mode)}


def usable(vault: Vault) -> dict[str, bool]:
    """Tell for the host and each wanted person whether their files can be used now."""

    def good(name: str) -> bool:
        try:
            vault.host_files() if name == "host" else vault.client_files(name)
        except IdentityError:
            return False
        return True

    return {name: good(name) for name in ("host", "alice", "bob")}


# --- a fresh set ---------------------------------------------------------------


def test_a_fresh_run_makes_a_whole_set(vault: Vault) -> None:
    """Every file is there, everybody's can be used, and the trail knows each certificate."""
    report = run(vault)
    assert set(contents(vault.folder)) == FILES
    assert set(report.made) == FILES - {"audit.jsonl", "audit.lock"}
    assert usable(vault) == {"host": True, "alice": True, "bob": True}
    assert report.community == vault.community()
    assert (report.backup, report.healed, report.warnings) == (None, False, ())
    registry = vault.registry()
    leaves = [item for item in holdings(vault) if item.kind != "ca"]
    assert set(registry.entries) == {item.serial for item in leaves}
    for item in leaves:
        entry = registry.get(item.serial)
        assert entry is not None
        assert (entry.fingerprint, entry.not_before, entry.not_after, entry.state) == (
            item.sha256,
            item.not_before,
            item.not_after,
            "valid",
        )
    assert list(report.holdings) == holdings(vault)
    assert vault.audit_file.read_bytes().startswith(b'{"at":"2026-11-22T12:00:00.000Z","act":"cr')


@pytest.fixture(params=[0o000, 0o777], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
@pytest.mark.usefixtures("_umask")
def test_keys_and_folders_are_private_whatever_the_umask(vault: Vault) -> None:
    """Keys and the trail are 0600, folders 0700, certificates 0644, in the backup too."""
    run(vault)
    run(vault, force=True)
    for name, (_, mode, _) in snapshot(vault.folder).items():
        if stat.S_ISDIR(mode):
            wanted = 0o700
        else:
            public = name.endswith((".crt", ".pem")) or name == "community"
            wanted = 0o644 if public else 0o600
        assert (name, stat.S_IMODE(mode)) == (name, wanted)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_an_open_folder_is_closed(vault: Vault) -> None:
    """A folder that came with the checkout is closed to others, and its other files stay."""
    vault.folder.mkdir()
    vault.folder.chmod(0o755)
    (vault.folder / ".gitignore").write_text("*\n")
    run(vault)
    assert stat.S_IMODE(vault.folder.stat().st_mode) == 0o700
    assert (vault.folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("kind", "curve"),
    [
        (KeyType.P256, "secp256r1"),
        (KeyType.P384, "secp384r1"),
        (KeyType.ED25519, "secp256r1"),
        (KeyType.RSA3072, "secp256r1"),
    ],
)
def test_every_kind_of_key_makes_a_usable_set(vault: Vault, kind: KeyType, curve: str) -> None:
    """The authority takes the kind when it can, and p256 otherwise."""
    run(vault, key_type=kind)
    assert all(usable(vault).values())
    assert open_authority(vault).key.curve.name == curve


def test_lives_are_as_asked_and_cut_at_the_authoritys_end(vault: Vault, clock: FakeClock) -> None:
    """A leaf lives as long as asked, but never longer than its authority."""
    report = run(vault, life=timedelta(hours=24), ca_life=timedelta(hours=10))
    assert {item.not_after for item in report.holdings} == {int(clock.wall) + 36_000}


def test_what_cannot_be_done_touches_nothing(vault: Vault) -> None:
    """A usage error comes before the folder is made."""
    with pytest.raises(UsageError):
        run(vault, clients=("Alice",))
    assert not vault.folder.exists()


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    """A file in the folder's place is named."""
    (tmp_path / "certs").touch()
    with pytest.raises(IdentityError, match="certs cannot be made a folder of your own"):
        run(Vault(tmp_path / "certs", FakeClock()))


def test_the_clock_given_is_the_one_that_counts(vault: Vault) -> None:
    """A clock of the caller's goes before the vault's own."""
    report = init_certs(vault, InitRequest(), FakeClock(wall=1_800_000_000.0))
    assert report.holdings[0].not_before == 1_800_000_000 - 3_600


# --- running again -------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"clients": ("carol",), "host_names": ("b.example",), "computer": "box"},
        {"passphrase": b"secret", "key_type": KeyType.ED25519},
    ],
    ids=["plain", "names", "passphrase"],
)
def test_a_second_run_changes_nothing(
    vault: Vault, clock: FakeClock, wanted: dict[str, object]
) -> None:
    """Not a byte, not a mode, not a time of any file differs, and nobody is asked anything."""
    run(vault, **wanted)
    before = snapshot(vault.folder)
    clock.advance(86_400)
    report = run(vault, **wanted, unlock=lambda: pytest.fail("asked for a passphrase"))
    assert snapshot(vault.folder) == before
    assert (report.made, report.backup, report.warnings) == ((), None, ())


def test_a_later_run_adds_who_is_missing_and_nothing_else(vault: Vault, clock: FakeClock) -> None:
    """A new person gets two files and a line in the trail; all other files stay."""
    run(vault)
    before = contents(vault.folder)
    clock.advance(5)
    report = run(vault, clients=("carol",))
    after = contents(vault.folder)
    trail = after.pop("audit.jsonl")
    assert trail.startswith(before.pop("audit.jsonl"))
    assert trail.count(b"\n") == 5
    assert set(after) - set(before) == {"clients/carol.crt", "clients/carol.key"}
    assert {name: after[name] for name in before} == before
    assert report.made == ("clients/carol.key", "clients/carol.crt")
    assert vault.client_files("carol").identity.name == "carol"
    assert vault.registry().names() == {"alice", "bob", "carol"}


@pytest.mark.parametrize("missing", ["crl.pem", "community", "host.*", "clients/bob.*", "host.crt"])
def test_what_was_lost_is_made_again(vault: Vault, missing: str) -> None:
    """The rest stays as it is, and a key that is there without its certificate is kept."""
    run(vault)
    before = contents(vault.folder)
    lost = {path.relative_to(vault.folder).as_posix() for path in vault.folder.glob(missing)}
    for name in lost:
        (vault.folder / name).unlink()
    report = run(vault)
    after = contents(vault.folder)
    assert set(report.made) == lost
    assert set(after) == FILES
    assert {n: d for n, d in after.items() if n not in lost and n != "audit.jsonl"} == {
        n: d for n, d in before.items() if n not in lost and n != "audit.jsonl"
    }
    assert all(usable(vault).values())


def test_an_encrypted_key_without_its_certificate_gets_one(vault: Vault) -> None:
    """Its passphrase is asked for, and the key stays the same file."""
    run(vault, passphrase=b"secret")
    vault.client_crt("bob").unlink()
    key = vault.client_key("bob").read_bytes()
    with pytest.raises(IdentityError, match="no passphrase was given"):
        run(vault)
    run(vault, unlock=lambda: b"secret")
    assert vault.client_key("bob").read_bytes() == key
    assert vault.client_files("bob", lambda: b"secret").identity.name == "bob"


def test_a_key_that_cannot_be_read_is_explained(vault: Vault) -> None:
    """Nothing is made in place of a key that is there."""
    run(vault)
    vault.client_crt("bob").unlink()
    vault.client_key("bob").unlink()
    vault.client_key("bob").mkdir()
    with pytest.raises(IdentityError, match=r"bob\.key cannot be read"):
        run(vault)


def test_another_certificate_for_somebody_known_is_said(vault: Vault, clock: FakeClock) -> None:
    """Who took their files away and is made again has two certificates, and the person is told."""
    run(vault)
    vault.client_crt("alice").unlink()
    vault.client_key("alice").unlink()
    clock.advance(60)
    [warning] = run(vault).warnings
    assert "alice had a certificate already, valid until 2027-02-20T12:00:00.000Z" in warning
    entries = vault.registry().entries.values()
    assert sum(entry.name == "alice" and entry.state == "valid" for entry in entries) == 2


def test_who_was_revoked_is_not_made_again(vault: Vault) -> None:
    """A name is retired with its person; the others are made all the same."""
    run(vault)
    identity = vault.client_files("alice").identity
    vault.audit.append([Act.of("revoked", identity, at=vault.clock.now(), by="t", reason="lost")])
    for name in ("alice", "bob"):
        vault.client_crt(name).unlink()
        vault.client_key(name).unlink()
    report = run(vault)
    assert "clients/alice.crt" not in report.made
    assert "clients/bob.crt" in report.made
    assert any("alice was revoked" in warning for warning in report.warnings)
    assert vault.registry().names() == {"bob"}


def test_a_retired_name_is_not_made_again_even_when_forced(vault: Vault) -> None:
    """History stays when a set is made anew, so whose it is must stay too."""
    run(vault)
    at = "2026-11-22T12:00:00.000Z"
    vault.audit.append([Act(at=at, act="retired-name", name="alice", by="test")])
    report = run(vault, force=True)
    assert "clients/alice.crt" not in report.made
    assert any("alice was revoked" in warning for warning in report.warnings)
    assert vault.registry().names() == {"bob"}


def test_a_promoted_person_is_made_an_operator(vault: Vault) -> None:
    """In a set that is made anew, too."""
    run(vault)
    at = "2026-11-22T12:00:00.000Z"
    vault.audit.append([Act(at=at, act="promoted", name="alice", by="test")])
    run(vault, force=True)
    assert vault.client_files("alice").identity.role is Role.OPERATOR
    assert vault.client_files("bob").identity.role is Role.MEMBER


def test_every_certificate_names_its_authority_in_the_trail(vault: Vault) -> None:
    """Issued and adopted ones alike."""
    run(vault)
    fingerprint = open_authority(vault).fingerprint
    assert {entry.authority for entry in vault.registry().entries.values()} == {fingerprint}
    vault.audit_file.unlink()
    run(vault)
    assert {entry.authority for entry in vault.registry().entries.values()} == {fingerprint}


def test_a_new_list_holds_who_was_revoked(vault: Vault) -> None:
    """A lost list is made again from the trail."""
    run(vault)
    identity = vault.client_files("alice").identity
    vault.audit.append([Act.of("revoked", identity, at=vault.clock.now(), by="t")])
    vault.crl.unlink()
    run(vault)
    crl = x509.load_pem_x509_crl(vault.crl.read_bytes())
    assert [f"{entry.serial_number:x}" for entry in crl] == [identity.serial]


def test_a_lost_trail_is_made_again_from_what_is_there(vault: Vault) -> None:
    """Certificates of ours are adopted, revoked ones as revoked; strangers' are not."""
    run(vault)
    before = vault.registry()
    serial = vault.client_files("alice").identity.serial
    gone = Revocation(serial, vault.clock.now(), "keyCompromise")
    crl = open_authority(vault).crl([gone], now=vault.clock.now())
    vault.crl.write_bytes(crl)
    vault.audit_file.unlink()
    stranger = Authority.create(now=vault.clock.now())
    leaf = stranger.issue_member("carol", now=vault.clock.now(), life=timedelta(days=1))
    vault.client_crt("carol").write_bytes(leaf.certificate_pem)
    report = run(vault)
    assert report.made == ()
    after = vault.registry()
    assert set(after.entries) == set(before.entries)
    assert after.names() == {"bob"}
    assert after.entries[serial].reason == "keyCompromise"
    assert b"adopted" in vault.audit_file.read_bytes()


def test_what_our_authority_never_issues_is_not_adopted(vault: Vault) -> None:
    """Signed with its key and of another shape: somebody else made it, or another program."""
    run(vault)
    authority = open_authority(vault)
    old = x509.load_pem_x509_certificate(vault.client_crt("bob").read_bytes())
    odd = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        old.public_key(),
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    ).sign(authority.key, hashes.SHA256())
    vault.client_crt("bob").write_bytes(odd.public_bytes(Encoding.PEM))
    vault.audit_file.unlink()
    run(vault)
    assert vault.registry().names() == {"alice"}


def test_without_a_list_a_lost_trail_is_made_again_too(vault: Vault) -> None:
    """Losing both leaves the certificates themselves as the only witnesses."""
    run(vault)
    vault.audit_file.unlink()
    vault.crl.unlink()
    assert run(vault).made == ("crl.pem",)
    assert vault.registry().names() == {"alice", "bob"}


# --- what does not fit ---------------------------------------------------------


@pytest.mark.parametrize("left", ["ca.key", "host.key", "clients/alice.crt", "crl.pem"])
def test_files_without_their_authority_are_left_alone(vault: Vault, left: str) -> None:
    """Without ca.crt nothing new fits what is there, so nothing is touched."""
    run(vault)
    keep = (vault.folder / left).read_bytes()
    for name in FILES - {left, "audit.jsonl", "audit.lock", "community"}:
        (vault.folder / name).unlink()
    before = contents(vault.folder)
    with pytest.raises(IdentityError, match=r"ca\.crt is missing") as refusal:
        run(vault)
    assert "--force" in refusal.value.hint
    assert contents(vault.folder) == before
    assert (vault.folder / left).read_bytes() == keep


def test_without_its_key_an_authority_adds_nothing(vault: Vault) -> None:
    """A whole set needs no key; adding to it does, and says so."""
    run(vault)
    vault.ca_key.unlink()
    assert run(vault).made == ()
    before = contents(vault.folder)
    with pytest.raises(IdentityError, match=r"ca\.key is not here"):
        run(vault, clients=("carol",))
    assert contents(vault.folder) == before


def test_a_certificate_without_its_key_is_said_for_the_host_only(vault: Vault) -> None:
    """A person's key may be elsewhere, a host cannot start without its own."""
    run(vault)
    vault.host_key.unlink()
    vault.client_key("bob").unlink()
    [warning] = run(vault).warnings
    assert "host.crt is there but its key is not" in warning


def test_names_an_existing_host_certificate_lacks_are_said(vault: Vault) -> None:
    """It is not changed, and the person is told what to do; names it has are fine."""
    run(vault, host_names=("b.example", "10.0.0.1"))
    before = contents(vault.folder)
    report = run(vault, host_names=("b.example", "10.0.0.1", "c.example", "10.0.0.2"))
    assert contents(vault.folder) == before
    assert [warning.split(";")[0].rpartition(" ")[2] for warning in report.warnings] == [
        "c.example",
        "10.0.0.2",
    ]


def test_a_host_certificate_that_is_garbage_is_said(vault: Vault) -> None:
    """Even that is not overwritten."""
    run(vault)
    vault.host_crt.write_bytes(b"garbage")
    [warning] = run(vault).warnings
    assert "cannot be read as a certificate" in warning
    assert vault.host_crt.read_bytes() == b"garbage"


def test_what_has_expired_is_said(vault: Vault, clock: FakeClock) -> None:
    """Expired certificates stay and are named with their end."""
    run(vault)
    clock.advance(91 * 86_400)
    report = run(vault)
    assert report.made == ()
    assert len(report.warnings) == 3
    assert all("has expired on 2027-02-20T12:00:00.000Z" in text for text in report.warnings)


# --- forced --------------------------------------------------------------------


def test_forced_the_old_set_is_backed_up_and_the_community_stays(
    vault: Vault, clock: FakeClock
) -> None:
    """All old files stand in the backup unchanged, the id stays, and everything else is new."""
    run(vault, clients=("alice", "bob", "carol"))
    before = contents(vault.folder)
    clock.advance(3)
    report = run(vault, force=True)
    after = contents(vault.folder)
    assert report.backup == vault.folder / "backup-20261122T120003Z"
    kept = {"community", "audit.lock", "audit.jsonl"}
    backed = {
        name.removeprefix("backup-20261122T120003Z/"): data
        for name, data in after.items()
        if name.startswith("backup-")
    }
    assert backed == {name: data for name, data in before.items() if name not in kept}
    assert after["community"] == before["community"]
    assert after["audit.jsonl"].startswith(before["audit.jsonl"])
    current = {name: data for name, data in after.items() if not name.startswith("backup-")}
    assert set(current) == FILES
    assert all(current[name] != before[name] for name in FILES - kept)
    assert all(usable(vault).values())
    assert vault.registry().names() == {"alice", "bob"}
    carol = vault.registry().newest("carol")
    assert carol is not None
    assert carol.reason == REPLACED


def test_forced_twice_in_a_second_both_backups_are_kept(vault: Vault) -> None:
    """A second backup never falls onto the first."""
    run(vault)
    first = run(vault, force=True).backup
    second = run(vault, force=True).backup
    assert first is not None
    assert second is not None
    assert second.name == f"{first.name}-2"
    assert len(list(first.rglob("*.key"))) == len(list(second.rglob("*.key"))) == 4


def test_somebody_of_a_replaced_authority_may_be_made_again(vault: Vault) -> None:
    """Replaced is not revoked: carol gets a new certificate when she is asked for."""
    run(vault, clients=("carol",))
    run(vault, force=True)
    report = run(vault, clients=("carol",))
    assert "clients/carol.crt" in report.made
    assert vault.registry().names() == {"alice", "bob", "carol"}


def test_a_set_that_was_put_back_counts_again(vault: Vault) -> None:
    """With the backup in place again its certificates are adopted."""
    run(vault)
    before = contents(vault.folder)
    run(vault, force=True)
    for name, data in before.items():
        if name not in {"audit.jsonl", "audit.lock", "community"}:
            (vault.folder / name).write_bytes(data)
    assert run(vault).made == ()
    assert all(usable(vault).values())
    entry = vault.registry().get(vault.client_files("alice").identity.serial)
    assert entry is not None
    assert entry.state == "valid"


def test_forced_on_nothing_it_is_a_fresh_run(vault: Vault) -> None:
    """With nothing to back up there is no backup."""
    report = run(vault, force=True)
    assert report.backup is None
    assert set(contents(vault.folder)) == FILES


def test_a_damaged_trail_stops_all_but_force(vault: Vault) -> None:
    """It is never thrown away unasked; forced it goes into the backup and a new one begins."""
    run(vault)
    vault.audit_file.write_bytes(b"garbage\n")
    with pytest.raises(IdentityError, match="line 1 of"):
        run(vault)
    report = run(vault, force=True)
    assert report.backup is not None
    assert (report.backup / "audit.jsonl").read_bytes() == b"garbage\n"
    assert any("audit.jsonl was damaged" in warning for warning in report.warnings)
    assert vault.registry().names() == {"alice", "bob"}


# --- passphrases ---------------------------------------------------------------


def test_a_passphrase_encrypts_every_key_made(vault: Vault) -> None:
    """All keys need it, and it opens them all."""
    run(vault, passphrase=b"secret")
    keys = list(vault.folder.rglob("*.key"))
    assert len(keys) == 4
    assert all(key_is_encrypted(path) for path in keys)
    assert vault.host_files(lambda: b"secret").identity.name == "localhost"
    with pytest.raises(IdentityError, match="encrypted"):
        vault.host_files()


def test_adding_to_an_encrypted_set_asks_for_its_passphrase(vault: Vault) -> None:
    """The authority's key is opened with the passphrase asked for; a wrong one changes nothing."""
    run(vault, passphrase=b"secret")
    before = contents(vault.folder)
    with pytest.raises(IdentityError, match="no passphrase was given"):
        run(vault, clients=("carol",))
    with pytest.raises(IdentityError, match="passphrase is wrong"):
        run(vault, clients=("carol",), unlock=lambda: b"wrong")
    assert contents(vault.folder) == before
    run(vault, clients=("carol",), unlock=lambda: b"secret")
    assert not key_is_encrypted(vault.client_key("carol"))


# --- killed --------------------------------------------------------------------

needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@needs_fork
@pytest.mark.slow
def test_killed_at_any_step_a_fresh_run_leaves_nothing_usable_or_a_whole_set(
    tmp_path: Path,
) -> None:
    """Before each operation on the disk: all or nothing can be used, and the next run heals."""
    step, killed, healed = 0, True, 0
    while killed:
        step += 1
        vault = Vault(tmp_path / str(step), FakeClock())
        killed = killed_before_step(step, vault.folder, lambda vault=vault: run(vault))  # type: ignore[misc]
        assert len(set(usable(vault).values())) == 1
        report = run(vault)
        healed += report.healed
        assert set(contents(vault.folder)) == FILES
        assert all(usable(vault).values())
        leaves = {item.serial for item in report.holdings if item.kind != "ca"}
        entries = vault.registry().entries
        assert {serial for serial, entry in entries.items() if entry.state == "valid"} == leaves
        assert run(vault).made == ()
    assert step > 40
    assert healed > 10


@needs_fork
@pytest.mark.slow
def test_killed_at_any_step_a_forced_run_loses_no_key(tmp_path: Path) -> None:
    """All or nothing can be used, every old file is in place or in the backup, and it heals."""
    before = Vault(tmp_path / "before", FakeClock())
    run(before, clients=("alice", "bob", "carol"))
    old = contents(before.folder)
    # Each operation of a change is tried in test_change.py; here every fourth is enough.
    step, killed = 1, True
    while killed:
        step += 4
        vault = Vault(tmp_path / str(step), FakeClock())
        shutil.copytree(before.folder, vault.folder)
        killed = killed_before_step(
            step,
            vault.folder,
            lambda vault=vault: run(vault, force=True),  # type: ignore[misc]
        )
        assert len(set(usable(vault).values())) == 1
        now = contents(vault.folder)
        changing = {"audit.jsonl"}
        assert {data for name, data in old.items() if name not in changing} <= set(now.values())
        run(vault)
        assert all(usable(vault).values())
        assert vault.community() == old["community"].decode().strip()
        assert not (vault.folder / ".staging").exists()
        assert {data for name, data in old.items() if name.endswith(".key")} <= set(
            contents(vault.folder).values()
        )
    assert step > 60


@needs_fork
@pytest.mark.slow
def test_killed_at_any_step_adding_somebody_hurts_nobody_else(tmp_path: Path) -> None:
    """The old set can be used all the time; the new person is whole after the next run."""
    before = Vault(tmp_path / "before", FakeClock())
    run(before)
    old = contents(before.folder)
    step, killed = 0, True
    while killed:
        step += 1
        vault = Vault(tmp_path / str(step), FakeClock())
        shutil.copytree(before.folder, vault.folder)
        killed = killed_before_step(
            step,
            vault.folder,
            lambda vault=vault: run(vault, clients=("carol",)),  # type: ignore[misc]
        )
        assert all(usable(vault).values())
        run(vault, clients=("carol",))
        assert vault.client_files("carol").identity.name == "carol"
        assert vault.registry().names() == {"alice", "bob", "carol"}
        now = contents(vault.folder)
        assert {name: now[name] for name in old if name != "audit.jsonl"} == {
            name: data for name, data in old.items() if name != "audit.jsonl"
        }
    assert step > 15
