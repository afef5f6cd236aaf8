"""What run.json says: where every number of a run comes from, and what a reader should keep in mind."""

import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from seqinterp.api.main_job import steps
from seqinterp.api.train import Trained
from seqinterp.attribution.evidence import versions
from seqinterp.attribution.run import choose_device
from seqinterp.cli.asked import Job
from seqinterp.cli.data import Source
from seqinterp.sequence.examples import Examples

FEW_POSITIVES = 200


def facts(examples: Examples, source: Source, trained: Trained, job: Job) -> dict[str, Any]:
    """Everything that run.json holds."""
    return {
        "title": job.title,
        "run_id": steps.fingerprint(trained.model, source.sha256, job.seed),
        "seed": job.seed,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["seqinterp", *sys.argv[1:]]),
        "versions": versions(),
        "data": {
            **source.files,
            "sequences": f"{len(examples):,}",
            "positives": f"{int(examples.labels.sum()):,}",
            "length": str(len(examples.sequences[0])),
            "groups of related sequences": f"{trained.predictions['group'].nunique():,}",
        },
        "settings": _settings(trained, job),
        "split": trained.split_sentence,
        "metrics": {name: asdict(estimate) for name, estimate in trained.metrics.estimates().items()},
        "highlight": list(job.highlight),
        "notes": notes(examples, trained, job),
    }


def _settings(trained: Trained, job: Job) -> dict[str, str]:
    """Network, recipe and motif files, as words."""
    settings = {name: str(value) for name, value in trained.settings.items() if name != "started_from"}
    recipe = {name: str(value) for name, value in asdict(trained.recipe).items()}
    motif_files = {"start matrices": job.start_from, "motif database": job.motifs}
    named = {name: found for name, found in motif_files.items() if found is not None}
    return {
        "network": trained.network,
        "started from": "known matrices" if job.start_from else "random weights",
        **{name: found.file for name, found in named.items()},
        **{f"{name} sha256": found.sha256 for name, found in named.items()},
        **settings,
        **recipe,
        "device": str(choose_device(job.device)),
    }


def notes(examples: Examples, trained: Trained, job: Job) -> list[str]:
    """What a reader should keep in mind about these data and this model."""
    found = []
    positives = int(trained.metrics.positives)
    if positives < FEW_POSITIVES:
        found.append(f"Only {positives} positive examples were held out: look at the intervals before the numbers.")
    if trained.metrics.resampled == "examples":
        found.append(
            "There are fewer than 10 groups of related examples among the held-out ones, so the intervals treat"
            " examples as independent and may be too narrow."
        )
    if trained.contradictions:
        verb = "sequence carries" if trained.contradictions == 1 else "sequences carry"
        found.append(f"{trained.contradictions:,} {verb} both labels, on one strand or the other.")
    if job.folds is not None:
        found.append(
            "With cross-validation the explained model is the ensemble of all folds, and every example was in the"
            " training data of some of its members; performance is of held-out predictions."
        )
    unknown = np.mean([sequence.count("N") / len(sequence) for sequence in examples.sequences])
    if unknown > 0.001:
        found.append(f"{unknown:.1%} of all bases are N, which the model reads as zeros.")
    return found
