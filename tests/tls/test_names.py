"""The names of TLS's numbers."""

import ssl

import pytest

from secure_chat.tls import names
from secure_chat.tls.names import named


def test_a_number_without_a_name_is_shown_in_hex() -> None:
    """So that a new one is still told from another."""
    assert named(names.GROUPS, 0x001D) == "x25519"
    assert named(names.GROUPS, 0xFEED) == "0xfeed"
    assert named(names.ALERTS, 255) == "0x00ff"


def test_the_alerts_are_those_of_python() -> None:
    """Every alert Python knows has the same number and name here, but for one letter."""
    ours = {name.upper(): number for number, name in names.ALERTS.items()}

    for alert in ssl.AlertDescription:
        name = alert.name.removeprefix("ALERT_DESCRIPTION_")
        name = name.replace("USER_CANCELLED", "USER_CANCELED")
        assert alert.value not in names.ALERTS or ours.get(name) == alert.value


@pytest.mark.parametrize(
    "table", [names.ALERTS, names.MESSAGES, names.CIPHERS, names.GROUPS, names.SCHEMES]
)
def test_no_name_is_given_twice(table: dict[int, str]) -> None:
    """A name stands for one number."""
    assert len(set(table.values())) == len(table)
