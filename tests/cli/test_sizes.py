"""Numbers of bytes as people write them, and what the host makes of them."""

import pytest

from secure_chat.cli.host import _bounds
from secure_chat.cli.sizes import parse_size
from secure_chat.errors import UsageError
from secure_chat.limits import Limits


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        (" 64k ", 65_536),
        ("500M", 524_288_000),
        ("2gib", 2_147_483_648),
        ("1TB", 1 << 40),
        ("1024T", 1 << 50),
    ],
)
def test_a_size_is_a_number_with_a_unit(text: str, size: int) -> None:
    """A k is 1,024, and letters may be large or small."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "1.5G", "-1", "0", "1025T", "1 G", "1GG", "٣M", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """With a hint how to write one."""
    with pytest.raises(UsageError):
        parse_size(text)


def test_a_file_is_never_larger_than_what_its_sender_or_the_host_may_have() -> None:
    """Whoever bounds all files bounds each of them; what is not said stays as it is."""
    usual = Limits()
    assert _bounds(None, None, None, no_files=False) == usual
    assert _bounds(None, None, None, no_files=True).file_bytes == 0
    told = _bounds("2G", "1G", None, no_files=False)
    assert (told.file_bytes, told.person_bytes) == (1 << 30, 1 << 30)
    assert told.host_bytes == usual.host_bytes
    told = _bounds(None, None, "10M", no_files=False)
    assert (told.file_bytes, told.person_bytes, told.host_bytes) == (10 << 20,) * 3
