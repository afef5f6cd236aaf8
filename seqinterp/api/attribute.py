"""`attribute`: what does every feature contribute to the score?"""

from functools import partial
from typing import Any

import torch
from torch import nn

from seqinterp.api.catalogue import Method, find_method, option_names
from seqinterp.api.inputs import as_dna, as_inputs, is_dna
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.score import finite_scores, origin
from seqinterp.attribution.certificate import Certificate, completeness_error
from seqinterp.attribution.protocol import Baseline, Explainer, Score, Target
from seqinterp.attribution.run import Device, choose_device, explain, scores
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, Inputs, Scores


def attribute(
    model: nn.Module,
    inputs: Array,
    method: str = "gradient_times_input",
    *,
    target: int | Target = 0,
    batch_size: int | None = None,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> Attribution:
    """Explain the score of each example, feature by feature.

    Args:
        model: any module from `(batch, *features)` to outputs; it is given back as it was found.
        inputs: `(batch, *features)`, a tensor or an array; DNA as `one_hot` makes it, or images.
        method: a name in `seqinterp.api.catalogue.METHODS`.
        target: which output is explained, by index, or a callable from outputs to `(batch,)`. Explain logits.
        batch_size: examples explained at a time; it changes memory and speed, never the result.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        seed: for methods that draw at random.
        progress: show a progress bar.
        options: what the method itself takes, by keyword (`baseline=`, `steps=` ...).

    Returns:
        `Attribution` with `values`, `hypothetical`, `score`, `reference_score` and a `certificate`.

    Raises:
        InputError: an unknown method, target or option, or inputs that cannot be used.
        ShapeError: the method edits bases and the inputs are not one-hot DNA.
        ModelError: the model's output cannot be reduced to one finite number per example.
    """
    entry = find_method(method)
    checked = as_dna(model, inputs) if entry.dna_only else as_inputs(model, inputs)
    explainer, hypothetical = _bind(method, entry, options, seed)
    score = Score(model, as_target(target))
    setting: dict[str, Any] = {"batch_size": batch_size, "device": choose_device(device)}
    plain = finite_scores(score, checked, **setting)
    values, every_base = _explain(explainer, hypothetical, score, checked, progress=progress, **setting)
    reference_score = _reference_score(entry.reference, score, checked, **setting)
    errors = (None, None) if reference_score is None else completeness_error(values, plain, reference_score)
    certificate = Certificate(
        method=method,
        options={name: repr(value) for name, value in options.items()},
        completeness_error=errors[0],
        relative_completeness_error=errors[1],
        batch_deviation=_batch_deviation(explainer, score, checked, values, setting["device"]),
        **origin(model, checked, seed=seed, device=setting["device"]),
    )
    return Attribution(checked, values, every_base, plain, reference_score, certificate)


def _explain(
    explainer: Explainer, hypothetical: Explainer | None, score: Score, inputs: Inputs, **setting: Any
) -> tuple[Attributions, Attributions | None]:
    """The attributions and, for DNA, what each base would contribute."""
    if hypothetical is None or not is_dna(inputs):
        return explain(explainer, score, inputs, **setting), None
    every_base = explain(hypothetical, score, inputs, **setting)
    # On one-hot DNA the method is this product; a contract test holds every such method to it.
    return every_base if hypothetical == explainer else every_base * inputs, every_base


def _reference_score(baseline: Baseline | None, score: Score, inputs: Inputs, **setting: Any) -> Scores | None:
    """Mean score of each example's references, `(batch,)`."""
    if baseline is None:
        return None
    references = baseline(inputs)
    flat = scores(score, references.flatten(0, 1), **setting)
    return flat.reshape(references.shape[:2]).mean(dim=1)


def _bind(name: str, entry: Method, options: dict[str, Any], seed: int) -> tuple[Explainer, Explainer | None]:
    """The explainers with the caller's options; an option the method does not take is refused by name."""
    taken = option_names(entry.explainer)
    unknown = sorted(set(options) - taken)
    if unknown:
        offered = ", ".join(sorted(taken - {"seed"})) or "no options"
        raise InputError(f"method {name!r} has no option {unknown[0]!r}; it takes {offered}")
    bound = {**options, **({"seed": seed} if "seed" in taken else {})}
    if not bound:
        return entry.explainer, entry.hypothetical
    hypothetical = None if entry.hypothetical is None else partial(entry.hypothetical, **bound)
    return partial(entry.explainer, **bound), hypothetical


def _batch_deviation(
    explainer: Explainer, score: Score, inputs: Inputs, values: Attributions, device: torch.device
) -> float:
    """Largest change when the first example is explained in other company: alone, or beside a copy of itself."""
    company = inputs[:1] if len(inputs) > 1 else inputs.repeat(2, *[1] * (inputs.ndim - 1))
    again = explain(explainer, score, company, device=device)
    return float((again[:1] - values[:1]).abs().max())
