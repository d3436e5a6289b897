"""Why a handshake ended as it did, and what to do: for each end, in words.

Pure lookups in the tables `about_certificates`, `about_connections`, `about_enrolment` and
`about_alerts`, which have an entry for every reason and every alert. A word that this version does
not know is explained by what the record says of it.
"""

from dataclasses import dataclass, replace
from typing import Final

from secure_chat.handshakes.record import End, HandshakeRecord, other
from secure_chat.handshakes.telling.about_alerts import ALERTS
from secure_chat.handshakes.telling.about_certificates import CERTIFICATES
from secure_chat.handshakes.telling.about_connections import CONNECTIONS
from secure_chat.handshakes.telling.about_enrolment import ENROLMENT
from secure_chat.handshakes.telling.explanation import Explanation, Steps
from secure_chat.handshakes.telling.particulars import (
    alert_sender,
    ending_alert,
    particulars,
    words,
)

__all__ = [
    "REASONS",
    "Account",
    "Entry",
    "account",
    "entries",
    "lookup",
    "owner_of",
    "refused_here",
]

REASONS: Final[dict[str, Explanation]] = {**CERTIFICATES, **CONNECTIONS, **ENROLMENT}
"""Every reason there is."""

# What the other end did or left undone, whoever noticed it.
_DEEDS: Final = frozenset({"silent", "stalled", "closed", "plaintext", "garbage"})
# What only a host says, in a frame behind the handshake.
_HOST_SAYS: Final = frozenset(
    {
        "profile",
        "not-registered",
        "revoked",
        "expired",
        "too-many-connections",
        "host-full",
        "version",
        "shutdown",
        "no-alpn",
        "unknown-secret",
        "invite-expired",
        "invite-used",
        "invite-cancelled",
        "wrong-name",
        "name-retired",
        "bad-request",
        "too-many-attempts",
        "no-authority",
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of the dictionary.

    Args:
        word: the reason, or the alert's name.
        number: the alert's on the wire; None for a reason.
        like: the reason that goes with an alert, "" for a reason.
        explanation: what it means.
    """

    word: str
    number: int | None
    like: str
    explanation: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Why one handshake ended as it did.

    Args:
        reason: the record's word.
        uid: of the record that it is told from.
        end: whose record that is.
        owner: the end that it is about.
        brief: it all in one line.
        happened: what happened.
        why: the facts behind it.
        particulars: what the record knows about it.
        words: what OpenSSL or the host said, and the alert.
        steps: what to do at each end.
        sections: where the standards say so.
        alert: the alert's entry, when one ended it.
        alert_says: what that alert means here, "" without one.
    """

    reason: str
    uid: str
    end: End
    owner: End
    brief: str
    happened: str
    why: str
    particulars: tuple[str, ...]
    words: tuple[str, ...]
    steps: Steps
    sections: tuple[str, ...]
    alert: Entry | None
    alert_says: str

    @property
    def in_full(self) -> str:
        """What happened and all that is known about it, as one paragraph."""
        return " ".join((self.happened, *self.particulars, *self.words))


def entries() -> tuple[Entry, ...]:
    """Return the whole dictionary, the reasons first."""
    reasons = (Entry(word, None, "", text) for word, text in REASONS.items())
    return (*reasons, *map(_alert_entry, ALERTS))


def lookup(word: str) -> Entry | None:
    """Return the entry of a reason or an alert, None when it is neither.

    Args:
        word: as in a record; an alert also by its number, and either with `-` for `_`.
    """
    word = word.lower()
    if word in REASONS:
        return Entry(word, None, "", REASONS[word])
    name = word.replace("-", "_")
    for alert, (number, _, _) in ALERTS.items():
        if name == alert or word == str(number):
            return _alert_entry(alert)
    return None


def account(record: HandshakeRecord, viewer: End | None = None) -> Account:
    """Return why a handshake ended as it did.

    Args:
        record: printable; of two records of one handshake, the one that knows more.
        viewer: who is reading, who is "this host" or "this client"; None for neither.
    """
    owner = owner_of(record)
    known = REASONS.get(record.reason) or _unknown(record)
    name = ending_alert(record)
    alert = lookup(name) if name in ALERTS else None
    sender = alert_sender(record)
    heard_by = None if sender is None else other(sender)
    return Account(
        reason=record.reason,
        uid=record.uid,
        end=_end(record),
        owner=owner,
        brief=known.brief,
        happened=known.read(known.happened, owner, viewer),
        why=known.read(known.why, owner, viewer),
        particulars=particulars(record, owner),
        words=words(record),
        steps=known.steps(owner),
        sections=known.sections,
        alert=alert,
        alert_says=alert.explanation.read(alert.explanation.why, heard_by, viewer) if alert else "",
    )


def owner_of(record: HandshakeRecord) -> End:
    """Return the end that a record's reason is about: whose certificate, whose behaviour."""
    known = REASONS.get(record.reason)
    if known is not None and len(known.owners) == 1:
        return known.owners[0]
    end = _end(record)
    if record.reason == "old-tls" and record.offered is not None:
        # Whoever offers TLS 1.3 and gets no for an answer has met an old host.
        return "host" if "TLSv13" in record.offered.versions else "client"
    if record.reason in _DEEDS:
        return other(end)
    return other(end) if refused_here(record) else end


def refused_here(record: HandshakeRecord) -> bool:
    """Tell whether it was the end that wrote the record which said no."""
    if record.verify_code is not None:
        return True
    sender = alert_sender(record)
    if sender is not None:
        return sender == record.end
    # Without an alert it was said in a frame, which has a text, or noticed here.
    return not (record.end == "client" and record.reason in _HOST_SAYS and record.text)


def _end(record: HandshakeRecord) -> End:
    return "client" if record.end == "client" else "host"


def _alert_entry(name: str) -> Entry:
    """Return an alert's entry, with the steps of the reason that goes with it where it has none."""
    number, like, text = ALERTS[name]
    if not text.owners:
        text = replace(text, client=REASONS[like].client, host=REASONS[like].host)
    return Entry(name, number, like, text)


def _unknown(record: HandshakeRecord) -> Explanation:
    """Return what can be said of a reason that a newer version has recorded."""
    steps = Steps(record.advice, record.advice)
    # The record's words may hold braces, which would be taken for places.
    happened = record.sentence.replace("{", "{{").replace("}", "}}")
    return Explanation(
        brief=record.sentence,
        happened=f"{happened[:1].upper()}{happened[1:]}.",
        why="A newer version of this program recorded a reason that this one does not know.",
        client=steps,
        host=steps,
    )
