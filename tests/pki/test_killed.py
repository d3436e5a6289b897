"""A command that is killed leaves the folder as it was, or is finished by the next one.

Each act runs in a child that is killed before its operations on the disk, its writes (half of one
done) and its syncs: every one of those that write a line, every third of those that write files,
whose mechanics `test_change.py` tries at every single one. At each such moment host and members can
use the folder as it is.
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from secure_chat.clock import SystemClock
from secure_chat.errors import IdentityError
from secure_chat.pki.act import Deed
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.change import heal
from secure_chat.pki.crl import present_lists
from secure_chat.pki.csr import make_request
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import invite
from secure_chat.pki.issuing import (
    IssueRequest,
    demote,
    issue,
    promote,
    renew,
    renew_host,
    sign_request,
)
from secure_chat.pki.keys import KeyType, new_key
from secure_chat.pki.lists import revocations_in
from secure_chat.pki.moderation import record
from secure_chat.pki.opening import open_authority
from secure_chat.pki.profile import fingerprint_of, serial_of
from secure_chat.pki.revoking import revoke
from secure_chat.pki.rotation import begin, finish
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.fakes import FakeClock
from tests.pki.kill import killed_before_step

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
    pytest.mark.slow,
]

NOW = SystemClock().now()
REQUEST = make_request(new_key(KeyType.P256), "carol")
Do: TypeAlias = Callable[[Vault], object]


@dataclass(frozen=True, slots=True)
class Case:
    """An act, and what has happened in the folder before."""

    act: Do
    before: Do = lambda _vault: None
    writes_files: bool = True


def rotate(vault: Vault) -> object:
    """Begin a change-over."""
    return begin(vault, open_authority(vault), timedelta(days=30), NOW, "test")


def up(vault: Vault) -> object:
    """Promote alice."""
    return promote(vault, open_authority(vault), "alice", now=NOW, by="test")


def sign(vault: Vault) -> object:
    """Sign carol's request by her invitation."""
    [found] = vault.registry().open_invites(NOW)
    return sign_request(
        vault,
        open_authority(vault),
        name="carol",
        role=None,
        request=REQUEST,
        life=None,
        now=NOW,
        by="test",
        invite=found.id,
    )


CASES = {
    "issue": Case(lambda v: issue(v, IssueRequest(names=("carol",)), NOW)),
    "issue a device": Case(
        lambda v: issue(v, IssueRequest(names=("alice",), another_device=True), NOW)
    ),
    "renew": Case(lambda v: renew(v, "alice", now=NOW, by="test")),
    "renew the host": Case(lambda v: renew_host(v, open_authority(v), NOW, "test", force=True)),
    "revoke": Case(
        lambda v: revoke(v, open_authority(v), "bob", "keyCompromise", NOW, "test"),
    ),
    "promote": Case(up),
    "demote": Case(lambda v: demote(v, open_authority(v), "alice", now=NOW, by="test"), before=up),
    "rotate": Case(rotate),
    "finish rotating": Case(
        lambda v: finish(v, open_authority(v), NOW, "test"),
        before=lambda v: (rotate(v), renew(v, "alice", now=NOW, by="test")),
    ),
    "invite": Case(lambda v: invite(v, name="carol", now=NOW, by="test"), writes_files=False),
    "sign": Case(
        sign, before=lambda v: invite(v, name="carol", now=NOW, by="test"), writes_files=False
    ),
    "kick": Case(
        lambda v: record(v, Deed.KICKED, name="bob", now=NOW, by="test"), writes_files=False
    ),
}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a killed process has written is there without it; each sync is still counted."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificates folder, not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "certs"
    init_certs(Vault(folder, FakeClock(NOW)), InitRequest())
    return folder


def usable(vault: Vault) -> dict[str, bool]:
    """Tell for the host and each person whether their files can be used now."""

    def good(name: str) -> bool:
        try:
            vault.host_files() if name == "host" else vault.client_files(name)
        except IdentityError:
            return False
        return True

    return {name: good(name) for name in ("host", "alice", "bob")}


def picture(vault: Vault) -> dict[str, object]:
    """Return what a folder says, without what chance decides; everything in it must fit."""
    registry = vault.registry()
    authorities = [fingerprint_of(one) for one in vault.ca_certificates()]
    for path in (vault.folder / "clients").glob("*.crt"):
        serial = serial_of(certificates_in(path.read_bytes())[0])
        assert registry.entries[serial].name == path.stem
    listed = [{one.serial for one in revocations_in(crl)} for crl in present_lists(vault)]
    known = registry.entries
    assert all(known[serial].state == "revoked" for serials in listed for serial in serials)
    open_authority(vault)
    assert not (vault.folder / ".staging").exists()
    return {
        "entries": [(one.name, one.role, one.state, one.reason) for one in known.values()],
        "state": (registry.retired, registry.roles, set(registry.kicks)),
        "invites": [one.state for one in registry.invites.values()],
        "overlap": registry.overlap is None,
        "authorities": len(authorities),
        "host": authorities.index(fingerprint_of(vault.host_authority())),
        "listed": [len(serials) for serials in listed],
        "alice": known[serial_of(certificates_in(vault.client_crt("alice").read_bytes())[0])].role
        is Role.OPERATOR,
        "files": sorted(
            path.relative_to(vault.folder).as_posix()
            for path in vault.folder.rglob("*")
            if path.is_file() and not path.name.startswith("audit.lock")
        ),
        "usable": usable(vault),
    }


@pytest.mark.parametrize("what", CASES)
def test_killed_at_any_step_the_folder_is_as_before_or_as_after(
    tmp_path: Path, made: Path, what: str
) -> None:
    """Once decided it is always finished; the host can start at every single moment of it."""
    case = CASES[what]
    start = Vault(tmp_path / "start", FakeClock(NOW))
    shutil.copytree(made, start.folder)
    case.before(start)
    done = Vault(tmp_path / "done", start.clock)
    shutil.copytree(start.folder, done.folder)
    case.act(done)
    before, after = picture(start), picture(done)
    assert before != after
    outcomes: list[bool] = []
    stride = 3 if case.writes_files else 1
    killed = True
    while killed:
        vault = Vault(tmp_path / str(len(outcomes)), start.clock)
        shutil.copytree(start.folder, vault.folder)
        killed = killed_before_step(
            1 + len(outcomes) * stride,
            vault.folder,
            lambda vault=vault: case.act(vault),  # type: ignore[misc]
            writes=True,
        )
        assert usable(vault) in (before["usable"], after["usable"])
        assert usable(vault)["host"]
        heal(vault.folder)
        now = picture(vault)
        # A trail cut in the middle of its last line is as before.
        assert now in (before, after)
        outcomes.append(now == after)
        shutil.rmtree(vault.folder)
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {False, True}
    assert len(outcomes) > (10 if case.writes_files else 3)
