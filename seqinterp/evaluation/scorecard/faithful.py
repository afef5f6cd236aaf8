"""Is it faithful? Positions that contribute much, taken away or put back, move the score; see the files named below."""

from typing import Any

import torch

from seqinterp.attribution.dna import is_dna
from seqinterp.evaluation.cells import usual_cell
from seqinterp.evaluation.deletion import deletion_curve, insertion_curve
from seqinterp.evaluation.faithfulness_correlation import faithfulness_correlation
from seqinterp.evaluation.infidelity import infidelity, share_sizes
from seqinterp.evaluation.perturbation_shift import perturbation_shift
from seqinterp.evaluation.scorecard.bench import DRAWS, SHARES, Bench
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate, Key
from seqinterp.evaluation.sensitivity_n import set_correlation
from seqinterp.evaluation.similarity import magnitudes
from seqinterp.shapes import Attributions, Scores

SETS = 48  # random sets of positions for a correlation
TENTH = 0.1  # of the positions in each set
SHOWN = 0.2  # share of the positions taken away where the shift of the inputs is looked at


def faithful(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """Deletion and insertion beyond random orders, AOPC, sensitivity-n, faithfulness correlation, infidelity.

    Areas are in units of the mean change of the score when everything is replaced. Images lose squares of pixels.
    """
    score, inputs, seed = bench.score, bench.inputs, bench.seed
    cell = usual_cell(inputs)
    curves: dict[str, Any] = {"shares": SHARES, "draws": DRAWS, "seed": seed, "cell": cell}
    gone = deletion_curve(score, inputs, values, **curves)
    put = insertion_curve(score, inputs, values, **curves)
    unit = float((gone.value[:, 0] - gone.value[:, -1]).abs().mean()) or torch.nan
    early = gone.share <= SHOWN
    each: dict[Key, Scores] = {
        ("size", ""): magnitudes(values).flatten(1).sum(dim=1),
        ("deletion_gain", ""): (bench.random_deletion - gone.area(normalised=False)) / unit,
        ("insertion_gain", ""): (put.area(normalised=False) - bench.random_insertion) / unit,
        ("aopc", ""): (gone.value[:, :1] - gone.value[:, early]).mean(dim=1) / unit,
        ("infidelity", ""): _relative_infidelity(bench, values),
        ("faithfulness_correlation", ""): faithfulness_correlation(
            score, inputs, values, sets=SETS, seed=seed, cell=cell
        ),
    }
    tenth = share_sizes(inputs, TENTH)  # of the positions that an example has: N do not count
    each["sensitivity_n", ""] = set_correlation(
        score, inputs, values, sizes=tenth, sets=SETS, draws=2, replacement=None, seed=seed, cell=cell
    )
    for name, curve in (("deletion_curve", gone), ("insertion_curve", put)):
        each |= {(name, f"{share:g}"): curve.value[:, at] for at, share in enumerate(SHARES)}
    if is_dna(inputs):
        shift = perturbation_shift(inputs, values, shares=(0.0, SHOWN, 1.0), draws=DRAWS, seed=seed)
        each["perturbation_shift", ""] = shift.value[:, 1]
    return Answers(each)


def _relative_infidelity(bench: Bench, values: Attributions) -> Scores:
    """Infidelity at the best scale over that of attributions of zero: 0 is perfect, 1 foretells nothing."""
    options: dict[str, Any] = {"draws": SETS, "seed": bench.seed, "cell": usual_cell(bench.inputs)}
    nothing = infidelity(bench.score, bench.inputs, torch.zeros_like(values), **options)
    found = infidelity(bench.score, bench.inputs, values, scaled=True, **options)
    return found / nothing.where(nothing > 0, torch.nan)
