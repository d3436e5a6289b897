"""Whether certificates and keys of the folder can be used, and belong together.

Pure checks over what `papers` has read.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from secure_chat.doctor.findings import Area, Finding, settled
from secure_chat.doctor.papers import Paper, anew
from secure_chat.pki.bundle import issuer_of
from secure_chat.pki.profile import Rule

__all__ = ["check_keys", "check_shapes"]

_HERE: Final = Area.CERTIFICATES


def check_shapes(papers: Sequence[Paper], authority: Paper, *, owner: bool) -> list[Finding]:
    """Judge whether host and members have certificates of this authority, as it issues them.

    Args:
        papers: all certificates of the folder.
        authority: the authority among them.
        owner: whether this is the folder of somebody who issues certificates.
    """
    leaves = [paper for paper in papers if paper.kind != "ca" and paper.certificate is not None]
    count = len(leaves)
    found = settled(
        _damaged(papers, owner=owner),
        _HERE.ok("damaged-certificate", "every certificate can be read"),
    )
    if not leaves:
        return found
    found += settled(
        _of_wrong_purpose(leaves, owner=owner),
        _HERE.ok("wrong-purpose", "no certificate is made for another purpose than it is used for"),
    )
    found += settled(
        _not_ours(leaves, owner=owner),
        _HERE.ok("not-ours", f"every certificate has the shape of init-certs ({count} here)"),
    )
    found += settled(_misnamed(leaves), _HERE.ok("misnamed", "each file is called by its holder"))
    if authority.certificate is not None:
        found += settled(
            _foreign(leaves, authority, owner=owner),
            _HERE.ok(
                "foreign-issuer", f"the authority in ca.crt issued every certificate ({count} here)"
            ),
        )
    return found


def check_keys(papers: Sequence[Paper]) -> list[Finding]:
    """Judge whether each key can be used and belongs to its certificate.

    Args:
        papers: all certificates of the folder; those without a key are left out.
    """
    opened = [paper for paper in papers if paper.key == "open"]
    count = f"({len(opened)} tried)"
    return [
        *settled(
            _damaged_keys(papers), _HERE.ok("damaged-key", f"every private key can be used {count}")
        ),
        *_locked_keys(papers),
        *settled(
            _mismatches(opened),
            _HERE.ok("key-mismatch", f"every key belongs to its certificate {count}"),
        ),
    ]


def _damaged(papers: Iterable[Paper], *, owner: bool) -> Iterator[Finding]:
    for paper in papers:
        if paper.place.data is not None and paper.certificate is None:
            yield _HERE.fault(
                "damaged-certificate",
                f"{paper.place.name} is not a certificate",
                why="expected one in PEM; it is damaged or something else",
                hint=f"put it back from a copy, or {anew(paper, owner=owner)}",
                where=paper.place.path,
            )


def _of_wrong_purpose(leaves: Iterable[Paper], *, owner: bool) -> Iterator[Finding]:
    for paper in leaves:
        if paper.rule == Rule.PURPOSE:
            wanted = "a host" if paper.kind == "host" else "a member"
            yield _HERE.fault(
                "wrong-purpose",
                f"{paper.place.name} was not made to be {wanted}, or not for that alone",
                why="a host's certificate says serverAuth, a member's clientAuth, and nothing else",
                hint=f"put the right file there, or {anew(paper, owner=owner)}",
                where=paper.place.path,
            )


def _not_ours(leaves: Iterable[Paper], *, owner: bool) -> Iterator[Finding]:
    for paper in leaves:
        if paper.rule not in {"", Rule.PURPOSE}:
            yield _HERE.fault(
                "not-ours",
                f"{paper.place.name} has not the shape that securechat issues ({paper.rule})",
                why=paper.why,
                hint=f"only what securechat would issue is accepted: {anew(paper, owner=owner)}",
                where=paper.place.path,
            )


def _misnamed(leaves: Iterable[Paper]) -> Iterator[Finding]:
    for paper in leaves:
        if paper.kind != "client" or paper.identity is None or paper.identity.name == paper.name:
            continue
        holder = paper.identity.name
        yield _HERE.fault(
            "misnamed",
            f"{paper.place.name} is the certificate of {holder}",
            why="the name is what the certificate says, not what the file is called",
            hint=f"call the file {holder}.crt and its key {holder}.key",
            where=paper.place.path,
        )


def _foreign(leaves: Iterable[Paper], authority: Paper, *, owner: bool) -> Iterator[Finding]:
    for paper in leaves:
        if paper.certificate is None:
            continue
        if issuer_of(paper.certificate, authority.authorities) is None:
            yield _HERE.fault(
                "foreign-issuer",
                f"{paper.place.name} was not issued by the authority in ca.crt",
                why="its issuer or its signature is another one's",
                hint=f"put back the files that were made together, or {anew(paper, owner=owner)}",
                where=paper.place.path,
            )


def _damaged_keys(papers: Iterable[Paper]) -> Iterator[Finding]:
    for paper in papers:
        if paper.key == "damaged":
            yield _HERE.fault(
                "damaged-key",
                f"{paper.key_place.name} is not a private key that can be used",
                why="expected PEM with an EC, Ed25519 or RSA key",
                hint="put it back from a copy; a lost key means a new certificate too",
                where=paper.key_place.path,
            )


def _locked_keys(papers: Sequence[Paper]) -> Iterator[Finding]:
    """Name the keys that stay locked; a passphrase that opens none at all is a wrong one."""
    useless = not any(paper.encrypted and paper.key == "open" for paper in papers)
    for paper in papers:
        if paper.key == "wrong" and useless:
            yield _HERE.warning(
                "wrong-passphrase",
                f"the passphrase given does not open {paper.key_place.name}",
                why="it is the wrong one, or the file is damaged",
                hint="check the first line of the passphrase's file",
                where=paper.key_place.path,
            )
        elif paper.key in {"locked", "wrong"}:
            yield _HERE.note(
                "locked-key",
                f"{paper.key_place.name} is locked by a passphrase",
                why="nothing more can be said about it, nor tried with it",
                hint="give its passphrase with --passphrase-file",
                where=paper.key_place.path,
            )


def _mismatches(opened: Iterable[Paper]) -> Iterator[Finding]:
    for paper in opened:
        if paper.certificate is not None and not paper.fits:
            yield _HERE.fault(
                "key-mismatch",
                f"{paper.key_place.name} is not the key of {paper.place.name}",
                why="who shows a certificate must prove to have its key",
                hint="put back the two that were made together; a lost key means a new"
                " certificate too",
                where=paper.key_place.path,
            )
