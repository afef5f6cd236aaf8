"""`judge_designs`: should designed sequences be believed?"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.catalogue import find_method
from seqinterp.api.design_parts.attributions import attribution_columns, explained
from seqinterp.api.design_parts.evidence import (
    ROUNDING,
    Material,
    Scored,
    oracle_columns,
    realism_columns,
    score_columns,
    uncertainty_columns,
)
from seqinterp.api.design_parts.goal import Goal
from seqinterp.api.design_parts.motifs import as_motifs, find_motifs, motif_columns
from seqinterp.api.penalties import Penalties
from seqinterp.api.results.designs import Designs
from seqinterp.api.results.evidence import Columns, diversity_columns, evidence_frame
from seqinterp.api.results.judgement import Judgement
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.onehot import decode
from seqinterp.shapes import Array

Models = nn.Module | Sequence[nn.Module]
SEARCHED = 1e-3  # of the spread of scores: what differs by less was rounded in another way


def judge_designs(
    model: Models,
    designs: Designs,
    *,
    oracle: Models | None = None,
    natural: Examples | Sequence[str] | Array | None = None,
    motifs: Iterable[Motif | str] | Motif | str | None = None,
    attribution: str | None = "mutagenesis",
    target: int | Target = 0,
    top: int = 50,
    seed: int = 0,
    device: Device = None,
) -> Designs:
    """Gather what speaks for and against designed sequences, and say it in sentences.

    A search finds what a model likes, also where only this model likes it. A second model that was trained apart from
    it, natural sequences, and motifs tell a design that works from one that fools the model. For causes, ask
    `find_companions` what the model loses with a motif or a word.

    Args:
        model: the model that the designs were made for; several are an ensemble, and tell their disagreement.
        designs: as `optimize` gives them.
        oracle: a second model, trained from another seed or, better, on other data; of several the mean is taken.
        natural: at least ten sequences of the designs' length, such as those the model was trained on: strings, one-hot
            DNA or `Examples`. Without them there are no percentiles.
        motifs: `Motif`s, whose sites are windows with a p-value below 1e-4, and words of IUPAC letters; both on either
            strand. With `natural`, words that the designs share and natural sequences lack are looked for as well.
        attribution: the method of `attribute` that explains designs and starts; None leaves it out.
        target: which output is scored, as for `optimize`; of the oracle the same.
        top: how many natural sequences, those that the model scores highest, motifs are looked for in.
        seed: for methods that draw at random.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        The designs with `evidence`, a table with one row per design (`seqinterp.api.results.evidence` says what each
        column holds; what was not asked for is NaN), `verdicts` and `doubts`, sentences, `sites` and `motif_content`
        of motifs, and `attributions`.

    Raises:
        InputError: the oracle is the model or what the designs were made for, sequences do not fit one another, or a
            motif or method cannot be used.
        AlphabetError: a natural sequence or a word holds a letter that is not DNA.
        ModelError: a score is not one finite number per sequence.
    """
    if isinstance(top, bool) or not isinstance(top, int) or top < 1 or seed < 0:
        raise InputError(f"top must be 1 or more and seed 0 or more, not top={top} and seed={seed}")
    if attribution is not None:
        find_method(attribution)
    given = as_motifs(motifs)
    material = Material.of(designs, None if natural is None else natural_letters(natural))
    goal = Goal.of(model, target, Penalties())
    second = None if oracle is None else _apart(Goal.of(oracle, target, Penalties()), goal, designs)
    place = choose_device(device)
    scored = Scored.by(goal, material, place)
    columns, facts = _columns(scored, None if second is None else Scored.by(second, material, place), material, top)
    facts |= {"score_difference": _difference(designs, scored), "seed": seed, "device": str(place)}
    facts |= {"model_hashes": _hashes(goal), "oracle_hashes": [] if second is None else _hashes(second)}
    highest = None if material.natural is None else material.natural[_highest(scored, top)]
    held = find_motifs(material.codes, highest, given, seed=seed)
    columns |= motif_columns(held.sites, held.motifs, len(designs))
    facts |= {"motifs_left_out": held.left_out, "top_motifs": held.of_top, "versions": versions()}
    judgement = Judgement(held.sites, held.motifs, facts=facts)
    if attribution is not None:
        found = explained(goal, material.codes, material.starts, attribution, seed=seed, device=place)
        columns |= attribution_columns(found, held.sites, bool(given))
        tensors: dict[str, Any] = {
            "attributions": found.designs,
            "start_attributions": found.starts,
            "hypothetical": found.hypothetical,
        }
        judgement = replace(judgement, **tensors, facts={**judgement.facts, **found.facts})
    return Designs(designs.designs, designs.origin, evidence_frame(columns, len(designs)), judgement)


def _columns(scored: Scored, oracle: Scored | None, material: Material, top: int) -> tuple[Columns, dict[str, Any]]:
    """The evidence that needs no motif and no attribution, and the facts beside it."""
    columns = score_columns(scored) | diversity_columns(material.codes)
    facts: dict[str, Any] = {}
    parts = [uncertainty_columns(scored), realism_columns(material)]
    if oracle is not None:
        parts.append(oracle_columns(scored, oracle, _highest(scored, top)))
    for more, said in parts:
        columns |= more
        facts |= said
    if material.natural is not None:
        facts["top"] = min(top, len(material.natural))
    return columns, facts


def _highest(scored: Scored, top: int) -> np.ndarray:
    """The numbers of the natural sequences that the model scores highest, the first of those that score the same."""
    if scored.natural is None:
        return np.zeros(0, np.int64)
    natural = scored.natural.mean(axis=0)
    coarse = np.round(natural / (ROUNDING * float(np.abs(natural).max()) or 1.0))
    return np.argsort(-coarse, kind="stable")[:top]


def natural_letters(natural: Any) -> list[str]:
    """Natural sequences as text."""
    if isinstance(natural, Examples):
        return list(natural.sequences)
    if isinstance(natural, Tensor | np.ndarray):
        return decode(torch.as_tensor(natural))
    several = [natural] if isinstance(natural, str) else list(natural)
    odd = next((type(one).__name__ for one in several if not isinstance(one, str)), None)
    if odd is not None:
        raise InputError(f"natural sequences must be strings, one-hot DNA or Examples, but one is a {odd}")
    return several


def _apart(oracle: Goal, goal: Goal, designs: Designs) -> Goal:
    """The oracle, unless it is one of the models that the designs were made for, which agrees by construction.

    Raises:
        InputError: it is.
    """
    made_for = {*_hashes(goal), *designs.origin.get("model_hashes", ()), designs.origin.get("model_hash", "")}
    for one in oracle.models:
        weights = any(isinstance(part, Tensor) for part in one.state_dict().values())
        if any(one is other for other in goal.models) or (weights and model_hash(one) in made_for):
            raise InputError(
                f"the oracle has the weights of a model that the designs were made for ({model_hash(one)}), so it"
                " agrees with the model by construction; give one that was trained apart from it"
            )
    return oracle


def _hashes(goal: Goal) -> list[str]:
    return [model_hash(model) for model in goal.models]


def _difference(designs: Designs, scored: Scored) -> float:
    """The largest difference to the scores of the search; 0 where it is rounding."""
    ours, theirs = scored.designs.mean(axis=0), np.array([design.score for design in designs])
    starts = np.array([design.start_score for design in designs])
    apart = float(np.abs(ours - theirs).max())
    scale = max(float(np.ptp(np.concatenate([theirs, starts]))), float(np.abs(theirs).max()))
    return apart if apart > SEARCHED * scale else 0.0
