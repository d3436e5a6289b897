"""The authority's certificate, its list of revoked certificates, and the community's id.

Pure checks over what stands in the folder.
"""

import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from secure_chat.clock import rfc3339
from secure_chat.doctor.findings import Area, Finding, settled
from secure_chat.doctor.folder import Place
from secure_chat.doctor.papers import Paper
from secure_chat.pki.bundle import common_name, issued_by, list_of, lists_in
from secure_chat.pki.lists import revocations_in

__all__ = ["RevocationList", "check_authority", "check_community", "check_list", "read_list"]

_HERE: Final = Area.CERTIFICATES
_COMMUNITY_CHARS: Final = 32
_HEX: Final = frozenset(string.hexdigits.lower())
_RENEW_LIST: Final = "move it away and run `securechat init-certs`, which makes a new one"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """What `crl.pem` holds: one list, or one of each authority during a change-over.

    Args:
        place: its file.
        signed: whether there is one that each authority of this folder signed, as far as that can
            be known.
        begin: since when all are valid, seconds since 1970 UTC.
        end: until when, None when they do not say.
        serials: what they list, in lower-case hex.
    """

    place: Place
    signed: bool
    begin: float
    end: float | None
    serials: frozenset[str]


def read_list(place: Place, authorities: tuple[x509.Certificate, ...]) -> RevocationList | None:
    """Return what a file of lists of revoked certificates says, None when it is none.

    Args:
        place: its file, content included.
        authorities: who must have signed one each, none when nobody knows.
    """
    if place.data is None:
        return None
    try:
        every = lists_in(place.data)
        own = [list_of(every, authority) for authority in authorities]
        found = [one for one in own if one is not None] or every
        ends = [one.next_update_utc.timestamp() for one in found if one.next_update_utc]
        return RevocationList(
            place=place,
            signed=None not in own,
            begin=max(one.last_update_utc.timestamp() for one in found),
            end=min(ends, default=None),
            serials=frozenset(entry.serial for one in found for entry in revocations_in(one)),
        )
    except ValueError:
        return None


def check_authority(authority: Paper) -> list[Finding]:
    """Judge whether the authority's certificate is one that OpenSSL takes for an authority's.

    Args:
        authority: `ca.crt`.
    """
    if authority.certificate is None:
        return []
    good = _HERE.ok("ca-constraints", "the authority may issue members and hosts, and nothing else")
    found = (bad for one in authority.authorities for bad in _constraints(authority, one))
    return settled(found, good) + _change_over(authority)


def check_list(place: Place, found: RevocationList | None, now: float) -> list[Finding]:
    """Judge whether a host can use the list of revoked certificates.

    Args:
        place: `crl.pem`.
        found: what it says.
        now: seconds since 1970 UTC.
    """
    if place.data is None:
        return []
    if found is None:
        return [
            _HERE.fault(
                "crl-damaged",
                f"{place.name} is not a list of revoked certificates",
                why="expected one in PEM; without it a host does not start",
                hint=_RENEW_LIST,
                where=place.path,
            )
        ]
    listed = len(found.serials)
    return settled(
        _unusable_list(found, now),
        _HERE.ok(
            "crl-damaged", f"{place.name} is the authority's own; revoked ones on it: {listed}"
        ),
    )


def check_community(place: Place) -> list[Finding]:
    """Judge whether the community's id is one.

    Args:
        place: the file `community`.
    """
    if place.data is None:
        return []
    text = place.data.decode("ascii", "replace").strip()
    if len(text) == _COMMUNITY_CHARS and set(text) <= _HEX:
        return [_HERE.ok("community-damaged", f"the community is {text}")]
    return [
        _HERE.fault(
            "community-damaged",
            f"{place.name} does not hold the community's id",
            why=f"it must hold {_COMMUNITY_CHARS} hex characters; data folders are called by it",
            hint="put it back from a copy: your history is found by it",
            where=place.path,
        )
    ]


def _change_over(authority: Paper) -> list[Finding]:
    if not authority.older:
        return []
    names = [common_name(certificate) for certificate in authority.authorities]
    return [
        _HERE.note(
            "change-over",
            f"{names[0]} takes the place of {', '.join(names[1:])}; both are trusted",
            why="members move over when their certificates are renewed",
            hint="it ends by itself; the owner can end it with"
            " `securechat certs rotate-ca --finish`",
            where=authority.place.path,
        )
    ]


def _constraints(authority: Paper, certificate: x509.Certificate) -> Iterator[Finding]:
    problem = _no_authority(certificate)
    if problem:
        yield _HERE.fault(
            "ca-constraints",
            f"{authority.place.name} cannot be an authority's certificate",
            why=problem,
            hint="put the right file back, or run `securechat init-certs --force`, which backs up"
            " the old set first",
            where=authority.place.path,
        )
        return
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.path_length != 0:
        yield _HERE.warning(
            "ca-constraints",
            f"{authority.place.name} may make further authorities",
            why="its path length is not 0, so one stolen certificate could issue others",
            hint="use an authority that `securechat init-certs` made",
            where=authority.place.path,
        )


def _no_authority(certificate: x509.Certificate) -> str:
    """Return why OpenSSL would not take it, by the strict rules of RFC 5280; "" when it would."""
    try:
        extensions = certificate.extensions
        basic = extensions.get_extension_for_class(x509.BasicConstraints)
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound as error:
        return f"an extension is missing: {error.oid._name}"  # noqa: SLF001 # its only name
    except (ValueError, x509.DuplicateExtension):
        return "its extensions cannot be read"
    rules = (
        (basic.value.ca, "it does not say that it is an authority's (CA:TRUE)"),
        (basic.critical, "its basic constraints are not critical"),
        (usage.key_cert_sign and usage.crl_sign, "its key may not sign certificates and lists"),
        (issued_by(certificate, certificate), "it is not signed by its own key"),
    )
    return next((problem for kept, problem in rules if not kept), "")


def _unusable_list(found: RevocationList, now: float) -> Iterator[Finding]:
    name, path = found.place.name, found.place.path
    if not found.signed:
        yield _HERE.fault(
            "crl-foreign",
            f"{name} has no list signed by an authority in ca.crt",
            why="with it a host refuses everybody",
            hint=_RENEW_LIST,
            where=path,
        )
    if found.end is not None and now > found.end:
        yield _HERE.fault(
            "crl-expired",
            f"{name} expired on {rfc3339(found.end)}",
            why="with it a host refuses everybody",
            hint=_RENEW_LIST,
            where=path,
        )
    if now < found.begin:
        yield _HERE.fault(
            "crl-not-yet-valid",
            f"{name} is valid only from {rfc3339(found.begin)}",
            why=f"the clock of this computer says {rfc3339(now)}; until then a host refuses"
            " everybody",
            hint="set the clock when it is wrong; otherwise wait",
            where=path,
        )
