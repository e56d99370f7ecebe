"""The life of an incident: every step from every state, and no way back from the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programmes.tangi import model
from programmes.tangi.errors import NotNow
from programmes.tangi.model import ENDED, WORKING, State, Step

LIFE = {
    Step.TRIAGE: ({State.RECEIVED}, State.TRIAGED),
    Step.DISPATCH: ({State.RECEIVED, State.TRIAGED}, State.DISPATCHED),
    Step.ACKNOWLEDGE: ({State.RECEIVED, State.TRIAGED, State.DISPATCHED}, State.ACKNOWLEDGED),
    Step.DEPART: ({State.ACKNOWLEDGED}, State.EN_ROUTE),
    Step.ARRIVE: ({State.ACKNOWLEDGED, State.EN_ROUTE}, State.ON_SCENE),
    Step.RESOLVE: (set(WORKING), State.RESOLVED),
    Step.CLOSE: ({State.RESOLVED}, State.CLOSED),
    Step.CANCEL: (set(WORKING), State.CANCELLED),
    Step.LINK: (set(WORKING), State.DUPLICATE),
    Step.DISMISS: (set(WORKING), State.FALSE_ALARM),
}


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("state", State)
def test_each_step_from_each_state(state: State, step: Step) -> None:
    starts, goal = LIFE[step]
    if state in starts:
        assert model.after("TGI-1", state, step) is goal
        assert step in model.allowed(state)
    else:
        with pytest.raises(NotNow) as refused:
            model.after("TGI-1", state, step)
        assert refused.value.allowed == model.allowed(state)
        assert step not in model.allowed(state)


@given(st.lists(st.sampled_from(Step), max_size=12))
def test_any_walk_ends_in_a_state_and_stays_at_its_end(steps: list[Step]) -> None:
    state = State.RECEIVED
    for step in steps:
        try:
            state = model.after("TGI-1", state, step)
        except NotNow:
            continue
        assert state in State
    if state in ENDED:
        assert model.allowed(state) == ()
    else:
        assert model.allowed(state)
