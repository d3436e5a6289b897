"""Explanations of the alerts of TLS: the two bytes that are all the other end is told.

A pure table by the names of RFC 8446 section 6 and, for the older ones, RFC 5246; read through
`handshakes.telling.explaining`. `{judge}` is who sent the alert and `{owner}` who received it.
"""

from typing import Final, NamedTuple

from secure_chat.handshakes.telling.explanation import Explanation, Steps

__all__ = ["ALERTS", "Alert"]


class Alert(NamedTuple):
    """One alert.

    Args:
        number: on the wire.
        like: the reason whose steps are taken when the alert has none of its own.
        explanation: what it says.
    """

    number: int
    like: str
    explanation: Explanation


_SENDERS_RECORD: Final = Steps(
    "If this host sent it, its record has OpenSSL's words; if it received it, the client's has.",
    "If this client sent it, its record has OpenSSL's words; if it received it, the host's has.",
)
_UPDATE: Final = Steps("Update the older end.", "Update the older end.")
_GAVE_UP: Final = Steps(
    "Nothing at the end of a connection; in a handshake, look whether the host was stopped.",
    "Nothing at the end of a connection; in a handshake, try again.",
)
_OWN_RULES: Final = Steps(
    "The client's program has rules of its own about whom it talks to.",
    "Another program than this host is there, with rules of its own: ask whoever runs it.",
)
_SIX: Final = "RFC 8446 section 6.2"


def _alert(  # noqa: PLR0913 # one row of the table
    number: int,
    like: str,
    brief: str,
    happened: str,
    why: str,
    *sections: str,
    steps: Steps | None = None,
) -> Alert:
    sections = sections or (_SIX,)
    return Alert(
        number,
        like,
        Explanation(
            brief=brief, happened=happened, why=why, client=steps, host=steps, sections=sections
        ),
    )


def _old(number: int, like: str, brief: str, happened: str, *sections: str) -> Alert:
    """Return one that TLS 1.3 has no use for; its number stays reserved."""
    why = (
        "It belongs to older versions of TLS; under TLS 1.3 nobody may send it, so it comes from a"
        " program that is old or faulty."
    )
    sections = ("RFC 8446 appendix B.2", *(sections or ("RFC 5246 section 7.2.2",)))
    return _alert(number, like, brief, happened, why, *sections, steps=_UPDATE)


ALERTS: Final[dict[str, Alert]] = {
    "close_notify": _alert(
        0,
        "closed",
        "the sender has nothing more to say",
        "{Judge} said in order that it sends nothing more.",
        "It is no fault: every orderly connection ends with it, so that a cut can be told from an"
        " end. In the middle of a handshake it means that the sender gave up.",
        "RFC 8446 section 6.1",
        steps=_GAVE_UP,
    ),
    "unexpected_message": _alert(
        10,
        "malformed",
        "a message came at a time when it may not",
        "{Judge} got a message from {owner} that may not come at this point.",
        "The order of messages is fixed. Either end may have a fault, or somebody took messages"
        " out or put some in.",
    ),
    "bad_record_mac": _alert(
        20,
        "malformed",
        "a record did not decrypt",
        "{Judge} could not decrypt what came from {owner}: the check value was wrong.",
        "The line changed a bit, or the two ends did not come to the same keys.",
    ),
    "decryption_failed": _old(
        21,
        "malformed",
        "a record did not decrypt (old)",
        "{Judge} could not decrypt what came from {owner}.",
    ),
    "record_overflow": _alert(
        22,
        "malformed",
        "a record was too long",
        "{Judge} got a record from {owner} that is longer than records may be.",
        "A record carries at most 16,384 bytes, and a little more when encrypted.",
        _SIX,
        "RFC 8446 section 5.1",
    ),
    "decompression_failure": _old(
        30,
        "malformed",
        "a record did not decompress (old)",
        "{Judge} could not decompress what came from {owner}; TLS 1.3 has no compression.",
    ),
    "handshake_failure": _alert(
        40,
        "no-common-settings",
        "nothing in common was found",
        "{Judge} found no set of settings that both ends can use.",
        "Cipher suite, group or signature scheme: one of the lists has no common entry. An older"
        " host says this too when a client shows no certificate.",
    ),
    "no_certificate": _old(
        41,
        "no-certificate",
        "no certificate can be shown (SSL 3.0)",
        "{Judge} has no certificate to show to {owner}.",
    ),
    "bad_certificate": _alert(
        42,
        "bad-certificate",
        "the certificate is not accepted",
        "{Judge} does not accept the certificate of {owner}.",
        "It stands for many: a wrong name, a bad signature, a time that has not begun. Only the"
        " record of the end that sent it knows which.",
    ),
    "unsupported_certificate": _alert(
        43,
        "wrong-purpose",
        "the certificate is of the wrong kind",
        "{Judge} cannot use this kind of certificate from {owner}.",
        "OpenSSL sends it when a certificate is made for another purpose: a client's for a host.",
    ),
    "certificate_revoked": _alert(
        44,
        "revoked",
        "the certificate was taken back",
        "{Judge} found the certificate of {owner} on a list of revoked ones.",
        "Whoever signed it has taken it back before its end.",
        steps=Steps(
            "If a client was refused: that is meant to happen. If this host was, make its"
            " certificate anew with `securechat init-certs`.",
            "Ask whoever runs the host for a new certificate; the old one never works again.",
        ),
    ),
    "certificate_expired": _alert(
        45,
        "expired",
        "the certificate's time is over",
        "{Judge} found that the certificate of {owner} is past its end, or not valid now.",
        "The clock of {judge} is what counts; if it is wrong, so is the alert.",
    ),
    "certificate_unknown": _alert(
        46,
        "bad-certificate",
        "the certificate is not accepted, for some other reason",
        "{Judge} does not accept the certificate of {owner}, for a reason without an alert.",
        "OpenSSL sends it for broken rules, such as a missing authority key identifier.",
    ),
    "illegal_parameter": _alert(
        47,
        "malformed",
        "a field has a value that it may not have",
        "{Judge} got a message from {owner} with a value that is wrong or does not fit the rest.",
        "The message could be read, but what it says is not allowed: a faulty program, or somebody"
        " who tries.",
    ),
    "unknown_ca": _alert(
        48,
        "unknown-ca",
        "the authority is not trusted",
        "{Judge} does not trust the authority behind the certificate of {owner}.",
        "No authority in the ca.crt of {judge} has issued it, or the chain to it has a gap.",
    ),
    "access_denied": _alert(
        49,
        "alert",
        "the certificate is good, its holder is not let in",
        "{Judge} accepts the certificate of {owner}, but not that its holder comes in.",
        "This program never sends it: it refuses such a peer behind the handshake, in words.",
        steps=_OWN_RULES,
    ),
    "decode_error": _alert(
        50,
        "malformed",
        "a message could not be read",
        "{Judge} got a message from {owner} that does not fit its own lengths.",
        "A fault of a program or of the line; it never happens between two sound ones. OpenSSL"
        " also notes it when the line is cut, and then nobody hears it.",
    ),
    "decrypt_error": _alert(
        51,
        "bad-certificate",
        "a proof did not hold",
        "{Judge} could not verify a signature of {owner}, or the Finished message.",
        "Either the certificate's own signature is wrong, although it names the right authority,"
        " or {owner} does not hold the key of the certificate that it shows.",
    ),
    "export_restriction": _old(
        60,
        "no-common-settings",
        "weakened settings of the nineties were asked for",
        "{Judge} refuses settings that old export rules would weaken.",
    ),
    "protocol_version": _alert(
        70,
        "old-tls",
        "no common version",
        "{Judge} does not speak any version of TLS that {owner} offers.",
        "This program speaks TLS 1.3 only.",
        _SIX,
        "RFC 8446 section 4.2.1",
    ),
    "insufficient_security": _alert(
        71,
        "no-common-settings",
        "what was offered is too weak",
        "{Judge} could use what {owner} offers, but finds it too weak.",
        "Sent instead of handshake_failure when stronger settings are demanded.",
    ),
    "internal_error": _alert(
        80,
        "other",
        "the sender failed by its own fault",
        "{Judge} could not go on, for a reason that has nothing to do with {owner}.",
        "A lack of memory, for example, or a fault in the program.",
        steps=_SENDERS_RECORD,
    ),
    "inappropriate_fallback": _alert(
        86,
        "old-tls",
        "a lower version was tried without need",
        "{Judge} noticed that {owner} came back with a lower version than both could speak.",
        "Clients that retry with older versions mark it; a middleman might have forced them to."
        " This program never goes down.",
        _SIX,
        "RFC 7507",
    ),
    "user_canceled": _alert(
        90,
        "closed",
        "the sender gave up",
        "{Judge} ended the handshake for a reason that has nothing to do with TLS.",
        "A person pressed a key, or a program was told to stop. close_notify follows.",
        "RFC 8446 section 6.1",
        steps=_GAVE_UP,
    ),
    "no_renegotiation": _old(
        100,
        "other",
        "a second handshake inside the connection is refused (old)",
        "{Judge} refuses to shake hands again inside the connection; TLS 1.3 never does.",
    ),
    "missing_extension": _alert(
        109,
        "malformed",
        "a part that must be there is missing",
        "{Judge} got a hello from {owner} without an extension that TLS 1.3 demands.",
        "With certificates these are signature_algorithms, supported_groups and key_share.",
        _SIX,
        "RFC 8446 section 9.2",
    ),
    "unsupported_extension": _alert(
        110,
        "malformed",
        "an extension that nobody asked for",
        "{Judge} got an extension from {owner} where it may not stand, or as an answer to nothing.",
        "An answer may hold only extensions that the question had.",
        _SIX,
        "RFC 8446 section 4.2",
    ),
    "certificate_unobtainable": _old(
        111,
        "other",
        "a certificate could not be fetched (old)",
        "{Judge} could not fetch the certificate of {owner} from the address it named.",
        "RFC 6066 section 5",
    ),
    "unrecognized_name": _alert(
        112,
        "name-mismatch",
        "no host of that name is here",
        "{Judge} does not serve the name that {owner} asked for (SNI).",
        "A front end with several names sends it. A securechat host serves every name that is"
        " dialled and leaves it to the client to compare names.",
        _SIX,
        "RFC 6066 section 3",
        steps=Steps(
            "If something stands between the host and its clients, let it pass this name on.",
            "Look at name and port: another program may answer there.",
        ),
    ),
    "bad_certificate_status_response": _alert(
        113,
        "bad-certificate",
        "the proof that a certificate is not revoked was bad",
        "{Judge} did not accept the proof that {owner} sent along with its certificate (OCSP).",
        "This program neither asks for such a proof nor sends one; it uses a list instead.",
        _SIX,
        "RFC 6066 section 8",
    ),
    "unknown_psk_identity": _alert(
        115,
        "other",
        "no shared key of that name is known",
        "{Judge} does not know the shared key that {owner} named.",
        "Only with keys shared beforehand, or when a connection is resumed. This program does"
        " neither: everybody shows a certificate, every time.",
        _SIX,
        "RFC 8446 section 4.2.11",
        steps=Steps(
            "Another program is at the client's end; it has to use a certificate.",
            "Another program answers at this address, or this one does not use certificates.",
        ),
    ),
    "certificate_required": _alert(
        116,
        "no-certificate",
        "a client certificate is demanded and none came",
        "{Judge} demands a certificate and {owner} showed none.",
        "Only a host sends it, and only under TLS 1.3; the client reads it behind its own, already"
        " finished, handshake.",
        _SIX,
        "RFC 8446 section 4.4.2.4",
    ),
    "no_application_protocol": _alert(
        120,
        "no-alpn",
        "no common protocol behind TLS",
        "{Judge} speaks none of the protocols that {owner} offers (ALPN).",
        "This program speaks securechat/1. Its host says so in a frame instead of this alert.",
        _SIX,
        "RFC 7301 section 3.2",
    ),
}
