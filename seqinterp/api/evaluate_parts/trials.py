"""One method of `evaluate`: explained, and asked everything."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from seqinterp.api.attribute import attribute
from seqinterp.api.results.trial import Tried
from seqinterp.api.shared.candidates import Wanted, candidate, counted_rows, of_present_bases
from seqinterp.attribution.certificate import Certificate
from seqinterp.errors import ModelError
from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate
from seqinterp.evaluation.scorecard.trial import examples_again, examples_once, trial
from seqinterp.shapes import Attributions, Inputs

Say = Callable[[str], None]


def readied(one: Wanted, bench: Bench, inputs: Inputs, *, seed: int, **setting: Any) -> tuple[Candidate, int]:
    """A method that has explained one example, and how many rows the model was shown for it.

    Raises what the method raises: it does not suit this model, or these inputs.
    """
    ready = candidate(one, inputs, seed=seed, **setting)
    with counted_rows(bench.score) as rows:
        ready.explainer(bench.score, bench.inputs[:1])
        effort = rows()
    return ready, effort


def tried(
    one: Wanted,
    ready: Candidate,
    effort: int,
    bench: Bench,
    inputs: Inputs,
    *,
    seed: int,
    setting: Mapping[str, Any],
    say: Say,
) -> Tried:
    """Explain as many examples as the method's cost allows, and ask all questions of them."""
    begun = time.perf_counter()
    first = examples_once(effort, bench.scores)
    say("explaining")
    values, certificate = _explained(one, ready, bench, inputs[first], first, seed=seed, setting=setting)
    answers = trial(bench.take(first), ready, values, rows=effort, say=say).spread_over(first, len(inputs))
    if certificate is not None and certificate.promised is not None:  # else the sum means nothing
        found = float(certificate.relative_completeness_error or 0.0)
        answers |= Answers(whole={("completeness_error", ""): found})
    everywhere = torch.full(inputs.shape, torch.nan, dtype=values.dtype)
    everywhere[first] = values.cpu()
    again = len(examples_again(effort, bench.scores[first]))
    return Tried(everywhere, answers, certificate, again, effort, time.perf_counter() - begun)


def _explained(
    one: Wanted,
    ready: Candidate,
    bench: Bench,
    inputs: Inputs,
    first: Tensor,
    *,
    seed: int,
    setting: Mapping[str, Any],
) -> tuple[Attributions, Certificate | None]:
    """The attributions that are judged, on the device, and their certificate; none for an explainer of the caller's.

    Raises:
        ModelError: an attribution is not a finite number.
    """
    here = bench.inputs[first]
    if one.explainer is not None:
        values, certificate = ready.explainer(bench.score, here), None
    else:
        model, target = bench.score.model, bench.score.target
        found = attribute(model, inputs, one.method, target=target, seed=seed, **setting, **one.options)
        values, certificate = of_present_bases(found.values, inputs).to(here), found.certificate
    if not bool(torch.isfinite(values).all()):
        raise ModelError(f"method {one.name!r} gave attributions that are not finite numbers")
    return values.detach(), certificate
