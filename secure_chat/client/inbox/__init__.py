"""What makes received files harmless: safe names, true kinds, and an inbox that nothing leaves."""

from secure_chat.client.inbox.claims import mismatch
from secure_chat.client.inbox.gathering import (
    Found,
    Gathered,
    Skipped,
    check_unchanged,
    gather,
    open_found,
)
from secure_chat.client.inbox.kinds import FIRST_BYTES, media_type
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.manifest import File, Folder, Manifest, read_manifest, write_manifest
from secure_chat.client.inbox.names import key, numbered, safe_name, safe_path
from secure_chat.client.inbox.part import Part
from secure_chat.client.inbox.publishing import Ask, OnExists
from secure_chat.client.inbox.staging import Staging

__all__ = [
    "FIRST_BYTES",
    "Ask",
    "File",
    "Folder",
    "Found",
    "Gathered",
    "Inbox",
    "Manifest",
    "OnExists",
    "Part",
    "Skipped",
    "Staging",
    "check_unchanged",
    "gather",
    "key",
    "media_type",
    "mismatch",
    "numbered",
    "open_found",
    "read_manifest",
    "safe_name",
    "safe_path",
    "write_manifest",
]
