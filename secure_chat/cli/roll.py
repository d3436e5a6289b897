"""The certificates of a folder as rows: of a table that fits its terminal, or of JSON.

Behind `certs list`. It reads the folder and changes nothing. What stands in a registry of ours is
plain text, but a registry is a file, so it passes `client.text` on its way to a terminal.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.cli.console import Console
from secure_chat.client.text import printable
from secure_chat.clock import rfc3339
from secure_chat.errors import CertificateRefused, IdentityError
from secure_chat.folders import data_folder
from secure_chat.handshakes.telling.columns import padded
from secure_chat.pki.identity import Role
from secure_chat.pki.inventory import Holding, holdings, load_certificate
from secure_chat.pki.profile import read_member
from secure_chat.pki.registry import Entry
from secure_chat.pki.state import State, is_passing, state_at, state_of
from secure_chat.pki.vault import Vault
from secure_chat.server.seen import read_seen

__all__ = ["Row", "as_json", "held", "rows", "table"]

_LEAST_NAME: Final = 8
_SHORT: Final = 8
_DAY: Final = 86_400
_UNITS: Final = (("d", _DAY), ("h", 3_600), ("m", 60), ("s", 0))
_HEAD: Final = ("NAME", "ROLE", "SERIAL", "ISSUED", "EXPIRES", "STATE", "SEEN", "SHA-256")
_NAME: Final = 0
_STATE: Final = 5
_STYLES: Final = {"valid": "green", "expiring": "yellow", "expired": "red", "revoked": "red"}
_AUTHORITY: Final = "authority"


class Row(NamedTuple):
    """One certificate.

    Args:
        name: whose it is.
        role: authority, host, member or operator.
        serial: lower-case hex.
        sha256: fingerprint of its DER, lower-case hex.
        issued: when it was made, seconds since 1970 UTC.
        not_before: since when it is valid.
        not_after: until when it is valid.
        state: a word of `pki.state`.
        reason: why it was revoked, "" when it was not.
        revoked: since when, 0 when it was not.
        passing: whether it was revoked because another one has taken its place.
        old: whether another one of the same name has taken its place.
        seen: when it was last welcomed, RFC 3339; "" when it was not, or nobody knows.
        authority: fingerprint of the authority that issued it, "" for an authority's own.
        certificate: its file, where that is here.
        key: the file of its key, where that is here.
    """

    name: str
    role: str
    serial: str
    sha256: str
    issued: float
    not_before: float
    not_after: float
    state: str
    reason: str = ""
    revoked: float = 0.0
    passing: bool = False
    old: bool = False
    seen: str = ""
    authority: str = ""
    certificate: Path | None = None
    key: Path | None = None


def rows(vault: Vault, data: Path | None) -> Iterator[Row]:
    """Yield all certificates: authorities, host, people by name, a person's oldest first.

    Args:
        vault: the folder; of a member's only what it holds is known.
        data: what `--data` says: where the host remembers whom it has seen.

    Raises:
        IdentityError: there is no certificate in the folder, or its trail is damaged.
    """
    here = list(held(vault))
    if not here:
        raise IdentityError(
            f"there is no certificate in {vault.folder}",
            hint="Name the right folder with --certs, or run `securechat init-certs`.",
        )
    now = vault.clock.now()
    owned = vault.audit_file.exists()
    yield from (_of_file(item, now) for item in here if item.kind == "ca" or not owned)
    if not owned:
        return
    entries = vault.registry().entries.values()
    files = {item.serial: item for item in here}
    seen = read_seen(data_folder(data, vault.community()) / "host")
    followed = {entry.replaces for entry in entries}
    newest = {entry.name: entry.serial for entry in entries}
    for entry in sorted(entries, key=_order):
        row = _of_entry(entry, files.get(entry.serial), now)
        replaced = row.passing or (row.state == State.EXPIRED and row.serial in followed)
        # Whoever has nothing better is not to be forgotten.
        old = replaced and row.serial != newest[entry.name]
        yield row._replace(seen=seen.get(entry.serial, ""), old=old)


def held(vault: Vault) -> Iterator[Holding]:
    """Yield what stands in the folder, and in the folders made for other devices."""
    yield from holdings(vault)
    for folder in sorted((vault.folder / "devices").glob("*")):
        yield from (item for item in holdings(Vault(folder)) if item.kind == "client")


def as_json(row: Row) -> dict[str, Any]:
    """Return a certificate for scripts, nothing of it shortened."""
    return {
        "name": row.name,
        "role": row.role,
        "serial": row.serial,
        "sha256": row.sha256,
        "issued": rfc3339(row.issued),
        "not_before": rfc3339(row.not_before),
        "not_after": rfc3339(row.not_after),
        "state": row.state,
        "reason": row.reason or None,
        "revoked": rfc3339(row.revoked) if row.revoked else None,
        "seen": row.seen or None,
        "authority": row.authority or None,
        "certificate": None if row.certificate is None else str(row.certificate),
        "key": None if row.key is None else str(row.key),
    }


def table(found: Sequence[Row], columns: int, now: float, console: Console) -> Iterator[str]:
    """Yield the lines of a table; where they do not fit, names are cut.

    Args:
        found: the certificates.
        columns: how wide it may be, 80 at least.
        now: seconds since 1970 UTC.
        console: paints it.
    """
    cells = [_cells(row, now) for row in found]
    widths = [max(map(len, column)) for column in zip(_HEAD, *cells, strict=True)]
    spare = columns - sum(widths) - len(widths) + 1
    gap = "  " if spare >= len(widths) - 1 else " "
    widths[_NAME] = max(_LEAST_NAME, widths[_NAME] + min(0, spare))
    yield console.paint(gap.join(_placed(_HEAD, widths)).rstrip(), "bold")
    for row, texts in zip(found, cells, strict=True):
        placed = _placed(texts, widths)
        placed[_STATE] = console.paint(placed[_STATE], _STYLES.get(texts[_STATE], "dim"))
        yield gap.join(placed).rstrip()
        if row.reason and not row.passing:
            yield f"  revoked {_minute(row.revoked)}: {printable(row.reason)}"


def _of_file(item: Holding, now: float) -> Row:
    return Row(
        name=item.name,
        role={"ca": _AUTHORITY, "host": Role.HOST}.get(item.kind) or _role(item),
        serial=item.serial,
        sha256=item.sha256,
        issued=item.not_before,
        not_before=item.not_before,
        not_after=item.not_after,
        state=state_at(item.not_before, item.not_after, now),
        certificate=item.certificate,
        key=item.key,
    )


def _role(item: Holding) -> str:
    certificate = load_certificate(item.certificate)
    try:
        return (
            "-" if certificate is None else read_member(certificate.public_bytes(Encoding.DER)).role
        )
    except CertificateRefused:
        return "-"


def _of_entry(entry: Entry, item: Holding | None, now: float) -> Row:
    return Row(
        name=entry.name,
        role=entry.role,
        serial=entry.serial,
        sha256=entry.fingerprint,
        issued=entry.issued,
        not_before=entry.not_before,
        not_after=entry.not_after,
        state=state_of(entry, now),
        reason=entry.reason,
        revoked=entry.revoked,
        passing=is_passing(entry),
        authority=entry.authority,
        certificate=None if item is None else item.certificate,
        key=None if item is None else item.key,
    )


def _order(entry: Entry) -> tuple[bool, str, float]:
    return entry.role is not Role.HOST, entry.name, entry.issued


def _placed(texts: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [padded(text, width) for text, width in zip(texts, widths, strict=True)]


def _cells(row: Row, now: float) -> tuple[str, ...]:
    authority = row.role == _AUTHORITY
    return (
        printable(row.name.removeprefix("securechat ") if authority else row.name),
        "ca" if authority else printable(row.role),
        row.serial[:_SHORT],
        _moment(row.issued, now),
        _moment(row.not_after, now),
        printable(row.reason) if row.passing and row.reason else row.state,
        "-" if authority or row.role == Role.HOST else _ago(row.seen, now),
        row.sha256[:_SHORT],
    )


def _moment(at: float, now: float) -> str:
    """Return the day; within a day of now the time."""
    day, _, clock = rfc3339(at).partition("T")
    return day if abs(at - now) >= _DAY else f"{clock[:8]}Z"


def _minute(at: float) -> str:
    return f"{rfc3339(at)[:16].replace('T', ' ')}Z"


def _ago(seen: str, now: float) -> str:
    """Return how long ago somebody was seen, in the largest unit that fits."""
    try:
        span = max(0.0, now - datetime.fromisoformat(seen).timestamp())
    except ValueError:
        return "never"
    unit, size = next(one for one in _UNITS if span >= one[1])
    return f"{int(span // max(1, size))}{unit} ago"
