"""A small disk that fills up."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["disk"]


@contextmanager
def disk(mib: int) -> Iterator[Path]:
    """Mount a disk of so many MiB, or skip the test where nobody may."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "securechat-test", folder]
        mounted = subprocess.run(words, capture_output=True, check=False, timeout=20)
        if mounted.returncode:
            pytest.skip("nothing may be mounted here")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True, timeout=20)
