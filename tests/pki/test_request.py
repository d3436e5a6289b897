"""What init-certs is asked for is judged before anything is touched."""

from datetime import timedelta
from ipaddress import ip_address

import pytest

from secure_chat.errors import UsageError
from secure_chat.pki.request import InitRequest, host_names_of

LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


def test_a_host_is_always_known_on_its_own_computer() -> None:
    """Localhost and both loopback addresses come first, then this computer, then what is asked."""
    names = host_names_of(InitRequest(computer="Box", host_names=("10.0.0.1", "chat.example")))
    assert names.dns == ("localhost", "box", "chat.example")
    assert names.ips == (*LOOPBACK, ip_address("10.0.0.1"))


@pytest.mark.parametrize("computer", ["", "my_box", "bücher", "a b", "x" * 64, "10.0.0.7"])
def test_a_computer_whose_name_no_certificate_can_carry_is_left_out(computer: str) -> None:
    """A computer's name nobody chose for this must not stop the command."""
    assert host_names_of(InitRequest(computer=computer)).dns == ("localhost",)


@pytest.mark.parametrize(
    ("request_", "what"),
    [
        (InitRequest(clients=("alice", "Bob")), "'Bob' cannot be anybody's name"),
        (InitRequest(host_names=("a_b",)), "'a_b' cannot stand in a host certificate"),
        (InitRequest(life=timedelta(days=397, seconds=1)), "--life cannot be longer than 397d"),
        (InitRequest(ca_life=timedelta(days=3_661)), "--ca-life cannot be longer than 3660d"),
        (InitRequest(passphrase=b""), "1 to 1023 bytes"),
        (InitRequest(passphrase=b"x" * 1_024), "1 to 1023 bytes"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(request_: InitRequest, what: str) -> None:
    """Each error names what was wrong."""
    with pytest.raises(UsageError, match=what):
        host_names_of(request_)


def test_the_bounds_themselves_are_good() -> None:
    """The longest lives and passphrases can be asked for."""
    host_names_of(
        InitRequest(
            life=timedelta(days=397), ca_life=timedelta(days=3_660), passphrase=b"x" * 1_023
        )
    )
