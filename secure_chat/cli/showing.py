"""A certificate shown: in words for people, as JSON for scripts.

Pure. What stands in a certificate is a stranger's text and passes `client.text` here.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from secure_chat.cli.paper import Paper
from secure_chat.client.text import printable
from secure_chat.clock import rfc3339
from secure_chat.handshakes.telling.columns import padded, wrapped
from secure_chat.handshakes.telling.particulars import moment, span_words
from secure_chat.pki.registry import Entry
from secure_chat.tls.extensions import Extension

__all__ = ["meaning", "paper_json", "paper_lines"]

Paint: TypeAlias = Callable[[str, str], str]

_COLUMNS: Final = 80
_LABEL: Final = 12
_KEY: Final = "private key"
_UNREADABLE: Final = "unreadable"
_STYLES: Final = {"valid": "green", "expiring": "yellow"}
_MEANINGS: Final = {
    "subjectAltName": "who it is for; a name is taken from nowhere else",
    "issuerAltName": "other names of whoever issued it",
    "subjectKeyIdentifier": "a digest of its own key, to find it by",
    "authorityKeyIdentifier": "a digest of the key that signed it, to find the authority by",
    "nameConstraints": "for which names this authority may issue",
    "cRLDistributionPoints": "where to get a list of revoked ones; securechat looks nowhere",
    "freshestCRL": "where to get newer lists of revoked ones; securechat looks nowhere",
    "authorityInfoAccess": "where to ask about it and its issuer; securechat asks nowhere",
    "certificatePolicies": "by which rules it was issued",
    "signedCertificateTimestamps": "proof that it stands in a public log",
    "tlsFeature": "what a server with it must offer",
}
_USAGES: Final = {
    "digitalSignature": "sign handshakes",
    "keyCertSign": "sign certificates",
    "cRLSign": "sign lists of revoked certificates",
    "nonRepudiation": "sign documents",
    "keyEncipherment": "encrypt keys",
    "dataEncipherment": "encrypt data",
    "keyAgreement": "agree on keys",
}
_ROLES: Final = {"host": "a host", "member": "a member", "operator": "an operator"}
_PURPOSES: Final = {
    "clientAuth": "to be a client",
    "serverAuth": "to be a host",
    "anyExtendedKeyUsage": "for anything",
}


def paper_lines(paper: Paper, paint: Paint) -> Iterator[str]:
    """Yield a certificate in words.

    Args:
        paper: the certificate.
        paint: colours a text in a style.
    """
    place = "not here: only the registry knows it" if paper.place is None else str(paper.place)
    yield paint(printable(place), "bold")
    for label, text in (*_said(paper), *_held(paper)):
        yield from _labelled(label, text, paint)
    if paper.extensions:
        yield ""
        yield paint("Extensions", "bold")
    for extension in paper.extensions:
        mark = " (critical)" if extension.critical else ""
        yield f"  {paint(printable(extension.name), 'bold')}{mark}"
        for text in (printable(extension.value), meaning(extension)):
            yield from (f"    {line}" for line in wrapped(text, _COLUMNS - 4))
    yield ""
    yield paint("Here", "bold")
    for label, text in _worth(paper):
        style = _STYLES.get(paper.state, "red") if label == "state" else ""
        yield from _labelled(label, text, paint, style)


def meaning(extension: Extension) -> str:
    """Return what an extension means to whoever meets the certificate; printable text of ours."""
    name, value = extension.name, extension.value
    if name == "basicConstraints":
        return _constraints(value)
    if name == "keyUsage":
        return _list("its key may ", _USAGES, value, "its key may do nothing")
    if name == "extKeyUsage":
        return _list("made ", _PURPOSES, value, "made for nothing")
    if name in _MEANINGS:
        return _MEANINGS[name]
    if extension.critical:
        return "unknown to securechat; who does not know it must refuse the certificate"
    return "means nothing to securechat"


def paper_json(paper: Paper) -> dict[str, Any]:
    """Return a certificate for scripts."""
    facts, profile, entry = paper.facts, paper.profile, paper.entry
    identity = None if profile is None else profile.identity
    return {
        "file": None if paper.place is None else str(paper.place),
        "sha256": paper.sha256,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "serial": facts.serial,
        "not_before": facts.not_before,
        "not_after": facts.not_after,
        "names": list(facts.names),
        "key": facts.key,
        "signature": facts.signature,
        "authority": facts.authority,
        "extensions": [
            {
                "oid": one.oid,
                "name": one.name,
                "critical": one.critical,
                "value": one.value,
                "meaning": meaning(one),
            }
            for one in paper.extensions
        ],
        "state": paper.state or None,
        "life_used": None if paper.used is None else round(paper.used, 4),
        "profile": None
        if profile is None
        else {
            "ok": identity is not None,
            "name": None if identity is None else identity.name,
            "role": None if identity is None else str(identity.role),
            "rule": profile.rule or None,
            "why": profile.why or None,
        },
        "issued_here": paper.issuer is not None,
        "registry": None if entry is None else _entry_json(entry),
        "private_key": None if paper.key is None else str(paper.key),
        "encrypted": paper.encrypted if paper.key is not None else None,
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "role": str(entry.role),
        "issued": rfc3339(entry.issued),
        "state": entry.state,
        "reason": entry.reason or None,
        "revoked": rfc3339(entry.revoked) if entry.revoked else None,
        "replaces": entry.replaces or None,
    }


def _constraints(value: str) -> str:
    if not value.startswith("CA:TRUE"):
        return "no authority: it can issue nothing"
    deeper = "but no further authorities" if value.endswith("pathlen:0") else "and authorities"
    return f"an authority: it may issue certificates, {deeper}"


def _list(before: str, table: dict[str, str], value: str, nothing: str) -> str:
    words = [table.get(word, "something else") for word in value.split(", ") if word]
    return before + ", ".join(dict.fromkeys(words)) if words else nothing


def _said(paper: Paper) -> Iterator[tuple[str, str]]:
    """Yield what it says of itself."""
    facts = paper.facts
    if paper.der:
        yield "subject", _UNREADABLE if facts.subject is None else facts.subject or "empty"
        itself = facts.issuer is not None and facts.issuer == facts.subject
        yield "issuer", "itself" if itself else facts.issuer or _UNREADABLE
        yield "names", ", ".join(facts.names) or "none"
        yield "key", facts.key or _UNREADABLE
        yield "signed with", facts.signature or _UNREADABLE
    elif paper.entry is not None:
        yield "name", paper.entry.name
    yield "serial", facts.serial or _UNREADABLE
    yield "SHA-256", paper.sha256
    yield "valid", f"from {moment(facts.not_before)} until {moment(facts.not_after)}"


def _held(paper: Paper) -> Iterator[tuple[str, str]]:
    """Yield how much of its life is left."""
    if paper.used is None or paper.left is None:
        return
    over = f"{100 * paper.used:.0f} % of its life is over"
    if paper.left < 0:
        yield "life", f"it ended {span_words(-paper.left)} ago"
    else:
        yield "life", f"{over}, {span_words(paper.left)} left"


def _worth(paper: Paper) -> Iterator[tuple[str, str]]:
    """Yield what the folder makes of it."""
    entry, profile = paper.entry, paper.profile
    yield "state", paper.state or "its dates cannot be read"
    if profile is not None and profile.identity is not None:
        who = profile.identity
        yield "shape", f"as it is issued here: {who.name}, {_ROLES[who.role]}"
    elif profile is not None:
        yield "shape", f"not as it is issued here ({profile.rule}): {profile.why}"
    elif paper.is_authority:
        yield "shape", "an authority's; nobody gets in with it"
    if paper.der:
        yield "issued by", paper.issuer or "none of this folder's authorities"
    if entry is None:
        yield "registry", "an authority stands in no registry" if paper.is_authority else "unknown"
    elif entry.state == "revoked":
        since = moment(rfc3339(entry.revoked)) if entry.revoked else "an unknown time"
        yield "registry", f"revoked since {since}: {entry.reason or 'no reason given'}"
    else:
        yield "registry", f"{entry.name}, {_ROLES[entry.role]}; it counts"
    if paper.key is not None:
        yield _KEY, f"{paper.key}{' (encrypted)' if paper.encrypted else ''}"
    else:
        yield _KEY, "not here"


def _labelled(label: str, text: str, paint: Paint, style: str = "") -> Iterator[str]:
    # A path is to be copied, so it stays in one piece.
    whole = label == _KEY
    lines = [printable(text)] if whole else wrapped(printable(text), _COLUMNS - _LABEL - 2)
    for number, line in enumerate(lines):
        head = padded(label if number == 0 else "", _LABEL)
        yield f"  {paint(head, 'dim')}{paint(line, style) if style else line}"
