"""JA4 against the vectors its authors publish.

Source: FoxIO, github.com/FoxIO-LLC/ja4, `technical_details/JA4.md`, commit 0e54bc8: the worked
example, its variant without signature algorithms, and the list of ALPN values.
"""

import pytest

from secure_chat.tls.hello import client_hello
from secure_chat.tls.ja4 import ja4
from tests.tls import hellos
from tests.tls.hellos import numbers, vector

CIPHERS = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
EXTENSIONS = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
SCHEMES = "0403,0804,0401,0503,0805,0501,0806,0601"


def listed(text: str) -> list[int]:
    """Return the numbers of a published list."""
    return [int(word, 16) for word in text.split(",")]


def contents(alpn: bytes = b"h2", schemes: str = SCHEMES) -> dict[int, bytes]:
    """Return what the extensions that matter hold."""
    return {
        0x0000: hellos.server_name(b"example.org"),
        0x0010: hellos.alpn(alpn),
        0x000D: vector(numbers(listed(schemes) if schemes else []), 2),
        0x002B: vector(numbers([0x0304, 0x0303]), 1),
    }


def fingerprint(
    ciphers: list[int], kinds: list[int], held: dict[int, bytes], version: int = 0x0303
) -> str:
    """Return the fingerprint of a hello with these parts."""
    extensions = [(kind, held.get(kind, b"")) for kind in kinds]
    return ja4(client_hello(hellos.client_hello(ciphers, extensions, version)))


def test_the_published_example_comes_out() -> None:
    """JA4.md, "Example"."""
    found = fingerprint(listed(CIPHERS), listed(EXTENSIONS), contents())

    assert found == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_grease_changes_nothing() -> None:
    """JA4.md, "Details": GREASE values are ignored wherever they stand."""
    held = contents(schemes=f"7a7a,{SCHEMES}")
    held[0x002B] = vector(numbers([0xFAFA, 0x0304, 0x0303]), 1)

    found = fingerprint([0x0A0A, *listed(CIPHERS)], [0x2A2A, *listed(EXTENSIONS), 0xDADA], held)

    assert found == "t13d1516h2_8daaf6152771_e5627efa2ab1"


def test_numbers_that_only_resemble_grease_count() -> None:
    """Both bytes of GREASE are equal; 0x0a1a is a number like any other."""
    found = fingerprint([0x0A1A, *listed(CIPHERS)], listed(EXTENSIONS), contents())

    assert found.startswith("t13d1616h2_")


def test_without_signature_algorithms_the_published_hash_comes_out() -> None:
    """JA4.md, "Extension hash": the string then ends without an underscore."""
    found = fingerprint(listed(CIPHERS), listed(EXTENSIONS), contents(schemes=""))

    assert found == "t13d1516h2_8daaf6152771_6d807ffa2a79"


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        (b"h2".hex(), "h2"),
        (b"http/1.1".hex(), "h1"),
        ("ab", "ab"),
        ("20", "20"),
        ("abcd", "ad"),
        ("2061", "21"),
        ("30ab", "3b"),
        ("6120", "60"),
        ("3031abcd", "3d"),
        ("30abcd31", "01"),
        ("41", "AA"),
        ("", "00"),
    ],
)
def test_the_published_alpn_values_come_out(name: str, ends: str) -> None:
    """JA4.md, "ALPN Extension Value"."""
    found = fingerprint(listed(CIPHERS), listed(EXTENSIONS), contents(bytes.fromhex(name)))

    assert found == f"t13d1516{ends}_8daaf6152771_e5627efa2ab1"


def test_a_hello_of_nothing_has_zeros() -> None:
    """JA4.md, "Cipher hash" and "Extension hash": no values are shown as such."""
    assert fingerprint([], [], {}) == "t12i000000_000000000000_000000000000"
    only_name = fingerprint([], [0], contents())
    assert only_name == "t12d000100_000000000000_000000000000"


@pytest.mark.parametrize(
    ("version", "letters"),
    [(0x0304, "13"), (0x0302, "11"), (0x0301, "10"), (0x0300, "s3"), (0x0002, "s2"), (9, "00")],
)
def test_the_published_versions_come_out(version: int, letters: str) -> None:
    """JA4.md, "TLS and DTLS Version": without the extension the version field counts."""
    assert fingerprint([], [], {}, version).startswith(f"t{letters}i")


def test_counts_end_at_99() -> None:
    """JA4.md, "Number of Ciphers"."""
    assert fingerprint(list(range(120)), list(range(100, 220)), {})[4:8] == "9999"
