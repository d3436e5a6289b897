"""The decoder's process: one picture from standard input, its pixels to standard output.

Started by `process`, once for each picture, and never imported by the program. Whatever a picture
does to a decoder it does here, within bounds that the system keeps. It is no sandbox: it bounds
memory and time, and a crash ends nothing else.
"""

import math
import sys
from typing import IO

from secure_chat.client.picture.order import Order, Pixels, answer
from secure_chat.client.picture.refusal import PictureRefused, Why

__all__ = ["bound", "serve"]


def serve(order: Order, source: IO[bytes], sink: IO[bytes]) -> None:
    """Decode what `source` has and write the answer.

    Args:
        order: what to do.
        source: has one picture and then ends.
        sink: takes one answer.
    """
    sink.write(answer(_outcome(order, source)))
    sink.flush()


def _outcome(order: Order, source: IO[bytes]) -> Pixels | PictureRefused:
    """Return what came of an order, whatever it is."""
    try:
        from secure_chat.client.picture.decode import shrink

        return shrink(source.read(), order)
    except ImportError as error:
        return PictureRefused(Why.NO_DECODER, f"Pillow cannot be loaded ({error})")
    except MemoryError:
        return PictureRefused(Why.TOO_MUCH_MEMORY, f"{order.memory:,} bytes are the most")
    except PictureRefused as refused:
        return refused


def bound(memory: int, seconds: float) -> None:
    """Have the system end this process when it takes more; where it cannot, the deadline does.

    Args:
        memory: bytes of address space.
        seconds: of processor time; whoever waits has a deadline of their own, and may be gone.
    """
    try:
        import resource
    except ImportError:
        return
    wanted = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, math.ceil(seconds)),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, most in wanted:
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (allowed, allowed))
        except (OSError, ValueError):
            # Some systems know a limit and do not let it be set.
            continue


if __name__ == "__main__":
    _order = Order.of(sys.argv[1:])
    bound(_order.memory, _order.seconds)
    serve(_order, sys.stdin.buffer, sys.stdout.buffer)
