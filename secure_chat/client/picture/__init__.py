"""A picture from a peer, drawn in a terminal: `draw` is the whole of it, `look` reads its size.

Importing this loads nothing else, so that the process that decodes starts fast.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from secure_chat.client.picture.drawing import draw
    from secure_chat.client.picture.header import Header, look
    from secure_chat.client.picture.protocols import Protocol, offered
    from secure_chat.client.picture.refusal import PictureRefused

__all__ = ["Header", "PictureRefused", "Protocol", "draw", "look", "offered"]

_HOMES: Final = {
    "Header": "header",
    "PictureRefused": "refusal",
    "Protocol": "protocols",
    "draw": "drawing",
    "look": "header",
    "offered": "protocols",
}


def __getattr__(name: str) -> object:
    """Load what is public when it is first asked for (PEP 562)."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
