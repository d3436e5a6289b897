"""What benches print: ratios of one round, verdicts, and nothing of what does not count."""

from scripts.benches.report import OURS, Figure, Goal, table

_COST = "us/delivery"
_SETTING = "10 receivers"


def _figures(ours: list[float], theirs: list[float]) -> list[Figure]:
    return [
        Figure(_COST, _SETTING, peer, number, value)
        for peer, values in ((OURS, ours), ("nats", theirs))
        for number, value in enumerate(values)
    ]


def test_a_ratio_is_taken_within_a_round() -> None:
    """Rounds of a machine that others use differ more than the programs, pairs do not."""
    shown = table(_figures([1.0, 30.0, 3.0], [2.0, 60.0, 6.0]))
    assert "ours/theirs    0.50 (0.50 to 0.50)" in shown


def test_a_figure_that_does_not_count_is_not_compared() -> None:
    """A round in which the load was the bottleneck says nothing about the server."""
    figures = _figures([1.0, 1.0], [2.0, 2.0])
    figures[-1] = Figure(_COST, _SETTING, "nats", 1, 0.001, void="the load was the bottleneck")
    assert "ours/theirs                   0.50" in table(figures)


def test_a_goal_is_met_at_its_bound_and_missed_beyond() -> None:
    """For what should be little, and for what should be much."""
    little = Goal(_COST, _SETTING, "nats", 1.5)
    assert little.verdict(1.5).endswith("met")
    assert little.verdict(1.51).endswith("MISSED")
    much = Goal("acked/s", _SETTING, "nats", 0.5, least=True)
    assert much.verdict(0.5).endswith("met")
    assert much.verdict(0.49).endswith("MISSED")
