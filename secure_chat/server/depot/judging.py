"""Whether an upload may begin: its id, its size, what its sender and the host have already.

Pure functions: numbers in, a refusal or None out. They see only what was declared and what is
counted, never what is stored, so an answer tells nothing about other people's files.
"""

import re
from dataclasses import dataclass
from typing import Final

from secure_chat.limits import Limits
from secure_chat.log.blobs.tally import Tally
from secure_chat.wire.messages import Code, Upload

__all__ = ["Refusal", "id_refused", "is_hash", "overgrown", "size_refused"]

_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something about an upload is refused.

    Args:
        code: a word of `Code`.
        text: one sentence for a person.
    """

    code: Code
    text: str


def id_refused(upload: Upload) -> Refusal | None:
    """Judge the ids of an upload."""
    if _ID.fullmatch(upload.up) is None or (upload.within and _ID.fullmatch(upload.within) is None):
        return Refusal(Code.BAD_ID, "an upload's id is 1 to 64 characters of A-Z a-z 0-9 _ . : -")
    return None


def is_hash(text: str) -> bool:
    """Tell whether a text is a SHA-256 as it is written here."""
    return _HASH.fullmatch(text) is not None


def size_refused(
    upload: Upload, person: str, tally: Tally, free: int, limits: Limits
) -> Refusal | None:
    """Judge a new upload by its declared size, a stream by whether anything fits at all.

    Args:
        upload: what is asked for.
        person: by whom.
        tally: what is counted already.
        free: bytes free on the disk.
        limits: the bounds in force.
    """
    size, share = upload.size or 0, tally.share(person)
    if not limits.file_bytes:
        return Refusal(Code.NOT_ALLOWED, "this host keeps no files")
    if size > limits.file_bytes:
        return Refusal(Code.TOO_LARGE, f"a file may have at most {limits.file_bytes} bytes here")
    if share.uploads >= limits.uploads_per_person:
        text = f"you have {share.uploads} uploads on this host, which is all it keeps of a person"
        return Refusal(Code.QUOTA, text)
    refusal = _quota_refused(share.bytes + size, tally.bytes + size, limits)
    if refusal is None and free - tally.promised - size < limits.spare_bytes:
        return Refusal(Code.DISK_FULL, "the host's disk has no room for it")
    return refusal


def overgrown(size: int, person: str, tally: Tally, limits: Limits) -> Refusal | None:
    """Judge a stream that has just grown; anything else was judged before it began.

    Args:
        size: its bytes now.
        person: whose it is.
        tally: what is counted, its bytes included.
        limits: the bounds in force.
    """
    if size > limits.file_bytes:
        return Refusal(Code.TOO_LARGE, f"a file may have at most {limits.file_bytes} bytes here")
    return _quota_refused(tally.share(person).bytes, tally.bytes, limits)


def _quota_refused(person_bytes: int, host_bytes: int, limits: Limits) -> Refusal | None:
    if person_bytes > limits.person_bytes:
        text = f"your files would have more than {limits.person_bytes} bytes together"
        return Refusal(Code.QUOTA, text)
    if host_bytes > limits.host_bytes:
        return Refusal(Code.QUOTA, "the files on this host would have more bytes than it keeps")
    return None
