"""What relevance propagation is built from: layouts of rows, frozen normalisations, scales and shifts."""

import pytest
import torch
import torch.nn.functional as F

from seqinterp.attribution.rules.call import read_call
from seqinterp.attribution.rules.layout import Layout, find_layout
from seqinterp.attribution.rules.lrp.frozen import frozen_form
from seqinterp.attribution.rules.lrp.weighted import scale_and_shift


def values(rows):
    return torch.arange(rows)[:, None] * 10 + torch.arange(3.0)


@pytest.mark.parametrize(
    ("arrange", "expected"),
    [
        (lambda table: table, Layout(0)),
        (lambda table: table.T, Layout(1)),
        (lambda table: table.flatten(), Layout(0, 3)),
        (lambda table: table.T.flatten(), Layout(0, 3, apart=True)),
        (lambda table: table.T.flatten().expand(2, -1), Layout(1, 3, apart=True)),
        (lambda table: table.sum(), None),
        (lambda table: table.new_zeros(table.numel()), None),  # (row, part) or (part, row)?
        (lambda table: table @ table.T, None),
    ],
)
@pytest.mark.parametrize(("rows", "plan_rows"), [(5, 2), (2, 3)])
def test_layout(arrange, expected, rows, plan_rows):
    now, then = values(rows), values(plan_rows)
    if plan_rows > 2:
        then[2] = then[0]
    found = find_layout(arrange(now), arrange(then), rows, plan_rows)
    assert found == expected
    if found is not None:
        repeats = arrange(now).numel() // now.numel()
        torch.testing.assert_close(found.per_row(arrange(now)), repeats * now.sum(dim=1).double())


def call_of(function, inputs, *arguments, **keywords):
    found = read_call(function, (inputs, *arguments), keywords)
    assert found is not None
    return found


NORMS = {
    "layer_norm": (F.layer_norm, ((6, 5), torch.randn(6, 5), torch.randn(6, 5)), {"eps": 1e-3}),
    "layer_norm of torch": (torch.layer_norm, ((5,),), {}),
    "group_norm": (F.group_norm, (3, torch.randn(6), torch.randn(6), 1e-4), {}),
    "instance_norm": (F.instance_norm, (), {"weight": torch.randn(6), "bias": torch.randn(6)}),
    "instance_norm, running": (
        F.instance_norm,
        (),
        {"running_mean": torch.randn(6), "running_var": torch.rand(6) + 0.5, "use_input_stats": False},
    ),
    "rms_norm": (F.rms_norm, ((5,), torch.randn(5)), {}),
    "rms_norm, eps": (torch.rms_norm, ((6, 5),), {"eps": 0.1}),
    "normalize": (F.normalize, (), {"p": 1.0, "dim": -1}),
}


@pytest.mark.parametrize("name", NORMS)
def test_frozen_norms(name):
    function, arguments, keywords = NORMS[name]
    inputs = torch.randn(3, 6, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    form = frozen_form(call_of(function, inputs, *arguments, **keywords))
    assert form is not None
    torch.testing.assert_close(form(inputs, inputs), function(inputs, *arguments, **keywords), rtol=1e-4, atol=1e-5)
    shift = form(inputs, torch.zeros_like(inputs))
    torch.testing.assert_close(
        form(inputs, 2 * inputs) - shift, 2 * (form(inputs, inputs) - shift), rtol=1e-4, atol=1e-5
    )


def test_scale_and_shift_of_a_batch_norm():
    norm = torch.nn.BatchNorm1d(3).double().eval().requires_grad_(False)
    norm.running_mean.copy_(torch.tensor([1.0, 2, 3]))
    norm.running_var.copy_(torch.tensor([4.0, 1, 0.25]))
    norm.weight.data.copy_(torch.tensor([2.0, 1, 1]))
    inputs = torch.randn(2, 3, 4, dtype=torch.float64).requires_grad_()
    options = {"weight": norm.weight, "bias": norm.bias, "eps": 0.0}
    scale, shift = scale_and_shift(call_of(F.batch_norm, inputs, norm.running_mean, norm.running_var, **options), 3)
    torch.testing.assert_close(scale, torch.tensor([1.0, 1, 2]).double())
    torch.testing.assert_close(shift, torch.tensor([-1.0, -2, -6]).double())
