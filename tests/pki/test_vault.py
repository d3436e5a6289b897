"""The certificates folder hands out only what a handshake would succeed with."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import SystemClock
from secure_chat.errors import CertificateRefused, Exit, IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.identity import Role
from secure_chat.pki.keys import key_from_pem, key_to_pem
from secure_chat.pki.profile import Rule
from secure_chat.pki.setup import InitRequest, init_certs, open_authority
from secure_chat.pki.vault import Vault
from tests.fakes import FakeClock


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "certs"
    init_certs(Vault(folder, FakeClock()), InitRequest())
    return folder


@pytest.fixture
def clock() -> FakeClock:
    """Return the clock that judges the folder."""
    return FakeClock()


@pytest.fixture
def vault(_made: Path, tmp_path: Path, clock: FakeClock) -> Vault:
    """Return a whole certificates folder to do harm to."""
    shutil.copytree(_made, tmp_path / "certs")
    return Vault(tmp_path / "certs", clock)


def test_the_paths_are_the_documented_ones(tmp_path: Path) -> None:
    """Scripts rely on these names."""
    vault = Vault(tmp_path)
    assert {
        path.relative_to(tmp_path).as_posix()
        for path in (
            vault.ca_crt,
            vault.ca_key,
            vault.previous_ca_key,
            vault.crl,
            vault.host_crt,
            vault.host_key,
            vault.community_file,
            vault.audit_file,
            vault.client_crt("alice"),
            vault.client_key("alice"),
        )
    } == {
        "ca.crt",
        "ca.key",
        "previous-ca.key",
        "crl.pem",
        "host.crt",
        "host.key",
        "community",
        "audit.jsonl",
        "clients/alice.crt",
        "clients/alice.key",
    }
    assert isinstance(vault.clock, SystemClock)


def test_a_whole_set_is_handed_out_with_its_identity(vault: Vault) -> None:
    """Host and clients get their files and what their certificates say."""
    host = vault.host_files()
    assert (host.ca, host.certificate) == (vault.ca_crt, vault.host_crt)
    assert (host.key, host.crl) == (vault.host_key, vault.crl)
    assert host.identity.role is Role.HOST
    alice = vault.client_files("alice")
    assert (alice.certificate, alice.key) == (vault.client_crt("alice"), vault.client_key("alice"))
    assert (alice.identity.name, alice.identity.role) == ("alice", Role.MEMBER)
    assert vault.client_names() == ["alice", "bob"]
    assert vault.registry().names() == {"alice", "bob"}
    certificate = x509.load_pem_x509_certificate(vault.ca_crt.read_bytes())
    assert vault.ca_fingerprint() == certificate.fingerprint(hashes.SHA256()).hex()
    assert open_authority(vault).fingerprint == vault.ca_fingerprint()


def test_the_authority_of_the_hosts_certificate_is_found(vault: Vault) -> None:
    """An invitation names it; a host's certificate of a stranger has none."""
    assert vault.host_authority() == vault.ca_certificate()
    assert vault.ca_certificates() == [vault.ca_certificate()]
    another_authority(vault)
    with pytest.raises(IdentityError, match=r"host\.crt was not issued by the authority"):
        vault.host_authority()


def test_only_who_has_certificate_and_key_is_a_client_here(vault: Vault) -> None:
    """A certificate alone, and a file that is no name, choose nobody."""
    vault.client_key("bob").unlink()
    (vault.folder / "clients" / "Not A Name.crt").touch()
    assert vault.client_names() == ["alice"]
    assert Vault(vault.folder / "missing").client_names() == []


@pytest.mark.parametrize("name", ["ca.crt", "host.crt", "host.key", "crl.pem"])
def test_a_host_without_one_of_its_files_is_told_which(vault: Vault, name: str) -> None:
    """The missing file is named, and the command that makes it."""
    (vault.folder / name).unlink()
    with pytest.raises(IdentityError, match=f"{name} is missing") as refusal:
        vault.host_files()
    assert "securechat init-certs" in refusal.value.hint
    assert refusal.value.exit_code is Exit.NO_IDENTITY


@pytest.mark.parametrize("name", ["ca.crt", "clients/alice.crt", "clients/alice.key"])
def test_a_client_without_one_of_its_files_is_told_which(vault: Vault, name: str) -> None:
    """A client needs the authority's certificate and its own two files, nothing else."""
    for other in ("ca.key", "crl.pem", "host.crt", "host.key", "audit.jsonl"):
        (vault.folder / other).unlink()
    vault.client_files("alice")
    (vault.folder / name).unlink()
    with pytest.raises(IdentityError, match=f"{name} is missing"):
        vault.client_files("alice")


@pytest.mark.parametrize("name", ["ca.crt", "host.crt", "host.key", "crl.pem"])
def test_a_file_that_cannot_be_read_is_explained(vault: Vault, name: str) -> None:
    """The system's own words are in the error."""
    (vault.folder / name).unlink()
    (vault.folder / name).mkdir()
    with pytest.raises(IdentityError, match=f"{name} cannot be read: Is a directory"):
        vault.host_files()


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ca.crt", "is not a certificate"),
        ("host.crt", "is not a certificate"),
        ("host.key", "is not a private key"),
        ("crl.pem", "cannot be read"),
    ],
)
def test_a_file_that_is_garbage_is_explained(vault: Vault, name: str, what: str) -> None:
    """Each file says what was expected of it."""
    (vault.folder / name).write_bytes(b"garbage")
    with pytest.raises(IdentityError, match=f"{name} {what}"):
        vault.host_files()


def copy(source: Path, target: Path) -> None:
    """Put one file in another's place."""
    target.write_bytes(source.read_bytes())


def another_key(vault: Vault) -> None:
    """Give the host alice's key."""
    copy(vault.client_key("alice"), vault.host_key)


def another_authority(vault: Vault) -> None:
    """Replace the authority's certificate by a stranger's."""
    vault.ca_crt.write_bytes(Authority.create(now=vault.clock.now()).certificate_pem)


def a_leaf_as_authority(vault: Vault) -> None:
    """Put a leaf into the place of the authority."""
    copy(vault.host_crt, vault.ca_crt)


def a_foreign_list(vault: Vault) -> None:
    """Put a stranger's list of revoked certificates into the place of ours."""
    stranger = Authority.create(now=vault.clock.now())
    vault.crl.write_bytes(stranger.crl([], now=vault.clock.now()))


def a_client_as_host(vault: Vault) -> None:
    """Give the host alice's certificate and key."""
    copy(vault.client_crt("alice"), vault.host_crt)
    copy(vault.client_key("alice"), vault.host_key)


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (another_key, r"host\.key is not the key of host\.crt"),
        (another_authority, r"crl\.pem was not signed by ca\.crt"),
        (a_leaf_as_authority, r"ca\.crt was not issued by the authority"),
        (a_foreign_list, r"crl\.pem was not signed by ca\.crt"),
        (a_client_as_host, r"host\.crt cannot be used: it is not made for a host only"),
    ],
)
def test_files_that_do_not_fit_together_are_explained(
    vault: Vault, harm: Callable[[Vault], None], what: str
) -> None:
    """Which two files do not fit is said before any handshake."""
    harm(vault)
    with pytest.raises(IdentityError, match=what):
        vault.host_files()


def test_a_certificate_of_another_authority_is_explained(vault: Vault) -> None:
    """A client whose authority's certificate was exchanged is told so."""
    another_authority(vault)
    with pytest.raises(IdentityError, match=r"alice\.crt was not issued by the authority"):
        vault.client_files("alice")


def test_a_file_under_another_name_is_explained(vault: Vault) -> None:
    """The name is what the certificate says."""
    copy(vault.client_crt("alice"), vault.client_crt("carol"))
    copy(vault.client_key("alice"), vault.client_key("carol"))
    with pytest.raises(IdentityError, match=r"carol\.crt is the certificate of alice"):
        vault.client_files("carol")


def test_a_certificate_that_breaks_the_profile_keeps_its_rule(vault: Vault) -> None:
    """The refusal names the file and carries the rule."""
    copy(vault.host_crt, vault.client_crt("alice"))
    with pytest.raises(CertificateRefused, match=r"alice\.crt cannot be used") as refusal:
        vault.client_files("alice")
    assert refusal.value.code == Rule.PURPOSE


@pytest.mark.parametrize(
    "constraints", [None, x509.BasicConstraints(ca=False, path_length=None)], ids=["none", "leaf"]
)
def test_a_self_signed_certificate_is_no_authority(
    vault: Vault, constraints: x509.BasicConstraints | None
) -> None:
    """What signed itself is an authority only when it says so."""
    authority = open_authority(vault)
    builder = x509.CertificateBuilder(
        authority.certificate.subject,
        authority.certificate.subject,
        authority.key.public_key(),
        authority.certificate.serial_number,
        authority.certificate.not_valid_before_utc,
        authority.certificate.not_valid_after_utc,
    )
    if constraints is not None:
        builder = builder.add_extension(constraints, critical=True)
    certificate = builder.sign(authority.key, hashes.SHA256())
    vault.ca_crt.write_bytes(certificate.public_bytes(Encoding.PEM))
    with pytest.raises(IdentityError, match=r"ca\.crt is not the certificate of an authority"):
        vault.ca_fingerprint()


def test_validity_is_judged_by_the_clock(vault: Vault, clock: FakeClock) -> None:
    """Within the life it is good, a second outside on either side it is explained with dates."""
    identity = vault.client_files("alice").identity
    clock.wall = identity.not_after
    vault.client_files("alice")
    clock.wall = identity.not_after + 1
    with pytest.raises(IdentityError, match=r"alice\.crt has expired: .*2027-02-20T12:00:00"):
        vault.client_files("alice")
    clock.wall = identity.not_before
    vault.client_files("alice")
    clock.wall = identity.not_before - 1
    with pytest.raises(IdentityError, match=r"is not valid yet: .*2026-11-22T11:00:00") as refusal:
        vault.client_files("alice")
    assert "clock" in refusal.value.hint


def test_an_expired_authority_is_explained_by_itself(vault: Vault, clock: FakeClock) -> None:
    """The way out of an expired authority is another one."""
    clock.advance(timedelta(days=3_651).total_seconds())
    with pytest.raises(IdentityError, match=r"ca\.crt has expired") as refusal:
        vault.host_files()
    assert "--force" in refusal.value.hint


def test_an_encrypted_key_needs_its_passphrase(vault: Vault) -> None:
    """Host, client and authority ask for the passphrase and open with the right one only."""
    for name in ("host.key", "ca.key", "clients/alice.key"):
        path = vault.folder / name
        key = key_from_pem(path.read_bytes(), None, where=name)
        path.write_bytes(key_to_pem(key, b"secret"))
    for use in (
        vault.host_files,
        lambda ask: open_authority(vault, ask),
        lambda ask: vault.client_files("alice", ask),
    ):
        with pytest.raises(IdentityError, match="no passphrase was given"):
            use(None)
        with pytest.raises(IdentityError, match="passphrase is wrong"):
            use(lambda: b"wrong")
        use(lambda: b"secret")


@pytest.mark.parametrize("name", ["../ca", "a/b", "", "Alice", "host", "con"])
def test_what_is_no_name_never_becomes_a_path(vault: Vault, name: str) -> None:
    """A name goes into a path, so nothing but a name may."""
    for use in (vault.client_crt, vault.client_key, vault.client_files):
        with pytest.raises(IdentityError, match="cannot be anybody's name"):
            use(name)


def test_the_community_is_32_hex_characters(vault: Vault) -> None:
    """Anything else is damage, because data folders are named by it."""
    assert len(vault.community()) == 32
    for damage in (b"", b"0" * 31, b"0" * 33, b"G" * 32, b"../" * 11, b"\xff" * 32):
        vault.community_file.write_bytes(damage)
        with pytest.raises(IdentityError, match="community is damaged"):
            vault.community()
    vault.community_file.unlink()
    with pytest.raises(IdentityError, match="community is missing"):
        vault.community()


def test_without_a_trail_there_is_no_registry(vault: Vault) -> None:
    """A missing trail would make everybody unknown, so it is an error."""
    vault.audit_file.unlink()
    with pytest.raises(IdentityError, match=r"audit\.jsonl cannot be used: No such file"):
        vault.registry()
