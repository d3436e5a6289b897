"""Whether a file's name lies about what the file is, in a way that can hurt.

Pure, used by whoever shows or lands a received file. The sentences are made of our own words: no
part of a received name is ever in one.
"""

from typing import Final

from secure_chat.client.inbox.names import safe_name

__all__ = ["mismatch"]

# What its bytes can make of a file that is taken for something harmless.
_PROGRAM: Final = "a program"
_SCRIPT: Final = "a script"
_ARCHIVE: Final = "an archive"
_PAGE: Final = "a page that may hold scripts"
_IS: Final = {
    "application/x-elf": _PROGRAM,
    "application/x-mach-binary": _PROGRAM,
    "application/vnd.microsoft.portable-executable": _PROGRAM,
    "application/x-dosexec": _PROGRAM,
    "application/java-vm": _PROGRAM,
    "application/wasm": _PROGRAM,
    "application/x-ms-shortcut": "a shortcut to something else",
    "text/x-shellscript": _SCRIPT,
    "text/html": _PAGE,
    "text/xml": _PAGE,
    "application/zip": _ARCHIVE,
    "application/gzip": _ARCHIVE,
    "application/x-xz": _ARCHIVE,
    "application/zstd": _ARCHIVE,
    "application/x-bzip2": _ARCHIVE,
    "application/x-7z-compressed": _ARCHIVE,
    "application/vnd.rar": _ARCHIVE,
    "application/x-tar": _ARCHIVE,
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Endings that people open without a second thought. A script or a page shown as a text is harmless,
# and some documents are archives.
_MEDIA: Final = _words(
    "png jpg jpeg gif webp avif heic heif bmp tif tiff ico"
    " mp3 ogg opus flac wav m4a mp4 m4v mov webm mkv avi pdf"
)
_DRAWINGS: Final = _words("svg")
_TEXTS: Final = _words("txt text md log csv tsv json yaml yml toml ini pem crt cer")
_DOCUMENTS: Final = _words("doc docx xls xlsx ppt pptx odt ods odp rtf epub")
_ARCHIVES: Final = _words("zip gz tgz xz txz zst bz2 7z rar tar")
_HARMLESS: Final = _MEDIA | _DRAWINGS | _TEXTS | _DOCUMENTS | _ARCHIVES

# Endings that some system runs when the file is opened.
_RUN: Final = _words(
    "exe com scr pif bat cmd msi msix cpl dll hta js jse vbs vbe wsf wsh ps1 psm1 reg jar lnk url"
    " scf sh bash command app desktop appimage apk deb rpm pkg dmg iso img"
)


def mismatch(name: str, media_type: str) -> str:
    """Return a sentence when a name claims something harmless and the file is not that, else "".

    Args:
        name: what its sender calls it.
        media_type: from `kinds.media_type`.
    """
    endings = safe_name(name).lower().rstrip("_").split(".")[1:]
    if not endings:
        return ""
    last = endings[-1].strip()
    if last in _RUN:
        before = {ending.strip() for ending in endings[:-1]} & _HARMLESS
        claimed = min(before, default="")
        return f"looks like .{claimed}, but its ending .{last} makes it a program" if before else ""
    made_of = _IS.get(media_type, "")
    return f"called .{last}, but it is {made_of}" if made_of and _hurts(last, made_of) else ""


def _hurts(ending: str, made_of: str) -> bool:
    """Tell whether a file with this ending must not be made of that."""
    if made_of == _ARCHIVE:
        return ending in _MEDIA | _DRAWINGS | _TEXTS
    if made_of == _SCRIPT:
        return ending in _HARMLESS - _TEXTS
    if made_of == _PAGE:
        # A drawing is written in XML, so only its being a whole web page could be told.
        return ending in _MEDIA
    return ending in _HARMLESS
