"""A host of ours that records no handshake, to measure what recording costs.

Nothing in the product switches records off: here its parts are replaced by ones that do nothing.
OpenSSL reports no message, no quiet context takes over, and no evidence is gathered.
"""

import ssl
from pathlib import Path
from unittest.mock import patch

from secure_chat.cli.main import run
from secure_chat.net import lifecycle
from secure_chat.server.scribe import Scribe
from secure_chat.tls import context
from secure_chat.tls.context import Contexts

__all__ = ["main"]


def main() -> None:
    """Run the command line as it is, without its ear."""
    with (
        patch.object(context, "_pair", _deaf),
        patch.object(lifecycle, "gather", _forget),
        patch.object(Scribe, "post", _forget),
    ):
        run()


def _deaf(talking: ssl.SSLContext, _protocol: int, _keylog: Path | None) -> Contexts:
    return Contexts(talking, talking, heard=False)


def _forget(*_evidence: object) -> None:
    return


if __name__ == "__main__":
    main()
