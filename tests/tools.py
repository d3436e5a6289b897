"""System programs that some tests need: a missing one skips, or fails in the strict gate."""

import os
import shutil
from typing import NoReturn

import pytest

__all__ = ["lacking", "need"]


def need(program: str) -> str:
    """Return the path of a program, or skip the test; with SECURECHAT_STRICT=1 fail it."""
    found = shutil.which(program)
    if found is not None:
        return found
    return lacking(f"needs {program}, which is not installed")


def lacking(reason: str) -> NoReturn:
    """Skip the test for something the system lacks; with SECURECHAT_STRICT=1 fail it."""
    if os.environ.get("SECURECHAT_STRICT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
