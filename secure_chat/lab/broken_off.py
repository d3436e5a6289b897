"""Scenarios in which no certificate decides: no common language, no TLS, or not to its end.

Values only, in the order of the tour. Each is played against the real host; the peers are raw
sockets, the real client behind a bad line, or a client whose TLS settings were changed.
"""

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from secure_chat.lab.scenario import BOTH, HOSTS, Ends, Expected, Scenario, Shown
from secure_chat.lab.stage import Stage
from secure_chat.lab.strangers import Between, changing_a_bit, cutting_midway, half_a_hello, knock
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.tls.context import Contexts
from secure_chat.tls.vocabulary import Reason

__all__ = ["BROKEN_OFF"]

# Nobody wants to wait ten seconds for silence.
_SOON: Final = replace(Limits(), handshake_seconds=0.5)


def _settings(change: Callable[[Contexts], None]) -> Callable[[Stage], Shown]:
    """Return the play in which a client has alice's certificate and other TLS settings."""

    def play(stage: Stage) -> Shown:
        alice = stage.papers.member("alice")
        with stage.host() as at:
            stage.approach(at, alice, change)
        return Shown(stage.papers.host().fingerprint, alice.fingerprint)

    return play


def _only_tls_1_2(contexts: Contexts) -> None:
    contexts.talking.minimum_version = ssl.TLSVersion.TLSv1_2
    contexts.talking.maximum_version = ssl.TLSVersion.TLSv1_2


def _only_http(contexts: Contexts) -> None:
    contexts.talking.set_alpn_protocols(["http/1.1"])


def _sending(make: Callable[[], bytes], limits: Limits) -> Callable[[Stage], Shown]:
    """Return the play in which somebody sends some bytes and then only listens."""

    def play(stage: Stage) -> Shown:
        with stage.host(limits=limits) as at:
            knock(at, make())
        return Shown()

    return play


def _through(line: Callable[[Address], Between]) -> Callable[[Stage], Shown]:
    """Return the play in which alice joins through a line that is not as it should be."""

    def play(stage: Stage) -> Shown:
        with stage.host() as at, line(at) as bad:
            stage.join(bad)
        return Shown(stage.papers.host().fingerprint)

    return play


BROKEN_OFF: Final = (
    Scenario(
        name="old-tls",
        title="A client that speaks nothing newer than TLS 1.2",
        story=(
            "A client offers TLS 1.2 and nothing newer, as an old program would. The host speaks"
            " TLS 1.3 only, and answers with an alert. Nobody has sent a certificate yet."
        ),
        refused_by="host",
        expected=Ends(
            Expected(Reason.OLD_TLS, alert="protocol_version"),
            Expected(Reason.OLD_TLS, alert="protocol_version"),
        ),
        lesson=(
            "TLS 1.2 sends certificates in the clear and allows ways of encrypting that are no"
            " longer good. securechat runs at both ends, so there is no old program to be kind"
            " to. A client that is refused for this in real life is another program, or an old"
            " Python."
        ),
        play=_settings(_only_tls_1_2),
    ),
    Scenario(
        name="other-protocol",
        title="A program that wants to speak another protocol",
        story=(
            "A program with Alice's certificate offers http/1.1 by ALPN, not securechat/1. TLS"
            " succeeds, as both certificates are good. Then both ends see that they have no"
            " protocol in common, and part."
        ),
        refused_by="both",
        expected=Ends(Expected(Reason.NO_ALPN, BOTH), Expected(Reason.NO_ALPN, BOTH)),
        lesson=(
            "ALPN says what the bytes inside TLS will mean, so a connection that was made for one"
            " protocol cannot be used for another. There is no alert here: the host finishes such"
            " a handshake, and refuses by a frame behind it."
        ),
        play=_settings(_only_http),
    ),
    Scenario(
        name="plaintext",
        title="A web browser at the door",
        story=(
            "A browser is pointed at the host's port and asks for a page in plain text. The host"
            " looks at the first bytes before OpenSSL sees them. It closes without a word."
        ),
        refused_by="host",
        expected=Ends(Expected(Reason.PLAINTEXT)),
        lesson=(
            "Whoever tries ports at random learns nothing here, not even that TLS is spoken. Only"
            " the host has a record; of what was sent, it keeps the first six bytes in hex."
        ),
        play=_sending(lambda: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", Limits()),
    ),
    Scenario(
        name="garbage",
        title="Bytes that are neither text nor TLS",
        story=(
            "Something sends 64 bytes that begin no handshake and are no text either. The host"
            " looks at the first of them and closes without a word."
        ),
        refused_by="host",
        expected=Ends(Expected(Reason.GARBAGE)),
        lesson=(
            "Plain text is mostly a person or a program at the wrong door. Garbage is mostly a"
            " scanner, or another protocol. The two have different reasons so that you can count"
            " them apart."
        ),
        play=_sending(lambda: bytes(range(0x80, 0xC0)), Limits()),
    ),
    Scenario(
        name="silence",
        title="A peer that says nothing",
        story=(
            "Somebody opens a connection and sends nothing at all. The host waits until the"
            " deadline, here half a second instead of ten, and hangs up."
        ),
        refused_by="host",
        expected=Ends(Expected(Reason.SILENT)),
        lesson=(
            "A host that waits for ever, or that waits where it accepts connections, is stopped"
            " by one silent peer. A deadline for the whole handshake is the cure, and it must not"
            " begin again with each byte. The record has an address and nothing else, because"
            " nothing was said."
        ),
        play=_sending(bytes, _SOON),
    ),
    Scenario(
        name="stalled",
        title="A hello that stops in the middle",
        story=(
            "A client sends the first half of a faultless ClientHello and then nothing more. The"
            " host knows that TLS was meant, and waits for the rest until the deadline."
        ),
        refused_by="host",
        expected=Ends(Expected(Reason.STALLED)),
        lesson=(
            "Stalled is not silent: somebody had begun. When honest clients stall, look at the"
            " line: some lines lose large packets and let small ones pass. When strangers stall"
            " by the hundred, they want to keep the host busy, and the deadline is what stops"
            " them."
        ),
        play=_sending(half_a_hello, _SOON),
    ),
    Scenario(
        name="cut-midway",
        title="The line breaks in the middle",
        story=(
            "Between Alice and the host is a line that breaks right behind the ServerHello."
            " Neither end did anything wrong, and neither can know what happened."
        ),
        refused_by=None,
        expected=Ends(Expected(Reason.CLOSED, HOSTS), Expected(Reason.CLOSED)),
        lesson=(
            "Both ends say closed, and neither says that it refused. That is the finding: look at"
            " what is between them, such as a firewall, a proxy, or a computer that went to"
            " sleep. The alerts went into the broken line and were heard by nobody. When only one"
            " end says closed, the other one's record has the reason."
        ),
        play=_through(cutting_midway),
    ),
    Scenario(
        name="changed-on-the-way",
        title="One bit changed on the way",
        story=(
            "Somebody sits on the line and changes one bit of the first encrypted record that the"
            " host sends. Alice's client checks the seal of that record (its authentication tag),"
            " which does not fit. It uses no byte of it and ends the handshake."
        ),
        refused_by="client",
        expected=Ends(
            Expected(Reason.MALFORMED, HOSTS, alert="bad_record_mac"),
            Expected(Reason.MALFORMED, alert="bad_record_mac"),
        ),
        lesson=(
            "From the ServerHello on everything is encrypted and sealed, the certificates too."
            " Whoever sits in between can cut the line, but cannot read what passes, and cannot"
            " change it unnoticed. The reason is the same as for a faulty device on the way,"
            " because the two look the same."
        ),
        play=_through(changing_a_bit),
    ),
)
