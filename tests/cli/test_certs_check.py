"""`securechat certs check`: an exit code that scripts can rely on."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.pki.opening import open_authority
from secure_chat.pki.rotation import begin
from secure_chat.pki.vault import Vault
from tests.cli.shell import Shell
from tests.cli.test_certs_show import enrolled, write
from tests.pki.forge import Draft, member_draft, name


def test_all_is_fine(shell: Shell) -> None:
    """Each certificate of the folder is told; quiet nothing is."""
    done = shell("certs", "check")
    lines = done.out.splitlines()
    assert len(lines) == 6
    assert all(line.startswith("fine  ") for line in lines)
    assert shell("certs", "check", "--quiet").out == ""
    told = shell.json("certs", "check")
    assert {one["due"] for one in told} == {False}
    assert {Path(one["file"]).name for one in told} == {
        "ca.crt",
        "host.crt",
        *(f"{who}.crt" for who in ("alice", "bob", "carol", "dave")),
    }


@pytest.mark.parametrize(
    ("life", "within", "code"),
    [("90d", "14d", 0), ("13d", "14d", 1), ("15d", "14d", 0), ("15d", "16d", 1), ("1h", "30m", 0)],
)
def test_due_is_what_ends_within_the_time(shell: Shell, life: str, within: str, code: int) -> None:
    """As with `openssl x509 -checkend`."""
    shell("certs", "issue", "erin", "--life", life)
    done = shell("certs", "check", "erin", "--within", within, code=code)
    assert done.out.startswith("due " if code else "fine")
    [told] = shell.json("certs", "check", "erin", "--within", within, code=code)
    assert told["due"] is bool(code)
    assert (told["why"] is None) is not bool(code)
    assert (
        shell("certs", "check", "erin", "--within", within, "--quiet", code=code).out == ""
    ) is (code == 0)


def test_one_that_is_due_is_enough(shell: Shell) -> None:
    """And it alone is told when quiet."""
    shell("certs", "issue", "erin", "--life", "3d")
    done = shell("certs", "check", "--quiet", code=1)
    [line] = done.out.splitlines()
    assert "erin (" in line
    assert "ends in 2 days" in line
    shell("certs", "renew", "erin", "--life", "60d")
    shell("certs", "check")


def test_what_has_ended_is_due(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what has not begun; whatever the span."""
    now = SystemClock().now()
    monkeypatch.setattr(SystemClock, "now", lambda _self: now + 91 * 86_400)
    done = shell("certs", "check", "alice", "--within", "1s", code=1)
    assert "ended 1 day ago" in done.out or "ended 23 hours ago" in done.out
    monkeypatch.setattr(SystemClock, "now", lambda _self: now - 86_400)
    assert "not valid yet" in shell("certs", "check", "alice", "--within", "1s", code=1).out


def test_host_and_authority_have_words(shell: Shell) -> None:
    """During a change-over there are two authorities."""
    assert len(shell("certs", "check", "host").out.splitlines()) == 1
    assert len(shell("certs", "check", "ca").out.splitlines()) == 1
    assert shell("certs", "check", "host", "--within", "91d", code=1).out.startswith("due ")
    assert shell("certs", "check", "ca", "--within", "91d").out.startswith("fine")
    now = shell.vault.clock.now()
    begin(shell.vault, open_authority(shell.vault), timedelta(days=1), now, "test")
    assert len(shell("certs", "check", "ca").out.splitlines()) == 2


def test_a_file_can_be_checked(shell: Shell) -> None:
    """Anybody's, also without a folder."""
    path = shell.folder / "alice.crt"
    shutil.copy(shell.vault.client_crt("alice"), path)
    shutil.rmtree(shell.certs)
    shell("certs", "check", str(path))
    shell("certs", "check", str(path), "--within", "91d", code=1)


def test_a_hostile_file_is_due_and_harmless(shell: Shell) -> None:
    """Its dates end long ago or cannot be read."""
    evil = Draft(name(("2.5.4.3", b"\x1b[2Jevil")), member_draft().extensions)
    done = shell("certs", "check", write(shell, evil), code=1)
    assert done.out.strip("\n").isprintable()
    (shell.folder / "cut.der").write_bytes(evil.der()[:60])
    done = shell("certs", "check", str(shell.folder / "cut.der"), code=1)
    assert "its dates cannot be read" in done.out


def test_who_enrolled_is_checked_by_the_registry(shell: Shell) -> None:
    """The certificate is on their computer; of several the one that ends last."""
    enrolled(shell, "erin")
    done = shell("certs", "check", "erin")
    assert "erin (the registry)" in done.out
    shell("certs", "check", "erin", "--within", "91d", code=1)
    shell("certs", "issue", "erin", "--another-device", "--life", "200d")
    shell("certs", "check", "erin", "--within", "91d")


def test_the_revoked_are_left_out_unless_they_are_named(shell: Shell) -> None:
    """Or nothing would ever be fine again."""
    shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    done = shell("certs", "check")
    assert "bob" not in done.out
    done = shell("certs", "check", "bob", code=1)
    assert "revoked (keyCompromise)" in done.out


def test_one_that_was_revoked_does_not_hide_one_that_counts(shell: Shell) -> None:
    """A lost device, and the new one."""
    old = shell.serials("bob")[0]
    shell("certs", "issue", "bob", "--another-device", "--life", "30d")
    shell("certs", "revoke", old)
    done = shell("certs", "check", "bob")
    assert "devices/bob-2" in done.out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("erin",), 3, "neither a person nor a file called 'erin'"),
        (("/dev/null",), 3, "there is no certificate in"),
        (("alice", "--within", "soon"), 2, "is not a span of time"),
        (("alice", "bob"), 2, "unexpected extra argument"),
    ],
)
def test_what_cannot_be_is_told(shell: Shell, words: tuple[str, ...], code: int, told: str) -> None:
    """With another exit code than that of a due certificate."""
    assert told in shell("certs", "check", *words, code=code).err


def test_an_empty_folder_is_told(shell: Shell) -> None:
    """Nothing due is not the same as nothing there."""
    shutil.rmtree(shell.certs)
    assert "there is no certificate in" in shell("certs", "check", code=3).err


def test_a_member_can_check_their_folder(shell: Shell) -> None:
    """It has no registry."""
    for file in ("audit.jsonl", "audit.lock", "ca.key", "host.crt", "host.key"):
        (shell.certs / file).unlink()
    assert len(shell("certs", "check").out.splitlines()) == 5
    assert Vault(shell.certs).audit_file.exists() is False
