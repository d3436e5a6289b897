"""What is about us ends a client; what may pass is waited for."""

import pytest

from secure_chat.client.verdict import about_our_certificate, final_error, wait_before
from secure_chat.errors import Exit, HostNotTrusted, HostRefused, HostUnreachable, SecureChatError
from secure_chat.limits import Limits

REFUSED = HostRefused("host-full", "the host refused us")


@pytest.mark.parametrize(
    ("code", "error", "welcomed", "exit_code"),
    [
        ("closed", HostUnreachable("x"), False, Exit.UNREACHABLE),
        ("closed", HostUnreachable("x"), True, None),
        ("shutdown", None, False, Exit.UNREACHABLE),
        ("shutdown", None, True, None),
        ("silent", None, True, None),
        ("unknown-ca", HostNotTrusted("x"), False, Exit.NOT_TRUSTED),
        ("unknown-ca", HostNotTrusted("x"), True, Exit.NOT_TRUSTED),
        ("revoked", HostRefused("revoked", "x"), False, Exit.REFUSED),
        ("revoked", HostRefused("revoked", "x"), True, Exit.REFUSED),
        ("revoked", None, True, Exit.REFUSED),
        ("expired", None, True, Exit.REFUSED),
        ("not-registered", None, True, Exit.REFUSED),
        ("superseded", None, True, Exit.REFUSED),
        ("superseded", HostRefused("superseded", "x"), False, Exit.REFUSED),
        ("kicked", None, True, Exit.REFUSED),
        ("host-full", REFUSED, False, Exit.REFUSED),
        ("host-full", REFUSED, True, None),
        ("too-many-connections", REFUSED, True, None),
    ],
)
def test_when_a_client_gives_up(
    code: str,
    error: SecureChatError | None,
    welcomed: bool,  # noqa: FBT001 -- a column of the table
    exit_code: Exit | None,
) -> None:
    """The exit code of the final error, None for trying again."""
    verdict = final_error(code, "why", error, welcomed=welcomed)
    assert (verdict.exit_code if verdict else None) == exit_code
    if verdict is not None and error is not None:
        assert verdict is error


@pytest.mark.parametrize(
    ("code", "word"),
    [("revoked", "invite"), ("expired", "invite"), ("superseded", "copy"), ("kicked", "again")],
)
def test_a_refusal_says_what_to_do(code: str, word: str) -> None:
    """In the middle of a conversation and at the door alike."""
    for error in (None, HostRefused(code, "the host refused us", why="w", hint="h")):
        verdict = final_error(code, "why", error, welcomed=True)
        assert verdict is not None
        assert word in verdict.hint
    unknown = HostRefused("full-moon", "the host refused us", hint="h")
    assert final_error("full-moon", "", unknown, welcomed=False) is unknown
    assert unknown.hint == "h"


@pytest.mark.parametrize(
    ("code", "error", "ours"),
    [
        ("superseded", None, True),
        ("revoked", HostRefused("revoked", "x"), True),
        ("unknown-ca", HostRefused("unknown-ca", "x"), True),
        ("unknown-ca", HostNotTrusted("x"), False),
        ("expired", HostNotTrusted("x"), False),
        ("kicked", None, False),
        ("silent", None, False),
        ("host-full", REFUSED, False),
    ],
)
def test_what_another_certificate_may_change(
    code: str,
    error: SecureChatError | None,
    ours: bool,  # noqa: FBT001 -- a column of the table
) -> None:
    """What the host says of ours; the same words about the host's are no reason to show another."""
    assert about_our_certificate(code, error) is ours


def test_a_wait_is_never_longer_than_the_bound_nor_the_same_for_all() -> None:
    """The random number spreads a wait over its upper half."""
    limits = Limits()
    assert wait_before(0, limits, 0.0) == limits.retry_first_seconds / 2
    assert wait_before(0, limits, 0.5) == limits.retry_first_seconds * 0.75
    assert wait_before(10_000, limits, 0.999) < limits.retry_most_seconds
