"""Explanations of what happens at the enrolment listener, where people without a certificate come.

A pure table, keyed by the words of `tls.vocabulary.Reason` and read through `explaining`.
"""

from typing import Final

from secure_chat.handshakes.telling.explanation import Explanation, Steps

__all__ = ["ENROLMENT"]

_INVITE: Final = "Invite them anew: `securechat invite NAME`."
_ASK: Final = "Ask whoever invited you for a new invitation."
_UNGUESSABLE: Final = (
    "A secret has 160 random bits and is good for one certificate. The host keeps only its"
    " SHA-256, and looks it up without telling by its time how much of it was right."
)

ENROLMENT: Final[dict[str, Explanation]] = {
    "introduced": Explanation(
        brief="somebody was told the authorities of the host, and left",
        happened=(
            "{Owner} was shown the certificates of the host's authorities and closed the"
            " connection without asking for anything."
        ),
        why=(
            "This is the first half of an enrolment. The client trusts nobody yet, so it only"
            " looks whether one of the authorities has the public key that its invitation names."
            " If so it comes a second time, verifies the host by that authority, and only then"
            " shows its secret. Authorities are no secret; anybody may be told them."
        ),
        client=Steps(
            "Nothing. When no `enrolled` follows, the client did not trust this host.",
            "Nothing. The second half has a record of its own.",
        ),
    ),
    "enrolled": Explanation(
        brief="a certificate was issued to an invited person",
        happened="{Owner} showed the secret of an invitation and was given a certificate.",
        why=(
            "The host proved who it is; the client had no certificate yet and proved that it holds"
            " the key to the new one by signing its request with it (PKCS#10). The key itself never"
            " left the client's computer. The audit trail has the act, with the invitation's id."
        ),
        client=Steps(
            "Nothing. The invitation is used up; `securechat invite list` shows it.",
            "Join with `securechat join`.",
        ),
        sections=("RFC 2986 section 3",),
    ),
    "unknown-secret": Explanation(
        brief="no invitation has the secret that was shown",
        happened="{Owner} asked for a certificate with a secret that no invitation has.",
        why=(
            f"{_UNGUESSABLE} So this is a line that was copied wrongly, one of another host, or a"
            " guess, which has no chance."
        ),
        client=Steps(
            "Nothing, if nobody was to enrol then. Otherwise they should paste the whole line"
            f" again. {_INVITE}",
            "Paste the whole line again, as `securechat invite` printed it. If it was made by"
            f" another host, go there. {_ASK}",
        ),
    ),
    "invite-expired": Explanation(
        brief="the invitation has expired",
        happened="{Owner} showed the secret of an invitation whose time is over.",
        why=(
            "An invitation holds for 24 hours unless `--expires` says otherwise. {Judge} looks at"
            " its own clock. Nothing was issued."
        ),
        client=Steps(_INVITE, _ASK),
    ),
    "invite-used": Explanation(
        brief="the invitation has been used already",
        happened="{Owner} showed the secret of an invitation that has given its certificate.",
        why=(
            "Each invitation gives one certificate. It was either used by the same person, whose"
            " connection broke before the answer came or who tries it on a second computer, or by"
            " somebody else who got hold of the line."
        ),
        client=Steps(
            "Ask the person. If it was not them who enrolled, revoke the certificate that it gave,"
            f" which `securechat certs list` shows, and invite them anew. {_INVITE}",
            f"If you did not enrol before, tell whoever invited you at once. {_ASK}",
        ),
    ),
    "invite-cancelled": Explanation(
        brief="the invitation has been cancelled",
        happened="{Owner} showed the secret of an invitation that was cancelled.",
        why="Whoever runs the host took the invitation back before it was used.",
        client=Steps(
            f"Nothing, if that was meant. Otherwise: {_INVITE}",
            _ASK,
        ),
    ),
    "wrong-name": Explanation(
        brief="a certificate was asked for under another name than the invitation's",
        happened="{Owner} showed a good secret and asked for a certificate for another name.",
        why=(
            "An invitation is for one person, and names are what everybody else goes by, so the"
            " name in the request and the one of the invitation must be the same. Nothing was"
            " issued and the invitation can still be used."
        ),
        client=Steps(
            "Ask the person whether they changed the line. Our own program cannot do this, so it"
            " may be somebody who tries what is possible: then `securechat invite cancel ID`.",
            "Use the invitation as it was given to you.",
        ),
    ),
    "name-retired": Explanation(
        brief="the invitation's name is given to nobody any more",
        happened="{Owner} showed an invitation for a name that has been retired since.",
        why=(
            "Whoever had the name was revoked after the invitation was made. A name is never given"
            " to somebody else, because past messages and direct ones are found by it."
        ),
        client=Steps(
            "Invite them under another name: `securechat invite NAME`.",
            "Ask whoever invited you for an invitation under another name.",
        ),
    ),
    "bad-request": Explanation(
        brief="a certificate request cannot be used",
        happened="{Owner} sent a certificate request that {judge} cannot use.",
        why=(
            "A request must be signed by the key that it is for, which proves that whoever asks"
            " holds it; a changed one does not verify. The key must be P-256, P-384, Ed25519, or"
            " RSA of 3072 bits or more. Nothing was issued and the invitation can still be used."
        ),
        client=Steps(
            "Ask the person to update their program and to try again.",
            "Update this program, then try again with the same invitation.",
        ),
        sections=("RFC 2986 section 3",),
    ),
    "too-many-attempts": Explanation(
        brief="too many requests for a certificate were refused within a minute",
        happened="{Owner} asked for a certificate when too many requests had been refused.",
        why=(
            "One address may ask in vain ten times a minute, and all together sixty times. What is"
            " asked beyond that is not looked at. A good request does not count."
        ),
        client=Steps(
            "See who asks: `securechat handshakes --failed`. Close that address off in the"
            " firewall if it goes on.",
            "Wait a minute, then try again with the same invitation.",
        ),
    ),
    "no-authority": Explanation(
        brief="the host cannot issue certificates now",
        happened="{Owner} was asked for a certificate and cannot issue one now.",
        why=(
            "Issuing takes the authority's private key, ca.key. A host without it, or without its"
            " passphrase, lets people talk but can make nobody a member. It says so at start."
        ),
        host=Steps(
            "Start the host where ca.key is, with its passphrase: `securechat host"
            " --passphrase-file FILE`.",
            "Tell whoever runs the host, then try again with the same invitation.",
        ),
    ),
    "other-authority": Explanation(
        brief="the host has another authority than the invitation names",
        happened="{Owner} showed authorities, and none has the key that the invitation names.",
        why=(
            "An invitation carries SHA-256 of the public key of the host's authority, so that"
            " nobody in between can put another one in its place. The secret was not sent."
        ),
        host=Steps(
            f"If the authority was replaced since: {_INVITE} Otherwise the client was led to"
            " another host.",
            "Do not use that host. Ask whoever invited you, in another way than over this line,"
            " whether the address is right and whether the invitation is the newest one.",
        ),
    ),
}
