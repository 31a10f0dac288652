"""Running a state machine against a model of what the scripts in Redis do."""

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.harness.thorough import examples

STEPS = 40


def play(machine: type[RuleBasedStateMachine], runs: int) -> None:
    """So many runs, or thousands in a thorough run."""
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples(runs), stateful_step_count=STEPS),
    )
