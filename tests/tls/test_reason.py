"""What OpenSSL's and the system's words are brought down to, and what a client shows for it."""

import ssl

import pytest

from secure_chat.errors import HostNotTrusted, HostRefused, HostUnreachable, SecureChatError
from secure_chat.tls.names import ALERTS
from secure_chat.tls.reason import Failure, Reason, error_for, judge


def tls_error(reason: str) -> ssl.SSLError:
    """Return an error as the ssl module raises it."""
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1)")
    error.reason = reason
    return error


def unverified(code: int) -> ssl.SSLCertVerificationError:
    """Return a verification error with OpenSSL's number."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "OpenSSL's words"
    return error


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (2, Reason.UNKNOWN_CA),
        (3, Reason.CRL),
        (7, Reason.UNKNOWN_CA),
        (9, Reason.NOT_YET_VALID),
        (10, Reason.EXPIRED),
        (12, Reason.CRL),
        (18, Reason.UNKNOWN_CA),
        (23, Reason.REVOKED),
        (26, Reason.WRONG_PURPOSE),
        (62, Reason.NAME_MISMATCH),
        (64, Reason.IP_MISMATCH),
        (79, Reason.UNKNOWN_CA),
        (80, Reason.STRICT),
        (94, Reason.STRICT),
        (66, Reason.BAD_CERTIFICATE),
    ],
)
def test_a_verify_code_decides(code: int, reason: Reason) -> None:
    """The number is kept, and OpenSSL's own words with it."""
    sent = [(5, "write", 21, 0, b"\x02\x2e")]

    failure = judge(unverified(code), said=sent)

    assert failure == Failure(reason, "OpenSSL's words", code, "certificate_unknown")


@pytest.mark.parametrize("name", sorted(set(ALERTS.values())))
@pytest.mark.parametrize("prefix", ["SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_"])
def test_every_alert_is_found_in_openssls_words(name: str, prefix: str) -> None:
    """Also where the callback is missing, the alert is known from the error alone."""
    failure = judge(tls_error(prefix + name.upper()))

    assert failure.alert_received == name
    assert failure.reason is not Reason.OTHER
    assert failure.by_peer("host")
    assert failure.by_peer("client")


def test_openssls_own_spelling_is_understood() -> None:
    """OpenSSL and the standard differ by one letter."""
    assert judge(tls_error("TLSV1_ALERT_USER_CANCELLED")).alert_received == "user_canceled"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", Reason.NO_CERTIFICATE),
        ("UNSUPPORTED_PROTOCOL", Reason.OLD_TLS),
        ("HTTP_REQUEST", Reason.PLAINTEXT),
        ("WRONG_VERSION_NUMBER", Reason.GARBAGE),
        ("SOMETHING_NEW", Reason.OTHER),
        ("TLSV1_SOMETHING_NEW", Reason.OTHER),
        ("", Reason.OTHER),
    ],
)
def test_openssls_words_decide_where_no_alert_does(word: str, reason: Reason) -> None:
    """What is not known for certain is `other`, with the text beside it."""
    failure = judge(tls_error(word))

    assert failure.reason is reason
    assert failure.text
    assert not failure.by_peer("host")


def test_our_own_alert_tells_the_class_of_what_openssl_alone_can_name() -> None:
    """OpenSSL has hundreds of words for broken messages; the alert sent sorts them."""
    failure = judge(tls_error("LENGTH_MISMATCH"), said=[(5, "write", 21, 0, b"\x02\x32")])

    assert failure == Failure(Reason.MALFORMED, "LENGTH_MISMATCH", alert_sent="decode_error")


def test_an_alert_that_was_heard_is_named_as_it_came() -> None:
    """The bytes are believed before the words; half an alert is none."""
    heard = [(5, "read", 21, 0, b"\x02\x63"), (6, "read", 21, 0, b"\x02")]

    failure = judge(tls_error("TLSV1_ALERT_INTERNAL_ERROR"), said=heard)

    assert (failure.reason, failure.alert_received) == (Reason.ALERT, "0x0063")


@pytest.mark.parametrize(
    ("error", "reason", "text"),
    [
        (ssl.SSLEOFError(8, "EOF occurred"), Reason.CLOSED, "EOF occurred"),
        (
            tls_error("UNEXPECTED_EOF_WHILE_READING"),
            Reason.CLOSED,
            "[SSL: UNEXPECTED_EOF_WHILE_READING] (_ssl.c:1)",
        ),
        (ssl.SSLZeroReturnError(6, "closed"), Reason.CLOSED, "closed"),
        (ConnectionResetError(104, "reset by peer"), Reason.CLOSED, "reset by peer"),
        (BrokenPipeError(), Reason.CLOSED, "the connection was cut"),
        (OSError(113, "no route"), Reason.OTHER, "no route"),
        (TimeoutError(), Reason.OTHER, "TimeoutError"),
    ],
)
def test_a_line_that_breaks_is_closed(error: OSError, reason: Reason, text: str) -> None:
    """A cut makes OpenSSL send an alert that nobody hears; it is no part of the reason."""
    assert judge(error, said=[(5, "write", 21, 0, b"\x02\x32")]) == Failure(reason, text)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure(Reason.UNKNOWN_CA, "self-signed", 19), HostNotTrusted),
        (Failure(Reason.NAME_MISMATCH, "other name", 62), HostNotTrusted),
        (Failure(Reason.EXPIRED, "expired", 10), HostNotTrusted),
        (Failure(Reason.OLD_TLS, "UNSUPPORTED_PROTOCOL"), HostNotTrusted),
        (Failure(Reason.NO_ALPN), HostNotTrusted),
        (Failure(Reason.UNKNOWN_CA, alert_received="unknown_ca"), HostRefused),
        (Failure(Reason.NO_CERTIFICATE, alert_received="certificate_required"), HostRefused),
        (Failure(Reason.EXPIRED, "told by a close frame"), HostRefused),
        (Failure(Reason.NOT_REGISTERED), HostRefused),
        (Failure(Reason.PLAINTEXT), HostUnreachable),
        (Failure(Reason.GARBAGE, "WRONG_VERSION_NUMBER"), HostUnreachable),
        (Failure(Reason.SILENT), HostUnreachable),
        (Failure(Reason.CLOSED), HostUnreachable),
        (Failure(Reason.OTHER, "no route"), HostUnreachable),
    ],
)
def test_a_client_is_told_the_right_kind_of_error(
    failure: Failure, kind: type[SecureChatError]
) -> None:
    """Whether nobody is there, somebody else, or ours who refuses, decides the exit code."""
    error = error_for(failure)

    assert type(error) is kind
    assert error.why
    assert error.hint
    assert failure.text in error.why
    if isinstance(error, HostRefused):
        assert error.code == failure.reason


def test_an_expired_certificate_is_ours_or_theirs() -> None:
    """The same reason names another owner when the other end said it."""
    theirs = error_for(Failure(Reason.EXPIRED, verify_code=10))
    ours = error_for(Failure(Reason.EXPIRED, alert_received="certificate_expired"))

    assert "certificate of the host" in theirs.why
    assert "certificate of this client" in ours.why
