"""Scenarios in which the host refuses a client because of its certificate.

Values only, in the order of the tour: first who issued a certificate, then what it says, then
what the host knows beyond it. Each is played against the real host.
"""

from collections.abc import Callable
from typing import Final

from secure_chat.lab.papers import Paper, Papers
from secure_chat.lab.scenario import BOTH, HOSTS, Ends, Expected, Scenario, Shown
from secure_chat.lab.stage import Stage
from secure_chat.pki.vault import Vault
from secure_chat.tls.vocabulary import Reason

__all__ = ["REFUSED_CLIENTS"]


def _showing(make: Callable[[Papers], Paper]) -> Callable[[Stage], Shown]:
    """Return the play in which a client shows what it was given to a host of ours."""

    def play(stage: Stage) -> Shown:
        paper = make(stage.papers)
        with stage.host() as at:
            stage.approach(at, paper)
        return Shown(stage.papers.host().fingerprint, paper.fingerprint)

    return play


def _nothing_shown(stage: Stage) -> Shown:
    with stage.host() as at:
        stage.approach(at, None)
    return Shown(stage.papers.host().fingerprint)


def _revoked(*, listed: bool) -> Callable[[Stage], Shown]:
    """Return the play in which eve joins a host that knows of her revocation."""

    def play(stage: Stage) -> Shown:
        with stage.host(stage.papers.revoked("eve", listed=listed)) as at:
            stage.join(at, "eve")
        return Shown(stage.papers.host().fingerprint, stage.papers.member("eve").fingerprint)

    return play


def _unregistered(stage: Stage) -> Shown:
    paper = stage.papers.unregistered()
    with stage.host() as at:
        stage.join(at, "carol")
    return Shown(stage.papers.host().fingerprint, paper.fingerprint)


def _foreign_alice(papers: Papers) -> Paper:
    foreign: Vault = papers.foreign("foreign-client")
    return papers.member("alice", foreign)


def _judged(reason: Reason, code: int, alert: str, heard: Reason) -> Ends:
    """Return what is recorded when OpenSSL refuses the client's certificate.

    Args:
        reason: what the host knows.
        code: its verify code.
        alert: what it sends.
        heard: what the client makes of that.
    """
    return Ends(Expected(reason, BOTH, code, alert), Expected(heard, BOTH, alert=alert))


def _told(reason: Reason) -> Ends:
    """Return what is recorded when the host refuses behind the handshake, by a frame."""
    return Ends(Expected(reason, BOTH), Expected(reason, BOTH))


REFUSED_CLIENTS: Final = (
    Scenario(
        name="no-certificate",
        title="A client without a certificate",
        story=(
            "Somebody connects who has no certificate. The host asks for one, as it asks"
            " everybody, and gets an empty answer. It ends the handshake."
        ),
        refused_by="host",
        expected=Ends(
            Expected(Reason.NO_CERTIFICATE, HOSTS, alert="certificate_required"),
            Expected(Reason.NO_CERTIFICATE, HOSTS, alert="certificate_required"),
        ),
        lesson=(
            "On the web usually only the server shows a certificate. In mutual TLS it asks the"
            " client for one too, and insists. Look at the client's messages: it had sent its"
            " Finished, so its own handshake was over, before the alert came. TLS 1.3 works like"
            " that, and so securechat calls nobody connected before the host has said welcome."
        ),
        play=_nothing_shown,
    ),
    Scenario(
        name="foreign-authority",
        title="A certificate of another community",
        story=(
            "This Alice has a faultless certificate, but the authority of another community"
            " issued it. Her client trusts our authority and accepts the host. The host trusts"
            " no authority that vouches for her."
        ),
        refused_by="host",
        expected=_judged(Reason.UNKNOWN_CA, 20, "unknown_ca", Reason.UNKNOWN_CA),
        lesson=(
            "A certificate is worth what its issuer is worth to the end that checks it. The name"
            " in it proves nothing by itself, and the host refuses before it uses that name."
        ),
        play=_showing(_foreign_alice),
    ),
    Scenario(
        name="same-name-authority",
        title="Another authority with the name of ours",
        story=(
            "Somebody makes an authority and gives it exactly the name of ours. It issues a"
            " certificate to Alice. Subject and issuer read as they should."
        ),
        refused_by="host",
        expected=_judged(Reason.UNKNOWN_CA, 20, "unknown_ca", Reason.UNKNOWN_CA),
        lesson=(
            "A name can be copied. The certificate also says which key its issuer has (the"
            " authority key identifier), and that is not the key of our authority. When you"
            " compare authorities yourself, compare fingerprints and never names."
        ),
        play=_showing(Papers.same_name),
    ),
    Scenario(
        name="forged-signature",
        title="A signature that is not our authority's",
        story=(
            "This certificate names our authority as its issuer, and even the identifier of our"
            " authority's key. It had to be signed with another key, because nobody else has"
            " that one. The host finds the issuer it knows and checks the signature."
        ),
        refused_by="host",
        expected=_judged(Reason.UNKNOWN_CA, 7, "decrypt_error", Reason.BAD_CERTIFICATE),
        lesson=(
            "Here every forgery must fail. All of a certificate can be copied, but a signature"
            " fits only the certificate it was made for, and only the authority's key can make a"
            " new one. The alert, decrypt_error, sounds like something else; the host's verify"
            " code 7 is plain."
        ),
        play=_showing(Papers.forged),
    ),
    Scenario(
        name="tampered",
        title="One bit of a certificate changed",
        story=(
            "Dan has a good certificate. He changes one bit of it, which turns his mailbox dan@"
            " into den@, and shows it together with his own key. All the rest is as it was"
            " issued."
        ),
        refused_by="host",
        expected=_judged(Reason.UNKNOWN_CA, 7, "decrypt_error", Reason.BAD_CERTIFICATE),
        lesson=(
            "The signature covers every bit: no name, no date and no purpose can be changed"
            " afterwards. To the host this is the same as a forged signature, and it is the same"
            " thing: text that the authority has never signed."
        ),
        play=_showing(Papers.tampered),
    ),
    Scenario(
        name="broken-chain",
        title="The link to our authority is missing",
        story=(
            "Carol's certificate was issued by an intermediate authority, which in turn was"
            " issued by ours. Her client sends her certificate alone. The host knows our"
            " authority, but not the one in between."
        ),
        refused_by="host",
        expected=_judged(Reason.UNKNOWN_CA, 20, "unknown_ca", Reason.UNKNOWN_CA),
        lesson=(
            "The end that checks can use only what it has and what it is sent. On the web this is"
            " a common mistake of servers, and it hides well, because many browsers fetch or"
            " remember the missing link. securechat issues without intermediates, so there is no"
            " link to forget."
        ),
        play=_showing(Papers.below_unknown),
    ),
    Scenario(
        name="member-as-authority",
        title="A member who plays authority",
        story=(
            "Bob signs a certificate for Carol with his own key, and she sends it together with"
            " Bob's. Each signature is good: our authority signed Bob's certificate, and Bob"
            " signed hers. But Bob's says that he is no authority."
        ),
        refused_by="host",
        expected=_judged(Reason.UNKNOWN_CA, 79, "unknown_ca", Reason.UNKNOWN_CA),
        lesson=(
            "Good signatures are not enough; each issuer must be allowed to issue (the basic"
            " constraints CA:TRUE). Without that rule every member could make members. The"
            " client is told unknown_ca, and only the host's record says what is really wrong."
        ),
        play=_showing(Papers.issued_by_member),
    ),
    Scenario(
        name="expired",
        title="A certificate that has expired",
        story=(
            "Alice's certificate ended three months ago. securechat would tell her so before it"
            " connects; this client leaves that check out. The host compares the end of the"
            " certificate with its own clock."
        ),
        refused_by="host",
        expected=_judged(Reason.EXPIRED, 10, "certificate_expired", Reason.EXPIRED),
        lesson=(
            "An end date limits the harm that can be done with a key that was stolen unnoticed."
            " The clock that counts is that of whoever checks, so a wrong clock there makes good"
            " certificates look expired."
        ),
        play=_showing(lambda papers: papers.dated("expired", -120)),
    ),
    Scenario(
        name="not-yet-valid",
        title="A certificate that begins in the future",
        story=(
            "Alice's certificate is valid from 30 days from now on. In real life that is nearly"
            " always a wrong clock: where the certificate was made, or where it is checked."
        ),
        refused_by="host",
        expected=_judged(Reason.NOT_YET_VALID, 9, "bad_certificate", Reason.BAD_CERTIFICATE),
        lesson=(
            "Verify code 9 stands in the host's record alone, and the client's has only the alert"
            " bad_certificate. When one end's record is vague, read the other's."
        ),
        play=_showing(lambda papers: papers.dated("not-yet-valid", 30)),
    ),
    Scenario(
        name="wrong-purpose",
        title="The host's certificate, used by a client",
        story=(
            "Somebody has stolen the host's certificate with its key, and connects as a client"
            " with them. Our authority issued it and it is valid. But it is made for hosts only."
        ),
        refused_by="host",
        expected=_judged(Reason.WRONG_PURPOSE, 26, "unsupported_certificate", Reason.WRONG_PURPOSE),
        lesson=(
            "securechat gives each certificate one purpose only. So a key that is stolen from a"
            " host makes nobody a member, and the scenario `member-as-host` shows that a member's"
            " key makes nobody a host."
        ),
        play=_showing(Papers.host),
    ),
    Scenario(
        name="home-made",
        title="Signed by hand, with parts missing",
        story=(
            "A friend who has ca.key signs a certificate for Carol with a general tool, without"
            " any extensions. Signature and dates are good. But nothing in it says which key"
            " signed it, or what it is for."
        ),
        refused_by="host",
        expected=_judged(Reason.STRICT, 85, "certificate_unknown", Reason.BAD_CERTIFICATE),
        lesson=(
            "The host checks strictly by RFC 5280, which asks for these parts. The alert,"
            " certificate_unknown, means no more than: something about it is wrong. Verify code"
            " 85 names the part, the authority key identifier."
        ),
        play=_showing(Papers.home_made),
    ),
    Scenario(
        name="two-purposes",
        title="Good enough for OpenSSL, but not one of ours",
        story=(
            "Carol's certificate is for clients and for hosts at once, as many tools make them."
            " OpenSSL accepts it, because client is among its purposes. Then the host compares it"
            " with the one shape that certificates of securechat have."
        ),
        refused_by="host",
        expected=_told(Reason.PROFILE),
        lesson=(
            "OpenSSL lets in many certificates that no authority should issue. The host lets in"
            " only what its own authority would have issued, to the letter, and only then uses"
            " the name. This refusal comes behind the handshake, inside the encrypted connection,"
            " so both ends have the true reason and there is no alert."
        ),
        play=_showing(Papers.both_purposes),
    ),
    Scenario(
        name="revoked",
        title="A certificate on the revocation list",
        story=(
            "Eve's key was stolen, so her certificate was revoked. It stands on the list that the"
            " authority has signed and the host reads (crl.pem). The certificate itself is"
            " unchanged, and its dates are good."
        ),
        refused_by="host",
        expected=_judged(Reason.REVOKED, 23, "certificate_revoked", Reason.REVOKED),
        lesson=(
            "Nobody can take a certificate back, so whoever checks has to be told. The host looks"
            " at the list inside the handshake, and the thief hears an alert and nothing else."
        ),
        play=_revoked(listed=True),
    ),
    Scenario(
        name="revoked-meanwhile",
        title="Revoked, but the list does not say so yet",
        story=(
            "Eve's certificate was revoked, and the list that OpenSSL reads is still the old one."
            " The handshake succeeds. Then the host looks her up in its register, and ends the"
            " connection with a reason instead of a greeting."
        ),
        refused_by="host",
        expected=_told(Reason.REVOKED),
        lesson=(
            "A list is always a little old. The host therefore asks its register too, which is"
            " up to date. Compare with the scenario `revoked`: the reason is the same, but there is"
            " no alert and no verify code, because it was not OpenSSL that refused."
        ),
        play=_revoked(listed=False),
    ),
    Scenario(
        name="not-registered",
        title="Signed by our authority, unknown to the register",
        story=(
            "Carol's certificate is faultless and signed with the key of our authority. But it"
            " was made behind the owner's back, and the register of all issued certificates does"
            " not have it. TLS has no objection; the host has."
        ),
        refused_by="host",
        expected=_told(Reason.NOT_REGISTERED),
        lesson=(
            "TLS can tell that a key has signed, and not who used it. The register is the second"
            " lock behind the authority's key. Take this refusal seriously when you did not"
            " expect it: somebody else may have a copy of ca.key."
        ),
        play=_unregistered,
    ),
)
