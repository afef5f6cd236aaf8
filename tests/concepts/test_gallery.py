"""Galleries: the strongest really are, the patch holds all that can change an activation, the projection is inside."""

from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from seqinterp.attribution.deconvnet import projection
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.rectified import deconvolved, guided
from seqinterp.concepts.gallery import chosen_layers, cut_out, first_tensor, layer_galleries, reached
from seqinterp.errors import InputError

UNITS, RANKS = 3, 4


def network():
    """Two convolutions, a pool, a branch by functions, and a dense layer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        layers = OrderedDict(
            first=nn.Conv2d(2, 4, 3, padding=1), on=nn.ReLU(), pool=nn.MaxPool2d(2),
            second=nn.Conv2d(4, 5, (3, 1)), off=nn.ReLU(), flat=nn.Flatten(), dense=nn.Linear(5 * 4 * 7, 3),
        )  # fmt: skip
        return nn.Sequential(layers).double().eval()


def images(count=12):
    return torch.randn(count, 2, 12, 14, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def galleries(layers, *, units=UNITS, examples=RANKS, rule=deconvolved, model=None, inputs=None):
    model, inputs = network() if model is None else model, images() if inputs is None else inputs
    return layer_galleries(Score(model, first_tensor), inputs, layers, units=units, examples=examples, rule=rule)


def activations(model, inputs, layer):
    """What a layer of the network gives."""
    names = list(dict(model.named_children()))
    with torch.no_grad():
        return model[: names.index(layer) + 1](inputs)


@pytest.mark.parametrize("layer", ["first", "pool", "second", "off", "dense"])
class TestLaws:
    def test_the_strongest_are_the_strongest(self, layer):
        """By brute force over every example and place; units in the order of their strongest."""
        found = galleries([layer])[layer]
        every = activations(network(), images(), layer)
        peaks = every.flatten(2).amax(dim=2) if every.ndim > 2 else every
        assert found.units.tolist() == peaks.amax(dim=0).argsort(descending=True)[:UNITS].tolist()
        for unit, examples, values in zip(found.units, found.examples, found.activations, strict=True):
            order = peaks[:, unit].argsort(descending=True)[:RANKS]
            assert examples.tolist() == order.tolist()
            torch.testing.assert_close(values, peaks[order, unit])

    def test_what_is_outside_of_the_box_changes_nothing_and_the_edges_of_it_do(self, layer):
        model, inputs, found = network(), images(), galleries([layer])[layer]
        generator = torch.Generator().manual_seed(9)
        for number, unit in enumerate(found.units.tolist()):
            for rank, example in enumerate(found.examples[number].tolist()):
                top, bottom, left, right = found.boxes[number, rank].tolist()
                before = activations(model, inputs[example][None], layer)[0, unit]
                place = before.flatten().argmax()
                other = torch.randn(2, 12, 14, generator=generator, dtype=torch.float64)
                other[:, top:bottom, left:right] = inputs[example][:, top:bottom, left:right]
                after = activations(model, other[None], layer)[0, unit]
                torch.testing.assert_close(after.flatten()[place], found.activations[number, rank])
                torch.testing.assert_close(before.flatten()[place], found.activations[number, rank])

    @pytest.mark.parametrize("rule", [deconvolved, guided])
    def test_the_projection_lies_inside_of_the_box(self, layer, rule):
        inputs, found = images(), galleries([layer], rule=rule)[layer]
        score = Score(network(), first_tensor)
        for number, unit in enumerate(found.units.tolist()):
            rows = inputs[found.examples[number]]
            whole = projection(score, rows, layer=layer, unit=unit, rule=rule)
            assert whole.any()
            for rank in range(RANKS):
                top, bottom, left, right = found.boxes[number, rank].tolist()
                piece, patch = found.projections[number, rank], found.patches[number, rank]
                known = ~piece.isnan()
                assert torch.equal(known, ~patch.isnan())
                box = (slice(None), slice(top, bottom), slice(left, right))
                torch.testing.assert_close(piece[known], whole[rank][box].flatten(), rtol=1e-9, atol=1e-12)
                assert torch.equal(patch[known], rows[rank][box].flatten())
                outside = whole[rank].clone()
                outside[box] = 0
                assert not outside.any()


def test_boxes_are_those_of_shape_arithmetic():
    """A place of `first` sees 3 by 3; of `second`, 3 by 1 over a pool of 2 over 3 by 3: 8 rows, 4 columns."""
    tables = reached(Score(network(), first_tensor), images(1), ["first", "second", "dense"])
    rows, columns = tables["first"]
    assert [i for i in range(12) if rows[i, 5]] == [4, 5, 6]
    assert [i for i in range(14) if columns[i, 0]] == [0, 1]
    rows, columns = tables["second"]
    assert rows.shape == (12, 4)
    assert [i for i in range(12) if rows[i, 1]] == list(range(1, 9))
    assert [i for i in range(14) if columns[i, 3]] == [5, 6, 7, 8]
    assert all(bool(table.all()) and table.shape[1] == 1 for table in tables["dense"])


def test_a_box_holds_the_projection_where_nan_is_swallowed():
    class Chosen(nn.Module):
        def forward(self, inputs):
            return torch.where(inputs > 0, inputs, torch.zeros_like(inputs))

    model = nn.Sequential(Chosen(), nn.Conv2d(2, 3, 3, padding=1), nn.Flatten(), nn.LazyLinear(2)).double()
    model(images(1))
    found = galleries(["1"], model=model.eval())["1"]
    sizes = found.boxes[..., 1::2] - found.boxes[..., ::2]
    assert found.projections.nan_to_num().any()
    assert sizes.max() >= 2
    assert (found.patches.isnan() == found.projections.isnan()).all()


def test_equal_activations_keep_the_order_of_the_examples():
    inputs = images(2)[[0, 1, 0, 1, 0]]
    found = galleries(["on"], inputs=inputs, units=[2, 0], examples=9)["on"]
    assert found.units.tolist() == [2, 0]
    for row in found.examples.tolist():
        assert row in ([0, 2, 4, 1, 3], [1, 3, 0, 2, 4])


def test_a_silent_unit_is_projected_to_nothing():
    model = network()
    model.first.bias.data.fill_(-100.0)
    found = galleries(["first"], model=model)["first"]
    assert (found.activations < 0).all()
    assert not found.projections.nan_to_num().any()


def test_canvases_are_of_one_size_and_cut_off_at_the_side_of_the_border():
    pictures = torch.arange(25.0).view(1, 1, 1, 5, 5).repeat(1, 3, 1, 1, 1)
    boxes = torch.tensor([[[0, 2, 0, 2], [1, 4, 1, 4], [3, 5, 3, 5]]])
    found = cut_out(pictures, boxes)
    assert found.shape == (1, 3, 1, 3, 3)
    assert found[0, 0, 0].isnan().tolist() == [[True] * 3, [True, False, False], [True, False, False]]
    assert found[0, 2, 0].isnan().tolist() == [[False, False, True]] * 2 + [[True] * 3]
    assert found[0, 1, 0].tolist() == [[6, 7, 8], [11, 12, 13], [16, 17, 18]]


def test_layers_are_the_last_of_each_resolution_or_those_named():
    score = Score(network(), first_tensor)
    assert chosen_layers(score, images(1), None) == ["on", "pool", "off"]
    assert chosen_layers(score, images(1), ["off", "on", "off"]) == ["off", "on"]
    with pytest.raises(InputError, match="list of the names"):
        chosen_layers(score, images(1), "on")
    with pytest.raises(InputError, match="has no layer 'nose'"):
        galleries(["nose"])
    with pytest.raises(InputError, match="layer 'on' has units 0 to 3"):
        galleries(["on"], units=[4])


def test_outputs_of_any_kind():
    tensor = torch.ones(2, 3, 4)
    for outputs in (tensor, (tensor, 5), {"a": [tensor]}):
        assert first_tensor(outputs).tolist() == [12, 12]
    for outputs in ((), "words", {"a": 5}):
        with pytest.raises(InputError, match="must give a tensor"):
            first_tensor(outputs)


def test_functions_and_modules_in_place_are_one_thing():
    model = network()
    twin = network()
    twin.on = nn.ReLU(inplace=True)

    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.dense = model.first, model.second, model.dense

        def forward(self, inputs):
            hidden = F.max_pool2d(F.relu(self.first(inputs)), 2)
            return self.dense(F.relu(self.second(hidden)).flatten(1))

    found = [galleries(["second"], model=each)["second"] for each in (model, twin, Functional().eval())]
    for other in found[1:]:
        for name, value in vars(found[0]).items():
            torch.testing.assert_close(getattr(other, name), value, equal_nan=True)
