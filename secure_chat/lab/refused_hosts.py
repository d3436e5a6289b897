"""Scenarios in which the client refuses what answers it.

Values only, in the order of the tour. Each is played with the real client; what answers is the
real host, or a barer one where the real host would not start.
"""

from collections.abc import Callable
from typing import Final

from secure_chat.lab.papers import Paper, Papers
from secure_chat.lab.scenario import HOSTS, Ends, Expected, Scenario, Shown
from secure_chat.lab.stage import Stage
from secure_chat.lab.strangers import web_server
from secure_chat.tls.vocabulary import Reason

__all__ = ["REFUSED_HOSTS"]


def _foreign(stage: Stage) -> Shown:
    foreign = stage.papers.foreign("foreign-host")
    with stage.host(foreign) as at:
        stage.join(at)
    return Shown(stage.papers.host(foreign).fingerprint)


def _dialled(name: str) -> Callable[[Stage], Shown]:
    """Return the play in which alice dials a name that the host's certificate does not have."""

    def play(stage: Stage) -> Shown:
        other = stage.papers.other_names(f"not-{name}")
        with stage.host(other) as at:
            stage.join(at, dialled=name)
        return Shown(stage.papers.host(other).fingerprint)

    return play


def _posing(make: Callable[[Papers], Paper]) -> Callable[[Stage], Shown]:
    """Return the play in which alice meets a host that the real one would not be."""

    def play(stage: Stage) -> Shown:
        paper = make(stage.papers)
        with stage.impostor(paper) as at:
            stage.join(at)
        return Shown(paper.fingerprint)

    return play


def _elsewhere(stage: Stage) -> Shown:
    with web_server() as at:
        stage.join(at)
    return Shown()


def _judged(reason: Reason, code: int, alert: str, heard: Reason) -> Ends:
    """Return what is recorded when OpenSSL refuses the host's certificate.

    Args:
        reason: what the client knows.
        code: its verify code.
        alert: what it sends.
        heard: what the host makes of that.
    """
    return Ends(Expected(heard, HOSTS, alert=alert), Expected(reason, HOSTS, code, alert))


REFUSED_HOSTS: Final = (
    Scenario(
        name="foreign-host",
        title="The host of another community",
        story=(
            "Alice dials a host that belongs to another community. Its certificate is faultless,"
            " but the authority that issued it is not one that her client trusts. Her client"
            " ends the handshake."
        ),
        refused_by="client",
        expected=_judged(Reason.UNKNOWN_CA, 19, "unknown_ca", Reason.UNKNOWN_CA),
        lesson=(
            "The host shows its certificate first, and the client checks it before it shows its"
            " own. So a wrong host does not even learn who wanted to come in: in both records"
            " the client's certificate is missing."
        ),
        play=_foreign,
    ),
    Scenario(
        name="expired-host",
        title="A host whose certificate has expired",
        story=(
            "The host's certificate ended three months ago. A host of securechat does not start"
            " with such a certificate, but one that has been running since then still shows it."
            " Alice's client compares the end with its own clock."
        ),
        refused_by="client",
        expected=_judged(Reason.EXPIRED, 10, "certificate_expired", Reason.EXPIRED),
        lesson=(
            "An expired client certificate locks out one person; an expired host certificate"
            " locks out everybody at once. None of them can do anything about it but tell"
            " whoever runs the host. Renew it in time."
        ),
        play=_posing(Papers.expired_host),
    ),
    Scenario(
        name="wrong-name",
        title="Dialled by a name that the certificate lacks",
        story=(
            "The host's certificate is valid for chat.example.org. Alice dials the host by the"
            " name localhost. Her client compares what she dialled with the names in the"
            " certificate."
        ),
        refused_by="client",
        expected=_judged(Reason.NAME_MISMATCH, 62, "bad_certificate", Reason.BAD_CERTIFICATE),
        lesson=(
            "Without this check any host with a certificate of our authority could answer in"
            " place of any other. Only the alternative names count, never the subject, and they"
            " are compared with what was dialled, never with what the host says of itself."
        ),
        play=_dialled("localhost"),
    ),
    Scenario(
        name="wrong-address",
        title="Dialled by an address that the certificate lacks",
        story=(
            "Alice dials the host as 127.0.0.1. The host's certificate has one address, which is"
            " 192.0.2.10. Her client compares the two as addresses, not as text."
        ),
        refused_by="client",
        expected=_judged(Reason.IP_MISMATCH, 64, "bad_certificate", Reason.BAD_CERTIFICATE),
        lesson=(
            "Verify code 64 is for addresses what 62 is for names. A host that people dial by"
            " its address needs that address in its certificate, and a new certificate whenever"
            " the address changes. A name is the better choice."
        ),
        play=_dialled("127.0.0.1"),
    ),
    Scenario(
        name="member-as-host",
        title="A member who poses as the host",
        story=(
            "Bob runs a host of his own and shows his certificate as a member. He has brought"
            " Alice to dial it. Our authority issued the certificate, it is valid, and Bob has"
            " its key. But it is made for clients only."
        ),
        refused_by="client",
        expected=_judged(Reason.WRONG_PURPOSE, 26, "unsupported_certificate", Reason.WRONG_PURPOSE),
        lesson=(
            "Every member has a certificate whose signature all clients accept. Only the purpose"
            " makes a host of it. Without that check any member could stand between the others"
            " and the host, and read everything."
        ),
        play=_posing(lambda papers: papers.member("bob")),
    ),
    Scenario(
        name="wrong-port",
        title="Something else listens there",
        story=(
            "Alice dials a port where a web server listens. It answers her ClientHello in plain"
            " text, as a web server does. Her client finds no TLS in the answer."
        ),
        refused_by="client",
        expected=Ends(client=Expected(Reason.GARBAGE)),
        lesson=(
            "OpenSSL's own words, WRONG_VERSION_NUMBER, mislead many people: it took the first"
            " letters of the answer for the head of a TLS record. It nearly always means a wrong"
            " port or a proxy in between. Only the client has a record, as no host of ours was"
            " there."
        ),
        play=_elsewhere,
    ),
)
