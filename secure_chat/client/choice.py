"""Which identity a client takes, which host it goes to, and where it keeps what it knows.

Looks up names in the certificates folder and among the profiles; used once, at the start of a
client. It never guesses: with several identities and nobody to ask, it names them and gives up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from secure_chat.client.profiles import Profile, Profiles
from secure_chat.errors import IdentityError
from secure_chat.folders import data_folder
from secure_chat.net.dialer import Address, split_target
from secure_chat.pki.vault import Vault

__all__ = ["DEFAULT_TARGET", "Ask", "Choice", "Wanted", "choose", "client_folder"]

Ask: TypeAlias = Callable[[Sequence[str]], str]

DEFAULT_TARGET: Final = "127.0.0.1:65432"
"""The host of somebody who names none and takes no profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was said about the identity and the host.

    Args:
        profile: what `--profile` says, None when it says nothing; it comes before a name.
        name: what `--as` says.
        at: what `--at` says; it comes before a profile's address.
    """

    profile: str | None = None
    name: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An identity and its host.

    Args:
        vault: where its files are: the certificates folder, or a profile's.
        name: who to be.
        target: the host.
        profile: the profile's label, None for an identity of the certificates folder.
    """

    vault: Vault
    name: str
    target: Address
    profile: str | None = None


def choose(
    vault: Vault, wanted: Wanted, profiles: Profiles | None = None, ask: Ask | None = None
) -> Choice:
    """Return who to be and where: what is wanted, what is clear, or what a person picks.

    In this order: the wanted profile, the wanted name, the only identity of the folder, the only
    profile.

    Args:
        vault: the certificates folder.
        wanted: what was said.
        profiles: those of this user; the platform's place unless told otherwise.
        ask: asks the person at the terminal; None when there is none.

    Raises:
        IdentityError: the wanted one is not here, none is, or several are and nobody can choose.
        UsageError: `at` is no address.
    """
    here = vault.client_names()
    clear = wanted.name in here or (wanted.name is None and len(here) == 1)
    if wanted.profile is None and clear:
        return _by_name(wanted.name or here[0], vault, wanted)
    known = profiles or Profiles()
    if wanted.profile is not None:
        return _by_profile(known.get(wanted.profile), vault, wanted)
    found = [one for one in known.all() if wanted.name in {None, one.name}]
    candidates = {} if wanted.name else {name: _by_name(name, vault, wanted) for name in here}
    for one in found:
        label = f"{one.label} (profile)" if one.label in candidates else one.label
        candidates[label] = _by_profile(one, vault, wanted)
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    if not candidates:
        raise _none(vault, wanted, known)
    return _picked(candidates, ask, vault)


def client_folder(data: Path | None, community: str, name: str) -> Path:
    """Return one identity's own data folder.

    Args:
        data: replaces the platform's folder for user data; None for that.
        community: the community's id.
        name: the identity.
    """
    return data_folder(data, community) / "clients" / name


def _by_name(name: str, vault: Vault, wanted: Wanted) -> Choice:
    return Choice(vault=vault, name=name, target=_target(wanted) or split_target(DEFAULT_TARGET))


def _by_profile(profile: Profile, vault: Vault, wanted: Wanted) -> Choice:
    return Choice(
        vault=Vault(profile.folder, vault.clock),
        name=profile.name,
        target=_target(wanted) or (profile.host, profile.port),
        profile=profile.label,
    )


def _target(wanted: Wanted) -> Address | None:
    """Return the host that was named, None when none was."""
    return None if wanted.at is None else split_target(wanted.at)


def _picked(candidates: Mapping[str, Choice], ask: Ask | None, vault: Vault) -> Choice:
    """Have a person pick one of several."""
    names = list(candidates)
    if ask is None:
        first = candidates[names[0]]
        option = f"--as {first.name}" if first.profile is None else f"--profile {first.profile}"
        raise IdentityError(
            f"there are several identities in {vault.folder}"
            if first.profile is None
            else "there are several profiles",
            why=f"here are: {', '.join(names)}",
            hint=f"Choose one, for example with {option}.",
        )
    picked = ask(names)
    if picked not in candidates:
        raise IdentityError(
            f"there is no identity {picked!r} here",
            why=f"here are: {', '.join(names)}",
            hint="Name one of them.",
        )
    return candidates[picked]


def _none(vault: Vault, wanted: Wanted, profiles: Profiles) -> IdentityError:
    """Return the error for somebody who has no such identity."""
    names, labels = vault.client_names(), profiles.labels()
    here = [f"here are: {', '.join(names)}"] if names else []
    here += [f"the profiles are: {', '.join(labels)}"] if labels else []
    if wanted.name is not None:
        return IdentityError(
            f"there is no identity {wanted.name!r} in {vault.folder}",
            why="; ".join(here) or "here is none at all",
            hint="Make it with `securechat init-certs --client NAME`, name another --certs, or run"
            " `securechat enroll` with an invitation.",
        )
    return IdentityError(
        f"there is no identity in {vault.folder}, and no profile",
        why="; ".join(here) or "a client needs a certificate and its key",
        hint="Run `securechat enroll` with an invitation; to run a host of your own,"
        " `securechat init-certs`. Or name the right folder with --certs.",
    )
