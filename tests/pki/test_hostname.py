"""Names that a host certificate may carry."""

from ipaddress import ip_address

import pytest

from secure_chat.errors import UsageError
from secure_chat.pki.hostname import HostNames, is_dns_name, read_host_names


@pytest.mark.parametrize(
    "text",
    ["localhost", "a", "chat.example.org", "xn--bcher-kva.example", "3com.example", "a" * 63],
)
def test_plain_dns_names(text: str) -> None:
    """Labels of lower-case letters, digits and inner hyphens make a DNS name."""
    assert is_dns_name(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "a.", ".a", "a..b", "A", "a_b", "-a", "a-", "*.a", "a b", "a\n", "bücher", "a" * 64,
     ".".join(["a" * 49] * 6), "127.0.0.1", "1", "a.1", "a\x00"],
)  # fmt: skip
def test_what_is_no_dns_name(text: str) -> None:
    """Wildcards, underscores, other scripts, endings in digits and long names are none."""
    assert not is_dns_name(text)


def test_names_and_addresses_are_sorted_apart_each_once() -> None:
    """Addresses are known by their form, names lose their capitals, and repeats go."""
    names = read_host_names(["localhost", "127.0.0.1", "LOCALHOST", "::1", "0:0::1", "b.example"])
    assert names == HostNames(
        ("localhost", "b.example"), (ip_address("127.0.0.1"), ip_address("::1"))
    )


@pytest.mark.parametrize("text", ["bücher.example", "127.0.0.1/8", "fe80::1%eth0", "", "a b"])
def test_what_is_neither_is_a_usage_error(text: str) -> None:
    """A zone, a network and an international name in its own script are refused with advice."""
    with pytest.raises(UsageError) as refusal:
        read_host_names(["localhost", text])
    assert "xn--" in refusal.value.hint
