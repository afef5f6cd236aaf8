"""Is it more than the input? Likeness to maps that know nothing of the model (see `evaluation.against_nulls`)."""

import torch

from seqinterp.errors import InputError
from seqinterp.evaluation.against_nulls import against_nulls
from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate, Key
from seqinterp.shapes import Attributions, Scores

ORDERS = 199


def beyond(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """Spearman correlation with each null map, and whether it is more than with those of other examples."""
    each: dict[Key, Scores] = {}
    whole: dict[Key, float] = {}
    usable = {name: null for name, null in bench.nulls.items() if bool((null.flatten(1).std(dim=1) > 0).sum() > 1)}
    try:
        tests = against_nulls(values, usable, draws=ORDERS, seed=bench.seed) if usable else ()
    except InputError:  # fewer than two maps with an order
        tests = ()
    for test in tests:
        each["null_similarity", test.null] = torch.from_numpy(test.per_example)
        whole["null_p_value", test.null] = test.corrected
    return Answers(each, whole)
