"""Both hellos, put together here byte by byte and taken apart by the module."""

from hashlib import sha256

import pytest

from secure_chat.tls.hello import asks_again, client_hello, server_hello
from secure_chat.tls.octets import Cut
from tests.tls import hellos
from tests.tls.hellos import numbers, vector

WHOLE = [
    (0x0A0A, b""),
    (0, hellos.server_name(b"localhost")),
    (10, vector(numbers([0x001D, 0x0017]), 2)),
    (13, vector(numbers([0x0403, 0x0804]), 2)),
    (16, hellos.alpn(b"securechat/1", b"h2")),
    (43, vector(numbers([0x0304, 0x0303]), 1)),
    (51, vector(numbers([0x001D]) + vector(bytes(32), 2), 2)),
]


def test_a_client_hello_is_read_whole_and_in_its_own_order() -> None:
    """Everything a record or a fingerprint needs stands where it was written."""
    hello = client_hello(hellos.client_hello([0x1302, 0x1301], WHOLE))

    assert hello.random == hellos.RANDOM
    assert hello.legacy_version == 0x0303
    assert hello.versions == (0x0304, 0x0303)
    assert hello.ciphers == (0x1302, 0x1301)
    assert hello.extensions == (0x0A0A, 0, 10, 13, 16, 43, 51)
    assert hello.groups == (0x001D, 0x0017)
    assert hello.shares == (0x001D,)
    assert hello.schemes == (0x0403, 0x0804)
    assert hello.alpn == (b"securechat/1", b"h2")
    assert hello.server_name == "localhost"


@pytest.mark.parametrize("extensions", [(), None])
def test_a_hello_without_extensions_has_none(
    extensions: tuple[tuple[int, bytes], ...] | None,
) -> None:
    """An old client may leave out even their length (RFC 5246 section 7.4.1.2)."""
    hello = client_hello(hellos.client_hello(extensions=extensions))

    assert (hello.extensions, hello.versions, hello.alpn, hello.server_name) == ((), (), (), None)


def test_a_broken_extension_is_left_out_and_the_rest_read() -> None:
    """One lie does not hide the rest of what was offered."""
    broken = [(10, b"\x00\xff\x00"), *WHOLE[3:]]

    hello = client_hello(hellos.client_hello(extensions=broken))

    assert hello.groups == ()
    assert hello.schemes == (0x0403, 0x0804)
    assert hello.extensions == (10, 13, 16, 43, 51)


@pytest.mark.parametrize("rest", [b"\x00\x0a\x00", b"\x00\x0a\x00\x09x", b"\x00"])
def test_a_list_of_extensions_that_is_not_whole_is_cut(rest: bytes) -> None:
    """Half a head, and a length beyond the end, behind an extension that is whole."""
    torn = hellos.client_hello(extensions=None)
    whole = numbers([16]) + vector(hellos.alpn(b"h2"), 2)
    body = torn[4:] + vector(whole + rest, 2)

    with pytest.raises(Cut):
        client_hello(b"\x01" + vector(body, 3))
    assert client_hello(b"\x01" + vector(torn[4:] + vector(whole, 2), 3)).alpn == (b"h2",)


def test_chance_and_the_hosts_name_do_not_make_another_kind_of_client() -> None:
    """Offers and fingerprints are remembered by kind; what is not common is not remembered."""
    other = [(kind, hellos.server_name(b"x") if kind == 0 else data) for kind, data in WHOLE]
    first = hellos.client_hello([0x1302, 0x1301], WHOLE)
    again = hellos.client_hello([0x1302, 0x1301], other).replace(hellos.RANDOM, bytes(32))
    large = hellos.client_hello([0x1301], [(21, bytes(5_000))])

    assert client_hello(first) == client_hello(again)
    assert hash(client_hello(first)) == hash(client_hello(again))
    assert client_hello(first) != client_hello(hellos.client_hello([0x1301], WHOLE))
    assert [client_hello(hello).common for hello in (first, large)] == [True, False]


def test_the_first_of_two_equal_extensions_counts() -> None:
    """A doubled extension is against the rules; OpenSSL refuses it, and the record shows both."""
    doubled = [(16, hellos.alpn(b"h2")), (16, hellos.alpn(b"http/1.1"))]

    hello = client_hello(hellos.client_hello(extensions=doubled))

    assert (hello.extensions, hello.alpn) == ((16, 16), (b"h2",))


def test_a_server_name_is_written_in_ascii_whatever_was_sent() -> None:
    """Names of other kinds are passed over; bytes that are no ASCII are written out."""
    hostile = client_hello(
        hellos.client_hello(extensions=[(0, hellos.server_name(b"\xff\x1b[31m"))])
    )
    other = client_hello(hellos.client_hello(extensions=[(0, hellos.server_name(b"x", kind=7))]))

    assert hostile.server_name == "\\xff\x1b[31m"
    assert other.server_name is None


@pytest.mark.parametrize("size", range(len(hellos.client_hello())))
def test_a_short_client_hello_is_cut(size: int) -> None:
    """No prefix of a hello is taken for a whole one, but for one without extensions."""
    message = hellos.client_hello()[:size]
    if size == len(message) and size == len(hellos.client_hello(extensions=None)):
        assert client_hello(message).extensions == ()
        return
    with pytest.raises(Cut):
        client_hello(message)


def test_a_server_hello_says_what_was_chosen() -> None:
    """Version and group come from the extensions that TLS 1.3 put them into."""
    message = hellos.server_hello([(43, b"\x03\x04"), (51, b"\x00\x1d" + vector(bytes(32), 2))])

    hello = server_hello(message)

    assert (hello.version, hello.cipher, hello.group) == (0x0304, 0x1302, 0x001D)
    assert not asks_again(message)
    assert hello.extensions == (43, 51)


def test_a_server_hello_of_tls_1_2_says_so() -> None:
    """Without the extension the version field is what counts, and no group is named."""
    hello = server_hello(hellos.server_hello())

    assert (hello.version, hello.group) == (0x0303, None)


def test_a_retry_is_told_by_its_random() -> None:
    """RFC 8446 section 4.1.3 fixes it as the hash of its own name."""
    random = sha256(b"HelloRetryRequest").digest()

    assert asks_again(hellos.server_hello(random=random))
