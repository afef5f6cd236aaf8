"""Convolutions with four products for every two rows, or blocks of rows, against forward passes in double."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from naive.mutagenesis import doubled
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.kernels.deltas import layout as at
from seqinterp.kernels.deltas.blocks import pays
from seqinterp.kernels.deltas.fewer_products import paired
from seqinterp.kernels.deltas.tile import SHAPES
from seqinterp.mutagenesis.by_forward import effects_by_forward
from seqinterp.mutagenesis.edit_lists import blanked, substitutions
from seqinterp.mutagenesis.edits import joined
from seqinterp.mutagenesis.engine import Engine
from seqinterp.mutagenesis.exact import exact_effects
from seqinterp.mutagenesis.plan import make_plan
from seqinterp.mutagenesis.trace import trace

ROUNDING = 5e-6  # of the largest effect


@dataclass(frozen=True)
class Case:
    """A convolution `reach` wide, and another one behind it."""

    dilation: int = 16
    padding: int = 16
    reach: int = 35
    length: int = 120
    inputs: int = 40
    channels: int = 48
    groups: int = 1
    taps: int = 3

    def model(self):
        torch.manual_seed(3)
        layers = nn.Sequential(
            nn.Conv1d(4, self.inputs, self.reach, padding=self.reach // 2),
            nn.ReLU(),
            nn.Conv1d(
                self.inputs,
                self.channels,
                self.taps,
                padding=self.padding,
                dilation=self.dilation,
                groups=self.groups,
            ),
            nn.Tanh(),
            nn.Flatten(),
        )
        with torch.no_grad():
            width = layers(torch.zeros(1, 4, self.length)).shape[1]
        return Score(nn.Sequential(*layers, nn.Linear(width, 1)).eval(), output(0))


PAIRS = {
    "as_wide_as_two_dilations": Case(reach=32),
    "one_row_less": Case(reach=31),
    "odd": Case(reach=33),
    "without_padding": Case(padding=0, reach=39),
    "some_padding": Case(padding=5, reach=39),
    "more_padding_than_reach": Case(padding=40, reach=47),
    "dilation_in_several_chunks": Case(dilation=77, padding=77, reach=171, length=260),
    "layer_shorter_than_the_taps": Case(dilation=60, padding=60, reach=121, length=100),
    "five_vectors_of_channels": Case(inputs=70, channels=75),
    "seven_vectors_of_channels": Case(channels=112, padding=3),
    "two_groups": Case(inputs=96, channels=96, groups=2),
}
BLOCKS = {
    "seven_rows_eleven_taps": Case(1, 5, 7, 40, 70, 75, taps=11),
    "eleven_taps_without_padding": Case(1, 0, 7, 40, 64, 96, taps=11),
    "eight_rows_twelve_taps": Case(1, 11, 8, 40, 100, 33, taps=12),
    "six_rows_seven_taps": Case(1, 3, 6, 40, 64, 64, taps=7),
    "five_rows_seven_taps": Case(1, 6, 5, 40, 64, 112, taps=7),
    "six_rows_nine_taps": Case(1, 4, 6, 40, 64, 48, taps=9),
    "layer_shorter_than_the_taps": Case(1, 5, 7, 9, 64, 48, taps=11),
}
CASES = [(at.IN_PAIRS, case) for case in PAIRS.values()] + [(at.IN_BLOCKS, case) for case in BLOCKS.values()]
EVERY = pytest.mark.parametrize(("way", "case"), CASES, ids=[*PAIRS, *BLOCKS])


def random_inputs(case, count=2):
    generator = torch.Generator().manual_seed(case.length)
    return torch.eye(4)[torch.randint(4, (count, case.length), generator=generator)].transpose(1, 2).contiguous()


def engine_of(model, inputs, way):
    engine = Engine(make_plan(trace(model, inputs)))
    steps = engine.program.steps
    if SHAPES[1, 4] >= 8:  # narrow registers hold no blocks
        assert way in steps[steps[:, at.CODE] == at.CONVOLVE, at.BY_TAP]
    return engine


@EVERY
def test_against_forward_passes(way, case):
    """Every position, where windows leave the layer at either side too, and edits of several positions."""
    model, inputs = case.model(), random_inputs(case)
    sizes = [size for size in ((2, 1), (5, 3), (37, 11)) if size[0] <= case.length]
    edits = joined([substitutions(inputs), *[blanked(inputs, width=width, stride=stride) for width, stride in sizes]])
    found = exact_effects(model, engine_of(model, inputs, way), inputs, edits)
    exact = effects_by_forward(doubled(model), inputs.double(), edits)
    assert exact.abs().max() > 1e-3
    assert (found - exact).abs().max() <= ROUNDING * exact.abs().max()


@pytest.mark.parametrize("case", PAIRS.values(), ids=PAIRS.keys())
def test_pairs_reach_the_layer_and_no_row_is_taken_twice(case):
    rows = case.length + 2 * case.padding - 2 * case.dilation
    for low in range(case.length):
        for high in range(low + 1, case.length + 1):
            begin, stop = paired(low, high, rows, case.dilation, case.padding)
            assert low <= begin <= stop
            if begin < stop:
                assert stop <= low + case.dilation
                assert stop + case.dilation <= high
                first = begin + case.padding - case.dilation, stop - 1 + case.padding
                assert first[0] >= 0
                assert first[1] < rows


@pytest.mark.parametrize("taps", range(7, 13))
def test_blocks_write_no_further_than_rows_reach(taps):
    block = (taps + 2) // 3
    taken = [rows for rows in range(40) if pays(rows, taps)]
    assert taken
    assert all(block < rows <= 2 * block and 4 * block - 1 <= rows + taps - 1 for rows in taken)


@pytest.mark.parametrize("case", BLOCKS.values(), ids=BLOCKS.keys())
def test_edits_of_these_cases_are_taken_in_blocks(case):
    assert pays(min(case.reach, case.length), case.taps)
