"""Who may have a name."""

from dataclasses import replace

import pytest

from secure_chat.errors import EnrolmentRefused, UsageError
from secure_chat.pki.claim import Refusal, check_claim, check_successor, role_for
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Entry, Invite, Registry

NOW = 1_000.0
ALICE = Entry("alice", Role.MEMBER, "a1", "", 0, 2_000)
INVITE = Invite("i1", "carol", Role.MEMBER, "d", 0.0, 2_000.0)


def registry(*entries: Entry, retired: str = "", invite: Invite | None = None) -> Registry:
    """Return a registry."""
    return Registry(
        {entry.serial: entry for entry in entries},
        retired=frozenset({retired} - {""}),
        invites={invite.id: invite} if invite else {},
    )


def claim(known: Registry, name: str, *, another: bool = False) -> None:
    """Claim a name."""
    check_claim(known, name, now=NOW, another_device=another)


def test_a_new_name_is_free_and_a_known_one_needs_a_word() -> None:
    """Whatever became of that person's certificates."""
    claim(registry(), "alice")
    for entry in (ALICE, replace(ALICE, state="revoked"), replace(ALICE, not_after=1)):
        with pytest.raises(UsageError, match="alice is known here already") as refusal:
            claim(registry(entry), "alice")
        assert "--another-device" in refusal.value.hint
        claim(registry(entry), "alice", another=True)
        claim(registry(entry), "bob")


def test_a_name_that_is_invited_is_taken_while_it_is() -> None:
    """Otherwise two invitations could make two people one."""
    with pytest.raises(UsageError, match="open invitation for carol"):
        claim(registry(invite=INVITE), "carol")
    claim(registry(invite=INVITE), "carol", another=True)
    claim(registry(invite=replace(INVITE, until=NOW)), "carol")
    claim(registry(invite=replace(INVITE, state="cancelled")), "carol")


def test_a_further_device_needs_a_first_one() -> None:
    """Who says so about a stranger has mistyped."""
    with pytest.raises(UsageError, match="nobody is called alicia yet"):
        claim(registry(ALICE), "alicia", another=True)


@pytest.mark.parametrize("another", [False, True])
def test_a_retired_name_is_nobodys(another: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """Neither as a new person's nor as another device's."""
    known = registry(replace(ALICE, state="revoked"), retired="alice")
    with pytest.raises(UsageError, match="nobody gets the name alice any more"):
        claim(known, "alice", another=another)


def test_what_is_no_name_is_none() -> None:
    """The rule of names is explained."""
    with pytest.raises(UsageError, match="lower-case"):
        claim(registry(), "Alice")


def test_only_a_certificate_that_counts_and_is_theirs_has_a_successor() -> None:
    """Unknown, revoked, somebody else's, and that of a retired name have none."""
    assert check_successor(registry(ALICE), "alice", "a1") is ALICE
    for known, name, serial in (
        (registry(ALICE), "alice", "a2"),
        (registry(ALICE), "bob", "a1"),
        (registry(replace(ALICE, state="revoked")), "alice", "a1"),
    ):
        with pytest.raises(EnrolmentRefused) as refusal:
            check_successor(known, name, serial)
        assert refusal.value.code == Refusal.REVOKED
    with pytest.raises(EnrolmentRefused) as refusal:
        check_successor(registry(ALICE, retired="alice"), "alice", "a1")
    assert refusal.value.code == Refusal.NAME_RETIRED


def test_all_devices_of_a_person_have_one_role() -> None:
    """A newcomer's is as asked; a known person's is changed by promoting and demoting only."""
    assert role_for(registry(), "alice", None, NOW) is Role.MEMBER
    assert role_for(registry(), "alice", Role.OPERATOR, NOW) is Role.OPERATOR
    assert role_for(registry(ALICE), "alice", None, NOW) is Role.MEMBER
    operator = replace(ALICE, role=Role.OPERATOR)
    assert role_for(registry(operator), "alice", None, NOW) is Role.OPERATOR
    promoted = replace(registry(ALICE), roles={"alice": Role.OPERATOR})
    assert role_for(promoted, "alice", None, NOW) is Role.OPERATOR
    with pytest.raises(UsageError, match="alice is a member") as refusal:
        role_for(registry(ALICE), "alice", Role.OPERATOR, NOW)
    assert "certs promote alice" in refusal.value.hint
    with pytest.raises(UsageError, match="alice is an operator") as refusal:
        role_for(promoted, "alice", Role.MEMBER, NOW)
    assert "certs demote alice" in refusal.value.hint
    invited = registry(invite=replace(INVITE, role=Role.OPERATOR))
    assert role_for(invited, "carol", None, NOW) is Role.OPERATOR
    assert role_for(invited, "carol", None, 2_000.0) is Role.MEMBER
    with pytest.raises(UsageError, match="member or an operator"):
        role_for(registry(), "alice", Role.HOST, NOW)
