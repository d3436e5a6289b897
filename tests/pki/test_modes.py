"""Private keys that are not private are refused at start."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.errors import Exit, IdentityError
from secure_chat.pki.modes import check_private
from tests.pki.conftest import Owner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")

USES: dict[str, Callable[[Owner], object]] = {
    "host.key": lambda owner: owner.vault.host_files(),
    "clients/alice.key": lambda owner: owner.vault.client_files("alice"),
    "ca.key": lambda owner: owner.authority,
}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777], ids=oct)
@pytest.mark.parametrize("name", USES)
def test_a_key_that_others_can_read_is_refused_with_the_command_that_mends_it(
    owner: Owner, name: str, mode: int
) -> None:
    """Run as it stands there, the command makes it good."""
    key = owner.vault.folder / name
    USES[name](owner)
    key.chmod(mode)
    with pytest.raises(IdentityError, match=f"{name} .mode {mode:o}") as refusal:
        USES[name](owner)
    assert refusal.value.exit_code is Exit.NO_IDENTITY
    assert refusal.value.hint == f"chmod 600 {key}"
    subprocess.run(shlex.split(refusal.value.hint), check=True)
    USES[name](owner)


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o755], ids=oct)
@pytest.mark.parametrize("name", USES)
def test_a_folder_of_keys_that_others_can_enter_is_refused_too(
    owner: Owner, name: str, mode: int
) -> None:
    """The folder in which that key stands; another one does not matter to it."""
    folder = (owner.vault.folder / name).parent
    folder.chmod(mode)
    with pytest.raises(IdentityError, match=f"look into the folder .* .mode {mode:o}") as refusal:
        USES[name](owner)
    assert refusal.value.hint == f"chmod 700 {folder}"
    subprocess.run(shlex.split(refusal.value.hint), check=True)
    USES[name](owner)


def test_a_path_with_blanks_stands_in_the_command_as_a_shell_wants_it(tmp_path: Path) -> None:
    """Copied into a shell it is one word."""
    key = tmp_path / "my certs.key"
    key.touch(0o644)
    with pytest.raises(IdentityError) as refusal:
        check_private(key)
    assert shlex.split(refusal.value.hint) == ["chmod", "600", str(key)]


def test_a_key_that_is_not_there_is_for_others_to_report(tmp_path: Path) -> None:
    """Neither a missing file nor a folder in its place is a matter of modes."""
    check_private(tmp_path / "missing.key")
    check_private(tmp_path)


def test_the_keys_of_a_change_over_are_looked_at(owner: Owner) -> None:
    """The older authority's key is one that can make anyone, too."""
    owner.vault.previous_ca_key.touch(0o644)
    owner.vault.ca_crt.write_bytes(owner.vault.ca_crt.read_bytes() * 2)
    with pytest.raises(IdentityError, match=r"previous-ca\.key"):
        _ = owner.authority
