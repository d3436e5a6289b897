"""New certificates for people whose key is made here."""

import stat
from datetime import timedelta

import pytest

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import invite
from secure_chat.pki.issuing import IssueRequest, Made, issue
from secure_chat.pki.keys import KeyType, key_from_pem, key_is_encrypted, key_to_pem
from secure_chat.pki.revoking import revoke
from secure_chat.pki.vault import Vault
from tests.pki.conftest import Owner


def make(owner: Owner, *names: str, **more: object) -> list[Made]:
    """Issue certificates."""
    return issue(owner.vault, IssueRequest(names=names, **more), owner.now)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KeyType)
def test_a_new_person_gets_a_key_and_a_certificate(owner: Owner, kind: KeyType) -> None:
    """Usable, private, known to the registry, and nothing else of the folder is touched."""
    before = owner.names()
    [made] = make(owner, "carol", key_type=kind, life=timedelta(days=30))
    assert owner.names() - before == {"clients/carol.crt", "clients/carol.key"}
    assert made.certificate == owner.vault.client_crt("carol")
    assert made.key == owner.vault.client_key("carol")
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert owner.vault.client_files("carol").identity == made.identity
    assert made.identity.role is Role.MEMBER
    assert made.identity.not_after == int(owner.now) + 30 * 86_400
    entry = owner.newest("carol")
    assert (entry.serial, entry.authority) == (
        made.identity.serial,
        owner.authority.fingerprint,
    )


def test_several_are_made_together_or_not_at_all(owner: Owner) -> None:
    """One name that is taken, and nothing has happened; a name twice is one person."""
    before = owner.names()
    with pytest.raises(UsageError, match="bob is known here already"):
        make(owner, "carol", "bob")
    assert owner.names() == before
    assert owner.registry.names() == {"alice", "bob"}
    made = make(owner, "carol", "dave", "carol", role=Role.OPERATOR)
    assert [one.identity.name for one in made] == ["carol", "dave"]
    assert {one.identity.role for one in made} == {Role.OPERATOR}


def test_nobody_and_what_cannot_be_asked_for_is_a_usage_error(owner: Owner) -> None:
    """Before anything is touched."""
    before = owner.names()
    for names, more in (
        ((), {}),
        (("Carol",), {}),
        (("carol",), {"passphrase": b""}),
        (("carol",), {"passphrase": b"x" * 1_024}),
        (("carol",), {"life": timedelta(days=398)}),
        (("carol",), {"role": Role.HOST}),
        (("carol",), {"another_device": True}),
    ):
        with pytest.raises(UsageError):
            make(owner, *names, **more)
    assert owner.names() == before


def test_another_device_of_a_known_person_has_a_folder_of_its_own(owner: Owner) -> None:
    """It holds all that the device needs, in the layout of a certificates folder, privately."""
    first = owner.vault.client_files("alice").identity
    key = owner.vault.client_key("alice").read_bytes()
    [second] = make(owner, "alice", another_device=True)
    [third] = make(owner, "alice", another_device=True)
    folder = owner.vault.folder / "devices"
    assert [second.folder, third.folder] == [folder / "alice-2", folder / "alice-3"]
    for made in (second, third):
        assert Vault(made.folder, owner.clock).client_files("alice").identity == made.identity
        assert Vault(made.folder).community() == owner.vault.community()
        parts = [made.folder.parent, made.folder, made.folder / "clients"]
        assert {stat.S_IMODE(part.stat().st_mode) for part in parts} == {0o700}
    assert owner.vault.client_key("alice").read_bytes() == key
    assert owner.vault.client_files("alice").identity == first
    assert len(owner.registry.of("alice")) == 3


def test_a_device_of_somebody_whose_files_are_not_here_stands_in_the_folder(owner: Owner) -> None:
    """Say of somebody who has enrolled from another computer."""
    owner.vault.client_crt("alice").unlink()
    owner.vault.client_key("alice").unlink()
    [made] = make(owner, "alice", another_device=True)
    assert made.folder == owner.vault.folder
    assert owner.vault.client_files("alice").identity == made.identity


def test_a_revoked_persons_name_is_gone(owner: Owner) -> None:
    """Neither for somebody new nor for a device."""
    revoke(owner.vault, owner.authority, "bob", "unspecified", owner.now, "test")
    for another in (False, True):
        with pytest.raises(UsageError, match="nobody gets the name bob any more"):
            make(owner, "bob", another_device=another)


def test_a_name_with_an_open_invitation_is_not_given_to_somebody_else(owner: Owner) -> None:
    """Until it has expired, or when it is the same person's."""
    invite(owner.vault, name="carol", now=owner.now, by="test")
    with pytest.raises(UsageError, match="open invitation for carol"):
        make(owner, "carol")
    owner.clock.advance(86_400)
    make(owner, "carol")


def test_a_passphrase_encrypts_the_new_key_and_one_opens_the_authoritys(owner: Owner) -> None:
    """They are two; without the right one of the authority's nothing happens."""
    owner.vault.ca_key.write_bytes(owner.authority.key_pem(b"of the authority"))
    before = owner.names()
    for ask, why in ((None, "no passphrase"), (lambda: b"wrong", "passphrase is wrong")):
        with pytest.raises(IdentityError, match=why):
            make(owner, "carol", unlock=ask)
    assert owner.names() == before
    asked: list[str] = []

    def unlock() -> bytes:
        # The folder must be free while a person types.
        with owner.vault.audit.lock(seconds=0):
            asked.append("once")
        return b"of the authority"

    [made] = make(owner, "carol", passphrase=b"of carol", unlock=unlock)
    assert asked == ["once"]
    assert key_is_encrypted(made.key)
    owner.vault.client_files("carol", lambda: b"of carol")


def test_without_its_key_an_authority_issues_nothing(owner: Owner) -> None:
    """The missing file is named."""
    owner.vault.ca_key.unlink()
    with pytest.raises(IdentityError, match=r"ca\.key is missing"):
        make(owner, "carol")


def test_an_authority_of_another_folder_issues_nothing(owner: Owner) -> None:
    """Key and certificate have to fit."""
    key = key_from_pem(owner.vault.host_key.read_bytes(), None, where="host.key")
    owner.vault.ca_key.write_bytes(key_to_pem(key))
    with pytest.raises(IdentityError, match="is not the key of the authority's certificate"):
        make(owner, "carol")


def test_in_a_members_folder_nothing_is_issued(owner: Owner) -> None:
    """And nothing is left there by trying."""
    for name in ("ca.key", "audit.jsonl", "audit.lock", "crl.pem", "host.key"):
        (owner.vault.folder / name).unlink()
    before = owner.names()
    with pytest.raises(IdentityError, match=r"ca\.key is missing"):
        make(owner, "carol")
    with pytest.raises(IdentityError, match=r"audit\.jsonl is missing"):
        revoke(owner.vault, None, "alice", "unspecified", owner.now, "test")
    assert owner.names() == before
