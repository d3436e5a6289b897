"""Certificates for a key that is elsewhere."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from secure_chat.errors import EnrolmentRefused, IdentityError, UsageError
from secure_chat.pki.claim import Refusal
from secure_chat.pki.csr import make_request
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import cancel, invite
from secure_chat.pki.issuing import demote, promote, sign_request
from secure_chat.pki.keys import KeyType, key_from_pem, new_key
from secure_chat.pki.leaf import Leaf
from secure_chat.pki.revoking import revoke
from secure_chat.pki.rotation import begin
from tests.pki.conftest import Owner

KEY = new_key(KeyType.P256)


def sign(owner: Owner, name: str = "carol", **more: object) -> Leaf:
    """Have a request signed, by default for a new person."""
    wish: dict[str, object] = {
        "name": name,
        "role": None,
        "request": make_request(KEY, name),
        "life": None,
        "now": owner.now,
        "by": "test",
        **more,
    }
    authority = wish.pop("authority", None) or owner.authority
    return sign_request(owner.vault, authority, **wish)  # type: ignore[arg-type]


def invited(owner: Owner, name: str = "carol", **more: object) -> str:
    """Return the id of a new invitation."""
    made, _ = invite(owner.vault, name=name, now=owner.now, by="test", **more)  # type: ignore[arg-type]
    return made.id


def refused(owner: Owner, name: str = "carol", **more: object) -> str:
    """Return the code of a refusal, which leaves no trace."""
    before = owner.vault.audit_file.read_bytes()
    with pytest.raises(EnrolmentRefused) as refusal:
        sign(owner, name, **more)
    assert owner.vault.audit_file.read_bytes() == before
    return refusal.value.code


def test_an_invitation_is_used_up_by_the_certificate(owner: Owner) -> None:
    """One line of the trail does both, and no file is written but the trail."""
    before = owner.names()
    found = invited(owner, role=Role.OPERATOR)
    leaf = sign(owner, invite=found)
    assert leaf.key is None
    assert leaf.certificate.public_key() == KEY.public_key()
    assert (leaf.identity.name, leaf.identity.role) == ("carol", Role.OPERATOR)
    assert leaf.identity.not_after == int(owner.now) + 90 * 86_400
    assert owner.registry.invites[found].state == "used"
    assert owner.newest("carol").serial == leaf.identity.serial
    assert owner.names() == before
    assert refused(owner, invite=found) == Refusal.INVITE_USED


def test_an_invitation_is_looked_at_once_more_under_the_lock(owner: Owner) -> None:
    """Whatever happened since its secret was recognised."""
    found = invited(owner)
    assert refused(owner, "dave", invite=found) == Refusal.WRONG_NAME
    assert refused(owner, invite="nothing") == Refusal.WRONG_NAME
    cancel(owner.vault, found, owner.now, "test")
    assert refused(owner, invite=found) == Refusal.INVITE_CANCELLED
    late = invited(owner)
    owner.clock.advance(86_400)
    assert refused(owner, invite=late) == Refusal.INVITE_EXPIRED
    device = invited(owner, "bob", another_device=True)
    revoke(owner.vault, owner.authority, "bob", "unspecified", owner.now, "test")
    assert refused(owner, "bob", invite=device) == Refusal.NAME_RETIRED


def test_without_an_invitation_or_a_predecessor_the_name_must_be_new(owner: Owner) -> None:
    """What the caller forgot to say is never guessed in favour of whoever asks."""
    sign(owner)
    with pytest.raises(UsageError, match="alice is known here already"):
        sign(owner, "alice")


def test_a_renewal_has_role_and_life_of_the_one_it_replaces(owner: Owner) -> None:
    """A hundred times over; the old one counts until somebody retires it."""
    leaf = sign(owner, life=timedelta(minutes=3), role=Role.OPERATOR)
    before = leaf
    for _ in range(100):
        owner.clock.advance(120)
        before = leaf
        leaf = sign(owner, replaces=before.identity.serial)
        assert leaf.identity.role is Role.OPERATOR
        assert leaf.identity.not_after == int(owner.now + 180)
    entry = owner.newest("carol")
    assert entry.replaces == before.identity.serial
    assert owner.registry.entries[entry.replaces].state == "valid"


def test_a_renewal_needs_a_certificate_that_counts(owner: Owner) -> None:
    """Not a revoked, unknown or somebody else's."""
    alice, bob = owner.newest("alice").serial, owner.newest("bob").serial
    assert refused(owner, "alice", replaces=bob) == Refusal.REVOKED
    assert refused(owner, "alice", replaces="5a01") == Refusal.REVOKED
    revoke(owner.vault, owner.authority, alice, "keyCompromise", owner.now, "test")
    assert refused(owner, "alice", replaces=alice) == Refusal.REVOKED
    revoke(owner.vault, owner.authority, "bob", "unspecified", owner.now, "test")
    assert refused(owner, "bob", replaces=bob) == Refusal.NAME_RETIRED


@pytest.mark.parametrize(
    ("change", "role"), [(promote, Role.OPERATOR), (demote, Role.MEMBER)], ids=["up", "down"]
)
def test_the_owners_word_on_a_role_counts(
    owner: Owner, change: Callable[..., object], role: Role
) -> None:
    """Whatever the request, the old certificate or the caller says."""
    serial = owner.newest("alice").serial
    promote(owner.vault, None, "alice", now=owner.now, by="test")
    change(owner.vault, None, "alice", now=owner.now, by="test")
    for asked in (Role.MEMBER, Role.OPERATOR, None):
        assert sign(owner, "alice", replaces=serial, role=asked).identity.role is role


def test_requests_that_cannot_be_used_use_nothing_up(owner: Owner) -> None:
    """A tampered one, or one for another name, leaves the invitation open."""
    found = invited(owner)
    assert refused(owner, request="garbage", invite=found) == Refusal.BAD_REQUEST
    assert refused(owner, request=make_request(KEY, "dave"), invite=found) == Refusal.WRONG_NAME
    sign(owner, invite=found)


def test_an_authority_that_was_replaced_since_signs_nothing(owner: Owner) -> None:
    """A running host that opened it before has to open the new one."""
    old = owner.authority
    begin(owner.vault, old, timedelta(days=1), owner.now, "test")
    with pytest.raises(IdentityError, match="another authority issues here now"):
        sign(owner, authority=old)
    assert sign(owner).identity.issuer == owner.authority.name != old.name


def test_the_key_of_a_member_can_be_certified_again(owner: Owner) -> None:
    """As its client does, which keeps the key."""
    key = key_from_pem(owner.vault.client_key("alice").read_bytes(), None, where="alice.key")
    leaf = sign(
        owner,
        "alice",
        request=make_request(key, "alice"),
        replaces=owner.newest("alice").serial,
    )
    owner.vault.client_crt("alice").write_bytes(leaf.certificate_pem)
    assert owner.vault.client_files("alice").identity == leaf.identity
