"""`evidence`: why should one prediction be believed, and what speaks against it?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.api.catalogue import find_method
from seqinterp.api.evidence_parts.cases import cases
from seqinterp.api.evidence_parts.explanations import Explained, explanations
from seqinterp.api.evidence_parts.likeness import likeness
from seqinterp.api.evidence_parts.motifs import motifs_present
from seqinterp.api.evidence_parts.prediction import prediction
from seqinterp.api.evidence_parts.question import TASKS, Question, apart, asked, class_names, known
from seqinterp.api.evidence_parts.smallest_edit import smallest_edit
from seqinterp.api.evidence_parts.trial import trial
from seqinterp.api.results.evidence_report import Evidence
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.progress import spoken
from seqinterp.api.shared.score import finite_scores, origin
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import model_hash
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.errors import InputError
from seqinterp.images.image_set import ImageSet
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.motif import Motif
from seqinterp.report.evidence_doubts import DoubtLimits, Parts
from seqinterp.sequence.examples import Examples
from seqinterp.shapes import Array, Inputs

DNA = ("gradient_times_input", "deeplift", "mutagenesis")
PICTURES = ("gradcam", "deeplift", "integrated_gradients")


def evidence(  # noqa: PLR0913 - what is known around the example is given piece by piece, and all may be left out
    model: nn.Module,
    inputs: Array,
    *,
    training: Any = None,
    models: Sequence[nn.Module] = (),
    methods: Sequence[str] | None = None,
    target: int | Target | None = None,
    task: str = "binary",
    threshold: float | None = None,
    calibration: Any = None,
    motifs: Path | str | Sequence[Motif] | None = None,
    card: Scorecard | bool | None = None,
    layer: str | None = None,
    name: str = "",
    label: float | None = None,
    limits: DoubtLimits | None = None,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
) -> Evidence:
    """Gather what speaks for and against one prediction: how sure, how usual, why, by what taught, how easily changed.

    Each question is a public call on its own; what cannot be asked is left out, and the report says why.

    Args:
        model: any module from `(batch, *features)` to outputs; it is given back as it was found.
        inputs: one example, `(1, *features)` or `(*features)`: DNA as `one_hot` makes it, or an image.
        training: what the model was trained on: `Examples`, an `ImageSet`, `(inputs, labels)` or inputs alone.
            Likeness, the nearest and the most influential examples and the base rate are of these.
        models: others that might have been this one, trained from other seeds; else dropout is what varies.
        methods: names of the catalogue; None is gradient times input, DeepLIFT and mutagenesis on DNA, and Grad-CAM,
            DeepLIFT and integrated gradients on images.
        target: which output is explained, by index, or a callable from outputs to `(batch,)`. Explain logits. None is
            output 0, of "classes" the one that is called.
        task: "binary", one logit or probability; "classes"; "regression".
        threshold: where the call changes; None is 0 for a logit and 0.5 for a probability.
        calibration: examples with labels that the model was not trained on, to set its uncertainty right and to put
            explanations on trial.
        motifs: a MEME, JASPAR or TRANSFAC file, or motifs; None takes the selection of JASPAR that comes along.
        card: a scorecard of the model; None makes a small one when there are examples, False does without.
        layer: whose inputs tell which examples are alike, by name; None takes the last one. Several heads need one.
        name, label: of the example, for the report.
        limits: where a number becomes a reason to doubt.
        seed: of everything that is drawn.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: say on the terminal what is being done.

    Returns:
        `Evidence`: the parts as plain data, `doubts`, `not_asked`, and `to_html(path)`.

    Raises:
        InputError: several examples, an unknown method or task, or inputs that cannot be used.
        ShapeError: training or calibration examples of another shape.
        ModelError: the score is not one finite number.
    """
    example = _one(model, inputs, (training, calibration))
    if threshold is not None and task == "classes":
        raise InputError("of classes the largest is called, so there is no threshold; leave it out")
    if task not in TASKS:
        raise InputError(f"task must be one of {', '.join(TASKS)}, not {task!r}")
    if isinstance(methods, str):
        raise InputError(f"methods must be a list of names, such as [{methods!r}]")
    odd = next((type(one).__name__ for one in models if not isinstance(one, nn.Module)), None)
    if odd is not None:
        raise InputError(f"models must be torch.nn.Modules, but one is a {odd}")
    if not (card is None or isinstance(card, bool | Scorecard)):
        raise InputError(f"card must be a Scorecard, False or None, not {card!r}")
    wanted = tuple(methods) if methods is not None else DNA if is_dna(example) else PICTURES
    for method in wanted:
        find_method(method)
    matrices, database = _matrices(motifs, example)
    question = Question(
        model=model,
        models=tuple(models),
        inputs=example,
        task=task,
        target=_target(model, example, target, task, choose_device(device)),
        threshold=threshold,
        methods=wanted,
        training=known(model, training, example, "training", task),
        calibration=apart(known(model, calibration, example, "calibration", task), example),
        classes=class_names(training, calibration),
        layer=layer,
        motifs=matrices,
        database=database,
        seed=seed,
        device=choose_device(device),
    )
    finite_scores(question.score, example, batch_size=None, device=question.device)
    parts, found, nearest = _parts(question, card, progress)
    maps, band = ({}, {}) if isinstance(found, str) else (found.maps, found.band)
    facts = {**_facts(question), "name": name, "label": label}
    return Evidence(example, parts, maps, band, nearest, facts, limits or DoubtLimits())


def _target(
    model: nn.Module, example: Inputs, target: int | Target | None, task: str, device: torch.device
) -> int | Target:
    """What is explained: what was asked for, else output 0, or the class that is called."""
    if target is not None or task != "classes":
        return 0 if target is None else target
    with borrowed(model, device), torch.no_grad():
        found = model(example.to(device, copy=True))
    return int(found.flatten().argmax()) if isinstance(found, Tensor) else 0


def _one(model: nn.Module, inputs: Any, others: Sequence[Any]) -> Inputs:
    """One example with its batch axis.

    It lacks one where it has the shape of a training example. Without any to compare, two axes are DNA, and three are a
    picture unless they are DNA with its batch axis.
    """
    given = as_inputs(model, inputs[None]) if hasattr(inputs, "ndim") else as_inputs(model, inputs)
    known_shape = next((_shape(one) for one in others if one is not None), None)
    whole = given[0] if given.ndim > 2 else given
    if known_shape is not None:
        single = tuple(given.shape[1:]) == known_shape
    else:
        single = given.ndim == 3 or (given.ndim == 4 and not is_dna(whole))
    checked = given if single else whole
    if len(checked) != 1:
        raise InputError(f"evidence is of one prediction, but {len(checked)} examples came; give inputs[i : i + 1]")
    return checked


def _shape(given: Any) -> tuple[int, ...]:
    """The shape of one example."""
    inputs = (
        given.inputs
        if isinstance(given, Examples | ImageSet)
        else given[0]
        if isinstance(given, tuple | list)
        else given
    )
    return tuple(getattr(inputs, "shape", ())[1:])


def _matrices(motifs: Any, example: Inputs) -> tuple[tuple[Motif, ...], str]:
    """Known motifs and where they are from; none are read for pictures."""
    if not is_dna(example):
        return (), ""
    if motifs is None:
        return tuple(read_motifs(bundled("jaspar_subset.meme"))), "the JASPAR selection that comes with seqinterp"
    if isinstance(motifs, str | Path):
        return tuple(read_motifs(motifs)), Path(motifs).name
    return tuple(motifs), "the motifs given"


def _parts(
    question: Question, card: Scorecard | bool | None, progress: bool
) -> tuple[Parts, Explained | str, Tensor | None]:
    """Every part, one after another."""
    with spoken("gathering evidence", progress) as say:
        say("the prediction")
        said = asked(lambda: prediction(question))
        kind, called = ("unknown", None) if isinstance(said, str) else (said.kind, said.called)
        say("likeness to training examples")
        alike = asked(lambda: likeness(question))
        say("explanations")
        found = asked(lambda: explanations(question))
        maps, consensus = ({}, ()) if isinstance(found, str) else (found.maps, found.part.consensus)
        say("known motifs")
        present = asked(lambda: motifs_present(question, maps, consensus))
        say("the smallest edit")
        edit = asked(lambda: smallest_edit(question, kind, called))
        say("training examples")
        near = asked(lambda: cases(question, called))
        say("the trial of the methods")
        usable = question.methods if isinstance(found, str) else tuple(found.maps)
        verdicts = asked(lambda: trial(question, card, usable))
    parts = Parts(
        said,
        alike,
        found if isinstance(found, str) else found.part,
        present,
        edit,
        near if isinstance(near, str) else near[0],
        verdicts,
    )
    return parts, found, None if isinstance(near, str) else near[1]


def _facts(question: Question) -> Mapping[str, Any]:
    """Where all this comes from."""
    others = [model_hash(one) for one in question.models]
    names = ", ".join(repr(method) for method in question.methods)
    given = {"training": question.training, "models": question.models or None, "calibration": question.calibration}
    around = "".join(f"{name}={name}, " for name, values in given.items() if values is not None)
    call = f"seqinterp.evidence(model, inputs, {around}methods=[{names}], target={question.target!r},"
    call += f" task={question.task!r}, threshold={question.threshold}, seed={question.seed})"
    data = {
        "task": question.task,
        "methods": ", ".join(question.methods),
        "training examples": "none" if question.training is None else f"{len(question.training):,}",
        "calibration examples": "none" if question.calibration is None else f"{len(question.calibration):,}",
        "other models": ", ".join(others) or "none",
        "motifs": question.database or "none",
    }
    found = origin(question.score, question.inputs, seed=question.seed, device=question.device)
    return {**found, "versions": dict(found["versions"]), "call": call, "data": data}
