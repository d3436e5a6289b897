"""Who is in the registry, who has been revoked, and whom this folder can be.

Pure checks over the audit trail, the list of revoked certificates and the certificates here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from secure_chat.doctor.findings import Area, Finding, settled
from secure_chat.doctor.folder import Place
from secure_chat.doctor.papers import Paper, anew
from secure_chat.errors import IdentityError
from secure_chat.handshakes.record import seconds
from secure_chat.pki.act import Act
from secure_chat.pki.fold import fold
from secure_chat.pki.registry import SUPERSEDED, Registry

__all__ = ["Register", "check_identity", "check_register", "check_revoked", "read_register"]

_HERE: Final = Area.CERTIFICATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What the audit trail says.

    Args:
        place: its file.
        registry: who has which certificate, None when it is not here or damaged.
        trouble: what is damaged, in words.
        torn: whether its last line has no end.
        revoked: the serial numbers that do not count any more.
        newest: when its last line was written, seconds since 1970 UTC; None when nobody knows.
    """

    place: Place
    registry: Registry | None = None
    trouble: str = ""
    torn: bool = False
    revoked: frozenset[str] = frozenset()
    newest: float | None = None


def read_register(place: Place) -> Register:
    """Return what the trail in a file says; a damaged one says nothing.

    Args:
        place: `audit.jsonl`, content included.
    """
    if place.data is None:
        return Register(place=place)
    torn = bool(place.data) and not place.data.endswith(b"\n")
    try:
        registry = fold(place.data, where=place.name)
    except IdentityError as error:
        return Register(place=place, trouble=error.what, torn=torn)
    revoked = frozenset(
        entry.serial for entry in registry.entries.values() if entry.state == "revoked"
    )
    return Register(
        place=place, registry=registry, torn=torn, revoked=revoked, newest=_newest(place.data)
    )


def check_register(register: Register, papers: Iterable[Paper]) -> list[Finding]:
    """Judge whether a host can use the registry, and whether it knows the members who are here.

    Args:
        register: what the trail says.
        papers: all certificates of the folder.
    """
    name, path = register.place.name, register.place.path
    if register.place.data is None:
        return []
    if register.registry is None:
        return [
            _HERE.fault(
                "registry-damaged",
                register.trouble,
                why="a host does not start with it: who is revoked cannot be known",
                hint="put the file back from a copy, or run `securechat init-certs --force`,"
                " which backs up the old set first",
                where=path,
            )
        ]
    found = [
        _HERE.ok(
            "registry-damaged",
            f"{name} can be read; certificates in it: {len(register.registry.entries)}",
        )
    ]
    if register.torn:
        found.append(
            _HERE.warning(
                "registry-torn",
                f"the last line of {name} has no end and does not count",
                why="a crash cut it while it was written",
                hint="run `securechat init-certs`, which mends it, and look whether somebody's"
                " certificate or revocation is missing",
                where=path,
            )
        )
    known = _HERE.ok("not-registered", "every member's certificate is in the registry")
    return found + settled(_unknown(register.registry, papers), known)


def check_revoked(
    papers: Iterable[Paper], register: Register, listed: frozenset[str], wanted: str | None
) -> list[Finding]:
    """Name those who are here and have been revoked.

    Args:
        papers: all certificates of the folder.
        register: what the trail says.
        listed: the serial numbers on the authority's list.
        wanted: who is to be used; for them it is a fault.
    """
    return settled(
        _revoked(papers, register, listed, wanted),
        _HERE.ok("revoked", "nobody who is here has been revoked"),
    )


def check_identity(papers: Sequence[Paper], wanted: str | None, *, owner: bool) -> list[Finding]:
    """Judge whether there is somebody to be.

    Args:
        papers: all certificates of the folder.
        wanted: what `--as` says.
        owner: whether this is the folder of somebody who issues certificates; they need not be
            anybody.
    """
    names = [p.name for p in papers if p.kind == "client" and p.place.there and p.key_place.there]
    listed = ", ".join(names) or "nobody"
    if wanted is not None and wanted not in names:
        return [
            _HERE.fault(
                "no-identity",
                f"there is no identity {wanted!r} here",
                why=f"with certificate and key there are here: {listed}",
                hint=f"run `securechat init-certs --client {wanted}`"
                if owner
                else "name one of them with --as, or ask whoever runs the host",
            )
        ]
    if not names and not owner:
        return [
            _HERE.fault(
                "no-identity",
                "there is nobody to be here",
                why="a client needs clients/NAME.crt and clients/NAME.key",
                hint="put both there, or name the right folder with --certs",
            )
        ]
    return [_HERE.ok("no-identity", f"with certificate and key there are here: {listed}")]


def _newest(trail: bytes) -> float | None:
    """Return when the last whole line of a trail was written; the trail has been read before."""
    *lines, _ = trail.split(b"\n")
    return seconds(msgspec.json.decode(lines[-1], type=Act).at) if lines else None


def _unknown(registry: Registry, papers: Iterable[Paper]) -> Iterator[Finding]:
    for paper in papers:
        if paper.kind != "client" or paper.identity is None:
            continue
        entry = registry.get(paper.serial)
        hint = "run `securechat init-certs`, which enters certificates of its own authority"
        if entry is None:
            what = f"{paper.place.name} is not in the registry"
        elif (entry.name, entry.role, entry.fingerprint) != (
            paper.identity.name,
            paper.identity.role,
            paper.identity.fingerprint,
        ):
            what = f"{paper.place.name} differs from the certificate in the registry"
            hint = anew(paper, owner=True)
        else:
            continue
        yield _HERE.fault(
            "not-registered",
            what,
            why="a host accepts only what stands in audit.jsonl",
            hint=hint,
            where=paper.place.path,
        )


def _revoked(
    papers: Iterable[Paper], register: Register, listed: frozenset[str], wanted: str | None
) -> Iterator[Finding]:
    for paper in papers:
        places = [
            where
            for where, serials in (("the list", listed), ("the registry", register.revoked))
            if paper.serial in serials
        ]
        if not places or paper.kind == "ca":
            continue
        what, why = f"{paper.place.name} has been revoked", f"{' and '.join(places)} say so"
        why = why.replace("say so", "says so") if len(places) == 1 else why
        entry = None if register.registry is None else register.registry.get(paper.serial)
        if entry is not None and entry.reason == SUPERSEDED:
            why = "a newer one of the same device is in use"
        if paper.name == wanted or paper.kind == "host":
            hint = "it does not come back: a new certificate is needed"
            yield _HERE.fault("revoked", what, why=why, hint=hint, where=paper.place.path)
        else:
            hint = "nothing: hosts keep its holder out"
            yield _HERE.note("revoked", what, why=why, hint=hint, where=paper.place.path)
