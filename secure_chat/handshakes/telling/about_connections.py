"""Explanations of the reasons that are not about a certificate.

A pure table, keyed by the words of `tls.vocabulary.Reason` and read through `explaining`.
"""

from typing import Final

from secure_chat.handshakes.telling.explanation import Explanation, Steps

__all__ = ["CONNECTIONS"]

_ALERTS: Final = "RFC 8446 section 6.2"
_WRONG_PORT: Final = (
    "Look at address and port: another program answers there. The host prints its own at start."
)
_STRANGER: Final = (
    "Nothing, unless it comes again and again from an address you know: then something there"
    " dials the wrong port. Scanners knock at every open port."
)
_LINE: Final = (
    "See whether it comes again. If so, look at the line: a tunnel or a firewall between the two"
    " may swallow large packets."
)
_UPDATE_CLIENT: Final = Steps(
    "The client's program is to be updated, or is not for this host.",
    "Update this program, and its Python and OpenSSL: `securechat --version` shows them.",
)
_UPDATE_HOST: Final = Steps(
    "Update this host, its Python and OpenSSL: `securechat --version` shows them.",
    "Look at the address: another program may answer there. Otherwise tell whoever runs the host"
    " to update it.",
)
_FAULTY: Final = Steps(
    "See whether it comes again. If it is a program of yours, look at what it sends with"
    " `securechat handshakes show`; if not, it is a scanner or an attack, and it was stopped.",
    "See whether it comes again. If so, update the program, and look for something between the"
    " two that changes what is sent.",
)

CONNECTIONS: Final[dict[str, Explanation]] = {
    "old-tls": Explanation(
        brief="the two ends have no TLS version in common",
        happened="{Owner} speaks only versions of TLS that {judge} does not speak any more.",
        why=(
            "This program speaks TLS 1.3 and nothing older. In older versions certificates travel"
            " unencrypted, and a stranger on the line reads who meets whom. The versions that a"
            " client speaks stand in its ClientHello (supported_versions)."
        ),
        client=_UPDATE_CLIENT,
        host=_UPDATE_HOST,
        sections=("RFC 8446 section 4.2.1", _ALERTS),
    ),
    "no-common-settings": Explanation(
        brief="the two ends have no cipher, group or signature scheme in common",
        happened="{Judge} found nothing it could use in what {owner} offered.",
        why=(
            "In the first two messages both ends must agree on a cipher suite, a group for the key"
            " exchange and a signature scheme that fits the certificates. One list without a"
            " common entry is enough to fail; what was offered stands in the record."
        ),
        client=_UPDATE_CLIENT,
        host=_UPDATE_HOST,
        sections=("RFC 8446 section 4.1.1", _ALERTS),
    ),
    "no-alpn": Explanation(
        brief="the two ends did not agree on the protocol behind TLS",
        happened="{Owner} did not agree to speak securechat/1 behind the handshake.",
        why=(
            "With ALPN the client lists the protocols it could speak and the host picks one. A"
            " Python host completes the handshake even without a common one, so it is refused"
            " right behind it, with a frame and not with an alert."
        ),
        client=Steps(
            "Nothing: another program knocked. Certificates were fine, so ask the person it"
            " belongs to if it comes again.",
            "Connect with `securechat join`; another program must offer ALPN securechat/1.",
        ),
        host=Steps(
            "Start the host with `securechat host`; another program must choose ALPN securechat/1.",
            _WRONG_PORT,
        ),
        sections=("RFC 7301 section 3.2",),
    ),
    "version": Explanation(
        brief="the two programs speak different versions of the chat protocol",
        happened="{Owner} speaks a version of the protocol behind TLS that {judge} does not know.",
        why=(
            "TLS and certificates are fine. The client names its version in its first frame, and"
            " the host closes with the one it speaks."
        ),
        client=Steps(
            "Update the older of the two programs.",
            "Update the older of the two programs; the host's words name its version.",
        ),
    ),
    "too-many-connections": Explanation(
        brief="one person has too many connections at once",
        happened="{Owner} has as many connections as one person may have, so {judge} took no more.",
        why=(
            "Handshake and certificate are fine. The bound keeps one person's runaway script from"
            " using up the host."
        ),
        client=Steps(
            "See where the person's connections come from: `securechat handshakes --peer NAME`.",
            "Close some of them, or look for a script that starts clients and does not end them.",
        ),
    ),
    "host-full": Explanation(
        brief="the host has no room for another connection",
        happened="{Owner} has as many connections as it may have.",
        why="Handshake and certificate are fine; it is only the number of connections.",
        host=Steps(
            "See who is connected: `securechat handshakes`. Close what is not needed.",
            "Try again later.",
        ),
    ),
    "protocol": Explanation(
        brief="one end broke the rules of the protocol behind TLS",
        happened="Behind a good handshake {owner} sent what the chat protocol does not allow.",
        why=(
            "Every frame has a length, a type and fields that must fit, and each may be said only"
            " at its time. The other end answers anything else with a close frame and a sentence."
        ),
        client=Steps(
            "If it is a program of yours, compare it with PROTOCOL.md; the text says what was"
            " wrong. Otherwise it must be updated.",
            "Update this program. If it is your own, the host's words say what was wrong.",
        ),
        host=Steps("Update this host.", "Tell whoever runs the host to update it."),
    ),
    "shutdown": Explanation(
        brief="the host was stopping",
        happened="{Owner} was being stopped and took nobody in any more.",
        why="A host that stops tells everybody so with a close frame and finishes what it has.",
        host=Steps("Nothing.", "Try again when the host is back."),
    ),
    "plaintext": Explanation(
        brief="one end speaks plain text instead of TLS",
        happened="{Owner} began with readable text where a TLS handshake has to stand.",
        why=(
            "A TLS connection begins with the bytes 16 03 and a ClientHello. These were letters,"
            " as of a web browser (GET), of SSH, or of somebody typing. Whoever does not speak TLS"
            " is closed without an answer."
        ),
        client=Steps(_STRANGER, _WRONG_PORT),
        host=Steps("Start this host with `securechat host`.", _WRONG_PORT),
        sections=("RFC 8446 section 5.1",),
    ),
    "garbage": Explanation(
        brief="one end sent bytes that are no TLS",
        happened="{Owner} began with bytes that are no TLS.",
        why=(
            "A TLS connection begins with the bytes 16 03. Binary protocols, very old SSL and"
            " scanners begin otherwise; a host closes on them without an answer. A client does"
            " not tell text from other bytes, so a web server looks like this to it too."
        ),
        client=Steps(_STRANGER, _WRONG_PORT),
        host=Steps("Start this host with `securechat host`.", _WRONG_PORT),
        sections=("RFC 8446 section 5.1",),
    ),
    "malformed": Explanation(
        brief="TLS messages were damaged or against the rules",
        happened="{Owner} sent TLS messages that {judge} could not read or that break the rules.",
        why=(
            "It began like TLS, then a length, a type, an order or a check did not fit; the alert"
            " says which. TLS notices every changed bit, so a line that damages data shows here,"
            " as does somebody who changes it on purpose, and a program with a fault."
        ),
        client=_FAULTY,
        host=_FAULTY,
        sections=("RFC 8446 section 5", _ALERTS),
    ),
    "silent": Explanation(
        brief="one end connected and said nothing",
        happened="{Owner} said not one word of TLS before the deadline.",
        why=(
            "TCP connected, so something is there. A whole handshake has 10 seconds; the wait"
            " cost {judge} one open socket and held nobody else up."
        ),
        client=Steps(_STRANGER, _LINE),
        host=Steps(_LINE, _WRONG_PORT),
    ),
    "stalled": Explanation(
        brief="a handshake was begun and not finished",
        happened="{Owner} began the handshake and then said nothing more before the deadline.",
        why=(
            "The first message is small, the certificates behind it are not. When only small"
            " packets pass, it stops just there. A whole handshake has 10 seconds."
        ),
        client=Steps(_LINE, _LINE),
        host=Steps(_LINE, _LINE),
    ),
    "closed": Explanation(
        brief="the line was closed in the middle of the handshake",
        happened="{Owner} closed the connection in the middle of the handshake, without a reason.",
        why=(
            "No alert came that would say why; a crash, a person who gave up, a firewall, or a"
            " scanner that had seen enough all look like this. A refused client that writes before"
            " it reads can lose the alert too, as the reset overtakes it."
        ),
        client=Steps(
            "Nothing, unless it is somebody you know: the client's own record may say why.",
            "Try again. If it comes again, the host's own record may say why.",
        ),
        host=Steps(
            "Look whether the host was stopped or killed at that time.",
            "Try again. If it comes again, ask whoever runs the host what its record says, with the"
            " value of `hello` from yours.",
        ),
        sections=("RFC 8446 section 6.1",),
    ),
    "dropped": Explanation(
        brief="too many unfinished handshakes, and this one had waited longest",
        happened=(
            "{Judge} had too many unfinished handshakes at once and gave up the one of {owner},"
            " which had waited longest."
        ),
        why=(
            "The bound keeps a flood of connections that never finish from filling the host's"
            " memory. Honest clients finish in milliseconds and are hardly ever met."
        ),
        client=Steps(
            "See where they come from: `securechat handshakes --failed`. Close that address off in"
            " the firewall if it goes on.",
            "Try again; the host was flooded.",
        ),
    ),
    "alert": Explanation(
        brief="one end ended the handshake with an alert",
        happened="{Judge} ended the handshake of {owner} with an alert.",
        why=(
            "The alert's name is all that the other end is told;"
            " `securechat handshakes explain NAME` says what it means."
        ),
        client=Steps(
            "The alert is explained beside this, if it has a name.",
            "Ask whoever runs the host what its record says, with the value of `hello` from yours.",
        ),
        host=Steps(
            "The client's own record knows why; it joins this one by the value of `hello`.",
            "The alert is explained beside this, if it has a name.",
        ),
        sections=("RFC 8446 section 6",),
    ),
    "other": Explanation(
        brief="the handshake failed in a way that has no word here",
        happened="The handshake failed, and nothing is known for certain but OpenSSL's own words.",
        why="What is not known is not guessed; the words in the record are the system's own.",
        client=Steps(
            "Look at the words in the record, and at the disk, the memory and the line.",
            "Look at the words in the record. `securechat doctor` looks at the rest.",
        ),
        host=Steps(
            "Look at the words in the record. `securechat doctor` looks at the rest.",
            "Look at the words in the record, and at the line to the host.",
        ),
        sections=("RFC 8446 section 6",),
    ),
}
