"""Kills a process with SIGKILL before its n-th step on the disk, for every n there is."""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

__all__ = ["killed_before_step"]

_STEPS = frozenset(
    {"open", "os.mkdir", "os.rename", "os.chmod", "os.remove", "os.rmdir", "os.truncate"}
)


def killed_before_step(step: int, folder: Path, act: Callable[[], object]) -> bool:
    """Run `act` in a child that is killed before its `step`-th operation below `folder`.

    Args:
        step: from 1; every open, make, move, change of mode and removal counts.
        folder: operations elsewhere do not count.
        act: what the child does.

    Returns:
        Whether it was killed; False means that it had fewer steps and ended by itself.
    """
    with warnings.catch_warnings():
        # Threads that another test left behind do not matter to a child that is about to die.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(step, folder, act)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def _live(step: int, folder: Path, act: Callable[[], object]) -> None:
    """Be the child, which never returns."""
    left, root = step, os.fspath(folder)

    def before(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event not in _STEPS or not isinstance(arguments[0], str | os.PathLike):
            return
        if not os.fspath(arguments[0]).startswith(root):
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(before)
    try:
        act()
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)
