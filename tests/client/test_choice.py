"""Which identity is taken is said, or clear, or asked; it is never guessed."""

from collections.abc import Sequence
from pathlib import Path

import platformdirs
import pytest

from secure_chat.client.choice import choose, client_folder
from secure_chat.errors import Exit, IdentityError
from secure_chat.pki.vault import Vault


def vault(folder: Path, *names: str) -> Vault:
    """Return a folder that holds files of these names."""
    (folder / "clients").mkdir()
    for name in names:
        (folder / "clients" / f"{name}.crt").touch()
        (folder / "clients" / f"{name}.key").touch()
    return Vault(folder)


def test_the_wanted_one_is_taken(tmp_path: Path) -> None:
    """And one that is not here is refused with the names of those that are."""
    several = vault(tmp_path, "alice", "bob")
    assert choose(several, "bob") == "bob"
    with pytest.raises(IdentityError, match="here are: alice, bob") as refused:
        choose(several, "carol")
    assert refused.value.exit_code is Exit.NO_IDENTITY


def test_the_only_one_needs_no_name(tmp_path: Path) -> None:
    """Nothing has to be said then."""
    assert choose(vault(tmp_path, "alice"), None) == "alice"


def test_several_are_asked_about_or_named(tmp_path: Path) -> None:
    """A person picks; without one it is an error that lists them."""
    several = vault(tmp_path, "alice", "bob")

    def pick(names: Sequence[str]) -> str:
        assert names == ["alice", "bob"]
        return "bob"

    assert choose(several, None, pick) == "bob"
    with pytest.raises(IdentityError, match="alice, bob"):
        choose(several, None)
    with pytest.raises(IdentityError, match="no identity 'nobody'"):
        choose(several, None, lambda _: "nobody")


def test_none_at_all(tmp_path: Path) -> None:
    """With or without a name the advice is to make one."""
    nobody = vault(tmp_path)
    for wanted in (None, "alice"):
        with pytest.raises(IdentityError) as refused:
            choose(nobody, wanted)
        assert "init-certs" in refused.value.hint


def test_data_stand_below_the_community(tmp_path: Path) -> None:
    """An explicit folder replaces the platform's only."""
    assert client_folder(tmp_path, "c0", "alice") == tmp_path / "c0" / "clients" / "alice"
    platform = client_folder(None, "c0", "alice")
    assert platform.parts[-3:] == ("c0", "clients", "alice")
    assert platform.is_relative_to(platformdirs.user_data_dir("securechat", appauthor=False))
