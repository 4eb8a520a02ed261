"""Every command, role, fact, wait and step of the clock in any order: never an impossible ticket.

Twice: lives drawn by hypothesis, which shortens a failing one to its core, and many more by plain
seeds, which reach further. `AFTERCARE_LIVES` sets how many; by default few, always the same.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from domain.procedure import RULES
from domain.vocabulary import Command, Outcome, Stage
from tests.unit.asking import Pick
from tests.unit.life import STEPS, Life

LIVES = os.environ.get("AFTERCARE_LIVES")
# Never accepted, and too rare to be counted on in so few lives.
SELDOM = {Command.OPEN, Command.APPROVE_REFUND, Command.RESUME}
# One seed for all choices of a step: hypothesis draws less, spreads wider, and drops whole steps.
SEEDS = st.integers(0, 2**32 - 1)


class LifeOfATicket(RuleBasedStateMachine):
    """Hypothesis chooses the steps; `Life` takes them, and fails where something is wrong."""

    life: Life

    @initialize(seed=SEEDS)
    def begins(self, seed: int) -> None:
        self.life = Life(Random(seed).choice)

    def _step(self, step: Callable[[Life, Pick], None], seed: int) -> None:
        step(self.life, Random(f"{seed} {self.life.ticket.seq}").choice)

    @rule(seed=SEEDS)
    def the_story_goes_on(self, seed: int) -> None:
        self._step(Life.the_story_goes_on, seed)

    @rule(seed=SEEDS)
    def somebody_asks(self, seed: int) -> None:
        self._step(Life.somebody_asks, seed)

    @rule(seed=SEEDS)
    def somebody_asks_and_the_ring_answers(self, seed: int) -> None:
        self._step(Life.somebody_asks_and_the_ring_answers, seed)

    @rule(seed=SEEDS)
    def somebody_asks_what_makes_no_sense(self, seed: int) -> None:
        self._step(Life.somebody_asks_what_makes_no_sense, seed)

    @precondition(lambda self: self.life.ticket.dispatch_order is not None)
    @rule(seed=SEEDS)
    def the_ring_answers(self, seed: int) -> None:
        self._step(Life.the_ring_answers, seed)

    @rule(seed=SEEDS)
    def time_goes_by(self, seed: int) -> None:
        self._step(Life.time_goes_by, seed)

    @rule(seed=SEEDS)
    def the_edge_of_a_deadline_comes(self, seed: int) -> None:
        self._step(Life.the_edge_of_a_deadline_comes, seed)

    @rule(seed=SEEDS)
    def the_phone_tells(self, seed: int) -> None:
        self._step(Life.the_phone_tells, seed)

    @rule(seed=SEEDS)
    def a_call_is_judged_again(self, seed: int) -> None:
        self._step(Life.a_call_is_judged_again, seed)

    @precondition(lambda self: bool(self.life.ticket.loaners))
    @rule(seed=SEEDS)
    def a_loaner_tells(self, seed: int) -> None:
        self._step(Life.a_loaner_tells, seed)

    @precondition(lambda self: bool(self.life.ticket.errands))
    @rule(seed=SEEDS)
    def an_errand_is_done(self, seed: int) -> None:
        self._step(Life.an_errand_is_done, seed)

    @rule(seed=SEEDS)
    def another_ticket_is_to_be_taken_in(self, seed: int) -> None:
        self._step(Life.another_ticket_is_to_be_taken_in, seed)

    def teardown(self) -> None:
        if hasattr(self, "life"):
            self.life.ends()


TestLifeOfATicket = pytest.mark.timeout(3600)(LifeOfATicket.TestCase)
TestLifeOfATicket.settings = settings(
    max_examples=int(LIVES or 80),
    stateful_step_count=40,
    deadline=None,
    derandomize=LIVES is None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


@pytest.mark.timeout(3600)
def test_lives_at_random_are_possible_and_reach_every_stage_and_command() -> None:
    lives = [played(seed) for seed in range(int(LIVES or 160))]
    accepted = sum((life.accepted for life in lives), Counter[str]())
    stages = sum((life.stages for life in lives), Counter[str]())
    outcomes = {life.ticket.outcome for life in lives}
    assert set(stages) >= set(Stage) - {Stage.REGISTERED}  # left by the very decision that enters
    assert set(accepted) >= set(RULES) - SELDOM
    assert outcomes >= {Outcome.REPAIRED, Outcome.REFUSED, Outcome.NO_CONSENT, Outcome.MERGED}


def played(seed: int, steps: Sequence[Callable[[Life, Pick], None]] = STEPS) -> Life:
    """The life of that seed, forty steps long."""
    pick = Random(seed).choice
    life = Life(pick)
    for number in range(40):
        step = pick(steps)
        try:
            step(life, pick)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, step {number}, {step.__name__}: {error}") from error
    life.ends()
    return life
