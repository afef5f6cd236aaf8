"""`verify`: the same question to other tools, on the user's own model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any

import torch
from torch import nn

from seqinterp.api.catalogue import METHODS, option_names
from seqinterp.api.peers.captum import CAPTUM
from seqinterp.api.peers.lent import Behaviour, lent, one_line
from seqinterp.api.peers.shap import SHAP
from seqinterp.api.peers.tangermeme import TANGERMEME
from seqinterp.api.peers.tool import Call, OneOutput, Task, Tool, as_values
from seqinterp.api.results.verification import NO_METHOD, OURS, Comparison, Verification
from seqinterp.api.shared.bind import Bound, bind
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.score import finite_scores, origin
from seqinterp.attribution.baselines import given
from seqinterp.attribution.certificate import FALLBACK
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import completeness_error, model_hash
from seqinterp.attribution.notes import Notes, heard
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, borrowed, choose_device, explain, scores
from seqinterp.attribution.targets import as_target
from seqinterp.errors import InputError, SeqinterpError
from seqinterp.shapes import Array, Attributions, Scores

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (CAPTUM, SHAP, TANGERMEME)}
WITH_COUNTERPART = ("deeplift", "integrated_gradients", "lrp", "gradient_times_input", "gradient")
_Ask = Callable[[Task], Attributions]


def verify(
    model: nn.Module,
    inputs: Array,
    against: Sequence[str] = tuple(TOOLS),
    *,
    target: int | Target = 0,
    baseline: object = None,
    draws: int | None = None,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
) -> Verification:
    """Ask other tools the same question about your model, and hold their answers against ours.

    Every tool gets the same model, in evaluation mode, the same inputs and the same references, drawn once. A tool
    that is not installed, lacks a method or raises becomes a line that says so. Whatever a tool leaves on the model is
    taken off again, and said.

    Args:
        model: any module from `(batch, *features)` to outputs; it is given back as it was found.
        inputs: `(batch, *features)`, a tensor or an array; DNA as `one_hot` makes it, or images. A few examples do.
        against: names of tools: "captum", "shap", "tangermeme".
        target: which output is explained, by index, or a callable from outputs to `(batch,)`.
        baseline: a name, references or a rule, as for `attribute`; None takes dinucleotide shuffles on DNA, else zeros.
        draws: number of shuffles.
        device: "cpu", "cuda" ...; None takes a GPU when there is one.
        seed: of the shuffles.
        progress: show a progress bar.

    Returns:
        `Verification`: completeness, batch invariance, agreement with ours, seconds and what went wrong, per tool and
        method.

    Raises:
        InputError: an unknown tool, target or baseline, or inputs that cannot be used.
    """
    tools = _chosen(against)
    checked, place = as_inputs(model, inputs), choose_device(device)
    asked = {"draws": draws, **({} if baseline is None else {"baseline": baseline})}
    bound = bind("deeplift", METHODS["deeplift"], checked, asked, seed)
    question = _question(Score(model, as_target(target)), checked, bound, place, seed)
    before = model_hash(model)
    present = [_look(tool, question) for tool in tools]
    rows = _rows(present, question, progress=progress)
    facts = {
        "examples": len(checked),
        "shape": list(checked.shape[1:]),
        "target": getattr(target, "__name__", None) or repr(target),
        "baseline": bound.baseline_name,
        "draws": question.task.draws,
        **origin(question.score, checked, seed=seed, device=place),
        "model_unchanged": model_hash(model) == before,
    }
    return Verification(tuple(rows), facts)


@dataclass(frozen=True, eq=False)
class _Question:
    """What everybody is asked, and what the answers should add up to."""

    score: Score
    task: Task
    plain: Scores
    reference_score: Scores
    device: torch.device
    seed: int

    def owed_from(self, method: str) -> Scores | None:
        """Where the sum of this method's attributions starts; None where nothing says so."""
        entry = METHODS[method]
        compares = "baseline" in option_names(entry.explainer)
        return self.reference_score if compares and entry.promised is not None else None


@dataclass(frozen=True)
class _Present:
    """A tool that was looked for: its version, or why it cannot be asked."""

    tool: Tool
    version: str = ""
    missing: str = ""


def _chosen(against: Sequence[str]) -> list[Tool]:
    """The tools of these names, each once."""
    names = against.split(",") if isinstance(against, str) else against
    tools = []
    for name in dict.fromkeys(name.strip() for name in names):
        if name not in TOOLS:
            raise InputError(f"there is no adapter for a tool {name!r}; choose among {', '.join(TOOLS)}")
        tools.append(TOOLS[name])
    if not tools:
        raise InputError(f"no tool was named to verify against; choose among {', '.join(TOOLS)}")
    return tools


def _question(score: Score, inputs: torch.Tensor, bound: Bound, device: torch.device, seed: int) -> _Question:
    """Draw the references once, and score the inputs and them."""
    assert bound.baseline is not None  # DeepLIFT always compares with something
    plain = finite_scores(score, inputs, batch_size=None, device=device)
    references = bound.baseline(inputs)
    ends = scores(score, references.flatten(0, 1), device=device).view(references.shape[:2]).mean(dim=1)
    task = Task(OneOutput(score), inputs.to(device), references.to(device))
    return _Question(score, task, plain, ends, device, seed)


def _look(tool: Tool, question: _Question) -> _Present:
    """Import a tool, whatever it prints or warns of."""
    found = _Present(tool)
    with lent(question.task.model, question.device) as behaviour:
        try:
            module = import_module(tool.name)
        except ModuleNotFoundError as error:
            if error.name != tool.name:
                raise
            return _Present(tool, missing="not installed")
        try:
            number = version(tool.name)
        except PackageNotFoundError:
            number = str(getattr(module, "__version__", ""))
        found = _Present(tool, number)
    return replace(found, missing=f"cannot be imported: {behaviour.failed}") if behaviour.failed else found


def _rows(present: Sequence[_Present], question: _Question, *, progress: bool) -> list[Comparison]:
    """Ours and theirs, method by method; tools that are missing once, at the end."""
    there = [found for found in present if not found.missing]
    methods = [method for method in WITH_COUNTERPART if method in METHODS]
    rows = []
    for method in _with_progress(methods, progress):
        row, values = _ours(method, question)
        rows.append(row)
        rows += [_theirs(found, method, question, values) for found in there]
    return rows + [Comparison("", found.tool.name, remark=found.missing) for found in present if found.missing]


def _with_progress(methods: list[str], progress: bool) -> Iterable[str]:
    """Pass the methods through, with a bar when one is asked for."""
    if not progress:
        return methods
    from rich.console import Console  # rich costs a tenth of a second to import
    from rich.progress import track

    return track(methods, description="comparing", console=Console(stderr=True), transient=True)


def _ours(method: str, question: _Question) -> tuple[Comparison, Attributions | None]:
    """Our own line, and the values that others are compared with."""
    entry, task = METHODS[method], question.task
    row = Comparison(method, OURS, version(OURS), call=f"attribute(method={method!r})")
    compares = "baseline" in option_names(entry.explainer)
    options = {"baseline": given(task.inputs, task.references)} if compares else {}
    explainer = bind(method, entry, task.inputs, options, question.seed).explainer
    notes = Notes()

    def ask(about: Task) -> Attributions:
        with heard() as said:
            values = explain(explainer, question.score, about.inputs, device=question.device)
        vars(notes).update(vars(said))  # of the last call, which is the one for all examples
        return values

    try:
        measured = _measured(ask, task)
    except SeqinterpError as error:
        return replace(row, remark=one_line(error)), None
    ledger = [torch.cat(parts).to(question.plain) for parts in notes.ledger.values()]
    start = torch.stack(ledger).sum(dim=0) if ledger else question.owed_from(method)
    return replace(measured.judged(row, question, start), remark="; ".join(_remarks(notes))), measured.values


def _remarks(notes: Notes) -> list[str]:
    """What a method of ours says beside its numbers."""
    fallbacks = [
        f"{operation!r} has no rule and its fallback leaves {error:.2g}"
        for operation, error in notes.without_rule.items()
        if error > FALLBACK
    ]
    return [*fallbacks, *notes.warnings]


def _theirs(found: _Present, method: str, question: _Question, ours: Attributions | None) -> Comparison:
    """Another tool's line."""
    call = found.tool.calls.get(method)
    row = Comparison(method, found.tool.name, found.version)
    if call is None:
        return replace(row, remark=NO_METHOD)
    row = replace(row, call=call.words)
    measured = None
    with borrowed(question.task.model, question.device), lent(question.task.model, question.device) as behaviour:
        measured = _measured(partial(_by_parts, call), question.task)
    remark = "; ".join(_behaved(behaviour, found.tool))
    if measured is None:
        return replace(row, remark=remark)
    row = measured.judged(row, question, question.owed_from(method))
    odd = int((~torch.isfinite(measured.values)).sum())
    if odd:
        remark = "; ".join(filter(None, [f"{odd} of its values are not finite", remark]))
    return replace(_compared(row, measured.values, ours, dna=is_dna(question.task.inputs)), remark=remark)


def _behaved(behaviour: Behaviour, tool: Tool) -> list[str]:
    """What a tool raised, warned of and left behind."""
    warned = [text for text in behaviour.warned if not any(part in text for part in tool.chatter)]
    left = [f"left on the model (taken off again): {', '.join(behaviour.left)}"] if behaviour.left else []
    return [*filter(None, [behaviour.failed]), *left, *warned]


def _by_parts(call: Call, task: Task) -> Attributions:
    """Ask about a few examples at a time."""
    return torch.cat([as_values(call.ask(part), part.inputs) for part in task.parts()])


@dataclass(frozen=True, eq=False)
class _Measured:
    """Attributions of all examples, how far company changes those of the first, and the time for all."""

    values: Attributions
    batch_deviation: float
    seconds: float

    def judged(self, row: Comparison, question: _Question, start: Scores | None) -> Comparison:
        """The line with what can be said without another tool."""
        return replace(
            row,
            completeness_error=None if start is None else completeness_error(self.values, question.plain, start)[1],
            batch_deviation=self.batch_deviation,
            seconds=self.seconds,
        )


def _measured(ask: _Ask, task: Task) -> _Measured:
    """Ask about the first example alone (a single one: beside a copy of itself), then about all, with a clock."""
    alone = ask(task.take([0] if len(task.inputs) > 1 else [0, 0]))
    begun = perf_counter()
    values = ask(task.take(slice(None)))
    seconds = perf_counter() - begun
    return _Measured(values, _relative(alone[:1] - values[:1], values), seconds)


def _relative(difference: torch.Tensor, scale: torch.Tensor) -> float:
    """The largest difference as a part of the largest value."""
    worst, largest = float(difference.abs().max()), float(scale.abs().max())
    return worst / largest if largest else float(worst > 0)


def _compared(row: Comparison, values: Attributions, ours: Attributions | None, *, dna: bool) -> Comparison:
    """The line with its difference from ours; on DNA per position, since tools differ in where a column puts it."""
    if ours is None:
        return row
    whole = row.method == "gradient" or not dna
    theirs, mine = ((found if whole else found.sum(dim=1)).double() for found in (values, ours))
    correlation = float(torch.corrcoef(torch.stack([theirs.flatten(), mine.flatten()]))[0, 1])
    known: dict[str, Any] = {} if correlation != correlation else {"correlation": correlation}
    return replace(row, difference=_relative(theirs - mine, mine), **known)
