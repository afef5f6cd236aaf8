"""What two substitutions do together, and how much of it is more than the sum of the two: epistasis.

The interaction of edits i and j is E(ij) - E(i) - E(j), where E is the change of the score; it is zero where the model
adds the two up.
"""

from dataclasses import dataclass

import torch
from torch import nn

from seqinterp.mutagenesis.edit_lists import PIECE, pair_pieces, substitutions, together
from seqinterp.mutagenesis.edits import Edits, trusted
from seqinterp.mutagenesis.effects import effects
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Effects, PairEffectMap, Sequences


@dataclass(frozen=True, eq=False)
class Pairs:
    """The effects of single edits and of all pairs of them in a window of W positions, on the CPU.

    single: (batch, 4, W); zero at the base that is there.
    both: (batch, W, 4, W, 4): the effect of putting one base at the first position and another at the second,
        symmetric. Where one of them is there already this is the effect of the other; two bases cannot be put at one
        position, which has zeros.
    """

    single: Effects
    both: PairEffectMap

    @property
    def interaction(self) -> PairEffectMap:
        """`both` less the effects of the two alone, (batch, W, 4, W, 4); zero where that says nothing."""
        return interaction_of(self.single, self.both)


def interaction_of(single: Effects, both: PairEffectMap) -> PairEffectMap:
    """E(ij) - E(i) - E(j) at two different positions, zero at one position."""
    alone = single.transpose(1, 2)  # (batch, W, 4)
    found = both - alone[:, :, :, None, None] - alone[:, None, None]
    found.diagonal(dim1=1, dim2=3).zero_()
    return found


def pair_effects(
    score: nn.Module, inputs: Sequences, /, *, start: int = 0, stop: int | None = None, piece: int = PIECE
) -> Pairs:
    """The effects of every single and every double substitution inside `[start, stop)`.

    The 9 W (W - 1) / 2 pairs of an example are made and asked about `piece` at a time, never all at once; their
    effects, 16 W^2 numbers for each example, are kept. A pair with a base that is there already is not asked about:
    its effect is that of the other one, and its interaction exactly zero.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: the window is empty or leaves the sequence.
    """
    begin, end = check_window(inputs, start, stop)
    width = end - begin
    singles = substitutions(inputs, start=begin, stop=end)
    alone = effects(score, inputs, singles).cpu()
    place, base = singles.position - begin, singles.columns.argmax(dim=1)
    single = alone.new_zeros(len(inputs), 4, width)
    single[singles.example, base, place] = alone
    # where nothing below says otherwise one of the two bases is there already, and its own effect is zero
    table = single.transpose(1, 2)
    both = table[:, :, :, None, None] + table[:, None, None]
    both.diagonal(dim1=1, dim2=3).zero_()
    for left, right in pair_pieces(singles, piece=piece):
        found = _asked(score, inputs, together(singles, left, right)).cpu()
        example = singles.example[left]
        both[example, place[left], base[left], place[right], base[right]] = found
        both[example, place[right], base[right], place[left], base[left]] = found
    return Pairs(single, both)


def _asked(score: nn.Module, inputs: Sequences, edits: Edits) -> torch.Tensor:
    """The effects, with only those examples at hand that the edits are of; the edits come by example."""
    low, high = int(edits.example[0]), int(edits.example[-1])
    near = trusted(edits.example - low, edits.first, edits.position, edits.columns)
    return effects(score, inputs[low : high + 1], near)
