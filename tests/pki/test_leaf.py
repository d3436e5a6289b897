"""The parts that certificates are made of."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from secure_chat.errors import IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.keys import KeyType, key_from_pem, new_key, same_key
from secure_chat.pki.leaf import digest, key_usage, moment, new_serial, validity
from tests.fakes import FakeClock

NOW = FakeClock().wall


def test_serials_never_repeat_and_are_never_short() -> None:
    """Ten thousand serials are all different, positive and of 20 octets."""
    serials = {new_serial() for _ in range(10_000)}
    assert len(serials) == 10_000
    assert {serial.bit_length() for serial in serials} == {159}


def test_every_bit_of_a_serial_but_the_first_is_random() -> None:
    """Each of the 158 lower bits is set in some serials and clear in others."""
    serials = [new_serial() for _ in range(200)]
    for bit in range(158):
        assert {serial >> bit & 1 for serial in serials} == {0, 1}


@pytest.mark.parametrize(
    ("life", "back"),
    [
        (timedelta(days=90), timedelta(hours=1)),
        (timedelta(hours=10), timedelta(hours=1)),
        (timedelta(hours=5), timedelta(minutes=30)),
        (timedelta(minutes=3), timedelta(seconds=18)),
        (timedelta(seconds=5), timedelta(seconds=1)),
    ],
)
def test_the_begin_is_set_back_by_an_hour_or_a_tenth(life: timedelta, back: timedelta) -> None:
    """The smaller of one hour and a tenth of the life; whole seconds, as certificates hold."""
    begin, end = validity(NOW + 0.7, life)
    assert end == datetime.fromtimestamp(NOW, UTC) + life
    assert begin == datetime.fromtimestamp(NOW, UTC) - back
    assert moment(NOW + 0.9) == datetime.fromtimestamp(NOW, UTC)


def test_the_digest_fits_the_curve() -> None:
    """P-256 signs with SHA-256, P-384 with SHA-384."""
    assert isinstance(digest(ec.generate_private_key(ec.SECP256R1())), hashes.SHA256)
    assert isinstance(digest(ec.generate_private_key(ec.SECP384R1())), hashes.SHA384)


def test_an_authority_signs_certificates_and_a_leaf_does_not() -> None:
    """The two key usages have nothing in common."""
    ours, leafs = key_usage(authority=True), key_usage(authority=False)
    assert (ours.key_cert_sign, ours.crl_sign, ours.digital_signature) == (True, True, False)
    assert (leafs.key_cert_sign, leafs.crl_sign, leafs.digital_signature) == (False, False, True)


def test_a_leaf_hands_out_its_key_only_when_it_was_made_here() -> None:
    """The key of a leaf is there when it was made here and missing when only its half came."""
    authority = Authority.create(now=NOW)
    made = authority.issue_member("alice", now=NOW, life=timedelta(days=1))
    assert made.certificate_pem.startswith(b"-----BEGIN CERTIFICATE-----")
    key = key_from_pem(made.key_pem(b"secret"), lambda: b"secret", where="k")
    assert same_key(key, made.certificate.public_key())
    theirs = new_key(KeyType.P256).public_key()
    given = authority.issue_member("bob", now=NOW, life=timedelta(days=1), key=theirs)
    with pytest.raises(IdentityError, match="not here"):
        given.key_pem()
