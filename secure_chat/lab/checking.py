"""Whether what both ends recorded is what a scenario expects, field by field.

Pure. Nothing here knows how a scenario was played: it compares what was written down beforehand
with what stands in the journals, and says of every difference what was expected and what is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.lab.scenario import Facts, Scenario, Shown
from secure_chat.tls.vocabulary import End

__all__ = ["ENDS", "Difference", "Outcome", "judge"]

ENDS: Final[tuple[End, ...]] = ("host", "client")

_FAREWELL: Final = "close_notify"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where what was recorded is not what was expected.

    Args:
        end: whose record.
        field: what of it; `records` for how many there are.
        expected: what it should be.
        found: what it is.
    """

    end: End
    field: str
    expected: bool | int | str | None
    found: bool | int | str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scenario went.

    Args:
        scenario: which one.
        expected: what the record of each end was to say, None for an end that has to write none.
        records: what was really recorded, the host's first.
        differences: between the two; none means passed.
    """

    scenario: Scenario
    expected: dict[End, Facts | None]
    records: tuple[HandshakeRecord, ...]
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was recorded as expected."""
        return not self.differences

    def record(self, end: End) -> HandshakeRecord | None:
        """Return the first record of an end, None when there is none."""
        return next((record for record in self.records if record.end == end), None)


def judge(scenario: Scenario, shown: Shown, records: Iterable[HandshakeRecord]) -> Outcome:
    """Compare what was recorded with what a scenario expects.

    Args:
        scenario: which one was played.
        shown: the certificates that were on the table.
        records: all that both ends wrote meanwhile.
    """
    found = tuple(sorted(records, key=lambda record: (record.end != "host", record.ts)))
    expected = {
        end: None if wanted is None else wanted.facts(shown)
        for end, wanted in zip(ENDS, scenario.expected, strict=True)
    }
    differences = [
        difference
        for end in ENDS
        for difference in _compared(end, expected[end], [r for r in found if r.end == end])
    ]
    return Outcome(scenario, expected, found, (*differences, *_apart(found)))


def _compared(
    end: End, expected: Facts | None, records: Sequence[HandshakeRecord]
) -> Iterator[Difference]:
    wanted = 0 if expected is None else 1
    if len(records) != wanted:
        yield Difference(end, "records", wanted, len(records))
    if expected is None or not records:
        return
    found = _facts(records[0])
    for name, value in expected.items():
        if found[name] != value:
            yield Difference(end, name, value, found[name])


def _facts(record: HandshakeRecord) -> Facts:
    """Return what a record says, under the names of an expectation."""
    return {
        "established": record.established,
        "reason": record.reason,
        "verify_code": record.verify_code,
        # A farewell refuses nothing, and whether it was read before the record was made is chance.
        "last_alert": None if record.last_alert == _FAREWELL else record.last_alert,
        "host_certificate": next(iter(record.cert_chain_fps), None),
        "client_certificate": next(iter(record.client_cert_chain_fps), None),
    }


def _apart(records: Iterable[HandshakeRecord]) -> Iterator[Difference]:
    """Yield a difference when the two ends did not record the same handshake."""
    hellos = {record.end: record.hello for record in records}
    host, client = hellos.get("host"), hellos.get("client")
    if host is not None and client is not None and host != client:
        yield Difference("client", "hello", host, client)
