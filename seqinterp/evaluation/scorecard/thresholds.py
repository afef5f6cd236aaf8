"""Where a number becomes a doubt, and where it forbids.

Set on networks whose answer is known: `benchmarks/trust_calibration.py` trains good ones and ones with a planted
shortcut, leaves others untrained, and writes what each measure came to into `benchmarks/results`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Doubts below or above a number; those called `..._fails` forbid.

    level: of every test of a method; 0.01 as in the law that true attributions beat random ones.
    untrained: p-value of the contrast with shuffles among untrained copies above which a model may be one of them.
        Good networks had 0.01, the least that 99 copies allow, but for a weak one with 0.04; untrained ones are evenly
        spread by construction. It forbids unless labels show that the model has learned something.
    composition: rank correlation of scores with those of shuffles. Good networks had 0.2 to 0.5; one that counts
        bases has 1.
    fixed: share of all contributions at one twentieth of the places. Good networks had 0.07 to 0.12, those with a
        marker at one place 0.20 to 0.45.
        Also asked: a small p-value, and half as much again as maps that are moved at random.
    gain: of the area between a curve and those of random orders, in units of the whole change of the score; a method
        is forbidden where the 95 % interval of both gains ends below. Good methods on good networks had 0.2 to 2.
    foretells: correlation of summed contributions with what removing them does.
    reseeded, reseeded_fails: rank correlation between seeds; examples: fewer than so many do not forbid.
    neighbours, members: rank correlation with explanations of neighbours, of members of an ensemble.
    symmetric, turned: a model whose score moves less than `symmetric` standard deviations when the strand is turned
        should be explained alike on both, with a rank correlation of at least `turned`.
    randomised: likeness to explanations of copies with random weights; guided backpropagation has 0.5 to 0.7 on trained
        pictures, the gradient 0.2 to 0.3.
    null: rank correlation of sizes with a map of the input alone.
    """

    level: float = 0.01
    untrained: float = 0.05
    composition: float = 0.8
    fixed: float = 0.2
    gain: float = 0.2
    foretells: float = 0.2
    reseeded: float = 0.8
    reseeded_fails: float = 0.5
    examples: int = 6
    neighbours: float = 0.5
    members: float = 0.5
    symmetric: float = 0.1
    turned: float = 0.5
    randomised: float = 0.5
    null: float = 0.5
