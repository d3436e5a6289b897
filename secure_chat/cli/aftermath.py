"""What a person is told after a handshake that failed: what its record knows, and where to read on.

Used around a connection. It adds to an error that is on its way and must never replace it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from secure_chat.cli.console import Console
from secure_chat.errors import SecureChatError

__all__ = ["explained"]


@contextmanager
def explained(console: Console, data: Path | None, *, as_json: bool) -> Iterator[None]:
    """Add to an error what the record of its handshake knows.

    Args:
        console: when it is quiet, nothing is added.
        data: what `--data` says.
        as_json: scripts have the uid in the event, so nothing is added.

    Raises:
        SecureChatError: the error that came, with more to read.
    """
    try:
        yield
    except SecureChatError as error:
        if error.uid and not (as_json or console.quiet):
            # Whatever goes wrong here, the error that came is the one to be told of.
            with suppress(OSError):
                error.hint = "\n".join((error.hint, *_lines(error.uid, data)))
        raise


def _lines(uid: str, data: Path | None) -> Iterator[str]:
    from secure_chat.cli.recalling import command
    from secure_chat.client.text import printable
    from secure_chat.folders import data_folder
    from secure_chat.handshakes.finding import matching
    from secure_chat.handshakes.journal import journals, standing
    from secure_chat.handshakes.pairing import Pair
    from secure_chat.handshakes.telling.plain import paragraph
    from secure_chat.handshakes.telling.story import tell

    # One's own record alone, which is among the newest: to look for the host's takes seconds
    # where there are many.
    found = matching(standing(journals(data_folder(data, ""))), uid)
    if not found:
        return
    told = tell(Pair(client=found[0]), "client", printable).account
    # OpenSSL's words stand in the error itself.
    yield from paragraph(" ".join((told.happened, *told.particulars)))
    yield f"  In full:            {command('handshakes explain', uid, data)}"
    yield f"  Message by message: {command('handshakes show', uid, data)}"
