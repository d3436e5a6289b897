"""The list of what is in a folder that somebody sends: made by the sender, judged by the receiver.

Pure, on any thread. It travels as a file of its own, in MessagePack. Whoever receives one must read
it with `read_manifest` and believe nothing else: what that returns is bounded, has no two members
that any file system takes for the same, and no member that leads out of the folder.
"""

from typing import Annotated, Final, TypeAlias

from msgspec import DecodeError, Meta, Raw, Struct
from msgspec.msgpack import Decoder, Encoder

from secure_chat.client.inbox.layout import lay_out
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = ["VERSION", "File", "Folder", "Manifest", "read_manifest", "write_manifest"]

VERSION: Final = 1
"""The only form of manifests there is."""

_MOST_SIZE: Final = 2**53
Size: TypeAlias = Annotated[int, Meta(ge=0, le=_MOST_SIZE)]
Sha256: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Upload: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_.:-]{1,64}\Z")]


class File(Struct, frozen=True, tag="file", omit_defaults=True, forbid_unknown_fields=True):
    """A file of the folder.

    Args:
        path: where it belongs, with `/`; hostile text, `Staging` makes it safe.
        size: how many bytes.
        sha256: their hash, lower-case hex.
        up: the upload that its bytes are; two files with the same bytes may have the same.
        executable: whether its owner could run it.
    """

    path: str
    size: Size
    sha256: Sha256
    up: Upload
    executable: bool = False


class Folder(Struct, frozen=True, tag="folder", forbid_unknown_fields=True):
    """A folder in the folder; listed when nothing else would tell of it, because it is empty.

    Args:
        path: where it belongs, with `/`.
    """

    path: str


class Manifest(Struct, frozen=True):
    """A whole folder.

    Args:
        name: what it is called; a suggestion, hostile text.
        size: how many bytes all files have together.
        entries: files and empty folders.
        version: the form of the manifest.
    """

    name: str
    size: Size
    entries: tuple[File | Folder, ...]
    version: int = VERSION

    @property
    def files(self) -> tuple[File, ...]:
        """The files, in their order."""
        return tuple(entry for entry in self.entries if isinstance(entry, File))


class _Head(Struct):
    """What every version of a manifest has."""

    version: int


class _Body(Struct, forbid_unknown_fields=True):
    """This version, with its entries left for later: their number is to be judged first."""

    version: int
    name: str
    size: Size
    entries: Raw


_ENCODER: Final = Encoder()
_HEAD: Final[Decoder[_Head]] = Decoder(_Head)
_BODY: Final[Decoder[_Body]] = Decoder(_Body)


def read_manifest(data: bytes, limits: Limits) -> Manifest:
    """Return what a received manifest says, when all of it can be true.

    Args:
        data: the whole of it.
        limits: how long it may be, how many entries, how deep and how long their paths.

    Raises:
        TransferError: it is no manifest, is beyond a limit, or contradicts itself.
    """
    if len(data) > limits.manifest_bytes:
        raise _refused(f"it has more than {limits.manifest_bytes} bytes")
    try:
        manifest = _decoded(data, limits.manifest_entries)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's own words may quote what somebody else wrote.
        raise _refused("it does not have the form of one") from error
    if len(manifest.name.encode()) > limits.path_bytes:
        raise _refused(f"its name has more than {limits.path_bytes} bytes")
    if sum(file.size for file in manifest.files) != manifest.size:
        raise _refused("the sizes of its files do not add up")
    uploads: dict[str, tuple[int, str]] = {}
    for file in manifest.files:
        if uploads.setdefault(file.up, (file.size, file.sha256)) != (file.size, file.sha256):
            raise _refused("two different files are the same upload")
    lay_out(((entry.path, isinstance(entry, File)) for entry in manifest.entries), limits)
    return manifest


def write_manifest(manifest: Manifest, limits: Limits) -> bytes:
    """Return the bytes that `read_manifest` makes this manifest of, by the same limits.

    Args:
        manifest: what is to be sent.
        limits: what a receiver takes.

    Raises:
        TransferError: no receiver would take it.
    """
    try:
        data = _ENCODER.encode(manifest)
    except UnicodeEncodeError as error:
        raise _refused("one of its names is not valid Unicode") from error
    read_manifest(data, limits)
    return data


def _decoded(data: bytes, most: int) -> Manifest:
    """Decode a manifest; entries beyond the most are refused before the first one is made."""
    version = _HEAD.decode(data).version
    if version != VERSION:
        raise _refused(f"its version is {version}, this program knows {VERSION}")
    body = _BODY.decode(data)
    some = Decoder(Annotated[tuple[File | Folder, ...], Meta(max_length=most)])
    return Manifest(body.name, body.size, some.decode(body.entries), version)


def _refused(why: str) -> TransferError:
    return TransferError(
        "the folder's list of files cannot be used",
        why=why,
        hint="ask for the folder to be sent again, or as one archive",
    )
