"""Profiles: made whole or not at all, found again, forgotten without a trace in anything else."""

import json
import os
import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.client.profiles import Draft, Profiles, standing
from secure_chat.errors import Exit, IdentityError, StoreBusy, StoreError, UsageError
from secure_chat.pki.vault import Vault
from tests.pki.kill import killed_before_step


def fill(draft: Draft, certs: Path, name: str = "carol") -> None:
    """Put a person's files into a draft."""
    vault = Vault(certs)
    draft.add(draft.vault.client_key(name), vault.client_key(name).read_bytes(), 0o600)
    draft.add(draft.vault.ca_crt, vault.ca_crt.read_bytes(), 0o644)
    draft.add(draft.vault.community_file, vault.community_file.read_bytes(), 0o644)
    draft.add(draft.vault.client_crt(name), vault.client_crt(name).read_bytes(), 0o644)


def make(profiles: Profiles, certs: Path, label: str | None = None, name: str = "carol") -> str:
    """Make a profile and return its label."""
    with profiles.draft(label, name) as draft:
        fill(draft, certs, name)
        return draft.keep(name, "2001:db8::7", 65_432).label


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """Return those of somebody who has none."""
    return Profiles(tmp_path / "config" / "profiles")


def test_a_profile_is_found_again_as_it_was_made(profiles: Profiles, certs: Path) -> None:
    """Laid out like a certificates folder, with its host beside."""
    assert make(profiles, certs) == "carol"
    found = profiles.get("carol")
    assert (found.name, found.host, found.port) == ("carol", "2001:db8::7", 65_432)
    assert found.address == "[2001:db8::7]:65432"
    assert found.community == Vault(certs).community()
    assert profiles.all() == [found]
    assert Vault(found.folder).client_files("carol").identity.name == "carol"
    assert json.loads((found.folder / "profile.json").read_bytes()) == {
        "name": "carol",
        "host": "2001:db8::7",
        "port": 65_432,
        "community": found.community,
    }


def test_only_its_owner_may_look_into_it(profiles: Profiles, certs: Path) -> None:
    """Folders 0700, the key and the settings 0600, whatever the umask."""
    before = os.umask(0)
    try:
        make(profiles, certs)
    finally:
        os.umask(before)
    for path in (profiles.folder.parent, *profiles.folder.parent.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir():
            assert mode == 0o700, path
        elif path.suffix not in {".crt", ""}:
            assert mode == 0o600, path


def test_a_taken_label_gets_a_number(profiles: Profiles, certs: Path) -> None:
    """Unless one says how it is to be called."""
    assert [make(profiles, certs) for _ in range(3)] == ["carol", "carol-2", "carol-3"]
    assert make(profiles, certs, "work") == "work"
    assert profiles.labels() == ["carol", "carol-2", "carol-3", "work"]
    with pytest.raises(UsageError, match="there is a profile 'work' already"):
        make(profiles, certs, "work")


@pytest.mark.parametrize("label", ["", ".hidden", "../x", "a/b", "A", "nul", "x" * 65, "a..b"])
def test_a_label_is_a_plain_word(profiles: Profiles, certs: Path, label: str) -> None:
    """It becomes the name of a folder."""
    with pytest.raises(UsageError, match="cannot be the name of a profile"):
        make(profiles, certs, label)
    assert profiles.labels() == []


def test_a_draft_that_is_not_kept_never_was(profiles: Profiles, certs: Path) -> None:
    """Whatever went wrong, the key is gone too."""
    with profiles.draft(None, "carol") as draft:
        fill(draft, certs)
    with pytest.raises(FileNotFoundError), profiles.draft(None, "carol") as draft:
        fill(draft, certs / "nowhere")
    assert profiles.labels() == []
    assert not [path for path in profiles.folder.rglob("*") if path.suffix == ".key"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a child to kill")
def test_a_kill_at_any_step_leaves_a_whole_profile_or_none(profiles: Profiles, certs: Path) -> None:
    """And the next run works and clears away what was left."""
    step = 1
    while killed_before_step(step, profiles.folder, lambda: make(profiles, certs, "work")):
        for found in profiles.labels():
            assert Vault(profiles.get(found).folder).client_files("carol").identity.name == "carol"
            profiles.forget(found)
        step += 1
    assert step > 10
    assert profiles.labels() == ["work"]
    assert make(profiles, certs) == "carol"
    leftover = {path.name for path in profiles.folder.iterdir()} - {"work", "carol"}
    assert leftover == {"lock.sqlite"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a child to kill")
def test_a_kill_while_forgetting_leaves_a_whole_profile_or_none(
    profiles: Profiles, certs: Path
) -> None:
    """Half a profile would be an identity that cannot be used."""
    step = 1
    make(profiles, certs)
    while killed_before_step(step, profiles.folder, lambda: profiles.forget("carol")):
        if profiles.labels():
            assert Vault(profiles.get("carol").folder).client_files("carol").key.exists()
        else:
            make(profiles, certs)
        step += 1
    assert step > 3
    assert profiles.labels() == []


def test_two_do_not_change_them_at_once(profiles: Profiles, certs: Path) -> None:
    """The second one is told so."""
    with (
        profiles.draft(None, "carol"),
        pytest.raises(StoreBusy, match="another command is changing the profiles"),
    ):
        make(profiles, certs)


def test_forgetting_deletes_that_one_and_nothing_else(profiles: Profiles, certs: Path) -> None:
    """One that is not there is an error with those that are."""
    make(profiles, certs)
    make(profiles, certs, "work")
    profiles.forget("carol")
    assert profiles.labels() == ["work"]
    with pytest.raises(IdentityError, match="there are: work") as refused:
        profiles.forget("carol")
    assert refused.value.exit_code is Exit.NO_IDENTITY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"name":"Carol","host":"h","port":1,"community":"c"}',
        '{"name":"carol","host":"h","port":0,"community":"c"}',
        '{"name":"../x","host":"h","port":1,"community":"c"}',
    ],
)
def test_a_damaged_one_is_told_and_left_out(profiles: Profiles, certs: Path, text: str) -> None:
    """It stands in the list of labels, so that it can be forgotten."""
    make(profiles, certs)
    make(profiles, certs, "work")
    (profiles.folder / "work" / "profile.json").write_text(text)
    with pytest.raises(IdentityError, match="profile work cannot be used"):
        profiles.get("work")
    assert [one.label for one in profiles.all()] == ["carol"]
    assert profiles.labels() == ["carol", "work"]
    profiles.forget("work")


def test_a_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path, certs: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "config").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        make(Profiles(tmp_path / "config" / "profiles"), certs)


def test_a_profile_expires_like_its_certificate(profiles: Profiles, certs: Path) -> None:
    """Expiring from two thirds of its life on, when a new one is due."""
    make(profiles, certs)
    profile = profiles.get("carol")
    identity = Vault(certs).client_files("carol").identity
    day = timedelta(days=1).total_seconds()
    assert standing(profile, identity.not_after - 31 * day) == (identity.not_after, "valid")
    assert standing(profile, identity.not_after - 29 * day)[1] == "expiring"
    assert standing(profile, identity.not_after)[1] == "expired"


def test_a_certificate_of_somebody_else_is_damage(profiles: Profiles, certs: Path) -> None:
    """And so is one that cannot be read."""
    make(profiles, certs)
    profile = profiles.get("carol")
    crt = Vault(profile.folder).client_crt("carol")
    shutil.copy(Vault(certs).client_crt("bob"), crt)
    with pytest.raises(IdentityError, match="somebody else's"):
        standing(profile, 0)
    crt.write_text("nothing")
    with pytest.raises(IdentityError, match="it is no certificate"):
        standing(profile, 0)


def test_without_a_folder_it_is_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a user's settings are."""
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(tmp_path / "own"))
    assert Profiles().folder == tmp_path / "own" / "profiles"
    assert Profiles().labels() == []
