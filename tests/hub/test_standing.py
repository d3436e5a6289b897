"""Whether a certificate still counts."""

import dataclasses

import pytest

from secure_chat.hub.standing import Standing
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Entry, Registry
from secure_chat.wire.messages import Code
from tests.hub.stage import entry_of, identity_of, registry_of


def test_a_registered_certificate_counts() -> None:
    """Nothing speaks against its holder, who can be written to and looked up."""
    standing = Standing(registry_of(["alice"]))
    assert standing.refusal(identity_of("alice")) is None
    assert standing.knows("alice")
    assert standing.newest("alice") == entry_of("alice")


def test_a_certificate_nobody_registered_does_not_count() -> None:
    """It may be of our authority and still not be of our making."""
    standing = Standing(Registry())
    refusal = standing.refusal(identity_of("alice"))
    assert refusal is not None
    assert refusal[0] == Code.NOT_REGISTERED
    assert not standing.knows("alice")
    assert standing.newest("alice") is None


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (dataclasses.replace(entry_of("alice"), state="revoked"), Code.REVOKED),
        (dataclasses.replace(entry_of("alice"), name="bob"), Code.CERTIFICATE),
        (dataclasses.replace(entry_of("alice"), role=Role.OPERATOR), Code.CERTIFICATE),
        (dataclasses.replace(entry_of("alice"), fingerprint="00"), Code.CERTIFICATE),
    ],
)
def test_a_certificate_that_is_revoked_or_another_does_not_count(entry: Entry, code: Code) -> None:
    """Serial number, name, role and fingerprint have to agree."""
    refusal = Standing(Registry({entry_of("alice").serial: entry})).refusal(identity_of("alice"))
    assert refusal is not None
    assert refusal[0] == code
