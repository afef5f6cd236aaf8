"""Here every model is planned, however small the job, and a plan that differs from forward passes fails."""

import pytest

from seqinterp.mutagenesis import effects


@pytest.fixture(autouse=True)
def planned_always(monkeypatch):
    def fail(plan, function, inputs):
        raise AssertionError(f"the plan differs from forward passes at {plan.first_difference(function, inputs)}")

    monkeypatch.setattr(effects, "WORTH_A_PLAN", 0)
    monkeypatch.setattr(effects, "WORTH_FOLLOWING", 0)
    monkeypatch.setattr(effects, "_say_that_it_differs", fail)
