"""`mutate_pairs`: the public call, its tables and its map."""

from math import comb

import numpy as np
import pytest
import torch
from torch import nn

import seqinterp as si
from cases import DNA_CASES
from naive import edits as naive
from seqinterp.api import mutate_pairs as module
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.plot.pair_map import pair_figure, strongest_interaction

CASE = DNA_CASES[0]


@pytest.fixture(scope="module")
def found():
    return si.mutate_pairs(CASE.model(), CASE.inputs(3), target=1, start=4, stop=12, device="cpu")


def test_the_table_holds_every_pair(found):
    score = Score(CASE.model().eval(), output(1))
    table = found.to_frame()
    assert len(table) == 3 * 9 * comb(8, 2)
    assert list(table.columns) == [
        "example",
        "position",
        "base",
        "other_position",
        "other_base",
        "effect",
        "interaction",
    ]
    assert (table["position"] < table["other_position"]).all()
    for row in table.sample(25, random_state=0).itertuples():
        where = (row.position, "ACGT".index(row.base), row.other_position, "ACGT".index(row.other_base))
        expected = naive.interaction(score, found.inputs[row.example], *where)
        assert (row.effect, row.interaction) == pytest.approx(expected, abs=1e-12)


def test_single_edits_are_those_of_mutate(found):
    expected = si.mutate(CASE.model(), CASE.inputs(3), target=1, start=4, stop=12, device="cpu")
    torch.testing.assert_close(found.single, expected.effects)
    torch.testing.assert_close(found.score, expected.score)


def test_some_examples_at_a_time_change_nothing(found, monkeypatch):
    monkeypatch.setattr(module, "PAIRS", 1)
    one = si.mutate_pairs(CASE.model(), CASE.inputs(3), target=1, start=4, stop=12, device="cpu", progress=True)
    torch.testing.assert_close(one.both, found.both)


def test_the_strongest_come_first(found):
    table, strongest = found.to_frame(), found.strongest(7)
    sizes = np.sort(table["interaction"].abs().to_numpy())[::-1]
    np.testing.assert_array_equal(strongest["interaction"].abs(), sizes[:7])
    assert len(found.strongest(10**6)) == len(table)
    with pytest.raises(InputError, match="count must be 1 or more"):
        found.strongest(0)


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "p.safetensors")
    again = si.PairEffects.load(tmp_path / "p.safetensors")
    assert torch.equal(again.interaction, found.interaction)
    assert (again.start, again.stop, again.origin) == (4, 12, found.origin)
    assert found.numpy().shape == (3, 8, 4, 8, 4)


def test_the_map_shows_the_strongest_interaction_with_its_sign(found):
    figure = found.plot(1)
    cells, logo = figure.axes[:2]
    shown = np.array(cells.images[0].get_array())
    interaction = found.interaction[1].numpy()
    np.testing.assert_array_equal(np.abs(shown), np.abs(interaction).max(axis=(1, 3)))
    i, j = np.unravel_index(np.abs(shown).argmax(), shown.shape)
    assert shown[i, j] in interaction[i, :, j, :]
    limit = np.abs(shown).max()
    assert cells.images[0].get_clim() == (-limit, limit)
    assert tuple(cells.images[0].get_extent()) == (3.5, 11.5, 11.5, 3.5)
    assert logo.get_xlim() == cells.get_xlim() == (3.5, 11.5)
    assert len(logo.collections[0].get_paths()) == 8
    assert cells.get_window_extent().width == pytest.approx(cells.get_window_extent().height)


def test_of_two_signs_the_larger_is_drawn():
    interaction = np.zeros((2, 4, 2, 4))
    interaction[0, 1, 1, 2], interaction[0, 0, 1, 0] = -3, 2
    assert strongest_interaction(interaction).tolist() == [[0, -3], [0, 0]]
    with pytest.raises(ShapeError, match=r"need interactions of shape \(3, 4, 3, 4\)"):
        pair_figure(interaction, np.zeros((4, 3)))


def test_parts_that_do_not_belong_together_are_refused(found):
    with pytest.raises(ShapeError, match="both has shape"):
        si.PairEffects(found.inputs, found.single, found.both, found.score, 4, 13, {})
    with pytest.raises(InputError, match=r"the window \[4, 21\) leaves the sequences, which have 20 bases"):
        si.PairEffects(found.inputs, found.single, found.both, found.score, 4, 21, {})


class Overflowing(nn.Module):
    """Infinite when no G is left."""

    def forward(self, inputs):
        return 1 / inputs[:, 2].sum(dim=1)


def test_refusals():
    with pytest.raises(InputError, match="is empty or leaves the sequence"):
        si.mutate_pairs(CASE.model(), CASE.inputs(), start=5, stop=99, device="cpu")
    with pytest.raises(ModelError, match="score of some edited sequences is NaN or infinite"):
        si.mutate_pairs(Overflowing(), si.one_hot("AAGAA"), device="cpu")
