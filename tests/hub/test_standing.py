"""Whether a certificate still counts."""

import dataclasses

import pytest

from secure_chat.hub.standing import Standing
from secure_chat.pki.act import Deed
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.registry import Entry, Registry
from secure_chat.wire.messages import Code
from tests.hub.stage import AT, entry_of, identity_of, registry_of
from tests.hub.trail import Trail, renewed


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


def code_of(registry: Registry, identity: Identity) -> tuple[str, str]:
    """Return why a certificate does not count."""
    refusal = Standing(registry).refusal(identity)
    assert refusal is not None
    return refusal


def test_superseded_is_told_from_revoked() -> None:
    """The one says nothing against a person; a reason that was given weighs more than it."""
    alice, trail = identity_of("alice"), Trail("alice")
    trail.issue(renewed(alice), replaces=alice.serial)
    assert Standing(trail.registry()).refusal(alice) is None
    assert code_of(trail.revoke(alice, "superseded"), alice)[0] == Code.SUPERSEDED
    assert Standing(trail.registry()).refusal(renewed(alice)) is None
    assert code_of(trail.revoke(alice, "keyCompromise"), alice)[0] == Code.REVOKED


def test_whoever_is_banned_is_not_told_to_ask_for_a_new_certificate() -> None:
    """There is none for that name; whoever lost a device only may ask."""
    alice, trail = identity_of("alice"), Trail("alice")
    lost = code_of(trail.revoke(alice, "keyCompromise"), alice)
    banned = code_of(trail.act(Deed.RETIRED_NAME, "alice"), alice)
    assert (lost[0], banned[0]) == (Code.REVOKED, Code.REVOKED)
    assert "ask for a new one" in lost[1]
    assert "ask for a new one" not in banned[1]


@pytest.mark.parametrize(
    ("deed", "role", "due"),
    [
        (Deed.PROMOTED, Role.MEMBER, True),
        (Deed.PROMOTED, Role.OPERATOR, False),
        (Deed.DEMOTED, Role.OPERATOR, True),
        (Deed.DEMOTED, Role.MEMBER, False),
    ],
)
def test_a_certificate_with_another_role_than_the_persons_is_outdated(
    deed: Deed, role: Role, *, due: bool
) -> None:
    """Whichever way the role was changed; nobody else's is."""
    trail = Trail("alice bob")
    standing = Standing(trail.act(deed, "alice"))
    assert (standing.outdated(identity_of("alice", role)) is not None) is due
    assert standing.outdated(identity_of("bob")) is None


def test_during_a_change_over_certificates_of_the_old_authority_are_outdated() -> None:
    """Those of the new one are not, and without a change-over none is."""
    alice, trail = identity_of("alice"), Trail()
    trail.issue(alice, authority="old")
    standing = Standing(trail.issue(renewed(alice), authority="new"))
    assert standing.outdated(alice) is None
    standing.registry = trail.act(Deed.ADDED_AUTHORITY, until=AT / 1_000, fingerprint="new")
    assert standing.outdated(alice) is not None
    assert standing.outdated(renewed(alice)) is None


def test_who_is_an_operator() -> None:
    """Whoever has such a certificate that counts, or gets one next."""
    trail = Trail("alice bob", "olga oscar")
    trail.act(Deed.PROMOTED, "bob")
    trail.revoke(identity_of("oscar", Role.OPERATOR))
    standing = Standing(trail.registry())
    found = {name: standing.is_operator(name) for name in ("alice", "bob", "olga", "oscar", "zoe")}
    assert found == {"alice": False, "bob": True, "olga": True, "oscar": False, "zoe": False}
