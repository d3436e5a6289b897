"""Whether the host's certificate is valid for the names and addresses that people dial.

Pure; nothing is resolved.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from cryptography import x509

from secure_chat.doctor.findings import Area, Finding, Level, settled
from secure_chat.doctor.papers import Paper
from secure_chat.pki.hostname import is_dns_name

__all__ = ["check_host_names", "names_in"]

_HERE: Final = Area.CERTIFICATES
_LOCAL: Final = "localhost"


def check_host_names(host: Paper, dialled: str | None, computer: str) -> list[Finding]:
    """Judge whether the host's certificate has the names that people dial.

    Args:
        host: `host.crt`.
        dialled: the name or address by which the host is reached, None when it is not known.
        computer: this computer's own name.
    """
    if host.certificate is None:
        return []
    held = names_in(host.certificate)
    good = _HERE.ok("host-names", f"the host may be called {', '.join(held) or 'nothing'}")
    return settled(_lacking(host, held, dialled, computer.lower()), good)


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a certificate is valid for, in its order."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (
        ValueError,
        x509.DuplicateExtension,
        x509.ExtensionNotFound,
        x509.UnsupportedGeneralNameType,
    ):
        return ()
    return tuple(str(entry.value).lower() for entry in names)


def _lacking(
    host: Paper, held: tuple[str, ...], dialled: str | None, computer: str
) -> Iterator[Finding]:
    wanted = {_LOCAL: Level.WARNING}
    if is_dns_name(computer):
        wanted.setdefault(computer, Level.NOTE)
    if dialled is not None:
        wanted[_normal(dialled)] = Level.FAULT
    for name, level in wanted.items():
        if name not in held:
            yield Finding(
                _HERE,
                "host-names",
                level,
                f"{host.place.name} is not valid for {name}",
                f"who dials that does not trust the host; it is valid for: {', '.join(held)}",
                "move host.crt and host.key away and run `securechat init-certs --host-name"
                f" {name}`, or dial another name",
                str(host.place.path),
            )


def _normal(name: str) -> str:
    """Return a name or an address as it stands in a certificate."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower().removesuffix(".")
