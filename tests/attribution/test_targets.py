"""Targets: one number per example, never a silent average."""

import numpy as np
import pytest
import torch

from seqinterp.attribution.targets import as_target, margin, output
from seqinterp.errors import InputError, ModelError

OUTPUTS = torch.tensor([[1.0, 2.0, 5.0], [3.0, 4.0, -1.0]])


def test_output_picks_one_column():
    assert output(2)(OUTPUTS).tolist() == [5.0, -1.0]


def test_a_model_with_one_number_per_example_has_output_0():
    assert output(0)(OUTPUTS[:, 1]).tolist() == [2.0, 4.0]


def test_margin_is_a_difference():
    assert margin(2, 0)(OUTPUTS).tolist() == [4.0, -4.0]


@pytest.mark.parametrize("index", [3, -1])
def test_an_output_that_is_not_there_is_refused(index):
    with pytest.raises(InputError, match=r"has 3 output\(s\), numbered 0 to 2"):
        output(index)(OUTPUTS)


def test_profile_outputs_are_never_averaged():
    with pytest.raises(ModelError, match=r"outputs of shape \(2, 1, 3\)"):
        output(0)(OUTPUTS[:, None])


def test_tuples_need_a_callable():
    with pytest.raises(ModelError, match="returns a tuple"):
        output(0)((OUTPUTS, OUTPUTS))


def test_numbers_and_callables_are_targets():
    assert as_target(1) == as_target(np.int64(1)) == output(1)
    total = lambda outputs: outputs.sum(dim=1)  # noqa: E731
    assert as_target(total) is total


@pytest.mark.parametrize("target", ["0", 1.0, None, True])
def test_anything_else_is_refused(target):
    with pytest.raises(InputError, match="target must be the index"):
        as_target(target)
