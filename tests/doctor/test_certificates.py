"""Every fault of a certificates folder, made for real, is found by its name, and nothing else."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509

from secure_chat.doctor.certs import read_certs
from secure_chat.doctor.findings import Finding, Level
from secure_chat.doctor.folder import check_files, look
from secure_chat.pki.act import Act
from secure_chat.pki.keys import key_from_pem, key_to_pem
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.client.hosting import revoke
from tests.doctor.paper import (
    DAY,
    issue_host,
    issue_member,
    list_of,
    remake_authority,
    sign_again,
)
from tests.doctor.scene import Scene
from tests.fakes import FakeClock
from tests.pki.kill import killed_before_step

FAULT, WARNING, NOTE = Level.FAULT, Level.WARNING, Level.NOTE

posix = pytest.mark.skipif(os.name != "posix", reason="there are no modes and links elsewhere")

Found = dict[str, Level]


# --- files ---------------------------------------------------------------------------------


def loop(path: Path) -> None:
    """Put a link in a file's place that leads to itself."""
    path.unlink()
    path.symlink_to(path.name)


def lead_nowhere(path: Path) -> None:
    """Put a link in a file's place that leads to nothing."""
    path.unlink()
    path.symlink_to("nowhere")


def become_file(folder: Path) -> None:
    """Put a file in a folder's place."""
    shutil.rmtree(folder)
    folder.write_text("")


def become_folder(path: Path) -> None:
    """Put a folder in a file's place."""
    path.unlink()
    path.mkdir()


FILES: Final[dict[str, tuple[Callable[[Path], object], Found]]] = {
    "no folder": (shutil.rmtree, {"no-certs-folder": FAULT}),
    "a file for a folder": (become_file, {"no-certs-folder": FAULT}),
    "no ca.crt": (lambda certs: (certs / "ca.crt").unlink(), {"file-missing": FAULT}),
    "no host.crt": (lambda certs: (certs / "host.crt").unlink(), {"file-missing": FAULT}),
    "no host.key": (lambda certs: (certs / "host.key").unlink(), {"file-missing": FAULT}),
    "no list": (lambda certs: (certs / "crl.pem").unlink(), {"file-missing": FAULT}),
    "no registry": (lambda certs: (certs / "audit.jsonl").unlink(), {"file-missing": FAULT}),
    "no community": (lambda certs: (certs / "community").unlink(), {"file-missing": FAULT}),
    "a key without its certificate": (
        lambda certs: (certs / "clients" / "bob.crt").unlink(),
        {"file-missing": FAULT},
    ),
    "a link to nothing": (lambda certs: lead_nowhere(certs / "host.key"), {"file-missing": FAULT}),
    "a link to itself": (lambda certs: loop(certs / "host.key"), {"file-unreadable": FAULT}),
    "a folder for a file": (
        lambda certs: become_folder(certs / "crl.pem"),
        {"file-missing": FAULT},
    ),
    "a readable folder": (lambda certs: certs.chmod(0o750), {"open-folder": WARNING}),
    "a writable folder": (lambda certs: certs.chmod(0o777), {"open-folder": FAULT}),
    "a writable folder within": (
        lambda certs: (certs / "clients").chmod(0o770),
        {"open-folder": FAULT},
    ),
    "a key for the group": (lambda certs: (certs / "host.key").chmod(0o640), {"open-key": FAULT}),
    "a key for all": (
        lambda certs: (certs / "clients" / "alice.key").chmod(0o604),
        {"open-key": FAULT},
    ),
    "an authority that others may replace": (
        lambda certs: (certs / "ca.crt").chmod(0o666),
        {"open-file": FAULT},
    ),
}


@posix
@pytest.mark.parametrize("row", FILES)
def test_a_file_that_is_not_as_it_should_be_is_named(row: str, scene: Scene) -> None:
    """Missing, unreadable, or open to others."""
    spoil, expected = FILES[row]
    spoil(scene.certs)

    assert scene.bad() == expected


@posix
def test_what_belongs_to_another_user_is_named(scene: Scene) -> None:
    """Unless that is the system's administrator, or this is run by them."""
    if os.geteuid() == 0:
        os.chown(scene.vault.host_key, 4_242, 4_242)
    key = look(scene.vault.host_key)
    assert key.owner

    def found(me: int) -> list[Level]:
        return [f.level for f in check_files([], [key], [], me) if f.id == "foreign-owner"]

    assert found(key.owner + 1) == [FAULT]
    assert found(key.owner) == found(0) == [Level.OK]


@posix
def test_a_link_is_worth_a_note(scene: Scene, tmp_path: Path) -> None:
    """What it leads to is judged like a file of the folder."""
    kept = tmp_path / "kept.key"
    shutil.move(scene.vault.host_key, kept)
    scene.vault.host_key.symlink_to(kept)

    assert noted(scene, "linked-file") == [f"host.key is a link to {kept}"]
    assert scene.bad() == {}

    kept.chmod(0o644)
    assert scene.bad() == {"open-key": FAULT}


def test_a_file_that_is_called_as_nobody_can_be_is_left_aside(scene: Scene) -> None:
    """The client does not see it either."""
    shutil.copy(scene.vault.client_crt("bob"), scene.certs / "clients" / "Bob.crt")

    assert noted(scene, "ignored-file") == ["clients/Bob is left aside: nobody can be called that"]
    assert scene.bad() == {}


@posix
def test_a_change_that_was_interrupted_is_named(scene: Scene) -> None:
    """A run of init-certs that was killed leaves something behind; the next one clears it away."""
    request = InitRequest(clients=("alice", "bob", "carol", "dave", "erin"))

    def run() -> None:
        init_certs(scene.vault, request)

    for step in range(1, 100):
        if not killed_before_step(step, scene.certs, run):
            break
        if (scene.certs / ".staging").exists():
            assert scene.bad() == {"interrupted-change": WARNING}
            break
    else:
        pytest.fail("it was never killed")
    run()
    assert scene.bad() == {}


# --- certificates and keys -----------------------------------------------------------------


def swap(certs: Path, source: str, target: str) -> None:
    """Copy certificate and key of one over those of another."""
    for ending in ("crt", "key"):
        shutil.copy(certs / f"{source}.{ending}", certs / f"{target}.{ending}")


def no_authority(extension: x509.Extension[x509.ExtensionType]) -> x509.ExtensionType:
    """Return what an authority's certificate must not say."""
    if isinstance(extension.value, x509.BasicConstraints):
        return x509.BasicConstraints(ca=False, path_length=None)
    return extension.value


def long_path(extension: x509.Extension[x509.ExtensionType]) -> x509.ExtensionType:
    """Return what lets an authority make further ones."""
    if isinstance(extension.value, x509.BasicConstraints):
        return x509.BasicConstraints(ca=True, path_length=None)
    return extension.value


def no_key_usage(extension: x509.Extension[x509.ExtensionType]) -> x509.ExtensionType | None:
    """Leave the key usage out."""
    return None if isinstance(extension.value, x509.KeyUsage) else extension.value


PAPERS: Final[dict[str, tuple[Callable[[Path], object], Found]]] = {
    "a damaged authority": (
        lambda certs: (certs / "ca.crt").write_text("nothing"),
        {"damaged-certificate": FAULT},
    ),
    "a damaged certificate": (
        lambda certs: (certs / "clients" / "bob.crt").write_bytes(
            (certs / "clients" / "bob.crt").read_bytes()[:300]
        ),
        {"damaged-certificate": FAULT},
    ),
    "a host's for a member": (
        lambda certs: swap(certs, "host", "clients/bob"),
        {"wrong-purpose": FAULT},
    ),
    "a member's for the host": (
        lambda certs: swap(certs, "clients/bob", "host"),
        {"wrong-purpose": FAULT, "host-names": FAULT},
    ),
    "a certificate for ten years": (
        lambda certs: sign_again(certs, "clients/bob", days=3_650),
        {"not-ours": FAULT},
    ),
    "a host without names": (
        lambda certs: sign_again(certs, "host", names=False),
        {"not-ours": FAULT, "host-names": FAULT},
    ),
    "another name on the file": (
        lambda certs: swap(certs, "clients/alice", "clients/bob"),
        {"misnamed": FAULT},
    ),
    "a damaged key": (
        lambda certs: (certs / "host.key").write_text("nothing"),
        {"damaged-key": FAULT},
    ),
    "another's key": (
        lambda certs: shutil.copy(certs / "clients" / "bob.key", certs / "host.key"),
        {"key-mismatch": FAULT},
    ),
    "another's key for the authority": (
        lambda certs: shutil.copy(certs / "host.key", certs / "ca.key"),
        {"key-mismatch": FAULT},
    ),
    "an authority that is none": (
        lambda certs: remake_authority(certs, no_authority),
        {"ca-constraints": FAULT},
    ),
    "an authority without key usage": (
        lambda certs: remake_authority(certs, no_key_usage),
        {"ca-constraints": FAULT},
    ),
    "an authority that may make others": (
        lambda certs: remake_authority(certs, long_path),
        {"ca-constraints": WARNING},
    ),
    "a damaged community": (
        lambda certs: (certs / "community").write_text("our village\n"),
        {"community-damaged": FAULT},
    ),
}


@pytest.mark.parametrize("row", PAPERS)
def test_a_certificate_that_is_not_as_it_should_be_is_named(row: str, scene: Scene) -> None:
    """Damaged, made for something else, not ours, or without its key."""
    spoil, expected = PAPERS[row]
    spoil(scene.certs)

    assert scene.bad() == expected


def test_a_certificate_of_another_authority_is_named(scene: Scene, foreign_certs: Path) -> None:
    """Its own alice is none of ours, though she has the same name, and is not registered."""
    for ending in ("crt", "key"):
        name = f"clients/alice.{ending}"
        shutil.copy(foreign_certs / name, scene.certs / name)

    assert scene.bad() == {"foreign-issuer": FAULT, "not-registered": FAULT}


def test_another_authority_makes_all_certificates_foreign(
    scene: Scene, foreign_certs: Path
) -> None:
    """And its key and its list do not fit either."""
    shutil.copy(foreign_certs / "ca.crt", scene.certs / "ca.crt")

    found = scene.examine()

    assert {f.id for f in found if f.level is FAULT} == {
        "foreign-issuer",
        "key-mismatch",
        "crl-foreign",
    }
    assert len([f for f in found if f.id == "foreign-issuer"]) == 5


# --- locked keys ---------------------------------------------------------------------------


def lock(path: Path, passphrase: bytes) -> None:
    """Encrypt a key."""
    key = key_from_pem(path.read_bytes(), None, where="")
    path.write_bytes(key_to_pem(key, passphrase))


def test_a_locked_key_is_worth_a_note_and_nobody_is_asked(scene: Scene) -> None:
    """Without a passphrase nothing can be said of it, so nothing is."""
    lock(scene.vault.host_key, b"barley")
    shutil.copy(scene.vault.client_crt("alice"), scene.vault.host_key.with_suffix(".copy"))

    assert noted(scene, "locked-key") == ["host.key is locked by a passphrase"]
    assert scene.bad() == {}


def test_a_locked_key_is_judged_when_its_passphrase_is_given(scene: Scene) -> None:
    """The right one opens it, and then a key that does not fit is found."""
    shutil.copy(scene.vault.client_key("bob"), scene.vault.host_key)
    lock(scene.vault.host_key, b"barley")

    assert scene.bad() == {}
    assert scene.bad(passphrase=lambda: b"barley") == {"key-mismatch": FAULT}


def test_a_passphrase_that_opens_nothing_is_a_wrong_one(scene: Scene) -> None:
    """One that opens another key is only not the one for this."""
    lock(scene.vault.host_key, b"barley")
    assert scene.bad(passphrase=lambda: b"oats") == {"wrong-passphrase": WARNING}

    lock(scene.vault.client_key("alice"), b"oats")
    assert scene.bad(passphrase=lambda: b"oats") == {}
    assert noted(scene, "locked-key", passphrase=lambda: b"oats") == [
        "host.key is locked by a passphrase"
    ]


@posix
def test_a_passphrase_that_others_may_read_is_named(scene: Scene, tmp_path: Path) -> None:
    """It protects nothing then."""
    secret = tmp_path / "secret"
    secret.write_text("barley\n")
    secret.chmod(0o640)
    assert scene.bad(passphrase_file=secret) == {"open-passphrase": FAULT}

    secret.chmod(0o600)
    assert scene.bad(passphrase_file=secret) == {}


# --- time ----------------------------------------------------------------------------------


def made(folder: Path, age: float, **wishes: timedelta) -> Scene:
    """Return a set-up that was made so many seconds ago."""
    scene = Scene(folder / "certs", folder / "data")
    init_certs(scene.vault, InitRequest(**wishes), FakeClock(wall=time.time() - age))  # type: ignore[arg-type] # a test that misspells fails
    return scene


def test_an_expired_member_is_named(old: Scene) -> None:
    """With the moment at which it ended."""
    issue_member(old.certs, "alice", begin=-3 * DAY)

    (finding,) = [f for f in old.examine() if f.level is FAULT]

    assert (finding.id, finding.what) == ("expired", "clients/alice.crt expired 2 days ago")


def test_an_expired_host_and_an_expired_authority_are_named(tmp_path: Path) -> None:
    """The list of an authority ends with it."""
    scene = made(tmp_path, 3 * DAY, ca_life=timedelta(days=2))

    found = [f for f in scene.examine() if f.level is FAULT]

    assert [f.what.split()[0] for f in found if f.id == "expired"] == [
        "ca.crt",
        "host.crt",
        "clients/alice.crt",
        "clients/bob.crt",
    ]
    assert {f.id for f in found} == {"expired", "crl-expired"}


def test_what_expires_soon_is_named_before_it_does(tmp_path: Path) -> None:
    """A month before its end; of a short life the last third."""
    soon = made(tmp_path / "soon", 70 * DAY)
    assert soon.bad() == {"expires-soon": WARNING}
    assert "clients/bob.crt expires in 19 days" in whats(soon, "expires-soon")

    short = made(tmp_path / "short", 0.5 * DAY, life=timedelta(days=1))
    assert short.bad() == {}
    shorter = made(tmp_path / "shorter", 0.8 * DAY, life=timedelta(days=1))
    assert shorter.bad() == {"expires-soon": WARNING}
    life = timedelta(days=200)
    authority = made(tmp_path / "authority", 180 * DAY, life=life, ca_life=life)
    assert "ca.crt expires in 19 days" in whats(authority, "expires-soon")


def test_a_certificate_that_begins_later_is_named(old: Scene) -> None:
    """The clock may be wrong, so both moments stand in it."""
    issue_member(old.certs, "alice", begin=2 * DAY)

    (finding,) = [f for f in old.examine() if f.level is FAULT]

    assert finding.id == "not-yet-valid"
    assert "the clock of this computer says" in finding.why


def test_a_clock_that_is_behind_is_named(tmp_path: Path) -> None:
    """What was written here lies in its future, and so do the certificates."""
    scene = made(tmp_path, -2 * DAY)

    assert scene.bad() == {
        "not-yet-valid": FAULT,
        "crl-not-yet-valid": FAULT,
        "clock-behind": WARNING,
    }
    assert whats(scene, "clock-behind")[0].startswith("the last line of audit.jsonl is from")


def test_owners_are_told_to_make_and_members_to_ask(old: Scene) -> None:
    """A member cannot make a certificate."""
    issue_member(old.certs, "bob", begin=-3 * DAY)
    member = old.member_folder("bob")

    def hint(scene: Scene) -> str:
        (finding,) = [f for f in scene.examine() if f.id == "expired"]
        return finding.hint

    assert hint(old) == "move it and its key away and run `securechat init-certs --client bob`"
    assert hint(member) == "ask whoever runs the host for a new one"


# --- names ---------------------------------------------------------------------------------


def test_a_host_that_is_not_valid_for_what_is_dialled_is_named(scene: Scene) -> None:
    """The name or address on the command line must be in its certificate."""
    assert scene.bad(target=("chat.example.org", 1)) == {"host-names": FAULT}
    assert scene.bad(target=("192.0.2.1", 1)) == {"host-names": FAULT}
    for name in ("localhost", "LOCALHOST", "localhost.", "::1", "0:0::1", "127.0.0.1"):
        assert scene.bad(target=(name, 1)) == {}, name


def test_a_host_without_the_usual_names_is_named(scene: Scene) -> None:
    """That nobody can say localhost is a warning; the computer's own name is worth a note."""
    issue_host(scene.certs, "chat.example.org", "127.0.0.1")

    assert scene.bad() == {"host-names": WARNING}
    assert scene.bad(target=("chat.example.org", 1)) == {"host-names": WARNING}
    issue_host(scene.certs, "localhost", "127.0.0.1")
    assert noted(scene, "host-names", computer="Kitchen") == ["host.crt is not valid for kitchen"]
    assert noted(scene, "host-names", computer="no_name") == []
    assert scene.bad(computer="kitchen") == {}


# --- the list, the registry, people --------------------------------------------------------


def cut_last_line(path: Path) -> None:
    """Tear the last line of a file."""
    path.write_bytes(path.read_bytes()[:-20])


def without(path: Path, name: str) -> None:
    """Take the lines about somebody out of a file."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if f'"{name}"' not in line))


def altered(certs: Path) -> None:
    """Let the registry know bob's serial number with another fingerprint."""
    vault = Vault(certs)
    identity = replace(vault.client_files("bob").identity, fingerprint="00" * 32)
    without(vault.audit_file, "bob")
    vault.audit.append([Act.of("issued", identity, at=time.time(), by="test")])


LISTS: Final[dict[str, tuple[Callable[[Path], object], Found]]] = {
    "a damaged list": (
        lambda certs: (certs / "crl.pem").write_text("nothing"),
        {"crl-damaged": FAULT},
    ),
    "an expired list": (lambda certs: list_of(certs, end=-60), {"crl-expired": FAULT}),
    "a list of tomorrow": (
        lambda certs: list_of(certs, begin=DAY, end=2 * DAY),
        {"crl-not-yet-valid": FAULT},
    ),
    "a damaged line": (
        lambda certs: (certs / "audit.jsonl").write_bytes(
            (certs / "audit.jsonl").read_bytes() + b"{oops\n"
        ),
        {"registry-damaged": FAULT},
    ),
    "a torn line": (
        # The last certificate issued is dave's.
        lambda certs: cut_last_line(certs / "audit.jsonl"),
        {"registry-torn": WARNING, "not-registered": FAULT},
    ),
    "a forgotten member": (
        lambda certs: without(certs / "audit.jsonl", "bob"),
        {"not-registered": FAULT},
    ),
    "another certificate of the same number": (altered, {"not-registered": FAULT}),
}


@pytest.mark.parametrize("row", LISTS)
def test_a_list_or_registry_that_is_not_as_it_should_be_is_named(row: str, scene: Scene) -> None:
    """Without them a host lets nobody in, or does not start."""
    spoil, expected = LISTS[row]
    spoil(scene.certs)

    assert scene.bad() == expected


def test_a_list_of_another_authority_is_named(scene: Scene, foreign_certs: Path) -> None:
    """A host that used it would refuse everybody."""
    shutil.copy(foreign_certs / "crl.pem", scene.certs / "crl.pem")

    assert scene.bad() == {"crl-foreign": FAULT}


@pytest.mark.parametrize("way", ["list", "registry"])
def test_who_was_revoked_is_named(way: str, scene: Scene) -> None:
    """A note for the owner, whose folder may keep the files; a fault for who wants to be them."""
    if way == "list":
        list_of(scene.certs, scene.vault.client_files("bob").identity.serial)
    else:
        revoke(scene.certs, "bob")

    assert noted(scene, "revoked") == ["clients/bob.crt has been revoked"]
    assert scene.bad() == {}
    assert scene.bad(wanted="bob") == {"revoked": FAULT}
    assert scene.bad(wanted="alice") == {}


def test_the_end_of_a_revoked_certificate_is_of_no_interest(old: Scene) -> None:
    """Nobody will renew it."""
    issue_member(old.certs, "bob", begin=-3 * DAY)
    assert old.bad() == {"expired": FAULT}

    serial = x509.load_pem_x509_certificate(old.vault.client_crt("bob").read_bytes())
    list_of(old.certs, f"{serial.serial_number:x}")
    assert old.bad() == {}


def test_somebody_who_is_not_here_cannot_be_wanted(scene: Scene) -> None:
    """Who is here stands beside it."""
    (finding,) = [f for f in scene.examine(wanted="zoe") if f.level is FAULT]

    assert finding.id == "no-identity"
    assert "alice, bob, carol, dave" in finding.why


def test_a_member_without_a_key_is_nobody(scene: Scene) -> None:
    """In an owner's folder that is in order: the key is with its holder."""
    member = scene.member_folder("alice")
    member.vault.client_key("alice").unlink()
    scene.vault.client_key("alice").unlink()

    assert member.bad() == {"no-identity": FAULT}
    assert scene.bad() == {}


# --- what is in order ----------------------------------------------------------------------


def goods(scene: Scene, old: Scene, tmp_path: Path) -> Iterator[tuple[str, Scene]]:
    """Yield set-ups with which there is nothing wrong."""
    yield "as made", scene
    yield "a hundred days old", old
    yield "a member's own", scene.member_folder("alice")
    yield "a short life", made(tmp_path / "short", 60, life=timedelta(minutes=30))
    without_key = made(tmp_path / "kept", 0)
    without_key.vault.ca_key.unlink()
    yield "the authority's key elsewhere", without_key
    locked = made(tmp_path / "locked", 0)
    for key in (locked.vault.ca_key, locked.vault.host_key, locked.vault.client_key("alice")):
        lock(key, b"barley")
    yield "locked keys", locked
    replaced = made(tmp_path / "replaced", 0)
    init_certs(replaced.vault, InitRequest(force=True))
    yield "a replaced authority", replaced
    strict = made(tmp_path / "strict", 0)
    for key in strict.certs.rglob("*.key"):
        key.chmod(0o400)
    yield "keys that nobody may write", strict


def test_nothing_is_wrong_with_a_good_set_up(scene: Scene, old: Scene, tmp_path: Path) -> None:
    """Neither a fault nor a warning, whatever form it has."""
    for name, good in goods(scene, old, tmp_path):
        assert good.bad() == {}, name


def test_a_folder_is_not_changed_by_looking_at_it(scene: Scene) -> None:
    """Not even the times of its files."""

    def state() -> list[tuple[str, int, int]]:
        every = [scene.certs, *sorted(scene.certs.rglob("*"))]
        return [(str(p), p.stat().st_mtime_ns, p.stat().st_mode) for p in every]

    before = state()
    scene.examine(thorough=True)
    assert state() == before
    assert not scene.data.exists()


def test_a_private_key_does_not_leave_the_reading(scene: Scene) -> None:
    """What is handed on holds only whether it fits."""
    host = read_certs(scene.vault, None).host

    assert host.fits
    values = [getattr(host, name.name) for name in fields(host)]
    assert not [value for value in values if hasattr(value, "private_bytes")]
    assert "PRIVATE" not in repr(host)


# --- help ----------------------------------------------------------------------------------


def whats(scene: Scene, id_: str, **changes: object) -> list[str]:
    """Return what is found under a name."""
    return [finding.what for finding in scene.examine(**changes) if finding.id == id_]


def noted(scene: Scene, id_: str, **changes: object) -> list[str]:
    """Return the notes under a name."""
    found: list[Finding] = scene.examine(**changes)
    return [f.what for f in found if (f.id, f.level) == (id_, NOTE)]
