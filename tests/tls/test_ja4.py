"""JA4 against the vectors its authors publish.

Source: FoxIO, github.com/FoxIO-LLC/ja4, commit 0e54bc8. `technical_details/JA4.md` has the worked
example, its variant without signature algorithms, and the list of ALPN values. The results that the
authors' own program is tested with (`python/test/testdata`) are those of captured clients.
"""

import pytest

from secure_chat.tls.hello import client_hello
from secure_chat.tls.ja4 import ja4
from tests.tls import hellos
from tests.tls.hellos import numbers, vector

CIPHERS = "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
EXTENSIONS = "001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
SCHEMES = "0403,0804,0401,0503,0805,0501,0806,0601"

PUBLISHED = {
    # https3-301-get.pcap
    "t10d230100_6a57a6f57151_000000000000": (
        "0039,0038,0035,0016,0013,000a,0033,0032,002f,009a,0099,0096,0005,0004,0015,0012,0009,"
        "0014,0011,0008,0006,0003,00ff_0000"
    ),
    # latest.pcapng
    "t12d190800_d83cc789557e_7af1ed941c26": (
        "c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,"
        "002f,000a_0000,0005,000a,000b,000d,0023,0017,ff01_0804,0805,0806,0401,0501,0201,0403,"
        "0503,0203,0202,0601,0603"
    ),
    # ssh2.pcapng
    "t12d1909h2_d83cc789557e_7af1ed941c26": (
        "c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,"
        "002f,000a_0000,0005,000a,000b,000d,0023,0010,0017,ff01_0804,0805,0806,0401,0501,0201,"
        "0403,0503,0203,0202,0601,0603"
    ),
    # ipv6.pcapng
    "t12d4605h2_85626a9a5f7f_aaf95bb78ec9": (
        "c030,c02c,c028,c024,c014,c00a,009f,006b,0039,cca9,cca8,ccaa,ff85,00c4,0088,0081,009d,"
        "003d,0035,00c0,0084,c02f,c02b,c027,c023,c013,c009,009e,0067,0033,00be,0045,009c,003c,"
        "002f,00ba,0041,c011,c007,0005,0004,c012,c008,0016,000a,00ff_0000,000b,000a,000d,"
        "0010_0601,0603,efef,0501,0503,0401,0403,eeee,eded,0301,0303,0201,0203"
    ),
    # tls-handshake.pcapng
    "t13d151400_8daaf6152771_de4a06bb82e3": (
        "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_0033,002b,"
        "001b,0000,0012,002d,000d,000a,0005,0023,0017,ff01,000b,0015_0403,0804,0401,0503,0805,"
        "0501,0806,0601"
    ),
    # tls-handshake.pcapng
    "t13d1515h2_8daaf6152771_f37e75b10bcc": (
        "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_0005,001b,"
        "0033,002d,4469,000a,000d,0012,ff01,000b,0023,002b,0000,0017,0010_0403,0804,0401,0503,"
        "0805,0501,0806,0601"
    ),
    # tls-handshake.pcapng
    "t13d1516h1_8daaf6152771_e5627efa2ab1": (
        "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_000d,0033,"
        "0000,ff01,002b,0023,002d,0005,0012,000b,0017,4469,0010,001b,000a,0015_0403,0804,0401,"
        "0503,0805,0501,0806,0601"
    ),
    # latest.pcapng
    "t13d1516h2_8daaf6152771_9b887d9acb53": (
        "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_000d,0010,"
        "0000,000b,0023,4469,ff01,0033,000a,002d,002b,0005,0017,0012,001b,0029_0403,0804,0401,"
        "0503,0805,0501,0806,0601"
    ),
    # tls-handshake.pcapng
    "t13d1517h1_8daaf6152771_6cdcb247c39b": (
        "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_0000,0017,"
        "0005,002b,0012,0023,000a,0033,0010,002d,001b,4469,000b,000d,ff01,0015,0029_0403,0804,"
        "0401,0503,0805,0501,0806,0601"
    ),
    # badcurveball.pcap
    "t13d1615h2_46e7e9700bed_45f260be83e2": (
        "1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035,000a_0000,"
        "0017,ff01,000a,000b,0023,0010,0005,000d,0012,0033,002d,002b,001b,0015_0403,0804,0401,"
        "0503,0805,0501,0806,0601,0201"
    ),
    # tls12.pcap
    "t13d1715h2_5b57614c22b0_3d5424432f57": (
        "1301,1303,1302,c02b,c02f,cca9,cca8,c02c,c030,c00a,c009,c013,c014,009c,009d,002f,"
        "0035_0000,0017,ff01,000a,000b,0023,0010,0005,0022,0033,002b,000d,002d,001c,0015_0403,"
        "0503,0603,0804,0805,0806,0401,0501,0601,0203,0201"
    ),
    # macos_tcp_flags.pcap
    "t13d2613h2_2802a3db6c62_845d286b0d67": (
        "1301,1302,1303,c02c,c02b,c024,c023,c00a,c009,cca9,c030,c02f,c028,c027,c014,c013,cca8,"
        "009d,009c,003d,003c,0035,002f,c008,c012,000a_ff01,0000,0017,000d,0005,0012,0010,000b,"
        "0033,002d,002b,000a,0015_0403,0804,0401,0503,0203,0805,0805,0501,0806,0601,0201"
    ),
}


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


@pytest.mark.parametrize(("published", "offered"), PUBLISHED.items())
def test_the_published_fingerprints_of_captured_clients_come_out(
    published: str, offered: str
) -> None:
    """Browsers, LibreSSL, old libraries; ciphers, extensions and schemes in their own order."""
    ciphers, kinds, *schemes = offered.split("_")
    version = {"13": 0x0303, "12": 0x0303, "10": 0x0301}[published[1:3]]
    held = {
        0x0000: hellos.server_name(b"example.org"),
        0x0010: hellos.alpn({"h1": b"http/1.1", "h2": b"h2", "00": b""}[published[8:10]]),
        0x000D: vector(numbers(listed(schemes[0])) if schemes else b"", 2),
        0x002B: vector(numbers([0x0304, 0x0303]), 1),
    }

    assert fingerprint(listed(ciphers), listed(kinds), held, version) == published


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
