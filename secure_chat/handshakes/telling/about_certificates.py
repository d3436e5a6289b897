"""Explanations of the reasons that are about a certificate.

A pure table, keyed by the words of `tls.vocabulary.Reason` and read through `explaining`.
"""

from typing import Final

from secure_chat.handshakes.telling.explanation import Explanation, Steps

__all__ = ["CERTIFICATES"]

_ALERTS: Final = "RFC 8446 section 6.2"
_HAND_OVER: Final = (
    "`securechat init-certs --client NAME` makes one; hand over ca.crt, community, NAME.crt and"
    " NAME.key."
)
_REMAKE_CLIENT: Final = (
    "Remove the old NAME.crt and NAME.key from certs/clients and run"
    " `securechat init-certs --client NAME`; hand the new files over."
)
_REMAKE_HOST: Final = (
    "Remove host.crt and host.key from certs, run `securechat init-certs`, which makes what is"
    " missing, and start the host again."
)
_ASK: Final = "Ask whoever runs the host for a new certificate."

CERTIFICATES: Final[dict[str, Explanation]] = {
    "ok": Explanation(
        brief="both ends accepted each other",
        happened=(
            "Each end showed a certificate, proved that it holds the key to it, and accepted what"
            " the other one showed."
        ),
        why=(
            "Each certificate leads to an authority that the other end trusts, holds at this time"
            " and is made for its purpose. The client's is neither revoked nor missing in the"
            " host's register. The keys of the connection come from a fresh exchange; no record"
            " has them."
        ),
        client=Steps("There is nothing to do.", "There is nothing to do."),
        sections=("RFC 8446 section 2", "RFC 5280 section 6.1"),
    ),
    "no-certificate": Explanation(
        brief="a client showed no certificate",
        happened="{Judge} asked {owner} for a certificate and got an empty list.",
        why=(
            "A host lets nobody in without a certificate, and asks for it with CertificateRequest."
            " Under TLS 1.3 the client has done all its part by the time it is judged, so it"
            " believes to be in; the alert certificate_required meets it when it first reads."
        ),
        client=Steps(
            f"If it is to be a member, give it a certificate: {_HAND_OVER} A stranger was rightly"
            " kept out.",
            "Name an identity: `securechat join --as NAME` takes NAME's certificate from certs."
            " Another program needs certificate and key as options of its own.",
        ),
        sections=("RFC 8446 section 4.4.2.4", _ALERTS),
    ),
    "unknown-ca": Explanation(
        brief="a certificate comes from an authority that the other end does not trust",
        happened=(
            "{Owner} showed a certificate that was not issued by an authority {judge} trusts."
        ),
        why=(
            "Each end trusts the authorities in its own ca.crt and no others. Two authorities may"
            " have the same name; their keys tell them apart. OpenSSL's codes: 18 and 19, the"
            " chain ends in an authority that is not in ca.crt; 2, 20 and 21, the issuer is not"
            " known at all; 7, the issuer's name fits but the signature is not made with its key."
        ),
        client=Steps(
            "Compare the issuer in the record with ca.crt here. To let the client in, make its"
            f" certificate in the folder that this host uses: {_HAND_OVER} A stranger was rightly"
            " kept out.",
            "Use the certificate that whoever runs the host has made for you, with the ca.crt that"
            " came with it. Both come from one `securechat init-certs`.",
        ),
        host=Steps(
            "The client holds another ca.crt than this host. After `securechat init-certs --force`"
            " everybody needs the new ca.crt and a new certificate.",
            "Either your ca.crt is old, or something else answers at this address. Ask whoever"
            " runs the host for its ca.crt, and compare the SHA-256 in another way than over this"
            " line. Never take the one that is shown here on trust.",
        ),
        sections=("RFC 5280 section 6.1", _ALERTS),
    ),
    "expired": Explanation(
        brief="a certificate's time is over",
        happened="{Owner} showed a certificate whose last day has passed.",
        why=(
            "A certificate says from when until when it holds (notBefore, notAfter), and {judge}"
            " compares that with its own clock; OpenSSL's code is 10. A host also ends a"
            " connection when the client's certificate ends meanwhile."
        ),
        client=Steps(
            f"{_REMAKE_CLIENT} If it should still hold, set this computer's clock.",
            f"{_ASK} If yours should still hold, the clock of the host is wrong.",
        ),
        host=Steps(
            _REMAKE_HOST,
            "Look at this computer's clock. If it is right, tell whoever runs the host: nobody can"
            " join before its certificate is renewed.",
        ),
        sections=("RFC 5280 section 4.1.2.5", _ALERTS),
    ),
    "not-yet-valid": Explanation(
        brief="a certificate's time has not begun",
        happened="{Owner} showed a certificate that holds only from a later time on.",
        why=(
            "{Judge} compares notBefore with its own clock; OpenSSL's code is 9. TLS has no alert"
            " of its own for this: the other end only hears bad_certificate. Nearly always one of"
            " the two clocks is wrong, or the one of the computer that made the certificate was."
        ),
        client=Steps(
            "Compare the clocks of both computers. If they are right, wait, or make a new"
            f" certificate. {_REMAKE_CLIENT}",
            "Compare your clock with the host's. Then wait until the certificate's time begins, or"
            " ask for a new one.",
        ),
        host=Steps(
            f"Compare the clocks. If they are right: {_REMAKE_HOST}",
            "Set this computer's clock. If it is right, tell whoever runs the host.",
        ),
        sections=("RFC 5280 section 4.1.2.5", _ALERTS),
    ),
    "revoked": Explanation(
        brief="a client's certificate was taken back",
        happened="{Owner} showed a certificate that {judge} has taken back before its end.",
        why=(
            "Revoked certificates stand in crl.pem, a list signed by the authority, and in the"
            " register of the host. Inside the handshake OpenSSL looks into the list, with code"
            " 23; the register is looked at behind it and again whenever it changes."
        ),
        client=Steps(
            "This is meant to happen. If it is the wrong person, make a new certificate under the"
            " same name; a revoked one stays revoked.",
            f"{_ASK} The old one never works again.",
        ),
        sections=("RFC 5280 section 5", "RFC 5280 section 6.3", _ALERTS),
    ),
    "wrong-purpose": Explanation(
        brief="a certificate was made for something else",
        happened="{Owner} showed a certificate that is not made for what it was used for.",
        why=(
            "The extended key usage says what a certificate is for: serverAuth for a host,"
            " clientAuth for a client. Here each has one and never both, so that a stolen"
            " client's certificate cannot play the host. OpenSSL's code is 26."
        ),
        client=Steps(
            "Clients need a certificate from certs/clients. If it was host.crt that was shown, ask"
            " how it came to that computer: its key belongs here alone.",
            "Use NAME.crt and NAME.key that were made for you, never host.crt.",
        ),
        host=Steps(
            "Start the host with certs/host.crt and certs/host.key, as `securechat init-certs`"
            " makes them.",
            "Do not go on: a member whose certificate works only as a client may be posing as the"
            " host. Tell whoever runs the host.",
        ),
        sections=("RFC 5280 section 4.2.1.12", _ALERTS),
    ),
    "bad-certificate": Explanation(
        brief="a certificate was not accepted, without a word why",
        happened="{Judge} did not accept the certificate of {owner}.",
        why=(
            "The alerts bad_certificate and certificate_unknown stand for many reasons: the wrong"
            " name, a time that has not begun, a broken rule, a signature that does not verify."
            " Only the record of the end that refused has OpenSSL's code and words."
        ),
        client=Steps(
            "Look at the code and the words in this record, then at the certificate beside it, and"
            f" make a new one. {_REMAKE_CLIENT}",
            "Ask whoever runs the host what its record says, with the value of `hello` from yours."
            " Meanwhile compare clock, dates and purpose of your certificate.",
        ),
        host=Steps(
            "The client's record says why; the usual reasons are a name that host.crt does not"
            " have (`securechat init-certs --host-name NAME`), its dates, or the client's clock.",
            "Look at the code and the words in this record, and tell whoever runs the host.",
        ),
        sections=("RFC 8446 section 4.4.2.4", _ALERTS),
    ),
    "strict": Explanation(
        brief="a certificate breaks a rule of the standard",
        happened=(
            "{Owner} showed a certificate that is not built as the standard for certificates"
            " demands."
        ),
        why=(
            "Both ends check strictly (X509_V_FLAG_X509_STRICT); OpenSSL's codes 80 to 94 name the"
            " rule, for example 85: it does not tell by which key it was issued (authority key"
            " identifier). Certificates of `securechat init-certs` break none of them."
        ),
        client=Steps(
            f"Make the client's certificate with this program. {_REMAKE_CLIENT}",
            "Use a certificate that was made by `securechat init-certs`; one of another tool needs"
            " subject and authority key identifiers and critical key usages.",
        ),
        host=Steps(
            _REMAKE_HOST,
            "Tell whoever runs the host: its certificate was made by another tool.",
        ),
        sections=("RFC 5280 section 4.2", "RFC 5280 section 6.1"),
    ),
    "name-mismatch": Explanation(
        brief="the host's certificate is made for other names",
        happened=(
            "{Owner} showed a certificate that does not have the name under which the client"
            " dialled it."
        ),
        why=(
            "A client accepts a host only under a name in the certificate's alternative names; the"
            " common name does not count. OpenSSL's code is 62. This is what keeps one host of an"
            " authority from posing as another."
        ),
        host=Steps(
            "Add the name that people dial: `securechat init-certs --host-name NAME`, then start"
            " the host again.",
            "Dial a name that the certificate has. If this is the right name, ask whoever runs the"
            " host to add it; if it is not your host, do not go on.",
        ),
        sections=("RFC 9525 section 6.3", "RFC 5280 section 4.2.1.6"),
    ),
    "ip-mismatch": Explanation(
        brief="the host's certificate is made for other addresses",
        happened=(
            "{Owner} showed a certificate that does not have the address under which the client"
            " dialled it."
        ),
        why=(
            "Who dials an address needs that very address among the certificate's alternative"
            " names, as an entry of type IP. OpenSSL's code is 64."
        ),
        host=Steps(
            "Add the address that people dial: `securechat init-certs --host-name ADDRESS`, then"
            " start the host again.",
            "Dial a name or an address that the certificate has, or ask whoever runs the host to"
            " add this one.",
        ),
        sections=("RFC 9525 section 6.5", "RFC 5280 section 4.2.1.6"),
    ),
    "crl": Explanation(
        brief="the host's list of revoked certificates cannot be used",
        happened=(
            "{Owner} could not tell whether the client's certificate is revoked, so it let nobody"
            " in."
        ),
        why=(
            "The host needs one list for each authority, signed by it and within its dates."
            " OpenSSL's codes: 3, there is none; 8, its signature does not verify; 11 and 12, its"
            " time has not begun or is over."
        ),
        host=Steps(
            "Remove certs/crl.pem, run `securechat init-certs`, which makes it anew, and start the"
            " host again. `securechat doctor` looks at the whole folder.",
            "There is nothing wrong with your certificate; tell whoever runs the host.",
        ),
        sections=("RFC 5280 section 5.1", "RFC 5280 section 6.3.3"),
    ),
    "profile": Explanation(
        brief="a client's certificate is not one that this program issues",
        happened=(
            "{Judge} trusts the authority behind the certificate of {owner}, but the certificate is"
            " not built like the ones that this program issues."
        ),
        why=(
            "OpenSSL accepts much that could carry a false name: no purpose, several names, escapes"
            " in them, an authority posing as a person. So behind the handshake the host checks"
            " kind, purpose, names and size itself. It says no in a frame, not by an alert, and"
            " its words begin with the rule that was broken."
        ),
        client=Steps(
            f"Make the certificate with this program: {_HAND_OVER}",
            "Ask for a certificate that was made with `securechat init-certs --client NAME`.",
        ),
        sections=("RFC 5280 section 4.2",),
    ),
    "not-registered": Explanation(
        brief="a client's certificate is not in the host's register",
        happened=(
            "The authority of {judge} has signed the certificate of {owner}, but the register of"
            " {judge} does not have it."
        ),
        why=(
            "Every certificate that is issued is noted in certs/audit.jsonl. One that is not there"
            " was made elsewhere with a copy of the authority's key, or the host uses another"
            " certs folder than the one it was made in."
        ),
        client=Steps(
            "If you did not make it: somebody else has ca.key, so make a new authority with"
            " `securechat init-certs --force`. If you did, start the host with the folder it was"
            " made in.",
            "Ask whoever runs the host for a certificate from the folder that the host uses.",
        ),
    ),
}
