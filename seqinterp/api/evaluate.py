"""`evaluate`: do these explanations of this model deserve belief?"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seqinterp.api.evaluate_parts.known import Known
from seqinterp.api.evaluate_parts.trials import Say, readied, tried
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.results.trial import Tried
from seqinterp.api.seqlet_calls import surviving_calls
from seqinterp.api.shared.candidates import Asked, Wanted, wanted
from seqinterp.api.shared.fingerprint import fingerprint
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.progress import spoken
from seqinterp.api.shared.score import finite_scores, origin, output_count
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, SeqinterpError, ShapeError
from seqinterp.evaluation.scorecard.bench import Bench, make_bench
from seqinterp.evaluation.scorecard.model_checks import model_facts
from seqinterp.io.trial_files import TrialFiles
from seqinterp.models.ensemble import Ensemble
from seqinterp.models.thinned import has_dropout, thinned
from seqinterp.shapes import Array, Inputs

LEAST = 8  # examples: with fewer no test of faithfulness can reach 0.01
MASKS = 4  # networks thinned by dropout


def evaluate(  # noqa: PLR0913 - what is known of the data is given piece by piece, and all of it may be left out
    model: nn.Module,
    inputs: Array,
    methods: Asked = None,
    *,
    target: int | Target = 0,
    labels: Any = None,
    truth: Any = None,
    region: Any = None,
    motifs: Any = (),
    members: Any = (),
    seed: int = 0,
    device: Device = None,
    checkpoint: Path | str | None = None,
    progress: bool = False,
) -> Scorecard:
    """Put attribution methods on trial: complete, faithful, stable, about the model, more than the input, right?

    Some 24 to 100 examples that the model was not trained on are enough; among them some that it scores high. Slow
    methods explain fewer of them, as many as their number of model rows allows (never below 8), and fewer still again
    and again; the card says how many.

    Args:
        model: any module from `(batch, *features)` to outputs; it is given back as it was found.
        inputs: `(batch, *features)`, at least 8 examples; DNA as `one_hot` makes it, or images.
        methods: names of the catalogue; or a mapping from names to options (`{"integrated_gradients": {"baseline":
            "dinucleotide_shuffle"}}`; with `method=` among them the entry may be called otherwise) or to an explainer
            of your own, `(score, inputs) -> attributions`. None is every method that suits the model.
        target: which output is explained, by index, or a callable from outputs to `(batch,)`. Explain logits.
        labels: `(batch,)`, two classes or measured values that the score should follow; of a model with three outputs
            or more, class numbers, of which `target` is the one explained.
        truth: True at the places that matter, `(batch, *places)`, where that is known.
        region: True at the places where the model may look, `(batch, *places)` or `(*places)`.
        motifs: scanned for a null map: an explanation that is no more than a scan needs no model.
        members: other models that might have been this one, trained from other seeds. Without them the members of an
            `Ensemble`, else networks thinned by the model's dropout layers.
        seed: of everything that is drawn.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        checkpoint: a folder in which each finished method is kept, so that an interrupted evaluation goes on.
        progress: say on the terminal what is being done.

    Returns:
        `Scorecard`: one verdict per method and one of the model, all numbers as a tidy table, drawings, HTML.

    Raises:
        InputError: fewer than 8 examples that differ, an unknown method or option, or labels, truth or region that
            cannot be used.
        FileError: a checkpoint of another evaluation.
        ShapeError: something known does not fit the inputs.
        ModelError: the score is not one finite number per example, or a method that was named cannot explain it.
    """
    checked = as_inputs(model, inputs)
    _refuse_inputs(checked)
    asked = wanted(methods)
    place = choose_device(device)
    score = Score(model, as_target(target))
    finite_scores(score, checked, batch_size=None, device=place)
    one_class = target if isinstance(target, int) and output_count(model, checked, place) > 2 else None
    known = Known.of(checked, labels, truth, region, motifs, one_class=one_class)
    others, kind = _members(model, members, checked)
    for one in others:
        finite_scores(Score(one, score.target), checked, batch_size=None, device=place)
    facts = origin(score, checked, seed=seed, device=place)
    files = None
    if checkpoint is not None:
        files = TrialFiles(Path(checkpoint), fingerprint(model, target, checked, known, others, seed))
    with spoken("evaluating", progress) as say, torch.inference_mode(False), ExitStack() as loans:
        held = [Score(one, score.target) for one in others]
        for one in (score, *held):
            loans.enter_context(borrowed(one, place))
        say("the model")
        bench = _bench(score, checked.to(place), known, held, seed)
        court = _Court(bench, checked, {"batch_size": None, "device": place}, seed, files, say)
        found = model_facts(bench, known.labels)
        trials, refused = court.sit(asked, strict=methods is not None)
    facts |= {"skipped": dict(bench.skipped), "members": kind, "region": known.region is not None}
    facts["target"] = target if isinstance(target, int) else getattr(target, "__name__", repr(target))
    return Scorecard(checked, bench.scores, trials, found, refused, facts)


def _refuse_inputs(inputs: Inputs) -> None:
    """Refuse what no test can be made of, before anything is run."""
    distinct = len(torch.unique(inputs.flatten(1), dim=0))
    if distinct < LEAST:
        raise InputError(
            f"at least {LEAST} examples that differ are needed to test an explanation, but {distinct} came"
        )
    if not is_dna(inputs) and inputs.ndim != 4:
        raise ShapeError(
            "explanations are tested on one-hot DNA (batch, 4, position) or images (batch, channel, row, column), not"
            f" on inputs of shape {tuple(inputs.shape)}"
        )
    empty = (inputs != 0).flatten(1).any(dim=1).logical_not().nonzero().flatten()
    if is_dna(inputs) and len(empty):
        raise InputError(f"example {int(empty[0])} is nothing but N; leave it out")


def _members(model: nn.Module, given: Any, inputs: Inputs) -> tuple[list[nn.Module], str]:
    """Models that might have been this one, and what they are."""
    several = [given] if isinstance(given, nn.Module) else list(given)
    odd = next((type(one).__name__ for one in several if not isinstance(one, nn.Module)), None)
    if odd is not None:
        raise InputError(f"members must be torch.nn.Modules, but one is a {odd}")
    if several:
        return several, "models trained from other seeds"
    if isinstance(model, Ensemble):
        return list(model.members), "members of the ensemble"
    if has_dropout(model):
        return [thinned(model, seed, inputs) for seed in range(MASKS)], "networks thinned by dropout"
    return [], ""


def _bench(score: Score, here: Inputs, known: Known, held: list[Score], seed: int) -> Bench:
    """What all methods are shown."""
    return make_bench(
        score,
        here,
        members=held,
        motifs=known.motifs,
        truth=known.truth,
        region=known.region,
        surviving_calls=surviving_calls,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class _Court:
    """Where methods are tried, one after another."""

    bench: Bench
    inputs: Inputs
    setting: Mapping[str, Any]
    seed: int
    files: TrialFiles | None
    say: Say

    def sit(self, asked: Sequence[Wanted], *, strict: bool) -> tuple[dict[str, Tried], dict[str, str]]:
        """Try all; those that do not suit the model are raised before work starts with `strict`, else noted."""
        ready, refused = {}, {}
        for one in asked:
            try:
                ready[one.name] = readied(one, self.bench, self.inputs, seed=self.seed, **self.setting)
            except SeqinterpError as error:
                if strict:
                    raise
                refused[one.name] = str(error)
        trials: dict[str, Tried] = {}
        for number, one in enumerate((one for one in asked if one.name in ready), start=1):
            place = f"{one.name} ({number} of {len(ready)})"
            self.say(place)
            kept = self.files.load(one.name, fingerprint(one)) if self.files else None
            try:
                trials[one.name] = Tried.of(*kept) if kept else self._one(one, *ready[one.name], place=place)
            except SeqinterpError as error:  # of one method: what the others have found is not lost
                refused[one.name] = str(error)
        return trials, refused

    def _one(self, one: Wanted, candidate: Any, effort: int, place: str) -> Tried:
        """One method, kept in a file when it is finished."""
        found = tried(
            one,
            candidate,
            effort,
            self.bench,
            self.inputs,
            seed=self.seed,
            setting=self.setting,
            say=lambda step: self.say(f"{place}: {step}"),
        )
        if self.files:
            self.files.save(one.name, fingerprint(one), found.tensors(), found.to_dict())
        return found
