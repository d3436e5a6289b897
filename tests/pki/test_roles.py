"""Promotion and demotion."""

from pathlib import Path

import pytest

from secure_chat.errors import UsageError
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.crl import present_lists
from secure_chat.pki.identity import Role
from secure_chat.pki.issuing import IssueRequest, demote, issue, promote
from secure_chat.pki.lists import revocations_in
from secure_chat.pki.profile import serial_of
from secure_chat.pki.revoking import revoke, supersede
from tests.pki.conftest import Owner


def backups(owner: Owner) -> list[Path]:
    """Return the files in the backup folders."""
    return [path for path in owner.vault.folder.glob("backup-*/**/*") if path.is_file()]


def test_a_promoted_person_has_an_operators_certificate_for_the_same_key(owner: Owner) -> None:
    """In the place of the old one, which is kept in the backup and counts until the new is used."""
    vault, old = owner.vault, owner.newest("alice")
    pem, key = vault.client_crt("alice").read_bytes(), vault.client_key("alice").read_bytes()
    done = promote(vault, owner.authority, "alice", now=owner.now, by="test")
    assert done.made is not None
    assert (done.role, done.changed, done.waiting) == (Role.OPERATOR, True, ())
    assert vault.client_files("alice").identity == done.made.identity
    assert done.made.identity.role is Role.OPERATOR
    assert done.made.identity.not_after == old.not_after
    assert done.made.replaces == old.serial
    assert owner.registry.roles == {"alice": Role.OPERATOR}
    assert {entry.role for entry in owner.registry.of("alice")} == {Role.MEMBER, Role.OPERATOR}
    assert vault.client_key("alice").read_bytes() == key
    [kept] = backups(owner)
    assert (kept.name, kept.read_bytes()) == ("alice.crt", pem)


def test_other_devices_of_a_promoted_person_wait_for_their_renewal(owner: Owner) -> None:
    """They are named."""
    issue(owner.vault, IssueRequest(names=("alice",), another_device=True), owner.now)
    device = owner.newest("alice")
    done = promote(owner.vault, owner.authority, "alice", now=owner.now, by="test")
    assert [entry.serial for entry in done.waiting] == [device.serial]


def test_without_the_authoritys_key_the_role_changes_and_all_devices_wait(owner: Owner) -> None:
    """Once the key can be used, promoting again makes what is missing and says nothing twice."""
    vault, old = owner.vault, owner.newest("alice")
    done = promote(vault, None, "alice", now=owner.now, by="test")
    assert (done.made, [entry.serial for entry in done.waiting]) == (None, [old.serial])
    again = promote(vault, owner.authority, "alice", now=owner.now, by="test")
    assert (again.changed, again.made is not None) == (False, True)
    assert vault.audit_file.read_bytes().count(b'"promoted"') == 1
    third = promote(vault, owner.authority, "alice", now=owner.now, by="test")
    assert (third.changed, third.made) == (False, None)


def test_a_demoted_person_loses_all_operator_certificates_at_once(owner: Owner) -> None:
    """And has a member's in its place; the name is not retired, the list names what ended."""
    vault = owner.vault
    promote(vault, owner.authority, "alice", now=owner.now, by="test")
    operator = owner.newest("alice")
    done = demote(vault, owner.authority, "alice", now=owner.now, by="test")
    assert [entry.serial for entry in done.revoked] == [operator.serial]
    assert (done.changed, done.unsigned) == (True, ())
    assert done.made is not None
    assert vault.client_files("alice").identity == done.made.identity
    assert done.made.identity.role is Role.MEMBER
    entry = owner.registry.entries[operator.serial]
    assert (entry.state, entry.reason) == ("revoked", "privilegeWithdrawn")
    assert {one.role for one in owner.registry.of("alice")} == {Role.MEMBER}
    assert "alice" not in owner.registry.retired
    [listed] = present_lists(vault)
    assert [(one.serial, one.reason) for one in revocations_in(listed)] == [
        (operator.serial, "privilegeWithdrawn")
    ]
    kept = {serial_of(certificates_in(path.read_bytes())[0]) for path in backups(owner)}
    assert operator.serial in kept


def test_without_the_authoritys_key_a_demotion_still_acts_at_once(owner: Owner) -> None:
    """The registry alone keeps the operator out, and whose list is behind is said."""
    vault = owner.vault
    promote(vault, owner.authority, "alice", now=owner.now, by="test")
    operator = owner.newest("alice")
    done = demote(vault, None, "alice", now=owner.now, by="test")
    assert done.made is None
    assert done.unsigned == (owner.authority.name,)
    assert owner.registry.entries[operator.serial].state == "revoked"
    [listed] = present_lists(vault)
    assert revocations_in(listed) == []


def test_who_is_a_member_already_stays_one(owner: Owner) -> None:
    """Nothing is written."""
    before = owner.vault.audit_file.read_bytes()
    done = demote(owner.vault, owner.authority, "alice", now=owner.now, by="test")
    assert (done.changed, done.made, done.revoked) == (False, None, ())
    assert owner.vault.audit_file.read_bytes() == before


@pytest.mark.parametrize("change", [promote, demote])
def test_nobody_and_the_revoked_have_no_role(owner: Owner, change: object) -> None:
    """A retired name is not promoted into life again."""
    assert callable(change)
    revoke(owner.vault, None, "bob", "unspecified", owner.now, "test")
    for name, why in (("bob", "nobody gets the name bob"), ("zoe", "nobody called 'zoe'")):
        with pytest.raises(UsageError, match=why):
            change(owner.vault, owner.authority, name, now=owner.now, by="test")


def test_where_no_key_is_here_nothing_is_made_in_place(owner: Owner) -> None:
    """Neither up nor down; the owner is told by what is missing in the answer."""
    vault = owner.vault
    vault.client_key("alice").unlink()
    up = promote(vault, owner.authority, "alice", now=owner.now, by="test")
    assert (up.made, len(up.waiting)) == (None, 1)
    down = demote(vault, owner.authority, "alice", now=owner.now, by="test")
    assert (down.changed, down.made, down.revoked) == (True, None, ())
    assert owner.registry.roles == {"alice": Role.MEMBER}


def test_a_key_that_was_revoked_gets_no_operators_certificate(owner: Owner) -> None:
    """Nor does a copy that was left behind when its holder renewed elsewhere."""
    vault, serial = owner.vault, owner.newest("alice").serial
    issue(vault, IssueRequest(names=("alice",), another_device=True), owner.now)
    supersede(vault, None, [serial], owner.now, "test")
    assert promote(vault, owner.authority, "alice", now=owner.now, by="test").made is None
    assert owner.registry.roles["alice"] is Role.OPERATOR
