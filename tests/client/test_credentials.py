"""A renewed certificate counts from the next connection on; a broken one changes nothing."""

import shutil
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from secure_chat.client.credentials import Credentials
from secure_chat.errors import IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.csr import read_request
from secure_chat.pki.hostname import read_host_names
from secure_chat.pki.keys import KeyType, Passphrase, key_from_pem
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import LeafFiles, Vault
from tests.client.certificates import set_up
from tests.fakes import FakeClock
from tests.pki.kill import killed_before_step

LIFE = timedelta(days=30)


def test_contexts_are_made_anew_when_the_files_change(certs: Path, tmp_path: Path) -> None:
    """While they stay the same, so does the context; while they are broken, the old one stays."""
    folder = tmp_path / "certs"
    shutil.copytree(certs, folder)
    vault = Vault(folder)
    credentials = Credentials(vault.client_files("alice"))
    first = credentials()
    assert credentials() is first
    kept = vault.client_crt("alice").read_bytes()
    vault.client_crt("alice").write_bytes(kept[:100])
    assert credentials() is first
    vault.client_crt("alice").unlink()
    assert credentials() is first
    init_certs(vault, InitRequest(clients=("alice",)))
    second = credentials()
    assert second is not first
    assert credentials() is second


def test_a_renewed_certificate_keeps_the_key_log(certs: Path, tmp_path: Path) -> None:
    """The keys of all connections go to the one file; when it cannot be, the old context stays."""
    folder, keylog = tmp_path / "certs", tmp_path / "keys"
    shutil.copytree(certs, folder)
    vault = Vault(folder)
    credentials = Credentials(vault.client_files("alice"), keylog=keylog)
    first = credentials()
    assert (first.keylog, keylog.exists()) == (True, True)

    keylog.chmod(0o644)
    vault.client_crt("alice").touch()
    assert credentials() is first
    keylog.chmod(0o600)
    second = credentials()
    assert (second is first, second.keylog) == (False, True)


def away(certs: Path, folder: Path) -> Vault:
    """Return alice's files on a computer of her own, without the authority's key."""
    (folder / "clients").mkdir(parents=True, mode=0o700)
    for name in ("ca.crt", "community", "clients/alice.crt", "clients/alice.key"):
        shutil.copy2(certs / name, folder / name)
    return Vault(folder)


def renewed(credentials: Credentials, authority: Authority, files: LeafFiles) -> str:
    """Return what a host answers to the request of these files."""
    key = read_request(credentials.request(), "alice")
    now = Vault(files.ca.parent).clock.now()
    return authority.issue_member("alice", now=now, life=LIFE, key=key).certificate_pem.decode()


def test_a_renewed_certificate_takes_the_old_ones_place(certs: Path, tmp_path: Path) -> None:
    """The same key, one new file, and the next connection has it; so has the next run."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    files = vault.client_files("alice")
    credentials = Credentials(files)
    old, present = credentials(), credentials.handed
    assert credentials.newer(present) is None
    new = credentials.install(
        renewed(credentials, authority, files), authority.certificate_pem.decode(), present
    )
    assert new.serial != present.serial
    assert credentials.newer(present) == new
    assert credentials.newer(new) is None
    assert credentials.handed == present
    assert credentials() is not old
    assert credentials.handed == new
    again = vault.client_files("alice")
    assert again.identity == new
    assert (files.certificate.stat().st_mode & 0o777, files.key.stat().st_mode & 0o777) == (
        0o644,
        0o600,
    )
    assert not [path.name for path in files.certificate.parent.glob(".*")]


def test_new_authorities_are_written_first(
    certs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed in between has an old certificate that its authorities still cover."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    files = vault.client_files("alice")
    credentials = Credentials(files)
    coming = Authority.create(now=vault.clock.now())
    bundle = (coming.certificate_pem + authority.certificate_pem).decode()
    answer = renewed(credentials, coming, files)

    class Killed(Exception):
        """The process is gone."""

    def killed(_: Path) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("secure_chat.client.credentials.sync_folder", killed)
        with pytest.raises(Killed):
            credentials.install(answer, bundle, credentials.handed)
    assert files.ca.read_text() == bundle
    assert vault.client_files("alice").identity == files.identity
    new = credentials.install(answer, bundle, credentials.handed)
    assert vault.client_files("alice").identity == new


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_kill_at_any_step_leaves_files_that_work(certs: Path, tmp_path: Path) -> None:
    """Half-written files included: what stands there is the old certificate or the new one."""
    authority = set_up(certs)[1]
    coming = Authority.create(now=Vault(certs).clock.now())
    bundle = (coming.certificate_pem + authority.certificate_pem).decode()
    step, found, killed = 0, set(), True
    while killed:
        step += 1
        vault = away(certs, tmp_path / str(step))
        files = vault.client_files("alice")
        credentials = Credentials(files)
        answer = renewed(credentials, coming, files)
        install = partial(credentials.install, answer, bundle, files.identity)
        killed = killed_before_step(step, vault.folder, install, writes=True)
        left = vault.client_files("alice").identity
        found.add(left == files.identity)
        # The next attempt is not in the way of what was left behind.
        assert install() == vault.client_files("alice").identity
        assert files.ca.read_text() == bundle
    assert step > 10
    assert found == {True, False}


def test_of_two_clients_the_first_one_writes(certs: Path, tmp_path: Path) -> None:
    """The other takes what stands there, or it would put back what the first one's use retired."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    files = vault.client_files("alice")
    one, other = Credentials(files), Credentials(files)
    bundle = authority.certificate_pem.decode()
    answers = [renewed(credentials, authority, files) for credentials in (one, other)]
    first = one.install(answers[0], bundle, files.identity)
    assert other.install(answers[1], bundle, files.identity) == first
    assert vault.client_files("alice").identity == first


def test_what_cannot_be_used_changes_nothing(certs: Path, tmp_path: Path) -> None:
    """Neither the certificate nor the authorities are touched by a wrong answer."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    files = vault.client_files("alice")
    credentials = Credentials(files)
    before = files.ca.read_bytes(), files.certificate.read_bytes()
    other = authority.issue_member("alice", now=vault.clock.now(), life=LIFE, key=KeyType.P256)
    bundle = authority.certificate_pem.decode()
    with pytest.raises(IdentityError, match="another key"):
        credentials.install(other.certificate_pem.decode(), bundle, files.identity)
    assert (files.ca.read_bytes(), files.certificate.read_bytes()) == before


def test_a_folder_that_cannot_be_written_is_said_so(
    certs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs the renewal and nothing else."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    files = vault.client_files("alice")
    credentials = Credentials(files)
    answer = renewed(credentials, authority, files)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("secure_chat.client.credentials.create_file", full)
    with pytest.raises(IdentityError, match="No space left"):
        credentials.install(answer, authority.certificate_pem.decode(), files.identity)
    assert vault.client_files("alice").identity == files.identity


def test_the_hosts_own_folder_keeps_its_authorities(certs: Path, tmp_path: Path) -> None:
    """There the owner's commands change them; a certificate of one of them is taken."""
    shutil.copytree(certs, tmp_path / "certs")
    vault, authority = set_up(tmp_path / "certs")
    files = vault.client_files("alice")
    credentials = Credentials(files)
    stranger = Authority.create(now=vault.clock.now())
    bundle = (authority.certificate_pem + stranger.certificate_pem).decode()
    with pytest.raises(IdentityError, match="this folder's"):
        credentials.install(renewed(credentials, stranger, files), bundle, files.identity)
    new = credentials.install(renewed(credentials, authority, files), bundle, files.identity)
    assert files.ca.read_bytes() == authority.certificate_pem
    assert credentials.newest() == new


def test_an_encrypted_key_signs_the_request(tmp_path: Path) -> None:
    """The passphrase is asked for again, so it should remember its answer."""
    vault = Vault(tmp_path / "certs")
    init_certs(vault, InitRequest(clients=("alice",), passphrase=b"secret"))
    tell: Passphrase = lambda: b"secret"  # noqa: E731
    credentials = Credentials(vault.client_files("alice", tell), tell)
    key = load_pem_private_key(vault.client_key("alice").read_bytes(), b"secret")
    assert read_request(credentials.request(), "alice") == key.public_key()


def test_somebody_elses_certificate_in_its_place_is_not_used(certs: Path, tmp_path: Path) -> None:
    """The identity is what it was at the start."""
    vault = away(certs, tmp_path / "alice")
    credentials = Credentials(vault.client_files("alice"))
    first = credentials()
    shutil.copy(certs / "clients" / "bob.crt", vault.client_crt("alice"))
    shutil.copy(certs / "clients" / "bob.key", vault.client_key("alice"))
    assert credentials() is first
    assert credentials.newest().name == "alice"


def test_a_certificate_of_another_kind_in_its_place_is_not_used(
    certs: Path, tmp_path: Path
) -> None:
    """Even for our own key; and without the key there is no request."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    credentials = Credentials(vault.client_files("alice"))
    first, path = credentials(), vault.client_crt("alice")
    key = key_from_pem(vault.client_key("alice").read_bytes(), None, where="alice")
    host = authority.issue_host(
        read_host_names(["localhost"]), now=vault.clock.now(), life=LIFE, key=key
    )
    path.write_bytes(host.certificate_pem)
    assert credentials() is first
    vault.client_key("alice").unlink()
    with pytest.raises(IdentityError, match="cannot be read"):
        credentials.request()


def test_a_certificate_that_has_ended_is_no_newer_one(certs: Path, tmp_path: Path) -> None:
    """Whoever comes back with it is refused again."""
    vault, authority = away(certs, tmp_path / "alice"), set_up(certs)[1]
    files, clock = vault.client_files("alice"), FakeClock(wall=vault.clock.now())
    credentials = Credentials(files, clock=clock)
    credentials.install(
        renewed(credentials, authority, files),
        authority.certificate_pem.decode(),
        files.identity,
    )
    assert credentials.newer(files.identity) is not None
    clock.advance(LIFE.total_seconds() + 60)
    assert credentials.newer(files.identity) is None
