"""Received names made harmless: a name is a suggestion; what comes out is safe on every platform.

Pure, used by whoever takes files from others. It never lets out a name that leads elsewhere, that a
system keeps for a device or acts upon, that a shell reads as an option, or that looks like another
one; and it asks neither the disk nor the platform, so that a name is the same everywhere.
"""

import re
import unicodedata
from typing import Final

from secure_chat.client.text import printable
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = ["NAMELESS", "key", "numbered", "safe_name", "safe_path"]

NAMELESS: Final = "file"
"""What something is called whose own name leaves nothing."""

_MOST_BYTES: Final = Limits().name_bytes
# A longer ending is none, but a part of the name that may be cut.
_MOST_ENDING: Final = 32
_ENDING: Final = re.compile(r"(?:\.tar)?\.[^. ]+\Z", re.IGNORECASE)
_SEPARATOR: Final = re.compile(r"[/\\]")
_BLANKS: Final = re.compile(r" {2,}")

# Those that some system reads as more than a letter of a name, and what looks like a separator:
# some old code pages turn such a character into the real one.
_FORBIDDEN: Final = frozenset('<>:"/\\|?*\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c')
_BLANK: Final = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2800")
_SELECTORS: Final = frozenset("\ufe0e\ufe0f")
# A leading dot hides a file, a dash makes it an option, a tilde somebody's home.
_TRAPS: Final = " .-~"
_TRAILING: Final = " ."

_DEVICE: Final = re.compile(
    r"CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]|(?:CONIN|CONOUT|CLOCK|CONFIG|KEYBD|SCREEN)\$", re.ASCII
)
# Files and folders that a system or its file manager acts upon because of their names.
_MAGIC: Final = re.compile(
    r"DESKTOP\.INI|AUTORUN\.INF|FOLDER\.HTT|DS_STORE|(?:EH)?THUMBS(?:_VISTA)?\.DB"
    r"|RECYCLE[DR]|\$RECYCLE\.BIN|SYSTEM VOLUME INFORMATION|(?:PAGEFILE|HIBERFIL|SWAPFILE)\.SYS"
    r"|\$(?:MFT|MFTMIRR|LOGFILE|VOLUME|ATTRDEF|BITMAP|BOOT|BADCLUS|SECURE|UPCASE|EXTEND)"
)
# Files that Windows acts upon when their folder is only looked at: they fetch their own icon, from
# anywhere, and tell there who looks.
_SEEN: Final = (".lnk", ".scf", ".url", ".library-ms", ".search-ms", ".searchconnector-ms")


def safe_name(suggested: str) -> str:
    r"""Return a name for a received file or folder that is harmless on every platform.

    It is one part of a path, in NFC, of 1 to `Limits.name_bytes` bytes of UTF-8. Of a path only
    the last part is left; what is invisible or turns the writing round goes; blanks become one;
    `<>:"|?*` become `_`; names that a system keeps for itself get a `_`. A safe name comes out as
    it is. It may be taken: `numbered` makes others of it.

    Args:
        suggested: what somebody else calls it, anything.
    """
    for part in reversed(_SEPARATOR.split(suggested)):
        if name := _cleaned(part).lstrip(_TRAPS).rstrip(_TRAILING):
            # Shortened first, so that no cut makes a reserved name, and again because a guard
            # makes a name longer.
            return _shortened(_guarded(_shortened(name)))
    return NAMELESS


def safe_path(suggested: str, most_depth: int) -> tuple[str, ...]:
    r"""Return the parts of the path of a folder's member, each of them a safe name.

    Both `/` and `\` separate. Empty parts and `.` say nothing and are left out, so an absolute path
    becomes one below the folder. A part that leads upwards is refused and not left out: no honest
    sender writes one, and without it the path would name another place than it said.

    Args:
        suggested: what somebody else says where it belongs.
        most_depth: how many parts at most, the last one counted.

    Raises:
        TransferError: it leads upwards, is too deep, or names nothing.
    """
    parts = [part for part in _SEPARATOR.split(suggested) if part not in {"", "."}]
    if not parts:
        raise _refused("it names nothing")
    if len(parts) > most_depth:
        raise _refused(f"it is more than {most_depth} parts deep")
    if any(_leads_upwards(part) for part in parts):
        raise _refused("it leads out of the folder")
    return tuple(safe_name(part) for part in parts)


def key(name: str) -> str:
    """Return what two names have in common that some file system takes for the same one.

    Names that differ only in case or in the way their accents are written have the same key. It is
    for comparing only and never a name.

    Args:
        name: one part of a path.
    """
    folded = unicodedata.normalize("NFD", name).upper().casefold()
    return unicodedata.normalize("NFD", folded)


def numbered(name: str, number: int) -> str:
    """Return a safe name with a number before its ending, `name (2).ext`.

    Args:
        name: as `safe_name` returned it.
        number: 1 for the name itself, then 2, 3 and so on.
    """
    if number == 1:
        return name
    stem, ending = _split(name)
    return f"{stem} ({number}){ending}"


def _cleaned(part: str) -> str:
    """Return a part of a path without what cannot be seen, and with `_` for what means more."""
    kept = "".join(map(_kept, unicodedata.normalize("NFC", part)))
    # What was taken out may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", kept))


def _kept(character: str) -> str:
    """Return what becomes of one character."""
    if character in _FORBIDDEN:
        return "_"
    category = unicodedata.category(character)
    if character in _BLANK or category.startswith("Z"):
        return " "
    # Controls, bidi and zero width, surrogates, private and unassigned ones; then what draws
    # nothing although it is a letter or a mark.
    if category.startswith("C") or character in _SELECTORS or printable(character) != character:
        return ""
    return character


def _leads_upwards(part: str) -> bool:
    """Tell whether a part is two dots or more, also to a system that drops blanks at its end."""
    return re.fullmatch(r"\.[. ]*\.", _cleaned(part).strip(" ")) is not None


def _guarded(name: str) -> str:
    """Return a name that no system keeps for a device or acts upon."""
    # NFKC: to Windows COM and a superscript one is the first port too.
    folded = unicodedata.normalize("NFKC", name).upper()
    if _MAGIC.fullmatch(folded) or _DEVICE.fullmatch(folded.partition(".")[0].rstrip(" ")):
        return f"_{name}"
    return f"{name}_" if name.lower().endswith(_SEEN) else name


def _shortened(name: str) -> str:
    """Return a name that is not too long, with its ending."""
    if len(name.encode()) <= _MOST_BYTES:
        return name
    stem, ending = _split(name)
    room = _MOST_BYTES - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(_TRAILING) + ending


def _split(name: str) -> tuple[str, str]:
    """Return a name as what comes before its ending, and the ending with its dot or ""."""
    found = _ENDING.search(name, 1)
    if found is None or len(found[0].encode()) > _MOST_ENDING:
        return name, ""
    return name[: found.start()], found[0]


def _refused(why: str) -> TransferError:
    return TransferError(
        "a path of the folder cannot be used", why=why, hint="ask for it as one archive instead"
    )
