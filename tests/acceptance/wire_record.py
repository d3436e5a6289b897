"""The fields of a handshake record as another program has read them off the wire."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from secure_chat.tls import names
from secure_chat.tls.algorithms import CURVES, PURPOSES
from secure_chat.tls.names import named
from tests.acceptance.capture import Conversation, Spoken, fields

__all__ = ["Record", "as_recorded", "certificates", "heard_by", "on_the_wire"]

_CLIENT_HELLO, _SERVER_HELLO, _ENCRYPTED, _CERTIFICATE, _REQUEST, _VERIFY = 1, 2, 8, 11, 13, 15
_USAGES = {"contentCommitment": "nonRepudiation"}
_NAMES = {
    "x509ce.dNSName": "DNS",
    "x509ce.rfc822Name": "email",
    "x509ce.IPAddress.ipv4": "IP",
    "x509ce.IPAddress.ipv6": "IP",
}
_ATTRIBUTES = {"id-at-commonName": "CN", "id-at-organizationName": "O"}

Record = dict[str, Any]


def heard_by(end: str, wire: Conversation) -> Conversation:
    """Return what one end has heard and said of all that went over the wire.

    Who refuses a certificate reads nothing of what follows it in the same flight. OpenSSL passes
    over the other end's change of the cipher, which means nothing in TLS 1.3, without a word. And
    records end before the farewell.

    Args:
        end: `host` or `client`.
        wire: all of it.
    """
    own = end == "client"
    refuses = any(one.alert and one.by_client == own for one in wire.spoken)
    kept: list[Spoken] = []
    shown = False
    for one in wire.spoken:
        theirs = one.by_client != own
        unread = theirs and ((shown and refuses) or (one.type is None and one.alert is None))
        if not unread and one.alert != 0:
            kept.append(one)
        shown = shown or (theirs and one.type == _CERTIFICATE)
    return Conversation(kept)


def on_the_wire(heard: Conversation, end: str) -> Record:
    """Return the fields that can be seen on the wire.

    Args:
        heard: as `heard_by` returned it.
        end: whose record it is.
    """
    hello = heard.of_type(_CLIENT_HELLO, by_client=True)[0]
    answer = heard.of_type(_SERVER_HELLO, by_client=False)[-1:]
    behind = heard.of_type(_ENCRYPTED, by_client=False)
    names_of_host = hello.texts("tls.handshake.extensions_server_name")
    protocols = [text for one in behind for text in one.texts("tls.handshake.extensions_alpn_str")]
    alerts = [one.alert for one in heard.spoken if one.alert]
    chains = [_chain(heard, by_client=by_client) for by_client in (False, True)]
    return {
        "hello": hello.values("tls.handshake.random")[0].hex(),
        "server_name": _first(names_of_host),
        "offered": _offered(hello),
        "version": _picked(answer, "tls.handshake.extensions.supported_version", names.VERSIONS),
        "cipher": _picked(answer, "tls.handshake.ciphersuite", names.CIPHERS),
        "curve": _picked(answer, "tls.handshake.extensions_key_share_group", names.GROUPS),
        "next_protocol": _first(protocols),
        "chosen": _chosen(heard) if answer else None,
        "cert_chain_fps": [sha256(one).hexdigest() for one in chains[0]],
        "client_cert_chain_fps": [sha256(one).hexdigest() for one in chains[1]],
        "sizes": [[len(one) for one in chain] for chain in chains],
        "sigalgs": {
            "host": _scheme(heard, by_client=False),
            "client": _scheme(heard, by_client=True),
        },
        "last_alert": named(names.ALERTS, alerts[-1]) if alerts else None,
        "messages": [
            {
                "direction": "sent" if one.by_client == (end == "client") else "received",
                "type": _message(one),
                "bytes": one.size,
            }
            for one in heard.spoken
        ],
    }


def as_recorded(record: Record) -> Record:
    """Return the same fields of one of our records."""
    same = [*("hello", "server_name", "offered", "version", "cipher", "curve", "next_protocol")]
    same += [*("chosen", "cert_chain_fps", "client_cert_chain_fps", "sigalgs", "last_alert")]
    chains = (record["host_chain"], record["client_chain"])
    told = ("direction", "type", "bytes")
    return {name: record[name] for name in same} | {
        "sizes": [[one["size"] for one in chain] for chain in chains],
        "messages": [{name: one[name] for name in told} for one in record["messages"]],
    }


def certificates(heard: Conversation, *, by_client: bool) -> list[Record]:
    """Return what stands in the certificates of one end, leaf first."""
    return [
        _facts(tree)
        for one in heard.of_type(_CERTIFICATE, by_client=by_client)
        for tree in fields(one.tree, "tls.handshake.certificate")
    ]


def _facts(tree: ET.Element) -> Record:
    begin, end = (_moment(found) for found in fields(tree, "x509af.utcTime"))
    issuer, subject = (
        _name(found)
        for kind in ("x509if.rdnSequence", "x509af.rdnSequence")
        for found in fields(tree, kind)
    )
    purposes = [found.get("show", "") for found in fields(tree, "x509ce.KeyPurposeId")]
    return {
        "subject": subject,
        "issuer": issuer,
        "serial": fields(tree, "x509af.serialNumber")[0].get("value", "").lstrip("0"),
        "not_before": begin,
        "not_after": end,
        "names": [
            f"{_NAMES[name]}:{found.get('show')}"
            for found in tree.iter("field")
            if (name := found.get("name", "")) in _NAMES
        ],
        "key": f"ECDSA {CURVES[fields(tree, 'pkcs1.namedCurve')[0].get('show', '')]}",
        "signature": _bracketed(fields(tree, "x509af.algorithm.id")[-1]),
        "usages": list(_usages(tree)),
        "purposes": [PURPOSES[purpose] for purpose in purposes],
        "authority": [found.get("show") for found in fields(tree, "x509ce.cA")] == ["1"],
    }


def _usages(tree: ET.Element) -> Iterator[str]:
    for found in tree.iter("field"):
        name = found.get("name", "")
        if name.startswith("x509ce.KeyUsage.") and found.get("show") == "1":
            usage = name.rpartition(".")[2]
            yield _USAGES.get(usage, usage)


def _moment(found: ET.Element) -> str:
    return f"{found.get('show', '')[:19].replace(' ', 'T')}.000Z"


def _name(found: ET.Element) -> str:
    """Return a name in the form of RFC 4514."""
    parts = [part.partition("=") for part in _bracketed(found).split(",")]
    return ",".join(f"{_ATTRIBUTES[key]}={value}" for key, _, value in parts)


def _bracketed(found: ET.Element) -> str:
    """Return what stands between the brackets at the end of a line."""
    return found.get("showname", "").partition("(")[2].removesuffix(")")


def _called(table: dict[int, str], numbers: list[int]) -> list[str]:
    return [named(table, number) for number in numbers]


def _message(one: Spoken) -> str:
    """Return what our records call a message."""
    if one.type is not None:
        return "HelloRetryRequest" if one.asks_again else named(names.MESSAGES, one.type)
    return "ChangeCipherSpec" if one.alert is None else f"Alert:{named(names.ALERTS, one.alert)}"


def _extensions(one: Spoken) -> list[str]:
    return _called(names.EXTENSIONS, one.numbers("tls.handshake.extension.type"))


def _offered(hello: Spoken) -> Record:
    versions = hello.numbers("tls.handshake.extensions.supported_version")
    return {
        "versions": _called(names.VERSIONS, versions or hello.numbers("tls.handshake.version")),
        "ciphers": _called(names.CIPHERS, hello.numbers("tls.handshake.ciphersuite")),
        "groups": _called(names.GROUPS, hello.numbers("tls.handshake.extensions_supported_group")),
        "shares": _called(names.GROUPS, hello.numbers("tls.handshake.extensions_key_share_group")),
        "schemes": _called(names.SCHEMES, hello.numbers("tls.handshake.sig_hash_alg")),
        "alpn": hello.texts("tls.handshake.extensions_alpn_str"),
        "extensions": _extensions(hello),
    }


def _chosen(heard: Conversation) -> Record:
    answers = heard.of_type(_SERVER_HELLO, by_client=False)[-1:]
    behind = heard.of_type(_ENCRYPTED, by_client=False)
    requests = heard.of_type(_REQUEST, by_client=False)
    schemes = [kind for one in requests for kind in one.numbers("tls.handshake.sig_hash_alg")]
    return {
        "extensions": [kind for one in answers + behind for kind in _extensions(one)],
        "asked": bool(requests),
        "authorities": [],
        "schemes": _called(names.SCHEMES, schemes),
    }


def _chain(heard: Conversation, *, by_client: bool) -> list[bytes]:
    shown = heard.of_type(_CERTIFICATE, by_client=by_client)
    return [der for one in shown for der in one.values("tls.handshake.certificate")]


def _scheme(heard: Conversation, *, by_client: bool) -> str | None:
    return _picked(
        heard.of_type(_VERIFY, by_client=by_client), "tls.handshake.sig_hash_alg", names.SCHEMES
    )


def _picked(said: list[Spoken], name: str, table: dict[int, str]) -> str | None:
    return _first([kind for one in said for kind in _called(table, one.numbers(name))])


def _first(found: list[str]) -> str | None:
    return found[0] if found else None
