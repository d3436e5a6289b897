"""What `securechat --version` says: our version and those of what we stand on."""

import platform
import sqlite3
import ssl

from secure_chat import __version__

__all__ = ["versions"]


def versions() -> list[str]:
    """Return one line each for securechat, Python, OpenSSL and SQLite."""
    return [
        f"securechat {__version__}",
        f"Python {platform.python_version()}",
        ssl.OPENSSL_VERSION,
        f"SQLite {sqlite3.sqlite_version}",
    ]
