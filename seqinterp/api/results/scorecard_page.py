"""What a scorecard's page says, gathered from the card."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from seqinterp.attribution.dna import is_dna
from seqinterp.errors import InputError
from seqinterp.io.atomic import written_whole
from seqinterp.report.scorecard import scorecard_page
from seqinterp.report.scorecard_contents import AgreedSequence, ScorecardContents
from seqinterp.sequence.onehot import decode

if TYPE_CHECKING:
    from seqinterp.api.results.scorecard import Scorecard

SHOWN = 8  # sequences with the places that most methods name, those that score highest
TOP = 10  # largest places of a method


def write_page(card: "Scorecard", path: Path, *, force: bool) -> None:
    """Write the page of a card.

    Raises:
        FileError: the path exists and `force` is not set, or cannot be written.
    """
    with written_whole(path, force=force) as whole:
        whole.write_text(scorecard_page(gather(card)), encoding="utf-8")


def gather(card: "Scorecard") -> ScorecardContents:
    """Everything that the page says.

    `card.facts` may hold what only a caller knows: "title", "created", "command", and "data" (names and hashes).
    """
    facts, agreement = card.facts, card.agreement
    device = f"{facts['model_hash']}, output {facts['output_kind']}"
    data = {**facts.get("data", {}), "examples": f"{len(card.inputs)}", "model": device, "device": facts["device"]}
    given = {
        "labels": card.model_facts.labelled is not None,
        "truth": any(key[0] == "truth_auroc" for one in card.trials.values() for key in one.answers.each),
        "region": bool(facts.get("region")),
    }
    return ScorecardContents(
        title=facts.get("title", "Do the explanations of this model deserve belief?"),
        run_id=f"{facts['model_hash'][:8]}-s{facts['seed']}",
        seed=int(facts["seed"]),
        created=facts.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
        command=facts.get("command") or _command(card),
        versions=facts["versions"],
        data=data,
        model=card.model,
        facts=card.model_facts,
        verdicts=tuple(card.verdicts.values()),
        summary=card.summary(),
        table=card.table(),
        curves=curve_rows(card.to_frame()),
        thresholds=card.thresholds,
        examples=len(card.inputs),
        places=_places(card),
        agreement_names=() if agreement is None else agreement.names,
        agreement=None if agreement is None else agreement.mean,
        consensus=_consensus(card),
        refused=card.refused,
        skipped=facts.get("skipped", {}),
        members=facts.get("members", ""),
        known=tuple(name for name, known in given.items() if known),
    )


def curve_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The deletion and insertion curves: mean over examples of every method at every share, and its 95 % interval."""
    rows = frame[frame["measure"].isin(["deletion_curve", "insertion_curve"])]
    found = rows.groupby(["method", "measure", "of"], sort=False)["value"].agg(["mean", "sem"]).reset_index()
    half = 1.96 * found["sem"].fillna(0.0)
    found = found.assign(share=found["of"].astype(float), low=found["mean"] - half, high=found["mean"] + half)
    return found[["method", "measure", "share", "mean", "low", "high"]]


def _places(card: "Scorecard") -> str:
    """How large an input is."""
    shape = tuple(card.inputs.shape[1:])
    return f"{shape[1]:,} bases" if is_dna(card.inputs) else f"shape {' × '.join(map(str, shape))}"


def _command(card: "Scorecard") -> str:
    """The call that made the card, as far as the card knows it."""
    return f"seqinterp.evaluate(model, inputs, {list(card.trials)}, seed={card.facts['seed']})"


def _consensus(card: "Scorecard") -> tuple[AgreedSequence, ...]:
    """The sequences that score highest, with the places that most of two or more usable methods name."""
    if not is_dna(card.inputs):
        return ()
    try:
        agreed = card.consensus(top=min(TOP, card.inputs.shape[2]))
    except InputError:  # fewer than two methods that may be used, or that explained every example
        return ()
    names = card.facts.get("names") or [f"example {number}" for number in range(len(card.inputs))]
    best = card.scores.argsort(descending=True, stable=True)[:SHOWN].tolist()
    sequences = decode(card.inputs[best])
    return tuple(
        AgreedSequence(
            name=names[number],
            sequence=sequence,
            agreed="".join("X" if place else "." for place in agreed[number].tolist()),
            score=float(card.scores[number]),
        )
        for number, sequence in zip(best, sequences, strict=True)
    )
