"""What all parts of the depot work with, made once when its thread begins.

Owned by the depot's thread; plain references without behaviour.
"""

from collections.abc import Callable
from dataclasses import dataclass

from secure_chat.clock import Clock
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.limits import Limits
from secure_chat.log.blobs.store import BlobStore
from secure_chat.server.depot.downloads import Downloads
from secure_chat.server.depot.items import Sift
from secure_chat.server.depot.trouble import Trouble
from secure_chat.server.depot.uploads import Uploads

__all__ = ["Kit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What all parts of the depot work with.

    Args:
        store: the files and their index.
        uploads: who sends what.
        downloads: who is sent what.
        trouble: what errors of the disk mean.
        tell: gives the hub's thread something; must not block.
        limits: the bounds in force.
        clock: the time.
    """

    store: BlobStore
    uploads: Uploads
    downloads: Downloads
    trouble: Trouble
    tell: Callable[[Uploaded | Forgotten | Sift], None]
    limits: Limits
    clock: Clock
