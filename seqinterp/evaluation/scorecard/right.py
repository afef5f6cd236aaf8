"""Is it right, and does it look where it may? Against places that are known to matter, and a declared region."""

from seqinterp.errors import InputError
from seqinterp.evaluation.fixed_places import fixed_places
from seqinterp.evaluation.grammar_truth import position_error, signal_share, truth_auprc, truth_auroc
from seqinterp.evaluation.localisation import pointing_game
from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate, Key
from seqinterp.evaluation.shortcuts import mass_outside, shortcut_test
from seqinterp.shapes import Attributions, Scores

ORDERS = 199


def right(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """AUROC, average precision, share, pointing game and distance, where the truth is known."""
    if bench.truth is None:
        return Answers()
    inputs, whole = bench.inputs.cpu(), values.cpu()
    each: dict[Key, Scores] = {("pointing_game", ""): pointing_game(bench.score, inputs, whole, mask=bench.truth)}
    inputs, own = inputs.flatten(2), whole.flatten(2)  # the places of an image in a row
    truth = bench.truth.flatten(1).unsqueeze(1).expand(own.shape).double()
    for name, measure in (
        ("truth_auroc", truth_auroc),
        ("truth_average_precision", truth_auprc),
        ("truth_share", signal_share),
    ):
        each[name, ""] = measure(bench.score, inputs, own, truth=truth)
    if whole.ndim == 3:
        each["position_error", ""] = position_error(bench.score, inputs, own, truth=truth)
    return Answers(each)


def places(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """Whether all examples are explained by the same places, and what lies outside the region."""
    each: dict[Key, Scores] = {}
    whole: dict[Key, float] = {}
    try:
        fixed = fixed_places(bench.inputs, values, draws=ORDERS, seed=bench.seed)
    except InputError:  # maps of zeros
        return Answers()
    each["fixed_places", ""] = fixed.per_example
    whole["fixed_places_chance", ""] = fixed.chance
    whole["fixed_places_p_value", ""] = fixed.p_value
    if bench.region is not None:
        each["outside", ""] = mass_outside(bench.score, bench.inputs, values, region=bench.region)
        test = shortcut_test(bench.inputs, values, region=bench.region, draws=ORDERS, seed=bench.seed)
        whole["outside_chance", ""] = test.chance
        whole["outside_p_value", ""] = test.p_outside
    return Answers(each, whole)
