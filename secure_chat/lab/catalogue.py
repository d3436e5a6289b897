"""All scenarios of the lab, in the order of the tour, and how to find some of them by name.

Pure. The stories are in `refused_clients`, `refused_hosts` and `broken_off`; here is the one that
goes well, which everything else is a deviation from.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from secure_chat.errors import UsageError
from secure_chat.lab.broken_off import BROKEN_OFF
from secure_chat.lab.refused_clients import REFUSED_CLIENTS
from secure_chat.lab.refused_hosts import REFUSED_HOSTS
from secure_chat.lab.scenario import BOTH, Ends, Expected, Scenario, Shown
from secure_chat.lab.stage import Stage
from secure_chat.tls.vocabulary import Reason

__all__ = ["SCENARIOS", "chosen"]


def _welcome(stage: Stage) -> Shown:
    with stage.host() as at:
        stage.join(at)
    return Shown(stage.papers.host().fingerprint, stage.papers.member("alice").fingerprint)


_SUCCESS: Final = Scenario(
    name="success",
    title="A member is let in",
    story=(
        "Alice's client connects. Each end shows its certificate and proves that it has the key"
        " to it, and each checks the other's against the authority that both trust. Then the"
        " host finds Alice in its register and greets her."
    ),
    refused_by=None,
    expected=Ends(Expected(Reason.OK, BOTH), Expected(Reason.OK, BOTH)),
    lesson=(
        "In mutual TLS both ends are checked before anything is said. In TLS 1.3 the certificates"
        " pass encrypted, so a listener on the line does not see them. The host judges last,"
        " which is why a client counts itself in only when the host's welcome has come."
    ),
    play=_welcome,
)

SCENARIOS: Final[tuple[Scenario, ...]] = (
    _SUCCESS,
    *REFUSED_CLIENTS,
    *REFUSED_HOSTS,
    *BROKEN_OFF,
)


def chosen(names: Iterable[str]) -> tuple[Scenario, ...]:
    """Return the scenarios of these names, each once, in the order given.

    Args:
        names: as `lab list` shows them.

    Raises:
        UsageError: there is none of such a name.
    """
    known = {scenario.name: scenario for scenario in SCENARIOS}
    wanted = dict.fromkeys(names)
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"the lab has no scenario {name!r}",
                why=f"did you mean {near[0]}?" if near else "",
                hint="`securechat lab list` shows them all",
            )
    return tuple(known[name] for name in wanted)
