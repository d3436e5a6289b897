"""Lets a test act before every single thing that the inbox asks of the system."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["CHANGES", "LOOKS", "REAL", "no_links", "stepping"]

CHANGES: Final = (
    *("open", "close", "write", "ftruncate", "fchmod", "fsync"),
    *("link", "replace", "mkdir", "unlink", "rmdir"),
)
LOOKS: Final = ("stat", "fstat", "listdir", "read", "lseek")
REAL: Final = {name: getattr(os, name) for name in (*CHANGES, *LOOKS)}
"""The system's own functions, for what a test does in between."""


@contextmanager
def stepping(before: Callable[[int], None], names: tuple[str, ...] = CHANGES) -> Iterator[None]:
    """Call `before` with 1, 2, 3 and so on before each call of these functions of `os`.

    Args:
        before: what to do; what it calls itself does not count.
        names: of the functions.
    """
    count = 0
    within = False

    def stepped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            nonlocal count, within
            if within:
                return real(*words, **more)
            count += 1
            within = True
            try:
                before(count)
            finally:
                within = False
            return None if real is REAL["fsync"] else real(*words, **more)

        return call

    # `os` is asked by these names whether a function can work by descriptor.
    kept = {name: getattr(os, name) for name in names}
    for name, real in kept.items():
        setattr(os, name, stepped(real))
    try:
        yield
    finally:
        for name, real in kept.items():
            setattr(os, name, real)


def no_links(_: str, target: str, *, dst_dir_fd: int | None = None, **__: object) -> None:
    """Refuse as `os.link` does on a disk without second names."""
    try:
        REAL["stat"](target, dir_fd=dst_dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        raise PermissionError(errno.EPERM, "Operation not permitted") from None
    raise FileExistsError(errno.EEXIST, "File exists")
