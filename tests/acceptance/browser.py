"""A real browser without a window, which tells what it made of a page."""

import os
import signal
import subprocess
from pathlib import Path

from tests.tools import need

__all__ = ["dom_of"]

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE = 60.0


def dom_of(path: Path, folder: Path) -> str:
    """Return the document of a page as it stands when everything in it has been loaded and run.

    Args:
        path: the page.
        folder: new and empty, for what the browser keeps.
    """
    command = [need("chromium"), *_FLAGS, f"--user-data-dir={folder}", "--dump-dom", path.as_uri()]
    process = subprocess.Popen(
        command,
        env={**os.environ, "HOME": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=_PATIENCE)
    finally:
        if process.poll() is None:
            # It has helpers of its own, all in its session.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return out.decode()
