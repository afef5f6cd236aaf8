"""Do neighbours agree? Likeness of examples, in words and in the last layer, against likeness of their explanations."""

from collections.abc import Callable

from seqinterp.attribution.dna import is_dna
from seqinterp.errors import InputError
from seqinterp.evaluation.neighbour_agreement import (
    explained_word_similarity,
    explanation_similarity,
    latent_similarity,
    neighbour_agreement,
    word_similarity,
)
from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate, Key
from seqinterp.shapes import Attributions, PairTable

ORDERS = 199
WIDTH = 4


def neighbours(bench: Bench, candidate: Candidate, values: Attributions) -> Answers:
    """Rank correlations over pairs of examples (Mantel); nothing where there are fewer than three."""
    whole: dict[Key, float] = {}
    inputs, own = bench.inputs.cpu(), values.cpu()
    dna = is_dna(inputs) and inputs.shape[2] >= WIDTH
    ask: dict[str, Callable[[], PairTable]] = {"latent_neighbours": lambda: latent_similarity(bench.latent)}
    if dna:
        ask["word_neighbours"] = lambda: word_similarity(inputs, width=WIDTH)
    for name, similarity in ask.items():
        try:
            explained = explained_word_similarity(inputs, own, width=WIDTH) if dna else explanation_similarity(own)
            found = neighbour_agreement(similarity(), explained, draws=ORDERS, seed=bench.seed)
        except InputError:  # too few examples, or all of them alike
            continue
        whole[name, ""] = found.correlation
        whole[f"{name}_p_value", ""] = found.p_value
    return Answers(whole=whole)
