"""What the authority issues, judged by OpenSSL, by another verifier and in real handshakes."""

import hashlib
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import ExtensionOID, NameOID

from secure_chat.clock import SystemClock
from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.authority import AUTHORITY_KEY_TYPES, Authority, bad_name
from secure_chat.pki.hostname import HostNames, read_host_names
from secure_chat.pki.identity import Role
from secure_chat.pki.keys import KeyType, new_key
from secure_chat.pki.leaf import Leaf, Revocation
from secure_chat.pki.profile import read_host, read_member
from tests.fakes import FakeClock
from tests.pki.handshake import client_context, server_context, shake

# OpenSSL and the verifiers judge by the real clock.
NOW = SystemClock().now()
LIFE = timedelta(days=90)
NAMES = read_host_names(["localhost", "127.0.0.1", "::1", "chat.example.org"])
KINDS = [(ca, leaf) for ca in AUTHORITY_KEY_TYPES for leaf in KeyType]


@cache
def authority_of(kind: KeyType) -> Authority:
    """Return one authority of each kind."""
    return Authority.create(now=NOW, key_type=kind)


@cache
def host_of(ca: KeyType, kind: KeyType) -> Leaf:
    """Return one host certificate of each kind."""
    return authority_of(ca).issue_host(NAMES, now=NOW, life=LIFE, key=kind)


@cache
def member_of(ca: KeyType, kind: KeyType) -> Leaf:
    """Return one member's certificate of each kind."""
    return authority_of(ca).issue_member("alice", now=NOW, life=LIFE, key=kind)


def openssl_verify(folder: Path, ca: Authority, leaf: Leaf, *more: str) -> int:
    """Let the openssl command judge a certificate strictly; 0 is good."""
    (folder / "ca.pem").write_bytes(ca.certificate_pem + ca.crl([], now=NOW))
    (folder / "leaf.pem").write_bytes(leaf.certificate_pem)
    command = ["openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", "ca.pem", *more]
    return subprocess.run(
        [*command, "leaf.pem"], cwd=folder, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize(("ca", "kind"), KINDS)
def test_openssl_takes_each_leaf_for_its_own_purpose_only(
    tmp_path: Path, ca: KeyType, kind: KeyType
) -> None:
    """Strictly verified, a member is a client and no server, a host a server and no client."""
    authority = authority_of(ca)
    member, host = member_of(ca, kind), host_of(ca, kind)
    assert openssl_verify(tmp_path, authority, member, "-purpose", "sslclient") == 0
    assert openssl_verify(tmp_path, authority, member, "-purpose", "sslserver") != 0
    for name in (["-verify_ip", "127.0.0.1"], ["-verify_hostname", "localhost"]):
        assert openssl_verify(tmp_path, authority, host, "-purpose", "sslserver", *name) == 0
    assert openssl_verify(tmp_path, authority, host, "-purpose", "sslclient") != 0
    wrong = ("-purpose", "sslserver", "-verify_hostname", "other.example")
    assert openssl_verify(tmp_path, authority, host, *wrong) != 0


@pytest.mark.parametrize(("ca", "kind"), KINDS)
def test_another_verifier_takes_each_leaf(ca: KeyType, kind: KeyType) -> None:
    """The certificate library's own verifiers agree, and refuse the one for the other."""
    store = verification.Store([authority_of(ca).certificate])
    builder = verification.PolicyBuilder().store(store)
    member, host = member_of(ca, kind).certificate, host_of(ca, kind).certificate
    verified = builder.build_client_verifier().verify(member, [])
    assert verified.subjects == [x509.RFC822Name("alice@member.securechat.internal")]
    for subject in (
        x509.DNSName("localhost"),
        x509.DNSName("chat.example.org"),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.IPAddress(ip_address("::1")),
    ):
        builder.build_server_verifier(subject).verify(host, [])
    with pytest.raises(verification.VerificationError):
        builder.build_client_verifier().verify(host, [])
    with pytest.raises(verification.VerificationError):
        builder.build_server_verifier(x509.DNSName("localhost")).verify(member, [])


@pytest.mark.parametrize(("ca", "kind"), KINDS)
def test_a_real_mutual_handshake_succeeds(tmp_path: Path, ca: KeyType, kind: KeyType) -> None:
    """With strict checks and the revocation list, both sides take each other's certificate."""
    authority, host, member = authority_of(ca), host_of(ca, kind), member_of(ca, kind)
    server = server_context(tmp_path, authority, host, authority.crl([], now=NOW))
    client = client_context(tmp_path, authority, member)
    for name in ("localhost", "127.0.0.1", "::1"):
        assert read_member(shake(client, server, name)) == member.identity


def test_a_real_handshake_refuses_whoever_does_not_belong(tmp_path: Path) -> None:
    """Revoked, of the wrong purpose, and of another authority: each is refused for its reason."""
    kind = KeyType.P256
    authority, host, member = authority_of(kind), host_of(kind, kind), member_of(kind, kind)
    crl = authority.crl([Revocation(member.identity.serial, NOW)], now=NOW)
    server = server_context(tmp_path, authority, host, crl)
    stranger = Authority.create(now=NOW)
    other = stranger.issue_member("alice", now=NOW, life=LIFE)
    for leaf, reason in ((member, "revoked"), (host, "purpose"), (other, "local issuer")):
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            shake(client_context(tmp_path, authority, leaf), server)
    spared = authority.issue_member("bob", now=NOW, life=LIFE)
    assert read_member(shake(client_context(tmp_path, authority, spared), server)).name == "bob"
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake(client_context(tmp_path, authority, spared), server, "other.example")
    distrust = client_context(tmp_path, stranger, spared)
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake(distrust, server)


@pytest.mark.parametrize("kind", AUTHORITY_KEY_TYPES)
def test_an_authority_is_what_the_design_says(kind: KeyType) -> None:
    """Version 3, may sign certificates and lists and nothing else, and no further authority."""
    authority = authority_of(kind)
    certificate = authority.certificate
    extensions = {entry.oid: entry for entry in certificate.extensions}
    assert certificate.version is x509.Version.v3
    assert set(extensions) == {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    }
    constraints = extensions[ExtensionOID.BASIC_CONSTRAINTS]
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    usage = extensions[ExtensionOID.KEY_USAGE]
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature
    assert certificate.serial_number.bit_length() == 159
    assert certificate.subject == certificate.issuer
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(
        days=3_660, hours=1
    )


def test_two_authorities_never_have_the_same_name() -> None:
    """People read names, so each authority has its own, and an organization."""
    first, second = Authority.create(now=NOW), Authority.create(now=NOW)
    assert first.name != second.name
    organization = first.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert [entry.value for entry in organization] == ["securechat"]


def test_the_facts_of_an_authority_and_a_leaf_agree_with_their_octets() -> None:
    """Fingerprint, serial and dates are those of the DER certificate."""
    authority = authority_of(KeyType.P256)
    der = authority.certificate.public_bytes(Encoding.DER)
    assert authority.fingerprint == hashlib.sha256(der).hexdigest()
    assert int(authority.serial, 16) == authority.certificate.serial_number
    assert authority.not_before == int(NOW) - 3_600
    assert authority.not_after == int(NOW) + 3_650 * 86_400
    leaf = member_of(KeyType.P256, KeyType.P256)
    der = leaf.certificate.public_bytes(Encoding.DER)
    assert leaf.identity.fingerprint == hashlib.sha256(der).hexdigest()
    assert leaf.identity.serial == f"{leaf.certificate.serial_number:x}"
    assert leaf.identity.issuer == authority.name
    assert leaf.identity.not_before == int(NOW) - 3_600
    assert leaf.identity.not_after == int(NOW) + 90 * 86_400
    assert leaf.identity == read_member(der)


def test_an_authority_survives_its_files() -> None:
    """Written and loaded it issues on, with a passphrase too."""
    authority = authority_of(KeyType.P384)
    again = Authority.load(
        authority.certificate_pem, authority.key_pem(b"secret"), lambda: b"secret"
    )
    leaf = again.issue_host(HostNames(("localhost",)), now=NOW, life=LIFE)
    leaf.certificate.verify_directly_issued_by(authority.certificate)
    assert read_host(leaf.certificate.public_bytes(Encoding.DER)).role is Role.HOST


def test_files_that_do_not_belong_together_are_no_authority() -> None:
    """Another key, a key of another kind and a broken certificate are refused."""
    authority = authority_of(KeyType.P256)
    leaf = member_of(KeyType.P256, KeyType.ED25519)
    for key in (Authority.create(now=NOW).key_pem(), leaf.key_pem()):
        with pytest.raises(IdentityError, match=r"ca\.key is not the key"):
            Authority.load(authority.certificate_pem, key)
    with pytest.raises(IdentityError, match="cannot be read"):
        Authority.load(b"garbage", authority.key_pem())


def test_a_leaf_never_outlives_its_authority() -> None:
    """Near the authority's end a life is cut; after it nothing is issued."""
    clock = FakeClock()
    authority = Authority.create(now=clock.wall, life=timedelta(days=30))
    leaf = authority.issue_member("alice", now=clock.wall, life=LIFE)
    assert leaf.identity.not_after == authority.not_after
    clock.advance(29 * 86_400)
    leaf = authority.issue_host(NAMES, now=clock.wall, life=LIFE)
    assert leaf.identity.not_after == authority.not_after
    clock.advance(86_400)
    with pytest.raises(IdentityError, match="expired"):
        authority.issue_member("alice", now=clock.wall, life=LIFE)


def test_a_leaf_is_never_older_than_its_authority() -> None:
    """A short-lived authority is set back by less than an hour, and its leaves no further."""
    authority = Authority.create(now=NOW, life=timedelta(minutes=10))
    leaf = authority.issue_member("alice", now=NOW, life=LIFE)
    assert leaf.identity.not_before == authority.not_before == int(NOW) - 60
    begin = x509.load_pem_x509_crl(authority.crl([], now=NOW)).last_update_utc
    assert begin == authority.certificate.not_valid_before_utc


def test_too_long_a_life_is_a_usage_error() -> None:
    """397 days for a leaf and 3660 for an authority are the most."""
    longest = timedelta(days=397)
    leaf = authority_of(KeyType.P256).issue_member("alice", now=NOW, life=longest)
    assert leaf.identity.not_after == int(NOW) + 397 * 86_400
    with pytest.raises(UsageError, match="397d"):
        authority_of(KeyType.P256).issue_member(
            "alice", now=NOW, life=longest + timedelta(seconds=1)
        )
    Authority.create(now=NOW, life=timedelta(days=3_660))
    with pytest.raises(UsageError, match="3660d"):
        Authority.create(now=NOW, life=timedelta(days=3_660, seconds=1))


@pytest.mark.parametrize("kind", [KeyType.ED25519, KeyType.RSA3072])
def test_an_authority_has_a_key_that_verifiers_take(kind: KeyType) -> None:
    """Other kinds than p256 and p384 are for leaves."""
    with pytest.raises(UsageError, match=kind):
        Authority.create(now=NOW, key_type=kind)


@pytest.mark.parametrize("name", ["", "Alice", "host", "con", "a/b", "a" * 33])
def test_nobody_is_issued_a_name_that_is_none(name: str) -> None:
    """The rule of names is explained in the error."""
    with pytest.raises(UsageError, match="lower-case") as refusal:
        authority_of(KeyType.P256).issue_member(name, now=NOW, life=LIFE)
    assert str(refusal.value) == str(bad_name(name))


def test_a_host_needs_a_first_name_that_fits() -> None:
    """No name, and a first name of more than 64 characters, cannot be issued."""
    long = ".".join(["a" * 40] * 2)
    for names in (HostNames(), HostNames((long,))):
        with pytest.raises(UsageError, match="64 characters"):
            authority_of(KeyType.P256).issue_host(names, now=NOW, life=LIFE)
    leaf = authority_of(KeyType.P256).issue_host(HostNames(("a", long)), now=NOW, life=LIFE)
    assert leaf.identity.name == "a"


def test_an_operator_is_told_from_a_member_by_the_mailbox() -> None:
    """The role stands in the alternative name and nowhere else."""
    key = new_key(KeyType.P256)
    authority = authority_of(KeyType.P256)
    leaf = authority.issue_member("alice", Role.OPERATOR, now=NOW, life=LIFE, key=key)
    assert leaf.identity.role is Role.OPERATOR
    assert leaf.key is key


def test_a_list_of_revoked_ones_is_strict_and_cannot_go_stale() -> None:
    """Its number grows, it names its authority, and it is good until the authority's own end."""
    authority = authority_of(KeyType.P384)
    serial = member_of(KeyType.P384, KeyType.P256).identity.serial
    empty = x509.load_pem_x509_crl(authority.crl([], now=NOW))
    later = x509.load_pem_x509_crl(authority.crl([Revocation(serial, NOW)], now=NOW + 0.001))
    assert list(empty) == []
    assert [entry.serial_number for entry in later] == [int(serial, 16)]
    assert [entry.revocation_date_utc for entry in later] == [datetime.fromtimestamp(int(NOW), UTC)]
    for crl in (empty, later):
        assert crl.is_signature_valid(authority.key.public_key())
        assert crl.next_update_utc == authority.certificate.not_valid_after_utc
        assert crl.last_update_utc == datetime.fromtimestamp(int(NOW), UTC) - timedelta(hours=1)
        extensions = {entry.oid: entry for entry in crl.extensions}
        assert set(extensions) == {
            ExtensionOID.CRL_NUMBER,
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        }
    numbers = [
        crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for crl in (empty, later)
    ]
    assert numbers[0] < numbers[1]
