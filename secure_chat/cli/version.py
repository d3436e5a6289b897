"""What `securechat --version` says: our version and those of what we stand on."""

import sys
from importlib import import_module

from secure_chat import __version__

__all__ = ["versions"]


def versions() -> list[str]:
    """Return one line each for securechat, Python, OpenSSL and SQLite."""
    return [
        f"securechat {__version__}",
        f"Python {sys.version.split()[0]}",
        _constant("ssl", "OPENSSL_VERSION"),
        f"SQLite {_constant('sqlite3', 'sqlite_version')}",
    ]


def _constant(module: str, name: str) -> str:
    """Return a constant of a standard module, from its part in C where CPython has it.

    That part alone binds the library that is asked for; the part in Python takes as long again.
    """
    try:
        return str(getattr(import_module(f"_{module}"), name))
    except (ImportError, AttributeError):
        return str(getattr(import_module(module), name))
