"""System programs that some tests need: a missing one skips, or fails in the strict gate."""

import os
import shutil

import pytest

__all__ = ["need"]


def need(program: str) -> str:
    """Return the path of a program, or skip the test; with SECURECHAT_STRICT=1 fail it."""
    found = shutil.which(program)
    if found is not None:
        return found
    reason = f"needs {program}, which is not installed"
    if os.environ.get("SECURECHAT_STRICT") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
