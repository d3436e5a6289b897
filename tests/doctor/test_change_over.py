"""A folder with two authorities is in order, and what is wrong in it is found all the same."""

from datetime import timedelta

import pytest

from secure_chat.clock import SystemClock
from secure_chat.doctor.findings import Level
from secure_chat.pki.authority import Authority
from secure_chat.pki.issuing import renew
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import revoke, supersede
from secure_chat.pki.rotation import begin, finish
from tests.doctor.scene import Scene


@pytest.fixture
def rotating(scene: Scene) -> Scene:
    """Return a set-up in a change-over, in which alice has moved and bob has not."""
    now = SystemClock().now()
    begin(scene.vault, open_authority(scene.vault), timedelta(days=30), now, "test")
    renew(scene.vault, "alice", now=now, by="test")
    return scene


def test_a_change_over_is_in_order_and_is_told(rotating: Scene) -> None:
    """Leaves of both authorities, a list of each; when it has ended, nothing is told any more."""
    assert rotating.bad() == {}
    [told] = [one for one in rotating.examine() if one.id == "change-over"]
    assert told.level is Level.NOTE
    assert "--finish" in told.hint
    now = SystemClock().now()
    for name in ("bob", "carol", "dave"):
        renew(rotating.vault, name, now=now, by="test")
    finish(rotating.vault, open_authority(rotating.vault), now, "test")
    assert rotating.bad() == {}
    assert [one for one in rotating.examine() if one.id == "change-over"] == []


def test_a_member_with_both_authorities_is_in_order(rotating: Scene) -> None:
    """Whichever issued their own certificate."""
    for name in ("alice", "bob"):
        assert rotating.member_folder(name).bad(wanted=name) == {}


def test_a_missing_list_of_one_authority_is_found(rotating: Scene) -> None:
    """A host would refuse everybody whom that one issued."""
    crl = rotating.vault.crl
    first = crl.read_bytes().index(b"-----BEGIN", 10)
    crl.write_bytes(crl.read_bytes()[:first])
    assert rotating.bad() == {"crl-foreign": Level.FAULT}


def test_a_strangers_certificate_is_foreign_to_both(rotating: Scene) -> None:
    """Neither signature fits."""
    stranger = Authority.create(now=SystemClock().now())
    leaf = stranger.issue_member("bob", now=SystemClock().now(), life=timedelta(days=60))
    rotating.vault.client_crt("bob").write_bytes(leaf.certificate_pem)
    rotating.vault.client_key("bob").write_bytes(leaf.key_pem())
    found = rotating.bad()
    assert found == {"foreign-issuer": Level.FAULT, "not-registered": Level.FAULT}


def test_something_else_behind_the_authority_is_found(rotating: Scene) -> None:
    """OpenSSL would trust it."""
    ca = rotating.vault.ca_crt
    ca.write_bytes(ca.read_bytes() + rotating.vault.host_crt.read_bytes())
    assert rotating.bad()["ca-constraints"] is Level.FAULT


def test_the_older_authoritys_key_is_looked_after(rotating: Scene) -> None:
    """It can make anyone until the end."""
    rotating.vault.previous_ca_key.chmod(0o644)
    assert rotating.bad() == {"open-key": Level.FAULT}


def test_whom_either_list_names_is_found(rotating: Scene) -> None:
    """The second list is read as the first is."""
    vault, now = rotating.vault, SystemClock().now()
    for name in ("alice", "bob"):
        revoke(vault, open_authority(vault), name, "unspecified", now, "test")
        vault.audit_file.write_bytes(
            b"".join(
                line
                for line in vault.audit_file.read_bytes().splitlines(keepends=True)
                if b'"act":"revoked"' not in line
            )
        )
    for name in ("alice", "bob"):
        assert rotating.bad(wanted=name) == {"revoked": Level.FAULT}


def test_a_copy_left_behind_is_told_from_somebody_revoked(scene: Scene) -> None:
    """Its holder has a newer one elsewhere; here it is of no use."""
    vault, now = scene.vault, SystemClock().now()
    serial = vault.client_files("bob").identity.serial
    supersede(vault, open_authority(vault), [serial], now, "test")
    [told] = [one for one in scene.examine() if one.id == "revoked"]
    assert told.level is Level.NOTE
    assert told.why == "a newer one of the same device is in use"
    assert scene.bad(wanted="bob") == {"revoked": Level.FAULT}
