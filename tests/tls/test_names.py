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


def test_every_cipher_suite_of_this_openssl_has_a_name() -> None:
    """The weak ones included: what an old client offers is shown by name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    # The upper half of OpenSSL's number is its own.
    offered = {cipher["id"] & 0xFFFF for cipher in context.get_ciphers()}

    assert len(offered) > 50
    assert offered <= names.CIPHERS.keys()
    for cipher in context.get_ciphers():
        if cipher["name"].startswith("TLS_"):
            assert names.CIPHERS[cipher["id"] & 0xFFFF] == cipher["name"]


def test_what_browsers_offer_has_a_name() -> None:
    """Chrome, Firefox and Safari of these years; only GREASE stays a number (RFC 8701)."""
    ciphers = "1301 1302 1303 c02b c02c c02f c030 cca8 cca9 c013 c014 009c 009d 002f 0035"
    ciphers += " c009 c00a c008 c012 000a 0033 0039 00ff 5600"
    extensions = "0000 0005 000a 000b 000d 0010 0012 0015 0017 001b 001c 0022 0023 0029 002b"
    extensions += " 002d 0032 0033 0039 4469 44cd fe0d ff01"
    offered = {
        "CIPHERS": ciphers,
        "GROUPS": "001d 0017 0018 0019 0100 0101 11ec 6399",
        "SCHEMES": "0403 0804 0401 0503 0805 0501 0806 0601 0203 0201 0603",
        "EXTENSIONS": extensions,
        "VERSIONS": "0304 0303 0302 0301",
    }
    for table, listed in offered.items():
        for number in listed.split():
            assert not named(getattr(names, table), int(number, 16)).startswith("0x"), number
    assert named(names.CIPHERS, 0x2A2A) == "0x2a2a"


@pytest.mark.parametrize(
    "table",
    [
        names.ALERTS,
        names.MESSAGES,
        names.CIPHERS,
        names.GROUPS,
        names.SCHEMES,
        names.EXTENSIONS,
        names.VERSIONS,
    ],
)
def test_no_name_is_given_twice(table: dict[int, str]) -> None:
    """A name stands for one number."""
    assert len(set(table.values())) == len(table)
