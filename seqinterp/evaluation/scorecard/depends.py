"""Does it depend on the model? Copies with random weights are explained by the same method (see
`evaluation.parameter_randomisation`).
"""

import torch

from seqinterp.evaluation.scorecard.bench import Bench, Randomised
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate, Key
from seqinterp.evaluation.similarity import contributions, magnitudes, spearman, ssim, top_k_overlap
from seqinterp.shapes import Attributions, Scores

TOP = 10


def depends(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """Likeness to the explanations of copies: at every stage of the cascade, and with all layers random.

    Of copies that are proven random only: their scores are others than the model's.
    """
    explained = {
        number: candidate.explainer(copy.score, bench.inputs).detach()
        for number, copy in enumerate(bench.copies)
        if copy.changed
    }
    whole = [number for number in explained if bench.copies[number].layers == bench.copies[number].of]
    each: dict[Key, Scores] = {}
    for number, other in explained.items():
        copy = bench.copies[number]
        if number not in whole[1:]:
            each["cascade", _stage(copy)] = spearman(magnitudes(values), magnitudes(other))
    if whole:
        places = magnitudes(values)[0].numel()
        likeness = {
            "spearman": lambda other: spearman(magnitudes(values), magnitudes(other)),
            "signed": lambda other: spearman(contributions(values), contributions(other)),
            "ssim": lambda other: ssim(magnitudes(values), magnitudes(other)),
            "top": lambda other: top_k_overlap(magnitudes(values), magnitudes(other), top=min(TOP, places)),
        }
        for name, alike in likeness.items():
            each["randomised", name] = torch.stack([alike(explained[number]) for number in whole]).nanmean(dim=0)
    return Answers(each)


def _stage(copy: Randomised) -> str:
    """A stage of the cascade in words."""
    return f"{copy.layers} of {copy.of} layers, down to {copy.name}"
