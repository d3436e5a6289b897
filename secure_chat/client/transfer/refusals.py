"""Why a transfer came to nothing, in words for people.

Pure. What can be gone on with later is `TransferIncomplete`; what a repetition would only meet
again is a plain refusal.
"""

from typing import Final

from secure_chat.client.text import printable
from secure_chat.errors import SecureChatError, TransferError, TransferIncomplete
from secure_chat.wire.messages import Code

__all__ = ["OutdatedError", "refusal_of_download", "refusal_of_upload"]


class OutdatedError(TransferIncomplete):
    """The host knows nothing of what an earlier run began, or something else: begin with new ids.

    Args:
        why: the host's words.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            "the host has forgotten what was begun", why=printable(why), hint="Send it again."
        )


_AGAIN: Final = "The same command goes on from where it was."
_UPLOAD: Final[dict[str, str]] = {
    Code.QUOTA: "Delete messages with files that nobody needs, or ask the host's owner for more.",
    Code.TOO_LARGE: "Send it in parts.",
    Code.BUSY: "Wait until other transfers are through.",
    Code.NOT_ALLOWED: "Ask the host's owner.",
    Code.BAD_CONTENT: "Give it a shorter name.",
}
_LATER: Final[dict[str, str]] = {
    Code.DISK_FULL: "The host's owner must make room. " + _AGAIN,
    Code.INTERNAL: "The host's own messages say more. " + _AGAIN,
    Code.TAKEN_OVER: "Another process of yours is sending the same file; let it finish.",
    Code.HASH_DIFFERS: "Something changes the file while it is being sent; send it again.",
    Code.STOPPED: "A stream cannot be gone on with; send it again.",
}
_DOWNLOAD: Final[dict[str, str]] = {
    Code.NO_FILE: "Its author may have deleted it; `securechat get` lists what there is.",
    Code.NO_MESSAGE: "`securechat get` lists what there is.",
    Code.NOT_A_MEMBER: "Join the room first: `/join ROOM` in `securechat join`.",
    Code.BUSY: "Wait until other transfers are through.",
}


def refusal_of_upload(code: str, why: str, what: str) -> SecureChatError:
    """Return why something could not be sent.

    Args:
        code: a word of `wire.messages.Code`.
        why: the reason in words, by the host or this end.
        what: what it is called.
    """
    why = printable(why)
    if code in {Code.ID_CONFLICT, Code.NO_UPLOAD}:
        return OutdatedError(why)
    if code in _UPLOAD:
        return SecureChatError(f"the host does not take {what}", why=why, hint=_UPLOAD[code])
    hint = _LATER.get(code, _AGAIN)
    return TransferIncomplete(f"{what} could not be sent", why=why, hint=hint)


def refusal_of_download(code: str, why: str, what: str) -> SecureChatError:
    """Return why something could not be fetched.

    Args:
        code: a word of `wire.messages.Code`.
        why: the reason in words, by the host or this end.
        what: what it is called.
    """
    why, what = printable(why), printable(what)
    if code in _DOWNLOAD:
        return SecureChatError(f"the host does not send {what}", why=why, hint=_DOWNLOAD[code])
    if code == Code.STOPPED:
        return TransferIncomplete(
            f"{what} ended before its end", why=why, hint="Ask its sender to send it again."
        )
    if code in {Code.HASH_DIFFERS, Code.TOO_LARGE}:
        return TransferError(
            f"{what} is not what its sender sent", why=why, hint="Nothing was kept of it."
        )
    return TransferIncomplete(f"{what} could not be fetched", why=why, hint=_AGAIN)
