"""Which identity is taken is said, or clear, or asked; it is never guessed."""

from collections.abc import Sequence
from pathlib import Path

import platformdirs
import pytest

from secure_chat.client.choice import Choice, Wanted, choose, client_folder
from secure_chat.client.profiles import Profiles
from secure_chat.errors import Exit, IdentityError
from secure_chat.pki.vault import Vault

HERE = ("127.0.0.1", 65_432)


class Place:
    """A computer with certificates and profiles.

    Args:
        folder: where they are.
        names: those of the certificates folder.
        profiles: name and host of each profile, by label.
    """

    def __init__(self, folder: Path, *names: str, **profiles: tuple[str, str]) -> None:
        self.vault = Vault(folder / "certs")
        for name in names:
            for ending in ("crt", "key"):
                path = folder / "certs" / "clients" / f"{name}.{ending}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        self.profiles = Profiles(folder / "profiles")
        for label, (name, host) in profiles.items():
            with self.profiles.draft(label, name) as draft:
                draft.add(draft.vault.community_file, b"c" * 32, 0o644)
                draft.keep(name, host, 7_000)

    def choose(self, wanted: Wanted | None = None, ask: str | None = None) -> Choice:
        """Choose; a person at the terminal picks `ask`."""
        self.asked: list[str] = []

        def pick(names: Sequence[str]) -> str:
            self.asked = list(names)
            return str(ask)

        return choose(self.vault, wanted or Wanted(), self.profiles, None if ask is None else pick)

    def taken(self, wanted: Wanted | None = None, ask: str | None = None) -> str:
        """Return whose identity is taken, a profile's with its label."""
        choice = self.choose(wanted, ask)
        return choice.name if choice.profile is None else f"{choice.name} of {choice.profile}"


def test_the_wanted_one_is_taken(tmp_path: Path) -> None:
    """And one that is not here is refused with the names of those that are."""
    place = Place(tmp_path, "alice", "bob")
    assert place.taken(Wanted(name="bob")) == "bob"
    with pytest.raises(IdentityError, match="here are: alice, bob") as refused:
        place.choose(Wanted(name="carol"))
    assert refused.value.exit_code is Exit.NO_IDENTITY


def test_the_only_one_needs_no_name(tmp_path: Path) -> None:
    """Nothing has to be said then."""
    assert Place(tmp_path, "alice").taken() == "alice"


def test_several_are_asked_about_or_named(tmp_path: Path) -> None:
    """A person picks; without one it is an error that lists them."""
    place = Place(tmp_path, "alice", "bob")
    assert place.taken(ask="bob") == "bob"
    assert place.asked == ["alice", "bob"]
    with pytest.raises(IdentityError, match="alice, bob") as refused:
        place.choose()
    assert "--as alice" in refused.value.hint
    with pytest.raises(IdentityError, match="no identity 'nobody'"):
        place.choose(ask="nobody")


def test_none_at_all(tmp_path: Path) -> None:
    """With or without a name the advice is to make one, or to enroll."""
    nobody = Place(tmp_path)
    for name in (None, "alice"):
        with pytest.raises(IdentityError) as refused:
            nobody.choose(Wanted(name=name))
        assert "init-certs" in refused.value.hint
        assert "enroll" in refused.value.hint


def test_the_only_profile_needs_no_word(tmp_path: Path) -> None:
    """It brings its host along, unless another one is named."""
    place = Place(tmp_path, home=("carol", "chat.example"))
    choice = place.choose()
    assert (choice.name, choice.profile, choice.target) == (
        "carol",
        "home",
        ("chat.example", 7_000),
    )
    assert choice.vault.folder == place.profiles.folder / "home"
    assert place.choose(Wanted(at="other:1")).target == ("other", 1)


def test_a_profile_comes_before_a_name_and_a_folder_before_profiles(tmp_path: Path) -> None:
    """The order is the same everywhere."""
    place = Place(tmp_path, "alice", home=("carol", "h"), work=("dora", "h"))
    assert place.taken(Wanted(profile="work", name="alice")) == "dora of work"
    assert place.taken(Wanted(name="alice")) == "alice"
    assert place.taken() == "alice"
    assert place.choose().target == HERE


def test_a_name_finds_a_profile_that_has_it(tmp_path: Path) -> None:
    """When the folder has nobody of that name."""
    place = Place(tmp_path, "alice", "bob", home=("carol", "h"), work=("bob", "h"))
    assert place.taken(Wanted(name="carol")) == "carol of home"
    assert place.taken(Wanted(name="bob")) == "bob"
    with pytest.raises(IdentityError, match="the profiles are: home, work"):
        place.choose(Wanted(name="erin"))


def test_one_name_on_two_hosts_is_asked_about(tmp_path: Path) -> None:
    """By the labels."""
    place = Place(tmp_path, home=("carol", "h"), work=("carol", "i"), club=("dora", "j"))
    assert place.taken(Wanted(name="carol"), ask="work") == "carol of work"
    assert place.asked == ["home", "work"]
    with pytest.raises(IdentityError, match="home, work") as refused:
        place.choose(Wanted(name="carol"))
    assert "--profile home" in refused.value.hint


def test_several_profiles_are_asked_about_or_named(tmp_path: Path) -> None:
    """With the names of the folder before them; what is called alike is told apart."""
    place = Place(tmp_path, "alice", "home", home=("carol", "h"), work=("dora", "h"))
    assert place.taken(ask="home (profile)") == "carol of home"
    assert place.asked == ["alice", "home", "home (profile)", "work"]
    assert place.taken(ask="home") == "home"
    with pytest.raises(IdentityError, match=r"alice, home, home \(profile\), work"):
        place.choose()
    only_profiles = Place(tmp_path / "else", home=("carol", "h"), work=("dora", "h"))
    with pytest.raises(IdentityError, match="there are several profiles"):
        only_profiles.choose()


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    """Also when the folder would have had somebody."""
    place = Place(tmp_path, "alice", home=("carol", "h"))
    with pytest.raises(IdentityError, match="there are: home") as refused:
        place.choose(Wanted(profile="work"))
    assert refused.value.exit_code is Exit.NO_IDENTITY


def test_data_stand_below_the_community(tmp_path: Path) -> None:
    """An explicit folder replaces the platform's only."""
    assert client_folder(tmp_path, "c0", "alice") == tmp_path / "c0" / "clients" / "alice"
    platform = client_folder(None, "c0", "alice")
    assert platform.parts[-3:] == ("c0", "clients", "alice")
    assert platform.is_relative_to(platformdirs.user_data_dir("securechat", appauthor=False))
