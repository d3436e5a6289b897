"""Why a handshake failed: OpenSSL's many words brought down to one closed vocabulary.

Pure functions over an exception and what the handshake said, used on any thread. They must never
guess: what is not known for certain is `other`, with OpenSSL's own text beside it.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from secure_chat.errors import HostNotTrusted, HostRefused, HostUnreachable, SecureChatError
from secure_chat.tls.context import Said
from secure_chat.tls.names import ALERTS, named
from secure_chat.tls.vocabulary import End, Reason, advice, from_code, sentence

__all__ = [
    "End",
    "Failure",
    "Reason",
    "advice",
    "error_for",
    "from_code",
    "judge",
    "sentence",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """How one handshake or connection failed, from one end's view.

    Args:
        reason: the word for it.
        text: OpenSSL's or the system's own words; never the peer's.
        verify_code: OpenSSL's X509_V_ERR number when this end judged a certificate.
        alert_sent: the name of the alert this end sent.
        alert_received: the name of the alert that ended it; then the other end refused.
    """

    reason: Reason
    text: str = ""
    verify_code: int | None = None
    alert_sent: str | None = None
    alert_received: str | None = None

    def by_peer(self, end: End) -> bool:
        """Tell whether the other end refused, by an alert or by what only a host may say.

        Args:
            end: whose view this is.
        """
        told = end == "client" and self.verify_code is None and self.reason in _HOST_SAYS
        return told or self.alert_received is not None


# A client that has judged nothing itself knows these from the host's close frame only.
_HOST_SAYS: Final = frozenset(
    {
        Reason.PROFILE,
        Reason.NOT_REGISTERED,
        Reason.REVOKED,
        Reason.EXPIRED,
        Reason.TOO_MANY_CONNECTIONS,
        Reason.HOST_FULL,
        Reason.VERSION,
        Reason.SHUTDOWN,
        Reason.UNKNOWN_SECRET,
        Reason.INVITE_EXPIRED,
        Reason.INVITE_USED,
        Reason.INVITE_CANCELLED,
        Reason.WRONG_NAME,
        Reason.NAME_RETIRED,
        Reason.BAD_REQUEST,
        Reason.TOO_MANY_ATTEMPTS,
        Reason.NO_AUTHORITY,
    }
)

# X509_V_ERR numbers of OpenSSL (include/openssl/x509_vfy.h); 80 to 94 are the strict checks.
_VERIFY: Final = {
    2: Reason.UNKNOWN_CA,
    3: Reason.CRL,
    # A signature that does not verify: somebody put our authority's name on a certificate.
    7: Reason.UNKNOWN_CA,
    8: Reason.CRL,
    9: Reason.NOT_YET_VALID,
    10: Reason.EXPIRED,
    11: Reason.CRL,
    12: Reason.CRL,
    18: Reason.UNKNOWN_CA,
    19: Reason.UNKNOWN_CA,
    20: Reason.UNKNOWN_CA,
    21: Reason.UNKNOWN_CA,
    23: Reason.REVOKED,
    26: Reason.WRONG_PURPOSE,
    62: Reason.NAME_MISMATCH,
    64: Reason.IP_MISMATCH,
    # The issuer is no authority: somebody with a person's certificate signed it.
    79: Reason.UNKNOWN_CA,
    **dict.fromkeys(range(80, 95), Reason.STRICT),
}

# OpenSSL's reason words that say more than the alert that goes with them.
_WORDS: Final = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": Reason.NO_CERTIFICATE,
    "UNSUPPORTED_PROTOCOL": Reason.OLD_TLS,
    "WRONG_SSL_VERSION": Reason.OLD_TLS,
    "HTTP_REQUEST": Reason.PLAINTEXT,
    "HTTPS_PROXY_REQUEST": Reason.PLAINTEXT,
    "WRONG_VERSION_NUMBER": Reason.GARBAGE,
    "UNKNOWN_PROTOCOL": Reason.GARBAGE,
}

# What an alert means, whoever sent it; the rest is malformed when sent and `alert` when received.
_ALERTS: Final = {
    "handshake_failure": Reason.NO_COMMON,
    "insufficient_security": Reason.NO_COMMON,
    "no_certificate": Reason.NO_CERTIFICATE,
    "certificate_required": Reason.NO_CERTIFICATE,
    "bad_certificate": Reason.BAD_CERTIFICATE,
    "certificate_unknown": Reason.BAD_CERTIFICATE,
    "unsupported_certificate": Reason.WRONG_PURPOSE,
    "certificate_revoked": Reason.REVOKED,
    "certificate_expired": Reason.EXPIRED,
    "unknown_ca": Reason.UNKNOWN_CA,
    "protocol_version": Reason.OLD_TLS,
    "no_application_protocol": Reason.NO_ALPN,
    "close_notify": Reason.CLOSED,
    "user_canceled": Reason.CLOSED,
    "unexpected_message": Reason.MALFORMED,
    "bad_record_mac": Reason.MALFORMED,
    "record_overflow": Reason.MALFORMED,
    "illegal_parameter": Reason.MALFORMED,
    "decode_error": Reason.MALFORMED,
    "decrypt_error": Reason.MALFORMED,
    "missing_extension": Reason.MALFORMED,
    "unsupported_extension": Reason.MALFORMED,
}

# Received, this says nearly always that the signature on our certificate did not verify.
_TOLD: Final = {"decrypt_error": Reason.BAD_CERTIFICATE}

_CUT: Final = "UNEXPECTED_EOF_WHILE_READING"

_ALERT_NUMBERS: Final = {name.upper(): number for number, name in ALERTS.items()}

_ALERT_RECORD: Final = 21
_ALERT_LENGTH: Final = 2

_UNREACHABLE: Final = frozenset(
    {
        Reason.PLAINTEXT,
        Reason.GARBAGE,
        Reason.SILENT,
        Reason.STALLED,
        Reason.CLOSED,
        Reason.DROPPED,
        Reason.OTHER,
    }
)


def judge(error: OSError, *, said: Iterable[Said] = ()) -> Failure:
    """Return what an exception of the ssl module or the socket means.

    Args:
        error: as raised by a handshake, a read or a write; SSLWantRead and SSLWantWrite are no
            failures and must not come here.
        said: what the handshake said; without it a sent alert is not known.
    """
    sent, received = _alerts(said)
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = _VERIFY.get(error.verify_code, Reason.BAD_CERTIFICATE)
        return Failure(reason, error.verify_message, error.verify_code, sent)
    if _is_cut(error):
        # OpenSSL answers a cut with a decode_error that nobody hears.
        return Failure(Reason.CLOSED, error.strerror or "the connection was cut")
    if not isinstance(error, ssl.SSLError):
        return Failure(Reason.OTHER, error.strerror or type(error).__name__)
    word = error.reason or ""
    told = _alert_in(word)
    if told is not None:
        reason = _TOLD.get(told) or _ALERTS.get(told, Reason.ALERT)
        return Failure(reason, word, alert_sent=sent, alert_received=received or told)
    if word in _WORDS:
        return Failure(_WORDS[word], word, alert_sent=sent)
    return Failure(_ALERTS.get(sent or "", Reason.OTHER), word or str(error), alert_sent=sent)


def _is_cut(error: OSError) -> bool:
    """Tell whether the line ended; older builds of Python say so by OpenSSL's word only."""
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError)):
        return True
    return isinstance(error, ssl.SSLError) and error.reason == _CUT


def error_for(failure: Failure) -> SecureChatError:
    """Return the error that a client shows for a handshake that failed.

    Args:
        failure: from the client's view.
    """
    reason, told = failure.reason, failure.by_peer("client")
    why = sentence(reason, "client", by_peer=told)
    if failure.text:
        why = f"{why} ({failure.text})"
    hint = advice(reason, "client", by_peer=told)
    if told:
        return HostRefused(reason, "the host does not let us in", why=why, hint=hint)
    if reason in _UNREACHABLE:
        return HostUnreachable("no securechat host answers there", why=why, hint=hint)
    return HostNotTrusted("the host is not trusted", why=why, hint=hint)


def _alerts(said: Iterable[Said]) -> tuple[str | None, str | None]:
    """Return the names of the last alert sent and the last one received."""
    last: dict[str, str] = {}
    for _, direction, content_type, _, data in said:
        if content_type == _ALERT_RECORD and len(data) == _ALERT_LENGTH:
            last[direction] = named(ALERTS, data[1])
    return last.get("write"), last.get("read")


def _alert_in(word: str) -> str | None:
    """Return the alert that an OpenSSL reason such as TLSV1_ALERT_UNKNOWN_CA tells of.

    Some carry the marker ALERT and some, like TLSV1_UNSUPPORTED_EXTENSION, do not.
    """
    prefix, _, rest = word.partition("_")
    if prefix not in {"SSLV3", "TLSV1", "TLSV13"}:
        return None
    # OpenSSL writes user_cancelled where the standard has one l.
    number = _ALERT_NUMBERS.get(rest.removeprefix("ALERT_").replace("CANCELLED", "CANCELED"))
    return None if number is None else ALERTS[number]
