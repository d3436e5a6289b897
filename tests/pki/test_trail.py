"""The audit trail says who did what when, and holds nothing that anybody could use."""

import json
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from secure_chat.pki.act import Deed
from secure_chat.pki.crl import write_crl
from secure_chat.pki.csr import make_request
from secure_chat.pki.invites import cancel, invite
from secure_chat.pki.issuing import (
    IssueRequest,
    demote,
    issue,
    promote,
    renew,
    renew_host,
    sign_request,
)
from secure_chat.pki.keys import KeyType, key_from_pem, new_key
from secure_chat.pki.moderation import record
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import revoke, supersede
from secure_chat.pki.rotation import begin, finish
from secure_chat.pki.setup import InitRequest, init_certs
from tests.pki.conftest import Owner

PASSPHRASE = b"open sesame 4711"
WHO = "mallory at the shell"


def live(owner: Owner) -> list[str]:
    """Do everything that can be done, a second apart; return the secrets that were handed out."""
    vault, clock = owner.vault, owner.clock

    def now() -> float:
        clock.advance(1)
        return clock.now()

    def unlock() -> bytes:
        return PASSPHRASE

    init_certs(vault, InitRequest(force=True, passphrase=PASSPHRASE, by=WHO))
    wish = IssueRequest(names=("carol",), passphrase=PASSPHRASE, unlock=unlock, by=WHO)
    issue(vault, wish, now())
    authority = open_authority(vault, unlock)
    first, secret = invite(vault, name="dave", now=now(), by=WHO)
    second, other = invite(vault, name="erin", now=now(), by=WHO)
    cancel(vault, second.id, now(), WHO)
    sign_request(
        vault,
        authority,
        name="dave",
        role=None,
        request=make_request(new_key(KeyType.P256), "dave"),
        life=None,
        now=now(),
        by=WHO,
        invite=first.id,
    )
    made = renew(vault, "carol", unlock=unlock, now=now(), by=WHO)
    supersede(vault, authority, [made.replaces], now(), WHO)
    promote(vault, authority, "alice", now=now(), by=WHO)
    demote(vault, authority, "alice", now=now(), by=WHO)
    record(vault, Deed.KICKED, name="bob", now=now(), by=WHO, reason="noise")
    record(vault, Deed.MUTED, name="bob", now=now(), by=WHO)
    record(vault, Deed.UNMUTED, name="bob", now=now(), by=WHO)
    record(vault, Deed.CLOSED_ROOM, room="den", now=now(), by=WHO)
    record(vault, Deed.OPENED_ROOM, room="den", now=now(), by=WHO)
    renew_host(vault, authority, now(), WHO, force=True)
    revoke(vault, authority, "bob", "keyCompromise", now(), WHO)
    begin(vault, authority, timedelta(days=30), now(), WHO, passphrase=PASSPHRASE)
    authority = open_authority(vault, unlock)
    write_crl(vault, authority, now=now())
    finish(vault, authority, now(), WHO)
    return [secret, other]


def test_each_act_is_a_line_with_who_what_and_when(owner: Owner) -> None:
    """All kinds of acts are there, in their order, each about somebody or something."""
    before = owner.vault.audit_file.read_bytes()
    since = owner.now
    live(owner)
    text = owner.vault.audit_file.read_bytes()
    assert text.startswith(before)
    lines = [json.loads(line) for line in text[len(before) :].splitlines()]
    assert {line["act"] for line in lines} == set(Deed) - {Deed.ADOPTED}
    times = [datetime.fromisoformat(line["at"]).timestamp() for line in lines]
    assert all(one <= other for one, other in pairwise(times))
    assert since - 0.001 <= times[0]
    assert times[-1] <= owner.now + 0.001
    for line in lines:
        assert line["by"] == WHO
        assert line.get("name") or line.get("room"), line
        if line["act"] in {Deed.ISSUED, Deed.REVOKED}:
            assert {"role", "serial", "fingerprint", "not_before", "not_after", "authority"} <= set(
                line
            )
        if line["act"] == Deed.REVOKED:
            assert line["reason"]


def test_no_line_holds_a_secret(owner: Owner) -> None:
    """Neither keys in any form, nor passphrases, nor the secrets of invitations."""
    secrets = live(owner)
    text = owner.vault.audit_file.read_text()
    found = [PASSPHRASE.decode(), *secrets]
    keys = list(owner.vault.folder.rglob("*.key"))
    assert len(keys) > 8
    for path in keys:
        pem = path.read_bytes()
        found += [line for line in pem.decode().splitlines() if len(line) > 10]
        key = key_from_pem(pem, lambda: PASSPHRASE, where=path.name)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        number = key.private_numbers().private_value
        found += [f"{number:x}", str(number)]
    assert [secret for secret in found if secret in text] == []
    assert "PRIVATE" not in text


@pytest.mark.parametrize("act", ["issued", "revoked"])
def test_a_certificates_own_facts_are_in_the_trail(owner: Owner, act: str) -> None:
    """So that a line can be compared with the file it is about."""
    if act == "revoked":
        revoke(owner.vault, owner.authority, "alice", "keyCompromise", owner.now, WHO)
    lines = map(json.loads, owner.vault.audit_file.read_bytes().splitlines())
    [line] = [line for line in lines if line["act"] == act and line["name"] == "alice"]
    identity = owner.vault.client_files("alice").identity
    assert (line["serial"], line["fingerprint"]) == (identity.serial, identity.fingerprint)
    ends = [datetime.fromisoformat(line[key]).timestamp() for key in ("not_before", "not_after")]
    assert ends == [identity.not_before, identity.not_after]
    assert line["authority"] == owner.authority.fingerprint
