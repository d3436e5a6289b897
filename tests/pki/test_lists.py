"""One authority's list of revoked certificates."""

from datetime import UTC, datetime

import pytest
from cryptography import x509

from secure_chat.pki.authority import Authority
from secure_chat.pki.leaf import Revocation, digest
from secure_chat.pki.lists import number_of, revocations_in, said
from secure_chat.pki.reason import Reason

AT = 1_795_348_800.0
AUTHORITY = Authority.create(now=AT)


def listed(
    *entries: Revocation, now: float = AT, after: int = -1
) -> x509.CertificateRevocationList:
    """Return a signed list."""
    return x509.load_pem_x509_crl(AUTHORITY.crl(entries, now=now, after=after))


@pytest.mark.parametrize("reason", Reason)
def test_a_list_says_since_when_and_why(reason: Reason) -> None:
    """In whole seconds and in the words of RFC 5280; better no reason than "unspecified"."""
    [entry] = listed(Revocation("5a01", AT - 86_400.5, reason))
    assert entry.serial_number == 0x5A01
    assert entry.revocation_date_utc == datetime.fromtimestamp(AT - 86_401, UTC)
    if reason is Reason.UNSPECIFIED:
        assert list(entry.extensions) == []
    else:
        [extension] = entry.extensions
        assert not extension.critical
        assert isinstance(extension.value, x509.CRLReason)
        assert extension.value.reason.value == reason


def test_what_a_list_says_is_read_back() -> None:
    """In its order; reasons that are ours alone are not said."""
    entries = [
        Revocation("b2", AT - 2, "keyCompromise"),
        Revocation("a1", AT - 1, "crl"),
        Revocation("c3", AT),
    ]
    assert revocations_in(listed(*entries)) == [
        Revocation("b2", AT - 2, "keyCompromise"),
        Revocation("a1", AT - 1),
        Revocation("c3", AT),
    ]
    assert [said(word) for word in ("superseded", "unspecified", "ca-replaced", "")] == [
        "superseded",
        "",
        "",
        "",
    ]


def test_the_number_grows_even_when_the_clock_was_set_back() -> None:
    """Otherwise programs that keep the highest would go on with the older list."""
    first = listed()
    assert number_of(first) == int(AT * 1_000)
    assert number_of(listed(now=AT - 3_600, after=number_of(first))) == number_of(first) + 1
    assert number_of(listed(now=AT + 1, after=number_of(first))) == number_of(first) + 1_000


def test_a_list_without_a_number_has_none() -> None:
    """A list that something else made is still read."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(AUTHORITY.certificate.subject)
        .last_update(datetime.fromtimestamp(AT, UTC))
        .next_update(datetime.fromtimestamp(AT + 1, UTC))
    )
    assert number_of(builder.sign(AUTHORITY.key, digest(AUTHORITY.key))) == -1
