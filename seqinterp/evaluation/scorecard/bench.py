"""What every method of a scorecard is shown: made once, so that all are asked the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import ModelError
from seqinterp.evaluation.cells import usual_cell
from seqinterp.evaluation.deletion import random_area
from seqinterp.evaluation.last_layer import last_layer_inputs
from seqinterp.evaluation.neighbours import Neighbours, ball, substitutions
from seqinterp.evaluation.null_maps import gc_indicator, intensity, motif_scan, sobel_edges, word_rarity
from seqinterp.evaluation.parameter_randomisation import copied
from seqinterp.evaluation.reinitialise import execution_order, reinitialise
from seqinterp.shapes import AnyNumbers, Attributions, Inputs, PlaceMap, PlaceMask, Scores

NEIGHBOURS = 3  # of each example
TOLERANCE = 0.1  # of the spread of the scores: a neighbour is predicted alike
STAGES = 4  # of the cascade; a network of more layers has several of them randomised between two stages
COPIES = 3  # with all layers randomised, the last stage of the cascade among them
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
CALLABLE = 14  # bases: motifs are not called in shorter sequences
DRAWS = 4  # replacements at each point of a curve

SurvivingCalls = Callable[[Attributions, Sequence[Attributions]], Scores]


@dataclass(frozen=True, eq=False)
class Randomised:
    """A copy of the score with layers set back to random weights.

    layers: how many of `of`, from the output down. name: the layer randomised last.
    changed: whether the copy scores the inputs otherwise. scores: of the inputs by the copy, `(batch,)`.
    """

    score: Score
    name: str
    layers: int
    of: int
    changed: bool
    scores: Scores


@dataclass(frozen=True, eq=False)
class Bench:
    """The inputs on the device of the model, which is held in evaluation mode, and what is made of them.

    scores: of the inputs, and `spread`, their standard deviation; random_deletion, random_insertion: areas under the
        curves of random orders, in score units.
    members: scores that might have been this one (members of an ensemble, dropout masks).
    copies: randomised ones, the cascade first; nulls: maps that know nothing of the model, `(batch, *places)`.
    latent: what the last layer reads, `(batch, numbers)`.
    truth, region: where something is known to matter, and where the model may look, `(batch, *places)`.
    surviving_calls: of two or more explanations of DNA, the share of motif calls that are in all of them.
    skipped: questions that cannot be asked here, and why.
    """

    score: Score
    inputs: Inputs
    scores: Scores
    spread: float
    random_deletion: Scores
    random_insertion: Scores
    neighbours: Neighbours
    copies: tuple[Randomised, ...]
    members: tuple[Score, ...]
    nulls: Mapping[str, PlaceMap]
    latent: Tensor
    truth: PlaceMask | None
    region: PlaceMask | None
    surviving_calls: SurvivingCalls | None
    seed: int
    skipped: Mapping[str, str] = field(default_factory=dict)

    def take(self, rows: Tensor) -> "Bench":
        """The same for some of the examples."""
        near = self.neighbours
        return replace(
            self,
            inputs=self.inputs[rows],
            scores=self.scores[rows],
            random_deletion=self.random_deletion[rows],
            random_insertion=self.random_insertion[rows],
            neighbours=Neighbours(near.inputs[rows], near.found[rows], near.tried[rows]),
            nulls={name: null[rows] for name, null in self.nulls.items()},
            latent=self.latent[rows],
            truth=None if self.truth is None else self.truth[rows],
            region=None if self.region is None else self.region[rows],
        )

    def sparing(self) -> "Bench":
        """The same with one neighbour, one random copy and two members, for methods that take long."""
        near = self.neighbours
        return replace(
            self,
            neighbours=Neighbours(near.inputs[:, :1], near.found[:, :1], near.tried),
            copies=self.full_copies[:1],
            members=self.members[:2],
        )

    @property
    def full_copies(self) -> tuple[Randomised, ...]:
        """Copies in which every layer is randomised, and the scores show it."""
        return tuple(copy for copy in self.copies if copy.layers == copy.of and copy.changed)


def make_bench(
    score: Score,
    inputs: Inputs,
    *,
    members: Sequence[Score] = (),
    motifs: Sequence[AnyNumbers] = (),
    truth: PlaceMask | None = None,
    region: PlaceMask | None = None,
    surviving_calls: SurvivingCalls | None = None,
    seed: int = 0,
) -> Bench:
    """Score the inputs, find their neighbours, randomise copies.

    The model is held in evaluation mode by the caller. `motifs` are log-odds `(4, width)` for a null map.

    Raises:
        InputError: an example that is not finite, or a motif that cannot be scanned.
    """
    skipped: dict[str, str] = {}
    with torch.no_grad():
        scores = by_rows(score, inputs).double()
    spread = float(scores.std()) if len(scores) > 1 else 0.0
    copies: tuple[Randomised, ...] = ()
    latent = scores.unsqueeze(1)
    try:
        copies = randomised_copies(score, inputs, seed=seed)
    except ModelError as error:
        skipped["model"] = str(error)
    try:
        latent = last_layer_inputs(score, inputs)
    except ModelError as error:
        skipped["latent_neighbours"] = f"{error}; scores are compared instead"
    curves: dict[str, Any] = {"shares": SHARES, "draws": DRAWS, "seed": seed, "cell": usual_cell(inputs)}
    areas = [
        random_area(score, inputs, orders=3, insertion=put_in, normalised=False, **curves) for put_in in (False, True)
    ]
    return Bench(
        score=score,
        inputs=inputs,
        scores=scores.cpu(),
        spread=spread,
        random_deletion=areas[0].mean(dim=1),
        random_insertion=areas[1].mean(dim=1),
        neighbours=near(score, inputs, tolerance=TOLERANCE * spread, seed=seed),
        copies=copies,
        members=tuple(members),
        nulls=null_maps(inputs, motifs),
        latent=latent,
        truth=truth,
        region=region,
        surviving_calls=surviving_calls if is_dna(inputs) and inputs.shape[2] >= CALLABLE else None,
        seed=seed,
        skipped=skipped,
    )


def near(score: Score, inputs: Inputs, *, tolerance: float, seed: int) -> Neighbours:
    """A few neighbours of each example that are predicted alike."""
    around = substitutions if is_dna(inputs) else ball
    return around(score, inputs, draws=NEIGHBOURS, tolerance=tolerance, seed=seed)


def null_maps(inputs: Inputs, motifs: Sequence[AnyNumbers]) -> dict[str, PlaceMap]:
    """What the inputs alone would draw."""
    if is_dna(inputs):
        width = min(6, inputs.shape[2])
        maps = {"GC": gc_indicator(inputs), "rare words": word_rarity(inputs, width=width)}
        return maps | ({"motif scan": motif_scan(inputs, scorings=motifs)} if motifs else {})
    return {"edges": sobel_edges(inputs), "intensity": intensity(inputs)} if inputs.ndim == 4 else {}


def randomised_copies(score: Score, inputs: Inputs, *, seed: int) -> tuple[Randomised, ...]:
    """The stages of a cascade, and more copies in which all layers are random, each from a seed of its own.

    Raises:
        ModelError: the model cannot be copied, or no layer of it has parameters.
    """
    names = execution_order(copied(score), inputs)[::-1]
    cuts = sorted({-(-len(names) * stage // STAGES) for stage in range(1, STAGES + 1)})
    plan = [(cut, seed) for cut in cuts] + [(len(names), seed + more) for more in range(1, COPIES)]
    with torch.no_grad():
        own = by_rows(score, inputs)
    return tuple(_randomised(score, inputs, own, names[:cut], of=len(names), seed=own_seed) for cut, own_seed in plan)


def _randomised(score: Score, inputs: Inputs, own: Scores, names: list[str], *, of: int, seed: int) -> Randomised:
    """One copy."""
    copy = copied(score)
    for name in names:
        reinitialise(copy, name, seed=seed)
    with torch.no_grad():
        scores = by_rows(copy, inputs)
    return Randomised(copy, names[-1], len(names), of, not torch.equal(scores, own), scores.double().cpu())
