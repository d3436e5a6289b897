"""Handshakes with everything in their records, as both ends would have written them."""

from typing import Any, Final

from msgspec.structs import replace

from secure_chat.handshakes.record import (
    CertificateSeen,
    Choice,
    HandshakeRecord,
    MessageSeen,
    Offer,
    Schemes,
)
from tests.handshakes.records import good

HELLO: Final = "5f" * 32
HOST_PRINT: Final = "a1" * 32
CLIENT_PRINT: Final = "b2" * 32

HOST_LEAF: Final = CertificateSeen(
    fingerprint=HOST_PRINT,
    size=505,
    subject="CN=localhost",
    issuer="CN=ours",
    serial="5e6e",
    not_before="2026-11-01T12:00:00.000Z",
    not_after="2027-01-30T12:00:00.000Z",
    names=("DNS:localhost", "IP:127.0.0.1"),
    key="ECDSA P-256",
    signature="ecdsa-with-SHA256",
    usages=("digitalSignature",),
    purposes=("serverAuth",),
    authority=False,
)
CLIENT_LEAF: Final = replace(
    HOST_LEAF,
    fingerprint=CLIENT_PRINT,
    subject="CN=alice",
    names=("email:alice@member.securechat.internal",),
    purposes=("clientAuth",),
)
OFFER: Final = Offer(
    versions=("TLSv13", "TLSv12"),
    ciphers=("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"),
    groups=("x25519", "secp256r1"),
    shares=("x25519",),
    schemes=("ecdsa_secp256r1_sha256", "ed25519"),
    alpn=("securechat/1",),
    extensions=("supported_versions", "key_share"),
)

# By whom, what, how long, when at the client and when at the host, in microseconds. OpenSSL does
# not report the ChangeCipherSpec that it reads.
_SAID: Final = (
    ("client", "ClientHello", 235, 300, 400),
    ("host", "ServerHello", 122, 1_300, 700),
    ("host", "ChangeCipherSpec", 1, None, 700),
    ("host", "EncryptedExtensions", 25, 1_500, 700),
    ("host", "CertificateRequest", 45, 1_500, 710),
    ("host", "Certificate", 962, 1_600, 900),
    ("host", "CertificateVerify", 79, 2_100, 1_000),
    ("host", "Finished", 52, 2_400, 1_010),
    ("client", "ChangeCipherSpec", 1, 2_400, None),
    ("client", "Certificate", 953, 2_500, 2_600),
    ("client", "CertificateVerify", 80, 2_510, 3_100),
    ("client", "Finished", 52, 2_520, 3_110),
)
_HISTORIES: Final = {"host": "CsiorxyfXYF", "client": "CsorxyfIXYF"}


def said(end: str, *more: tuple[str, str, int, int | None, int | None]) -> tuple[MessageSeen, ...]:
    """Return a whole handshake's messages as one end saw them, and what was said behind it."""
    place = 3 if end == "client" else 4
    return tuple(
        MessageSeen("sent" if one[0] == end else "received", one[1], one[2], at)
        for one in (*_SAID, *more)
        if isinstance(at := one[place], int)
    )


def full(end: str, **changes: Any) -> HandshakeRecord:
    """Return what an end recorded of a good handshake."""
    record = good(
        uid=f"C{end}".ljust(18, "0"),
        end=end,
        hello=HELLO,
        sentence="both ends accepted each other",
        version="TLSv13",
        cipher="TLS_AES_256_GCM_SHA384",
        curve="x25519",
        server_name="localhost",
        next_protocol="securechat/1",
        ssl_history=_HISTORIES[end],
        cert_chain_fps=(HOST_PRINT,),
        client_cert_chain_fps=(CLIENT_PRINT,),
        subject="CN=localhost",
        issuer="CN=ours",
        client_issuer="CN=ours",
        validation_status="ok",
        ja4="t13d0202s1_000000000000_000000000000",
        sigalgs=Schemes("ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha256"),
        offered=OFFER,
        chosen=Choice(extensions=("key_share",), asked=True, schemes=("ecdsa_secp256r1_sha256",)),
        host_chain=(HOST_LEAF,),
        client_chain=(CLIENT_LEAF,),
        duration_ms=4.7 if end == "client" else 3.2,
        messages=said(end),
    )
    return replace(record, **changes)


def expired(end: str, **changes: Any) -> HandshakeRecord:
    """Return what an end recorded when the host refused a client whose certificate had expired."""
    alert = ("host", "Alert:certificate_expired", 2, 4_000, 3_000)
    leaf = replace(CLIENT_LEAF, not_after="2026-11-20T11:00:00.000Z")
    base = full(
        end,
        established=False,
        reason="expired",
        name=None,
        last_alert="certificate_expired",
        client_chain=(leaf,),
        # The host stopped reading at the certificate.
        messages=said(end, alert)
        if end == "client"
        else (*said(end)[:-2], MessageSeen("sent", "Alert:certificate_expired", 2, 3_000)),
        ssl_history="CsorxyfIXYFl" if end == "client" else "CsiorxyfXl",
    )
    host_words = {
        "sentence": "the certificate of the client has expired",
        "text": "certificate has expired",
        "verify_code": 10,
    }
    client_words = {
        "sentence": "the certificate of this client has expired",
        "text": "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    }
    words: dict[str, Any] = host_words if end == "host" else client_words
    return replace(base, **(words | changes))
