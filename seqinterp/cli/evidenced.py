"""What `seqinterp evidence` reads, and what it asks."""

import shlex
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import typer

from seqinterp.api.evidence import evidence
from seqinterp.api.results.evidence_report import Evidence
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.cli.evaluated import split_of
from seqinterp.cli.listed import listed
from seqinterp.errors import InputError
from seqinterp.io import run_folder as files
from seqinterp.io.load_model import load_model
from seqinterp.io.sequences import read_sequences
from seqinterp.io.tables import read_examples
from seqinterp.sequence.examples import Examples


@dataclass(frozen=True)
class Asked:
    """What was asked for, as it was written."""

    model: Path
    data: Path
    name: str | None
    row: int | None
    training: Path | None
    models: str | None
    methods: str | None
    motifs: Path | None
    target: int
    threshold: float | None
    trial: bool
    seed: int
    device: str | None
    progress: bool


def gather(asked: Asked) -> Evidence:
    """Read models and sequences, and ask everything of one of them."""
    model = load_model(asked.model)
    others = [load_model(Path(path)) for path in listed(asked.models)]
    examples = read_sequences(asked.data)
    number = chosen(examples, asked.name, asked.row)
    training, calibration, words = company(asked, examples, number)
    typer.echo(words, err=True)
    found = evidence(
        model,
        examples.inputs[number : number + 1],
        training=training,
        calibration=None if calibration is None else (calibration.inputs, calibration.labels),
        models=others,
        methods=listed(asked.methods) or None,
        motifs=asked.motifs,
        target=asked.target,
        threshold=asked.threshold,
        card=_card(asked) if asked.trial else False,
        name=examples.names[number],
        label=float(examples.labels[number]) if _labelled(examples) else None,
        seed=asked.seed,
        device=asked.device,
        progress=asked.progress,
    )
    return replace(found, facts={**found.facts, **_facts(asked, examples.names[number], found, words)})


def chosen(examples: Examples, name: str | None, row: int | None) -> int:
    """The number of the sequence that is meant.

    Raises:
        InputError: neither or both of name and row, or no such sequence, or several of that name.
    """
    if (name is None) == (row is None) and len(examples) > 1:
        raise InputError(f"say which of the {len(examples):,} sequences is meant, by --name or by --row")
    if name is None:
        number = row or 0
        if number >= len(examples):
            raise InputError(f"--row {number} was asked for, but rows are 0 to {len(examples) - 1}")
        return number
    found = [number for number, one in enumerate(examples.names) if one == name]
    if len(found) != 1:
        raise InputError(f"{len(found) or 'no'} sequences are named {name!r}; give --row, counted from 0")
    return found[0]


def company(asked: Asked, examples: Examples, number: int) -> tuple[Examples | None, Examples | None, str]:
    """Training examples, examples that were kept from training without the one asked about, and a sentence."""
    table, path = (examples, asked.data) if asked.training is None else (read_examples(asked.training), asked.training)
    split = split_of(asked.model, path, table)
    if asked.training is None and split is None:
        return None, None, "what the model was trained on is not known; --training gives it"
    if split is None:
        return table, None, f"{len(table):,} training sequences; none is known to be held out"
    held = split == "test"
    if path == asked.data:
        held[number] = False
    trained = table.take(split == "train") if (split == "train").any() else None
    kept = table.take(held) if held.any() else None
    count = (0 if trained is None else len(trained), int(np.count_nonzero(held)))
    return trained, kept, f"{count[0]:,} training sequences, {count[1]:,} held out from training"


def _labelled(examples: Examples) -> bool:
    """Whether labels were read: those of FASTA, and of tables without a column of them, are 0 throughout."""
    return bool((examples.labels != 0).any())


def _card(asked: Asked) -> Scorecard | None:
    """The scorecard that the run made of itself, where it did and no other methods are asked."""
    folder = asked.model / files.SCORECARD
    return Scorecard.load(folder) if folder.is_dir() and asked.methods is None else None


def _facts(asked: Asked, name: str, found: Evidence, words: str) -> dict[str, Any]:
    """What only the command knows."""
    hashes = {"sequences": asked.data.name, "sequences sha256": files.sha256(asked.data), "examples": words}
    if asked.training is not None:
        hashes |= {"training": asked.training.name, "training sha256": files.sha256(asked.training)}
    return {
        "title": f"Why should this prediction be believed? {name}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["seqinterp", *sys.argv[1:]]),
        "data": {**hashes, **found.facts["data"]},
    }
