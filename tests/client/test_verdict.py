"""What is about us ends a client; what may pass is waited for."""

import pytest

from secure_chat.client.verdict import final_error, wait_before
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


def test_a_wait_is_never_longer_than_the_bound_nor_the_same_for_all() -> None:
    """The random number spreads a wait over its upper half."""
    limits = Limits()
    assert wait_before(0, limits, 0.0) == limits.retry_first_seconds / 2
    assert wait_before(0, limits, 0.5) == limits.retry_first_seconds * 0.75
    assert wait_before(10_000, limits, 0.999) < limits.retry_most_seconds
