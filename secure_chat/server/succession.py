"""Which certificates a certificate takes the place of, once it is in use.

Pure, on the registrar's thread. A renewal may be asked for twice, when an answer was lost, and a
renewed certificate may be renewed again before it was ever used; none of these may be left behind
as a certificate that counts and that nobody has.
"""

from secure_chat.pki.registry import Registry

__all__ = ["outlived"]


def outlived(registry: Registry, serial: str) -> list[str]:
    """Return the serial numbers to retire now that a certificate is in use.

    Args:
        registry: who has which certificate.
        serial: of the certificate in use, in lower-case hex.
    """
    entry = registry.get(serial)
    predecessor = None if entry is None else registry.get(entry.replaces)
    # Nearly everybody who comes has the certificate they had the last time.
    if entry is None or predecessor is None or predecessor.state != "valid":
        return []
    line = _line(registry, serial)
    found = []
    for other in registry.of(entry.name):
        if other.serial == serial:
            break
        if other.serial in line or other.replaces in line:
            found.append(other.serial)
    return found


def _line(registry: Registry, serial: str) -> set[str]:
    """Return the certificates that this one takes the place of, one behind the other."""
    line: set[str] = set()
    entry = registry.get(serial)
    while entry is not None and entry.replaces and entry.replaces not in line:
        line.add(entry.replaces)
        entry = registry.get(entry.replaces)
    return line
