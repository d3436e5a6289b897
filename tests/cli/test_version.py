"""`--version` says what is in use, however it comes to know."""

import platform
import sqlite3
import ssl
import sys

import pytest

from secure_chat import __version__
from secure_chat.cli.version import versions

EXPECTED = [
    f"securechat {__version__}",
    f"Python {platform.python_version()}",
    ssl.OPENSSL_VERSION,
    f"SQLite {sqlite3.sqlite_version}",
]


def test_the_versions_are_those_of_what_is_in_use() -> None:
    """They are what the public modules say."""
    assert versions() == EXPECTED


@pytest.mark.parametrize("module", ["_ssl", "_sqlite3"])
def test_another_python_need_not_be_made_of_the_same_parts(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """A part that is not there, or does not say it, is asked for in public."""
    monkeypatch.setitem(sys.modules, module, None)
    assert versions() == EXPECTED
    monkeypatch.setitem(sys.modules, module, sys)
    assert versions() == EXPECTED
