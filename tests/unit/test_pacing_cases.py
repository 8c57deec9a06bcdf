"""What befalls a shift beside the calls themselves: a cold start with wrong beliefs, two agents, a list that
runs out, agents who leave while calls ring, a narrow trunk, calls that take time to be set up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from console.floor.pacings import Predictive
from console.floor.scenarios import SCENARIOS, Scenario
from console.floor.shift import ENOUGH, Bounds, Sight, run_shift
from strategies.abandon_gate import Rule
from strategies.call_estimates import NOTHING_SEEN, Belief

CAP = 0.03
PLAIN = SCENARIOS["exponential"]
SET_UP = 3.0  # seconds from the decision until it rings
SLOW_TRUNK = replace(PLAIN, ring=lambda chance, answered: SET_UP + PLAIN.ring(chance, answered))
HALF_LEAVE = Bounds(staffing=((3600.0, 5), (5400.0, 10), (7200.0, 4)))
ALL_LEAVE = Bounds(staffing=((3600.0, 0), (5400.0, 10)))
HOPEFUL = Belief(answer=0.1, ring=5.0, handle=30.0)  # three times as many answer, and agents talk longer
GLOOMY = Belief(answer=0.8, ring=30.0, handle=600.0)


@dataclass
class Watched(Predictive):
    """Our pacing; the most calls that were ever up, and those placed while nobody worked."""

    belief: Belief = NOTHING_SEEN
    most: int = field(default=0, init=False)
    for_nobody: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        super().__init__(Rule(cap=CAP), belief=self.belief)

    def calls(self, sight: Sight, coming: Sequence[float]) -> int:
        self.most = max(self.most, len(sight.ringing) + sight.busy + sight.waiting)
        calls = super().calls(sight, coming)
        self.for_nobody += calls if sight.staffed == 0 else 0
        return calls


@pytest.mark.parametrize(
    ("scenario", "agents", "belief", "bounds", "busy"),
    [
        (PLAIN, 10, HOPEFUL, ENOUGH, 0.75),
        (PLAIN, 10, GLOOMY, ENOUGH, 0.75),
        (PLAIN, 2, NOTHING_SEEN, ENOUGH, 0.65),
        (PLAIN, 10, NOTHING_SEEN, Bounds(people=400), 0.0),
        (PLAIN, 10, NOTHING_SEEN, HALF_LEAVE, 0.7),
        (PLAIN, 10, NOTHING_SEEN, ALL_LEAVE, 0.7),
        (PLAIN, 10, NOTHING_SEEN, Bounds(channels=14), 0.6),
        (SLOW_TRUNK, 10, NOTHING_SEEN, ENOUGH, 0.75),
    ],
    ids=["hopeful", "gloomy", "two agents", "list runs out", "half leave", "all leave", "trunk", "set-up"],
)
def test_the_cap_holds_at_the_end_and_agents_are_busy(
    scenario: Scenario, agents: int, belief: Belief, bounds: Bounds, busy: float
) -> None:
    pacing = Watched(belief=belief)
    came_to = run_shift(pacing, scenario, agents=agents, seed=1, hours=4.0, bounds=bounds)
    assert came_to.answered > 60
    assert came_to.abandoned <= CAP * came_to.answered
    assert busy <= came_to.utilisation <= 1.0


def test_no_call_is_placed_beyond_the_channels_or_the_people() -> None:
    pacing = Watched()
    run_shift(pacing, PLAIN, agents=10, seed=1, hours=1.0, bounds=Bounds(channels=14))
    assert pacing.most == 14
    assert run_shift(Watched(), PLAIN, agents=10, seed=1, bounds=Bounds(people=99)).dialled == 99


def test_nobody_is_called_while_nobody_works() -> None:
    pacing = Watched()
    run_shift(pacing, PLAIN, agents=10, seed=1, hours=2.0, bounds=ALL_LEAVE)
    assert pacing.for_nobody == 0
