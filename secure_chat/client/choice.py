"""Which identity a client takes, and where it keeps what it knows.

Pure but for the names it looks up in the certificates folder; used once, at the start of a
client. It never guesses: with several identities and nobody to ask, it names them and gives up.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from secure_chat.errors import IdentityError
from secure_chat.folders import data_folder
from secure_chat.pki.vault import Vault

__all__ = ["Ask", "choose", "client_folder"]

Ask: TypeAlias = Callable[[Sequence[str]], str]


def choose(vault: Vault, wanted: str | None, ask: Ask | None = None) -> str:
    """Return the name to be: the wanted one, the only one, or the one a person picks.

    Args:
        vault: the certificates folder.
        wanted: what `--as` says, None when it says nothing.
        ask: asks the person at the terminal; None when there is none.

    Raises:
        IdentityError: the wanted one is not here, none is, or several are and nobody can choose.
    """
    names = vault.client_names()
    if wanted is not None:
        if wanted in names:
            return wanted
        raise IdentityError(
            f"there is no identity {wanted!r} in {vault.folder}",
            why=f"here are: {', '.join(names)}" if names else "here is none at all",
            hint="Make it with `securechat init-certs --client NAME`, or name another --certs.",
        )
    if not names:
        raise IdentityError(
            f"there is no identity in {vault.folder}",
            why="a client needs a certificate and its key",
            hint="Run `securechat init-certs`, or name the right folder with --certs.",
        )
    if len(names) == 1:
        return names[0]
    if ask is not None:
        return choose(vault, ask(names))
    raise IdentityError(
        f"there are several identities in {vault.folder}",
        why=f"here are: {', '.join(names)}",
        hint=f"Choose one, for example with --as {names[0]}.",
    )


def client_folder(data: Path | None, community: str, name: str) -> Path:
    """Return one identity's own data folder.

    Args:
        data: replaces the platform's folder for user data; None for that.
        community: the community's id.
        name: the identity.
    """
    return data_folder(data, community) / "clients" / name
