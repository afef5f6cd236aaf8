"""`attribute`: what does every feature contribute to the score?"""

from typing import Any

import torch
from torch import nn

from seqinterp.api.catalogue import find_method
from seqinterp.api.results.attribution import Attribution
from seqinterp.api.shared.bind import Bound, bind
from seqinterp.api.shared.inputs import as_dna, as_inputs
from seqinterp.api.shared.score import finite_scores, origin
from seqinterp.attribution.certificate import Certificate
from seqinterp.attribution.evidence import completeness_error, model_hash, saturated_share
from seqinterp.attribution.notes import Notes, heard
from seqinterp.attribution.protocol import Baseline, Score, Target
from seqinterp.attribution.rows import by_rows
from seqinterp.attribution.run import Device, batched, choose_device, scores
from seqinterp.attribution.targets import as_target
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
        options: what the method itself takes, by keyword. `baseline=` is a name ("zeros", "mean", "blur", "gc_matched",
            "uniform_shuffle", "dinucleotide_shuffle"), references `(draws, *features)` or `(batch, draws, *features)`,
            or a rule; on DNA "deeplift" and "expected_gradients" compare with 20 dinucleotide shuffles unless told
            otherwise, everything else with zeros. `draws=` is the number of shuffles, or of a method's own samples.

    Returns:
        `Attribution` with `values`, `hypothetical`, `score`, `reference_score` and a `certificate`, whose `verdict` is
        `ok` or `doubtful:` and why.

    Raises:
        InputError: an unknown method, target or option, or inputs that cannot be used.
        ShapeError: the method edits bases and the inputs are not one-hot DNA.
        ModelError: the model's output cannot be reduced to one finite number per example.
    """
    entry = find_method(method)
    checked = as_dna(model, inputs) if entry.dna_only else as_inputs(model, inputs)
    bound = bind(method, entry, checked, options, seed)
    score = Score(model, as_target(target))
    setting: dict[str, Any] = {"batch_size": batch_size, "device": choose_device(device)}
    before = model_hash(model)
    plain = finite_scores(score, checked, **setting)
    with heard() as notes:
        values, every_base = bound.explain(score, checked, progress=progress, **setting)
    reference_score = _reference_score(bound.baseline, score, checked, **setting)
    facts = origin(score, checked, seed=seed, device=setting["device"], rows=batch_size)
    certificate = Certificate(
        method=method,
        options=bound.options,
        baseline=bound.baseline_name,
        target=_in_words(target),
        promised=entry.promised,
        largest=float(values.abs().max()),
        first_largest=float(values[0].abs().max()),
        largest_score=float(plain.abs().max()),
        batch_deviation=_batch_deviation(bound, score, checked, values, **setting),
        score_deviation=_score_deviation(score, checked, plain, **setting),
        saturated=saturated_share(plain, facts["output_kind"]),
        model_unchanged=facts["model_hash"] == before,
        dtype=str(checked.dtype).removeprefix("torch."),
        **_sums(values, plain, reference_score, notes),
        **_said(notes, values, plain if reference_score is None else plain - reference_score),
        **facts,
    )
    return Attribution(checked, values, every_base, plain, reference_score, certificate)


def _reference_score(baseline: Baseline | None, score: Score, inputs: Inputs, **setting: Any) -> Scores | None:
    """Mean score of each example's references, `(batch,)`."""
    if baseline is None:
        return None

    def mean_score(part: Inputs) -> Scores:
        references = baseline(part)
        return by_rows(score, references.flatten(0, 1)).view(references.shape[:2]).mean(dim=1)

    with torch.no_grad():
        return batched(mean_score, score, inputs, **setting)


def _sums(values: Attributions, plain: Scores, reference_score: Scores | None, notes: Notes) -> dict[str, Any]:
    """Whether the attributions add up: to the score less the reference score, or to what the ledger leaves."""
    ledger = {kind: torch.cat(parts).to(plain) for kind, parts in notes.ledger.items()}
    start = torch.stack(list(ledger.values())).sum(dim=0) if ledger else reference_score
    if start is None:
        return {"completeness_error": None, "relative_completeness_error": None}
    error, relative = completeness_error(values, plain, start)
    sizes = {kind: float(amount.abs().max()) for kind, amount in ledger.items()}
    return {"completeness_error": error, "relative_completeness_error": relative, "ledger": sizes}


def _said(notes: Notes, values: Attributions, difference: Scores) -> dict[str, Any]:
    """What the method said beside its numbers."""
    said: dict[str, Any] = {
        "rules": notes.rules,
        "without_rule": notes.without_rule,
        "warnings": tuple(notes.warnings),
    }
    if notes.stated_error:
        stated = torch.cat(notes.stated_error)[: len(values)]
        size = torch.maximum(values.flatten(1).abs().amax(1), difference.abs()).to(stated)
        said["stated_error"] = float(stated.max())
        said["relative_stated_error"] = float((stated / size.clamp(min=torch.finfo(size.dtype).tiny)).max())
    return said


def _batch_deviation(bound: Bound, score: Score, inputs: Inputs, values: Attributions, **setting: Any) -> float:
    """Largest change when the first example is explained in other company: alone, or beside a copy of itself."""
    company = inputs[:1] if len(inputs) > 1 else inputs.repeat(2, *[1] * (inputs.ndim - 1))
    again, _ = bound.explain(score, company, **setting)
    return float((again[:1] - values[:1]).abs().max())


def _score_deviation(score: Score, inputs: Inputs, plain: Scores, **setting: Any) -> float:
    """The change of the first example's score when it stands beside another row: itself, turned round."""
    beside = torch.cat([inputs[:1], inputs[:1].flip(-1)])
    return float((scores(score, beside, **setting)[0] - plain[0]).abs())


def _in_words(target: object) -> str:
    """A target as the caller wrote it."""
    name = getattr(target, "__name__", None)
    return str(name) if name else repr(target)
