"""The decoder's process as the program sees it: started, fed, bounded, and ended.

Used on the thread that wants the picture, which waits for up to `picture_seconds`; never on one
that owns sockets or the disk. A thread of its own only ends the process at its deadline.
"""

import math
import sys
import threading
from contextlib import suppress
from importlib.util import find_spec
from signal import Signals
from subprocess import DEVNULL, PIPE, Popen
from typing import Final

from secure_chat.client.picture.header import Header
from secure_chat.client.picture.order import Order, Pixels, understand
from secure_chat.client.picture.refusal import PictureRefused, Why
from secure_chat.limits import Limits

__all__ = ["decoded"]

_CHILD: Final = "secure_chat.client.picture.child"


def decoded(
    data: bytes, header: Header, box: tuple[int, int], limits: Limits, colours: int = 0
) -> Pixels:
    """Have a picture decoded by a process of its own; waits for it.

    Args:
        data: the whole file.
        header: what `look` said of it.
        box: how wide and how high the outcome may be, in pixels.
        limits: bound its memory and its time.
        colours: how many different ones the outcome may have; 0 for any number.

    Raises:
        PictureRefused: it cannot be decoded, or not within the limits, or Pillow is missing.
    """
    if not _is_installed("PIL"):
        raise PictureRefused(Why.NO_DECODER, "that needs Pillow, which is not installed")
    order = Order(
        header.kind,
        header.width,
        header.height,
        *box,
        colours,
        limits.picture_pixels,
        limits.picture_memory_bytes,
        math.ceil(limits.picture_seconds),
    )
    # -P: a folder that the person happens to be in must not bring modules of its own.
    command = [sys.executable, "-P", "-m", _CHILD, *order.words()]
    return understand(_run(command, data, order.most_answer, limits.picture_seconds), order)


def _is_installed(package: str) -> bool:
    """Tell whether a package could be loaded, without loading it."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        # What a finder or a half-loaded package has to say is the same to us.
        return False


def _run(command: list[str], data: bytes, most: int, seconds: float) -> bytes:
    """Return what a command writes when it is given `data`.

    Args:
        command: the program and its arguments.
        data: its input.
        most: bytes of its output; whoever writes more is ended.
        seconds: from its start to its end; whoever takes longer is ended.
    """
    overdue = threading.Event()
    try:
        process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)  # noqa: S603 -- our own
    except OSError as error:
        raise PictureRefused(Why.NO_DECODER, f"its process cannot be started ({error})") from error

    def end() -> None:
        overdue.set()
        process.kill()

    deadline = threading.Timer(seconds, end)
    deadline.name = "picture-deadline"
    deadline.daemon = True
    with process:
        deadline.start()
        try:
            octets = _converse(process, data, most)
        finally:
            process.kill()
            deadline.cancel()
            deadline.join()
    if overdue.is_set():
        raise PictureRefused(Why.TOO_SLOW, f"{seconds:g} seconds are the most")
    if process.returncode and not octets:
        raise PictureRefused(Why.CRASHED, _ending(process.returncode))
    return octets


def _converse(process: Popen[bytes], data: bytes, most: int) -> bytes:
    """Give a process its input and take its output until both are at their end."""
    assert process.stdin is not None  # noqa: S101 -- it was started with pipes
    assert process.stdout is not None  # noqa: S101
    # A process that ends early closes its pipe; its output and its end tell why.
    with suppress(OSError), process.stdin as pipe:
        pipe.write(data)
    octets = process.stdout.read(most + 1)
    if len(octets) <= most:
        process.wait()
    return octets


def _ending(code: int) -> str:
    """Say how a process ended that ended badly."""
    if code > 0:
        return f"its process ended with exit code {code}"
    try:
        return f"its process was ended by {Signals(-code).name}"
    except ValueError:
        return f"its process was ended by signal {-code}"
