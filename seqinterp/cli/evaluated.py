"""What `seqinterp evaluate` reads, and the folder that it writes."""

import re
import shlex
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
import typer

from seqinterp.api.main_job.held_out_trial import trial_of
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.shared.chosen_examples import evenly_over_labels
from seqinterp.cli.listed import listed
from seqinterp.errors import InputError
from seqinterp.io import run_folder as files
from seqinterp.io.load_model import load_model
from seqinterp.io.sequences import read_sequences
from seqinterp.sequence.examples import Examples
from seqinterp.shapes import PlaceMask

PAGE = "scorecard.html"
_REGION = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True)
class Asked:
    """What was asked for, as it was written."""

    run: Path
    data: Path
    methods: str | None
    examples: int
    target: int
    labels: bool
    region: str | None
    checkpoint: Path | None
    seed: int
    device: str | None
    progress: bool


def evaluate_into(folder: Path, asked: Asked) -> tuple[Scorecard, str]:
    """Read model and sequences, put the methods on trial, write the folder; the card and the name of its page."""
    model = load_model(asked.run)
    examples = read_sequences(asked.data)
    split = split_of(asked.run, asked.data, examples)
    chosen, words = choose(examples, asked.examples, labelled=asked.labels, split=split)
    typer.echo(words, err=True)
    length = len(chosen.sequences[0])
    names = None if asked.methods is None else tuple(listed(asked.methods))
    card = trial_of(
        model,
        chosen,
        names,
        labelled=asked.labels,
        target=asked.target,
        region=None if asked.region is None else region_of(asked.region, length),
        seed=asked.seed,
        device=asked.device,
        checkpoint=asked.checkpoint,
        progress=asked.progress,
    )
    data = {"sequences": asked.data.name, "sequences sha256": files.sha256(asked.data), "chosen": words}
    facts = {
        **card.facts,
        "title": f"Do explanations of {asked.run.resolve().name} deserve belief?",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["seqinterp", *sys.argv[1:]]),
        "data": data | ({} if asked.region is None else {"region": asked.region}),
    }
    card = replace(card, facts=facts)
    card.save(folder)
    return card, PAGE


def split_of(run: Path, data: Path, examples: Examples) -> np.ndarray | None:
    """Train, valid or test of every example: as the run split them if it was trained on this very file, else as the
    table says, None where neither does.
    """
    if (run / files.FACTS).is_file() and files.read_facts(run)["data"].get("sha256") == files.sha256(data):
        found = files.read_table(run / files.PREDICTIONS)["split"].to_numpy()
        return found if len(found) == len(examples) else None
    return None if examples.split is None else np.array(examples.split)


def choose(examples: Examples, count: int, *, labelled: bool, split: np.ndarray | None = None) -> tuple[Examples, str]:
    """At most `count` examples, evenly over labels; test sequences where `split` names such. And a sentence."""
    held = None if split is None else split == "test"
    among = np.flatnonzero(held) if held is not None and held.any() else np.arange(len(examples))
    labels = examples.labels[among] if labelled else np.zeros(len(among))
    found = examples.take(among[evenly_over_labels(labels, count)])
    where = f"{len(among):,} test sequences" if held is not None and held.any() else f"{len(among):,} sequences"
    two = labelled and len(np.unique(found.labels)) == 2
    positive = int(found.labels.sum())
    parts = f"{positive} with label 1 and {len(found) - positive} with label 0" if two else "without labels"
    return found, f"{len(found)} of {where}, evenly spread, {parts}"


def region_of(text: str, length: int) -> PlaceMask:
    """True at the places of a region, "start-stop", 0-based and half-open.

    Raises:
        InputError: it is written otherwise, or reaches past the sequences.
    """
    found = _REGION.fullmatch(text.strip())
    if found is None or not int(found[1]) < int(found[2]) <= length:
        raise InputError(
            f"--region is start-stop, 0-based and half-open, within the {length} bases of the sequences, not {text!r}"
        )
    mask = torch.zeros(length, dtype=torch.bool)
    mask[int(found[1]) : int(found[2])] = True
    return mask
