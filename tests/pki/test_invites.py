"""Invitations and their secrets."""

import base64
import hmac
import secrets
from datetime import timedelta

import pytest

from secure_chat.errors import EnrolmentRefused, UsageError
from secure_chat.pki.claim import Refusal
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import LONGEST_INVITE, cancel, invite, redeem
from secure_chat.pki.registry import Invite
from secure_chat.pki.roles import promote
from tests.pki.conftest import Owner


def make(owner: Owner, name: str = "carol", **more: object) -> tuple[Invite, str]:
    """Make an invitation."""
    return invite(owner.vault, name=name, now=owner.now, by="test", **more)  # type: ignore[arg-type]


def refusal(owner: Owner, secret: str) -> str:
    """Return why a secret is refused."""
    with pytest.raises(EnrolmentRefused) as refused:
        redeem(owner.registry, secret, owner.now)
    assert refused.value.hint
    return refused.value.code


def test_an_invitation_is_found_by_its_secret_for_a_day(owner: Owner) -> None:
    """To the second, and as the trail has it."""
    made, secret = make(owner)
    assert (made.name, made.role, made.by) == ("carol", Role.MEMBER, "test")
    assert made.until == owner.now + 86_400
    found = redeem(owner.registry, secret, owner.now)
    assert (found.id, found.name, found.role) == (made.id, made.name, made.role)
    assert owner.registry.open_invites(owner.now) == [found]
    owner.clock.advance(86_399)
    redeem(owner.registry, secret, owner.now)
    owner.clock.advance(1)
    assert refusal(owner, secret) == Refusal.INVITE_EXPIRED


def test_a_secret_has_160_random_bits_and_stands_nowhere(owner: Owner) -> None:
    """The trail has its digest, which a restored copy of it gives away as little."""
    found = [make(owner, name)[1] for name in ("carol", "dave", "erin")]
    assert len(set(found)) == 3
    for secret in found:
        assert len(base64.urlsafe_b64decode(f"{secret}=")) == 20
        for path in owner.vault.folder.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes()


@pytest.mark.parametrize("wrong", ["", "guess", "\ud800", "\x00", "a" * 10_000])
def test_a_wrong_secret_is_refused(owner: Owner, wrong: str) -> None:
    """Whatever a peer sends."""
    _, secret = make(owner)
    assert refusal(owner, wrong) == Refusal.UNKNOWN_SECRET
    assert refusal(owner, secret[:-1]) == Refusal.UNKNOWN_SECRET
    assert refusal(owner, secret + "A") == Refusal.UNKNOWN_SECRET
    assert refusal(owner, secret.swapcase()) == Refusal.UNKNOWN_SECRET


def test_every_invitation_is_compared_in_constant_time(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A match does not end the comparison, so its place in the list tells nothing."""
    found = [make(owner, name)[1] for name in ("carol", "dave", "erin")]
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def spy(one: str, other: str) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    for secret in found:
        compared.clear()
        redeem(owner.registry, secret, owner.now)
        assert len(compared) == 3


def test_a_cancelled_invitation_is_worthless(owner: Owner) -> None:
    """By its id, or as much of it as is unique."""
    (one, secret), (other, kept) = make(owner), make(owner, "dave")
    assert cancel(owner.vault, one.id[:7], owner.now, "test").id == one.id
    assert refusal(owner, secret) == Refusal.INVITE_CANCELLED
    assert redeem(owner.registry, kept, owner.now).id == other.id
    for prefix in (one.id, "", "zz"):
        with pytest.raises(UsageError, match=r"no open invitation begins|several"):
            cancel(owner.vault, prefix, owner.now, "test")


def test_an_id_that_fits_two_cancels_none(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which one is for the person to say."""
    ids = iter(["aa01", "aa01", "aa02"])
    monkeypatch.setattr(secrets, "token_hex", lambda _bytes: next(ids))
    make(owner)
    assert make(owner, "dave")[0].id == "aa02"
    with pytest.raises(UsageError, match="several invitations begin with 'aa'"):
        cancel(owner.vault, "aa", owner.now, "test")
    assert len(owner.registry.open_invites(owner.now)) == 2


def test_whom_an_invitation_can_be_for(owner: Owner) -> None:
    """A new name, or a known person's further device with the role they have."""
    with pytest.raises(UsageError, match="alice is known here already"):
        make(owner, "alice")
    with pytest.raises(UsageError, match="cannot be anybody's name"):
        make(owner, "Carol")
    promote(owner.vault, None, "alice", now=owner.now, by="test")
    assert make(owner, "alice", another_device=True)[0].role is Role.OPERATOR
    with pytest.raises(UsageError, match="alice is an operator"):
        make(owner, "alice", another_device=True, role=Role.MEMBER)
    make(owner)
    with pytest.raises(UsageError, match="open invitation for carol"):
        make(owner)


def test_an_invitation_does_not_live_for_ever(owner: Owner) -> None:
    """Thirty days at most, and some time at least."""
    assert make(owner, life=LONGEST_INVITE)[0].until == owner.now + 30 * 86_400
    for life in (LONGEST_INVITE + timedelta(seconds=1), timedelta(0)):
        with pytest.raises(UsageError, match="at most 30d"):
            make(owner, "dave", life=life)
