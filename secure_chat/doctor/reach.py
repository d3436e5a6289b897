"""Whether a host can be reached, is the right one, and lets us in.

Pure checks over what `visit` brought back. The first visit tells of the host, each of them of
whoever knocked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from secure_chat.doctor.dates import expires_soon, in_words
from secure_chat.doctor.findings import Area, Finding
from secure_chat.doctor.visit import Visit
from secure_chat.handshakes.record import CertificateSeen, HandshakeRecord, seconds
from secure_chat.net.dialer import DEFAULT_PORT
from secure_chat.tls.reason import Failure, Reason, advice, sentence
from secure_chat.wire.messages import PROTOCOL_VERSION, Greeting

__all__ = ["Ground", "network_findings"]

_HERE: Final = Area.NETWORK
_NO_TLS: Final = frozenset(
    {
        Reason.PLAINTEXT,
        Reason.GARBAGE,
        Reason.SILENT,
        Reason.STALLED,
        Reason.CLOSED,
        Reason.MALFORMED,
        Reason.OTHER,
    }
)
# As Zeek writes them, and as people do.
_VERSIONS: Final = {"TLSv12": "TLS 1.2", "TLSv13": "TLS 1.3"}
_NO_COMMON_GROUND: Final = frozenset({Reason.OLD_TLS, Reason.NO_COMMON, Reason.NO_ALPN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known at home and helps to judge a host.

    Args:
        authority: the subject of our authority (RFC 4514), None when we have none.
        host_sha256: the fingerprint of the host's certificate in our folder, "" without one.
        running: whether a host is running with our data folder.
        now: seconds since 1970 UTC.
    """

    authority: str | None
    host_sha256: str
    running: bool
    now: float


def network_findings(visits: Sequence[Visit], ground: Ground) -> list[Finding]:
    """Judge a host and how it receives us.

    Args:
        visits: at least one, all to the same host.
        ground: what is known at home.
    """
    first = visits[0]
    if first.unknown:
        return [_unknown(first)]
    found = [_HERE.ok("unknown-name", f"the name {first.target[0]} has an address")]
    if first.record is None:
        return [*found, _unreachable(first, ground)]
    found.append(_HERE.ok("unreachable", f"something answers at {_place(first.record)}"))
    if _is_no_tls(first, first.record):
        return [*found, _no_host(first, first.record)]
    found += _host(first, first.record, ground)
    for each in visits:
        found += _received(each, ground)
    return found


def _unknown(visit: Visit) -> Finding:
    return _HERE.fault(
        "unknown-name",
        f"the name {visit.target[0]} has no address",
        why=visit.unknown,
        hint="check the spelling, or use the host's IP address",
        where=_dialled(visit),
    )


def _unreachable(visit: Visit, ground: Ground) -> Finding:
    port = visit.target[1]
    if ground.running:
        hint = (
            "a host is running with this data folder: name the address and port that it said"
            " when it started"
        )
    elif _is_here(visit.target[0]):
        option = "" if port == DEFAULT_PORT else f" --port {port}"
        hint = f"start a host with `securechat host{option}`, or look only here: --offline"
    else:
        hint = (
            "ask whoever runs the host whether it is running, and whether it was started with"
            " --bind 0.0.0.0; a firewall may be between the two"
        )
    return _HERE.fault(
        "unreachable",
        f"nothing answers at {_dialled(visit)}",
        why="; ".join(visit.refusals),
        hint=hint,
        where=_dialled(visit),
    )


def _is_no_tls(visit: Visit, record: HandshakeRecord) -> bool:
    """Tell whether what answered has shown nothing that a TLS server would show."""
    failure = visit.failure
    return (
        failure is not None
        and failure.reason in _NO_TLS
        and failure.alert_received is None
        and record.chosen is None
        and not record.host_chain
        and record.version is None
    )


def _no_host(visit: Visit, record: HandshakeRecord) -> Finding:
    failure = visit.failure or Failure(Reason.OTHER)
    return _HERE.fault(
        "no-host",
        f"what answers at {_place(record)} is not a host of securechat",
        why=_said(failure),
        hint="check address and port; to have the port for a host, stop the other program, or"
        " start the host with another --port",
        where=_place(record),
    )


def _host(visit: Visit, record: HandshakeRecord, ground: Ground) -> Iterator[Finding]:
    """Say who the host is, whether we trust it, and what it speaks and asks for."""
    failure = visit.failure
    if failure is not None and failure.reason in _NO_COMMON_GROUND:
        yield _bad_host(failure.reason, failure, record)
    elif record.version is not None:
        version = _VERSIONS.get(record.version, record.version)
        yield _HERE.ok("old-tls", f"both ends speak {version} ({record.cipher})")
    if not record.host_chain:
        return
    leaf = record.host_chain[0]
    yield _HERE.ok(
        "host-shown",
        f"the host shows {leaf.subject}, issued by {leaf.issuer}, valid until {leaf.not_after}",
        f"it may be called {', '.join(leaf.names)}; SHA-256 {leaf.fingerprint}",
        _place(record),
    )
    if failure is not None and failure.verify_code is not None:
        yield _untrusted(failure, record, ground)
    else:
        yield _HERE.ok(
            "host-untrusted", f"it is the host of {_dialled(visit)} by the authority in ca.crt"
        )
        yield from _same_host(leaf, visit, ground)
    yield from _asked(record, ground)


def _untrusted(failure: Failure, record: HandshakeRecord, ground: Ground) -> Finding:
    if ground.authority is None:
        return _HERE.warning(
            "host-unverified",
            "nobody here can say whether that is the right host",
            why="there is no ca.crt here that its certificate could be compared with",
            hint="get ca.crt from whoever runs the host",
            where=_place(record),
        )
    return _bad_host(f"host-{failure.reason}", failure, record)


def _same_host(leaf: CertificateSeen, visit: Visit, ground: Ground) -> Iterator[Finding]:
    """Say what is odd about a host that we trust."""
    if visit.odd:
        yield _HERE.warning(
            "host-not-ours",
            "the host's certificate is not one that securechat issues",
            why=visit.odd,
            hint="make it with `securechat init-certs`",
            where=_dialled(visit),
        )
    begin, end = seconds(leaf.not_before or ""), seconds(leaf.not_after or "")
    if begin is not None and end is not None and expires_soon(begin, end, ground.now):
        yield _HERE.warning(
            "host-expires-soon",
            f"the host's certificate expires in {in_words(max(0.0, end - ground.now))}",
            why=f"it is valid until {leaf.not_after}",
            hint="a host that can use ca.key renews it by itself; whoever runs it should look why"
            " this one does not",
            where=_dialled(visit),
        )
    if ground.host_sha256 and leaf.fingerprint != ground.host_sha256:
        yield _HERE.note(
            "other-host",
            "the host shows another certificate than host.crt here",
            why="it is another host of this authority, or it cannot use the files here",
            hint="a host takes a new certificate by itself; if this is its folder, its own messages"
            " say why it does not",
            where=_dialled(visit),
        )


def _asked(record: HandshakeRecord, ground: Ground) -> Iterator[Finding]:
    """Say whom the host asks for; without the messages of the handshake nobody knows."""
    chosen = record.chosen
    if chosen is None:
        return
    if not chosen.asked:
        yield _HERE.fault(
            "host-asks-nobody",
            "the host does not ask for a certificate",
            why="so everybody gets in, and it is no host of securechat",
            hint="check address and port",
            where=_place(record),
        )
    elif chosen.authorities and ground.authority not in {None, *chosen.authorities}:
        yield _HERE.warning(
            "host-asks-others",
            "the host asks for certificates of other authorities than ours",
            why=f"it names {'; '.join(chosen.authorities)}, and not {ground.authority}",
            hint="use certificates that were made by one `securechat init-certs`",
            where=_place(record),
        )
    else:
        named = "; ".join(chosen.authorities) or "any that it trusts (it names none)"
        yield _HERE.ok("host-asks-others", f"it asks for a certificate of this authority: {named}")


def _received(visit: Visit, ground: Ground) -> Iterator[Finding]:
    """Say whether one person is let in."""
    failure, record = visit.failure, visit.record
    if record is None or (failure is not None and _is_about_host(failure)):
        return
    if visit.name is None:
        yield from _stranger(failure, record, ground)
    elif visit.greeting is not None:
        yield from _greeted(visit, visit.greeting, record)
    elif failure is not None:
        yield _not_let_in(visit, failure, record)


def _greeted(visit: Visit, greeting: Greeting, record: HandshakeRecord) -> Iterator[Finding]:
    if greeting.version == PROTOCOL_VERSION:
        what = f"{visit.name} is let in by {greeting.agent}"
        yield _HERE.ok("refused", what, f"{greeting.uid} in the host's journal", _place(record))
        return
    yield _HERE.fault(
        "host-version",
        f"the host speaks version {greeting.version} of the protocol, we {PROTOCOL_VERSION}",
        why=f"it is {greeting.agent}",
        hint="update the older end",
        where=_place(record),
    )


def _stranger(
    failure: Failure | None, record: HandshakeRecord, ground: Ground
) -> Iterator[Finding]:
    """Say what the host made of somebody without a certificate."""
    if failure is not None and failure.reason is Reason.NO_CERTIFICATE:
        yield _HERE.ok("lets-strangers-in", "it refuses whoever has no certificate")
    elif failure is None:
        yield _HERE.fault(
            "lets-strangers-in",
            "the host lets people in who have no certificate",
            why="so everybody gets in, and it is no host of securechat",
            hint="do not trust it",
            where=_place(record),
        )
    if ground.authority is not None:
        yield _HERE.note(
            "nobody-tried",
            "whether anybody is let in was not tried",
            why="there is no identity here whose key is open",
            hint="name one with --as, and give its passphrase with --passphrase-file",
        )


def _is_about_host(failure: Failure) -> bool:
    return failure.verify_code is not None or failure.reason in _NO_COMMON_GROUND


def _not_let_in(visit: Visit, failure: Failure, record: HandshakeRecord) -> Finding:
    refused = visit.refused
    return _HERE.fault(
        f"{'refused' if refused else 'host'}-{failure.reason}",
        f"{visit.name} is not let in: {sentence(failure.reason, 'client', by_peer=refused)}",
        why=_said(failure),
        hint=advice(failure.reason, "client", by_peer=refused),
        where=_place(record),
    )


def _bad_host(id_: str, failure: Failure, record: HandshakeRecord) -> Finding:
    """Return the finding for a handshake that the host is the reason of."""
    by_peer = failure.by_peer("client")
    return _HERE.fault(
        id_,
        sentence(failure.reason, "client", by_peer=by_peer),
        why=_said(failure),
        hint=advice(failure.reason, "client", by_peer=by_peer),
        where=_place(record),
    )


def _said(failure: Failure) -> str:
    """Return the words of OpenSSL, the system or the host."""
    return failure.text or sentence(failure.reason, "client")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _dialled(visit: Visit) -> str:
    return _joined(*visit.target)


def _place(record: HandshakeRecord) -> str:
    return _joined(record.resp_h, record.resp_p)


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
