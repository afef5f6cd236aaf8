"""Deconvnet from a layer and a unit: Zeiler's procedure. What it shares with guided backprop is tested there."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from naive import backprop as naive
from seqinterp.attribution.deconvnet import deconvnet
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import explain
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError
from twins import Call
from zoo.kit import Kit

KITS = pytest.mark.parametrize("kit", [Kit(1), Kit(2)], ids=["dna", "image"])


def stack(kit):
    """conv, relu, pool, conv, relu, and a head that the projection never meets."""
    torch.manual_seed(3)
    layers = [kit.stem(5), nn.ReLU(), kit.layer("MaxPool", 2), kit.conv(5, 4), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, kit.dense(4, stride=2)).double()


def signed(kit, count=4):
    return torch.randn(count, *kit.shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def project(model, inputs, **options):
    def bound(score, inputs):
        return deconvnet(score, inputs, **options)

    batch_size = options.pop("batch_size", None)
    return explain(bound, Score(model, output(0)), inputs, device="cpu", batch_size=batch_size)


@KITS
class TestZeiler:
    @pytest.mark.parametrize("unit", [0, 1, 2, 3, None])
    def test_unpool_rectify_filter(self, kit, unit):
        model, inputs = stack(kit), signed(kit)
        found = project(model, inputs, layer="4", unit=unit)
        torch.testing.assert_close(found, naive.zeiler(model[:5], inputs, unit), rtol=1e-10, atol=1e-12)
        assert found.any()

    def test_before_or_after_the_rectifier_is_one_thing(self, kit):
        model, inputs = stack(kit), signed(kit)
        assert torch.equal(project(model, inputs, layer="3", unit=1), project(model, inputs, layer="4", unit=1))

    def test_what_lies_above_does_not_matter(self, kit):
        model, inputs = stack(kit), signed(kit)
        found = project(model, inputs, layer="4", unit=2)
        with torch.no_grad():
            model[6].weight.neg_()
        assert torch.equal(project(model, inputs, layer="4", unit=2), found)

    def test_written_in_place_and_by_functions(self, kit):
        model, inputs = stack(kit), signed(kit)
        other = nn.Sequential(model[0], nn.ReLU(inplace=True), *model[2:4], Call(F.relu_), *model[5:])
        for layer in ("3", "4"):
            assert torch.equal(project(other, inputs, layer=layer), project(model, inputs, layer=layer))

    def test_batch_and_order_change_nothing(self, kit):
        model, inputs = stack(kit), signed(kit)
        whole = project(model, inputs, layer="4", unit=0)
        for size in (1, 3):
            torch.testing.assert_close(
                project(model, inputs.flip(0), layer="4", unit=0, batch_size=size).flip(0),
                whole,
                rtol=1e-10,
                atol=1e-12,
            )


def test_the_switch_alone_gets_the_signal():
    model = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 1))
    inputs = torch.tensor([[1.0, 2, 0, 0], [5, 3, 0, 7], [0, 0, 1, 0], [0, 4, 0, 0]]).view(1, 1, 4, 4)
    found = project(model, inputs, layer="0", unit=0)
    assert found.nonzero().tolist() == [[0, 0, 1, 3]]
    assert found.sum() == 7


def test_overlapping_pools_add_up_at_a_switch():
    model = nn.Sequential(nn.MaxPool1d(3, 1), nn.AvgPool1d(3), nn.Flatten(), nn.Linear(1, 1))
    inputs = torch.tensor([[[0.0, 0, 6, 0, 0]]])
    assert project(model, inputs, layer="1", unit=0).tolist() == [[[0, 0, 6, 0, 0]]]


def test_a_dense_unit():
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 3, bias=False), nn.ReLU(), nn.Linear(3, 1))
    inputs = torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(0))
    hidden = F.relu(model[1](inputs.flatten(1))).detach()
    found = project(model, inputs, layer="1", unit=2)
    torch.testing.assert_close(found, (hidden[:, 2:] * model[1].weight[2].detach()).view(4, 2, 3))
    whole = project(model, inputs, layer="2")
    torch.testing.assert_close(whole, (hidden @ model[1].weight.detach()).view(4, 2, 3))


def test_a_silent_unit_gives_zeros():
    model = nn.Sequential(nn.Conv1d(4, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 1))
    with torch.no_grad():
        model[0].weight[1] = -model[0].weight[1].abs()
        model[0].bias[1] = -1.0
    inputs = torch.rand(2, 4, 8)
    assert not project(model, inputs, layer="0", unit=1).any()
    assert not project(model, inputs, layer="1", unit=1).any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_in_less_precision(dtype):
    kit = Kit(1)
    exact = project(stack(kit), signed(kit), layer="4", unit=1)
    found = project(stack(kit).to(dtype), signed(kit).to(dtype), layer="4", unit=1)
    torch.testing.assert_close(found.double(), exact, rtol=0.05, atol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": 1}, "unit 1 was asked for without a layer"),
        ({"layer": "4", "unit": 4}, "unit 4 was asked for, but layer '4' has units 0 to 3"),
        ({"layer": "4", "unit": -1}, "unit -1 was asked for"),
        ({"layer": "conv"}, "no layer 'conv'"),
    ],
)
def test_refusals(options, message):
    model = stack(Kit(1))
    with pytest.raises(InputError, match=message):
        project(model, signed(Kit(1)), **options)
    assert not any(module._forward_hooks for module in model.modules())


def test_a_reused_layer_is_refused():
    relu = nn.ReLU()
    model = nn.Sequential(nn.Conv1d(4, 3, 3), relu, nn.Conv1d(3, 3, 3), relu, nn.Flatten(), nn.Linear(24, 1))
    with pytest.raises(InputError, match="'3' is run 2 times in one pass"):
        project(model, torch.rand(2, 4, 12), layer="3")


def test_no_hook_stays_after_an_exception():
    model = nn.Sequential(nn.Conv1d(4, 3, 3), nn.ReLU(), Call(lambda _: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        project(model, torch.rand(2, 4, 12), layer="1")
    assert not any(module._forward_hooks for module in model.modules())
