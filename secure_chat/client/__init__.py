"""The client without a window; `Client` is the public API, `events` what it yields.

Importing this loads nothing else, so that commands which only read a text stay fast.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["Client"]


def __getattr__(name: str) -> object:
    """Load the public class when it is first asked for (PEP 562)."""
    if name == "Client":
        from secure_chat.client.runtime import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
