"""Kills a process with SIGKILL before its n-th step on the disk, for every n there is."""

import os
import signal
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

__all__ = ["killed_before_step"]

_STEPS = frozenset(
    {
        "open",
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.truncate",
    }
)


def killed_before_step(
    step: int, folder: Path, act: Callable[[], object], *, writes: bool = False
) -> bool:
    """Run `act` in a child that is killed before its `step`-th operation below `folder`.

    Args:
        step: from 1; every open, make, move, change of mode and removal counts.
        folder: operations elsewhere do not count.
        act: what the child does.
        writes: count each write and each sync too; a write is killed with half of it done.

    Returns:
        Whether it was killed; False means that it had fewer steps and ended by itself.
    """
    with warnings.catch_warnings():
        # Threads that another test left behind do not matter to a child that is about to die.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _live(step, folder, act, writes=writes)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


def _live(step: int, folder: Path, act: Callable[[], object], *, writes: bool) -> None:
    """Be the child, which never returns."""
    left, root = step, os.fspath(folder)

    def count(half: Callable[[], object] | None = None) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            if half is not None:
                half()
            os.kill(os.getpid(), signal.SIGKILL)

    def before(event: str, arguments: tuple[object, ...]) -> None:
        if event not in _STEPS or not isinstance(arguments[0], str | os.PathLike):
            return
        if os.fspath(arguments[0]).startswith(root):
            count()

    sys.addaudithook(before)
    if writes:
        _count_writes(count)
    try:
        act()
    finally:
        os._exit(0 if sys.exc_info()[0] is None else 1)


def _count_writes(count: Callable[..., None]) -> None:
    """Have every sync, and every write to a file opened by its descriptor, counted."""
    sync, opened = os.fsync, os.fdopen

    def counted_sync(descriptor: int) -> None:
        count()
        sync(descriptor)

    def counted_open(*arguments: Any, **more: Any) -> Any:
        file = opened(*arguments, **more)
        write = file.write

        def half(data: bytes) -> None:
            write(data[: len(data) // 2])
            file.flush()

        def counted_write(data: bytes) -> int:
            count(partial(half, data))
            return int(write(data))

        file.write = counted_write
        return file

    os.fsync, os.fdopen = counted_sync, counted_open  # type: ignore[assignment]
