"""`evaluate`: do these explanations of this model deserve belief?"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seqinterp.api.candidates import Asked, Wanted, wanted
from seqinterp.api.fingerprint import fingerprint
from seqinterp.api.inputs import as_inputs
from seqinterp.api.known import Known
from seqinterp.api.progress import spoken
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.results.trial import Tried
from seqinterp.api.score import finite_scores, origin
from seqinterp.api.seqlet_calls import surviving_calls
from seqinterp.api.trials import Say, readied, tried
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, SeqinterpError
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
    members: Sequence[nn.Module] = (),
    seed: int = 0,
    device: Device = None,
    checkpoint: Path | str | None = None,
    progress: bool = False,
) -> Scorecard:
    """Put attribution methods on trial: complete, faithful, stable, about the model, more than the input, right?

    Some 30 to 100 examples that the model was not trained on are enough; among them some that it scores high. Slow
    methods explain fewer of them, as many as their number of model rows allows (never below 8), and fewer still again
    and again; the card says how many.

    Args:
        model: any module from `(batch, *features)` to outputs; it is given back as it was found.
        inputs: `(batch, *features)`, at least 8 examples; DNA as `one_hot` makes it, or images.
        methods: names of the catalogue; or a mapping from names to options (`{"integrated_gradients": {"baseline":
            "dinucleotide_shuffle"}}`; with `method=` among them the entry may be called otherwise) or to an explainer
            of your own, `(score, inputs) -> attributions`. None is every method that suits the model.
        target: which output is explained, by index, or a callable from outputs to `(batch,)`. Explain logits.
        labels: `(batch,)`, two classes or measured values that the score should follow.
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
        InputError: fewer than 8 examples, an unknown method or option, or labels, truth or region that cannot be used.
        FileError: a checkpoint of another evaluation.
        ShapeError: something known does not fit the inputs.
        ModelError: the score is not one finite number per example, or a method that was named cannot explain it.
    """
    checked = as_inputs(model, inputs)
    if len(checked) < LEAST:
        raise InputError(f"at least {LEAST} examples are needed to test an explanation, but {len(checked)} came")
    asked = wanted(methods)
    known = Known.of(checked, labels, truth, region, motifs)
    place = choose_device(device)
    score = Score(model, as_target(target))
    finite_scores(score, checked, batch_size=None, device=place)
    others, kind = _members(model, members)
    facts = origin(score, checked, seed=seed, device=place)
    files = None
    if checkpoint is not None:
        files = TrialFiles(Path(checkpoint), fingerprint(model, target, checked, list(asked), known, others, seed))
    with spoken("evaluating", progress) as say, torch.inference_mode(False), ExitStack() as loans:
        held = [Score(one, score.target) for one in others]
        for one in (score, *held):
            loans.enter_context(borrowed(one, place))
        say("the model")
        bench = _bench(score, checked.to(place), known, held, kind, seed)
        court = _Court(bench, checked, {"batch_size": None, "device": place}, seed, files, say)
        found = model_facts(bench, known.labels)
        trials, refused = court.sit(asked, strict=methods is not None)
    facts |= {"skipped": dict(bench.skipped), "members": kind, "region": known.region is not None}
    return Scorecard(checked, bench.scores, trials, found, refused, facts)


def _members(model: nn.Module, given: Sequence[nn.Module]) -> tuple[list[nn.Module], str]:
    """Models that might have been this one, and what they are."""
    if given:
        return list(given), "models trained from other seeds"
    if isinstance(model, Ensemble):
        return list(model.members), "members of the ensemble"
    if has_dropout(model):
        return [thinned(model, seed) for seed in range(MASKS)], "networks thinned by dropout"
    return [], ""


def _bench(score: Score, here: Inputs, known: Known, held: list[Score], kind: str, seed: int) -> Bench:
    """What all methods are shown."""
    return make_bench(
        score,
        here,
        members=held,
        kind_of_members=kind,
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
        for one in (one for one in asked if one.name in ready):
            self.say(f"{one.name} ({len(trials) + 1} of {len(ready)})")
            trials[one.name] = self._one(one, *ready[one.name], place=f"{one.name} ({len(trials) + 1} of {len(ready)})")
        return trials, refused

    def _one(self, one: Wanted, candidate: Any, effort: int, place: str) -> Tried:
        """One method, from its file where it was finished before."""
        kept = self.files.load(one.name) if self.files else None
        if kept is not None:
            return Tried.of(*kept)
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
            self.files.save(one.name, found.tensors(), found.to_dict())
        return found
