"""`fool`: is the model sure of inputs that are like nothing natural?"""

from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.api.results.fooled import Fooled
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.unknown_options import refuse_unknown
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.design.codes import codes_of
from seqinterp.design.gradients.activation import check_bounds
from seqinterp.design.gradients.attack import outputs_of
from seqinterp.design.gradients.confidence import Readout, read_out
from seqinterp.design.gradients.fooling import (
    Fooling,
    climb_until_sure,
    edit_until_sure,
    random_noise,
    random_sequences,
    shuffled_sequences,
)
from seqinterp.design.gradients.likeness import COMPONENTS, unlike
from seqinterp.errors import InputError
from seqinterp.sequence.markov_fit import code_log_likelihood, fit_background
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.shapes import Array, Inputs, Natural, Numbers, Series

KIND_EXAMPLES = 32  # enough to tell a logit from a probability
DNA_OPTIONS = ("start", "order", "both_strands", "readout")
PICTURE_OPTIONS = ("bounds", "step_size", "components", "readout")
STEPS = {"DNA": 100, "pictures": 500}
STARTS = ("random", "shuffle")


def fool(
    model: nn.Module,
    natural: Array | list[str],
    *,
    target: int = 0,
    confidence: float = 0.99,
    count: int = 5,
    steps: int | None = None,
    seed: int = 0,
    device: Device = None,
    **options: Any,
) -> Fooled:
    """Look for inputs that the model is sure of and that are unlike natural ones.

    DNA is edited, base by base, from random sequences; other inputs climb the gradient from uniform noise.

    Args:
        model: any module to `(batch,)` or `(batch, outputs)`; it is given back as it was found.
        natural: examples to compare with, `(batch, *features)`; of DNA sequences will do. At least ten, of DNA one.
        target: which output the model shall be sure of; a single output says yes.
        confidence: the probability to get above.
        count: how many inputs.
        steps: the most edits of DNA (100), or steps of the climb (500).
        seed: the start of input i follows from it and i.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        options: of DNA `start=` "random" or "shuffle" (the letters of natural sequences), and `order=` (2) and
            `both_strands=` (False) of the Markov chain. Of other inputs `bounds=` (those of the natural examples),
            `step_size=` (a hundredth of their range), `components=` (50) of the distribution. `readout=` how outputs
            become probabilities: "sigmoid", "softmax" or "probability"; what is right is found out unless it is given.

    Returns:
        `Fooled`: the inputs, their confidence, whether each got there, and how likely they are beside natural ones.

    Raises:
        InputError: an option cannot be used, or there are too few natural examples.
        ModelError: outputs or gradients are not finite, or there is no gradient.
    """
    examples = as_inputs(model, one_hot(natural) if isinstance(natural, list) else natural)
    kind = "DNA" if is_dna(examples) else "pictures"
    _refuse(kind, options, confidence, count, STEPS[kind] if steps is None else steps, seed)
    most = STEPS[kind] if steps is None else steps
    place = choose_device(device)
    with torch.inference_mode(False), torch.no_grad(), borrowed(model, place):
        readout = read_out(model, examples[:KIND_EXAMPLES].to(place, copy=True), options.pop("readout", None))
        if not 0 <= target < readout.outputs:
            raise InputError(f"target {target} was asked for, but the outputs are 0 to {readout.outputs - 1}")
        score = Score(model, readout.of_output(target))
        asked = {"threshold": log(confidence) - log(1 - confidence), "steps": most}
        run = _fool_dna if kind == "DNA" else _fool_pictures
        made = run(score, examples, asked, _Starts(count, seed, place), options)
        found = made.found
        sure = _probability(readout, outputs_of(model, found.inputs), target).cpu()
    facts = {**made.facts, "kind": kind, "target": target, "confidence": confidence, "readout": readout.rule}
    facts |= {"most_steps": most, "model_hash": model_hash(model), "seed": seed, "device": str(place)}
    ours, theirs = (torch.from_numpy(np.ascontiguousarray(each)) for each in (made.likelihood, made.natural))
    facts["versions"] = versions()
    return Fooled(made.start, found.inputs.cpu(), sure, sure > confidence, found.steps.cpu(), ours, theirs, facts)


@dataclass(frozen=True)
class _Starts:
    """How many inputs are begun, from which seed, and where."""

    count: int
    seed: int
    place: torch.device


@dataclass(frozen=True, eq=False)
class _Made:
    """Start, result, how likely the inputs and the natural examples are, and the options."""

    start: Inputs
    found: Fooling
    likelihood: Numbers
    natural: Series
    facts: dict[str, Any]


def _fool_dna(score: Score, examples: Natural, asked: dict[str, Any], begin: _Starts, options: dict[str, Any]) -> _Made:
    """Edit sequences; how likely they are is told by a Markov chain."""
    rule, order = options.get("start", "random"), options.get("order", 2)
    both = bool(options.get("both_strands", False))
    codes = codes_of(examples)
    background = fit_background(decode(examples), order, both_strands=both)
    natural = code_log_likelihood(background, codes)
    if rule == "random":
        begun = random_sequences(begin.count, examples.shape[2], begin.seed)
    else:
        begun = shuffled_sequences(begin.count, codes, begin.seed)
    start = one_hot(begun).to(examples.dtype)
    found = edit_until_sure(score, start.to(begin.place, copy=True), background=background, **asked)
    likelihood = code_log_likelihood(background, codes_of(found.inputs))
    return _Made(start, found, likelihood, natural, {"start": rule, "order": order, "both_strands": both})


def _fool_pictures(
    score: Score, examples: Natural, asked: dict[str, Any], begin: _Starts, options: dict[str, Any]
) -> _Made:
    """Climb the gradient; how likely the inputs are is told by their distance from natural ones."""
    low, high = options.get("bounds") or (float(examples.min()), float(examples.max()))
    check_bounds((low, high))
    if float(examples.min()) < low or float(examples.max()) > high:
        raise InputError(f"the natural examples leave the bounds ({low:.4g}, {high:.4g}); give bounds that they keep")
    size = options.get("step_size") or 0.01 * (high - low)
    components = options.get("components", COMPONENTS)
    rows = _rows(examples)
    unlike(rows[:1], rows, components=components, seed=begin.seed)  # refuses what cannot be compared with, at once
    start = random_noise(begin.count, tuple(examples.shape[1:]), (low, high), begin.seed).to(examples.dtype)
    here = start.to(begin.place, copy=True)
    found = climb_until_sure(score, here, step_size=size, bounds=(low, high), **asked)
    ours, theirs = unlike(_rows(found.inputs), rows, components=components, seed=begin.seed)
    facts = {"bounds": [low, high], "step_size": size, "components": components}
    return _Made(start, found, -(ours**2) / 2, -(theirs**2) / 2, facts)


def _rows(inputs: Inputs) -> np.ndarray:
    """Examples as rows of numbers."""
    return inputs.detach().flatten(1).double().cpu().numpy()


def _probability(readout: Readout, outputs: Tensor, target: int) -> Tensor:
    """The probability of what the target output stands for, `(batch,)`."""
    number = 1 if readout.outputs == 1 else target
    return readout.probability(outputs, torch.full((len(outputs),), number, device=outputs.device))


def _refuse(kind: str, options: dict[str, Any], confidence: float, count: int, steps: int, seed: int) -> None:
    """InputError for settings that cannot be used."""
    known = DNA_OPTIONS if kind == "DNA" else PICTURE_OPTIONS
    refuse_unknown(options, known, "fool", of=f" for {kind}")
    if not 0 < confidence < 1:
        raise InputError(f"confidence must be a probability between 0 and 1, such as 0.99, not {confidence}")
    if count < 1 or steps < 1 or seed < 0:
        raise InputError(
            f"count and steps must be 1 or more and seed 0 or more, not count={count}, steps={steps} and seed={seed}"
        )
    if options.get("start", "random") not in STARTS:
        raise InputError(f"start must be one of {', '.join(STARTS)}, not {options['start']!r}")
    size = options.get("step_size")
    if size is not None and not size > 0:
        raise InputError(f"step_size must be above 0, not {size}")
