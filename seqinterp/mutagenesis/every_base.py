"""Saturation mutagenesis: the effect of every base at every position.

Zhou & Troyanskaya 2015, doi:10.1038/nmeth.3547 (in-silico mutagenesis).
"""

from seqinterp.attribution.protocol import Score
from seqinterp.mutagenesis.effects import Backend, effects_of_substitutions
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Attributions, Effects, Sequences


def every_base(
    score: Score,
    inputs: Sequences,
    /,
    *,
    start: int = 0,
    stop: int | None = None,
    backend: Backend = "auto",
    repeats: int = 1,
    check: bool = True,
) -> Effects:
    """`score(edited) - score` for every base at every position of `[start, stop)`, `(batch, 4, position)`.

    Exactly zero at the base that is there, and outside the window. An edit replaces the whole column, so a
    position that is N (all zeros) has four effects. backend, repeats, check: as of `effects`.
    """
    begin, end = check_window(inputs, start, stop)
    return effects_of_substitutions(score, inputs, begin, end, backend=backend, repeats=repeats, check=check)


def hypothetical_mutagenesis(score: Score, inputs: Sequences, /) -> Attributions:
    """What each base would contribute: its effect minus the mean effect of the four bases there."""
    effects = every_base(score, inputs)
    return effects - effects.mean(dim=1, keepdim=True)


def mutagenesis(score: Score, inputs: Sequences, /) -> Attributions:
    """The effect of the base that is there against the mean of the four: mutagenesis as an explainer."""
    return hypothetical_mutagenesis(score, inputs) * inputs
