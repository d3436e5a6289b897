"""A picture that has landed, drawn in the terminal below what was said last.

Used on the thread that fetched it, at a terminal only. The decoder runs in a process of its own.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from secure_chat.client.picture import PictureRefused, draw
from secure_chat.limits import Limits

__all__ = ["NO_PICTURE", "drawn"]

NO_PICTURE: Final = "it cannot be shown here"

_TERMINAL: Final = (80, 24)
# Lines of the terminal that stay free for what was said before and what is being typed.
_FREE_LINES: Final = 6
_LEAST_LINES: Final = 4


def drawn(path: Path) -> tuple[str, str]:
    """Return what draws a picture, or else why it is not drawn.

    Args:
        path: its file.

    Returns:
        What is to be printed at the beginning of a line, "" when it cannot be; and then why.
    """
    limits = Limits()
    columns, lines = shutil.get_terminal_size(_TERMINAL)
    try:
        with path.open("rb") as file:
            data = file.read(limits.picture_bytes + 1)
        rows = max(_LEAST_LINES, lines - _FREE_LINES)
        return draw(data, columns=columns, rows=rows, environ=os.environ, limits=limits), ""
    except PictureRefused as error:
        return "", f"{error} ({error.hint})"
    except OSError as error:
        return "", f"{NO_PICTURE}: {error.strerror}"
