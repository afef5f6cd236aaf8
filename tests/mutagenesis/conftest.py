"""Here every model is planned, however small the job, and a plan that differs from forward passes fails."""

import pytest

from seqinterp.mutagenesis import effects


@pytest.fixture(autouse=True)
def planned_always(monkeypatch):
    same = effects._same

    def same_or_fail(plan, function, inputs, edits, found, largest):
        agrees = same(plan, function, inputs, edits, found, largest)
        assert agrees, f"the plan differs from forward passes at {plan.first_difference(function, inputs)}"
        return agrees

    monkeypatch.setattr(effects, "WORTH_A_PLAN", 0)
    monkeypatch.setattr(effects, "WORTH_FOLLOWING", 0)
    monkeypatch.setattr(effects, "_same", same_or_fail)
