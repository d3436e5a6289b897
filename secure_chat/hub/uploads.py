"""Which uploads a message may refer to, as the depot told.

Owned by the hub's thread. Sizes and hashes only, never bytes; bounded for each person, and the
oldest go first. Nothing is told to anybody from here: whoever asks knows the person and the id.
"""

from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.limits import Limits

__all__ = ["Uploads"]


class Uploads:
    """The uploads of everybody that can be referred to.

    Args:
        limits: how many of a person are known at once.
    """

    __slots__ = ("_most", "_people")

    def __init__(self, limits: Limits) -> None:
        self._most = limits.uploads_offered
        self._people: dict[str, dict[str, Uploaded]] = {}

    def add(self, uploaded: Uploaded) -> None:
        """Know an upload from now on; one that is told again counts as the newest."""
        known = self._people.setdefault(uploaded.person, {})
        known.pop(uploaded.up, None)
        known[uploaded.up] = uploaded
        if len(known) > self._most:
            del known[next(iter(known))]

    def forget(self, forgotten: Forgotten) -> None:
        """Know these uploads no more; those that are not known anyway are passed over."""
        for person, up in forgotten.ups:
            known = self._people.get(person)
            if known is None:
                continue
            known.pop(up, None)
            if not known:
                del self._people[person]

    def get(self, person: str, up: str) -> Uploaded | None:
        """Return what the depot told of a person's upload, or None."""
        known = self._people.get(person)
        return None if known is None else known.get(up)
