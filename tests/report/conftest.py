"""A report of made-up numbers that looks like a real one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seqinterp.motifs.motif import Motif
from seqinterp.report import contents as parts

BASES = "ACGT"
AP1 = ("TGACTCA", "TGAGTCA", "TGACGTCA")


def motif_of(word: str, name: str, *, label: str = "", sharp: float = 90.0, blur: float = 6.0) -> Motif:
    counts = np.full((4, len(word)), blur)
    for column, base in enumerate(word):
        if base in BASES:
            counts[BASES.index(base), column] = sharp
    return Motif(name=name, pfm=counts, label=label)


def one_hot(sequence: str) -> np.ndarray:
    return np.array([[float(base == row) for base in sequence] for row in BASES])


def planted(rng: np.random.Generator, length: int) -> tuple[str, np.ndarray]:
    """A random sequence with one AP-1 site, and where it is."""
    letters = rng.choice(list(BASES), length)
    site, start = AP1[rng.integers(3)], int(rng.integers(10, length - 20))
    letters[start : start + len(site)] = list(site)
    truth = np.zeros(length, dtype=bool)
    truth[start : start + len(site)] = True
    return "".join(letters), truth


def performance() -> parts.Performance:
    rng = np.random.default_rng(1)
    grid = np.linspace(0, 1, 400)
    epochs = np.arange(1, 31)
    history = pd.concat(
        pd.DataFrame(
            {
                "epoch": epochs,
                "train_loss": 0.7 * np.exp(-epochs / 9) + 0.05 + 0.01 * rng.random(30),
                "valid_loss": 0.5 * np.exp(-epochs / 6) + 0.22 + 0.03 * rng.random(30),
                "valid_ap": 0.8 - 0.6 * np.exp(-epochs / 5) + 0.03 * rng.random(30),
                "member": member,
            }
        )
        for member in range(3)
    )
    middle = np.linspace(0.05, 0.95, 10)
    return parts.Performance(
        metrics={
            "AUROC": parts.Interval(0.934, 0.918, 0.948),
            "average precision": parts.Interval(0.71, 0.655, 0.76),
            "log-loss": parts.Interval(0.213, 0.198, 0.231),
            "Brier": parts.Interval(0.0612, 0.0561, 0.0667),
            "calibration error": parts.Interval(0.018, 0.0121, 0.0264),
        },
        roc=parts.Curve("the ensemble", grid, grid**0.12),
        precision_recall=parts.Curve("the ensemble", grid, 0.97 - 0.85 * grid**4),
        calibration=parts.Curve("the ensemble", middle, middle**1.2),
        examples=4000,
        positives=480,
        history=history,
        split_sentence="Every fifth group of touching windows was held out.",
    )


def filter_rows(count: int) -> tuple[parts.FilterRow, ...]:
    rng = np.random.default_rng(2)
    jund = motif_of("ATGACTCAT", "MA0491.1", label="JUND")
    rows = [
        parts.FilterRow(motif_of("GATGACTCATC", "filter 0"), jund, "JUND", 2.1e-7, 1834, "MA0491.1 JUND", 0.31, 1),
        parts.FilterRow(
            motif_of("TGACGTCATT", "filter 1"),
            motif_of("GATGACGTCA", "CREB1"),
            "CREB1",
            4e-4,
            921,
            None,
            0.12,
            -2,
            True,
        ),
    ]
    for number in range(2, count):
        word = "".join(rng.choice(list("ACGTN"), 12))
        rows.append(
            parts.FilterRow(
                motif_of(word, f"filter {number}", blur=15.0), None, "no match", None, int(rng.integers(900))
            )
        )
    return tuple(rows[:count])


def make_contents(*, filters: int = 16, length: int = 101, sequences: int = 10) -> parts.ReportContents:
    rng = np.random.default_rng(0)
    top, designs, panels = [], [], []
    for number in range(sequences):
        sequence, truth = planted(rng, length)
        saliency = np.where(truth, 0.6 + 0.4 * rng.random(length), 0.35 * rng.random(length) ** 2)
        top.append(
            parts.ScoredSequence(
                f"chr22:{20_000_000 + 101 * number}-{20_000_101 + 101 * number}",
                sequence, int(number != 6), 5.1 - 0.2 * number, 0.993 - 0.004 * number,
                saliency / saliency.max(), truth,
            )
        )  # fmt: skip
        better, _ = planted(rng, length)
        steps = np.maximum.accumulate(
            np.concatenate([[-1.8], -2 + 9 * (1 - np.exp(-np.arange(300) / 60)) + rng.normal(0, 0.2, 300)])
        )
        designs.append(
            parts.DesignRow(
                f"design {number + 1}",
                sequence,
                better[:40] + "TGACTCATGACGTCA" + better[55:],
                -2.0,
                float(steps[-1]),
                steps,
            )
        )
    for row in top[:3]:
        present = one_hot(row.sequence)
        strength = rng.normal(0, 0.12, length) + np.where(row.truth, 1.4, 0)
        effects = (1 - present) * (rng.normal(0, 0.15, (4, length)) - np.where(row.truth, 1.6, 0))
        panels.append(parts.MutagenesisPanel(row.name, row.sequence, effects, present * strength))
    return parts.ReportContents(
        title="JUND binding in HepG2, planted AP-1 sites",
        run_id="20251122-0043-5f3a9c",
        seed=7,
        created="2025-11-22 00:43 UTC",
        command="seqinterp run data/ap1.tsv.gz --out runs/ap1 --seed 7",
        # A hash as long as a real one must not widen the page.
        versions={"seqinterp": "0.1.0", "python": "3.11.9", "torch": "2.13.0", "numpy": "2.4.0"},
        data={"file": "ap1.tsv.gz", "sha256": "9f2c" * 16, "rows": "20,000", "length": str(length)},
        settings={"architecture": "binding", "filters": str(filters), "members": "3", "device": "cpu"},
        performance=performance(),
        filters=filter_rows(filters),
        known_motif=(motif_of("ATGACTCAT", "MA0491.1", label="JUND"), motif_of("GATGACTCATC", "filter 0")),
        known_offset=1,
        top_sequences=tuple(top),
        designs=tuple(designs),
        highlight_patterns=AP1,
        mutagenesis=tuple(panels),
        truth=(
            parts.TruthRow("mutagenesis", parts.Interval(0.981, 0.974, 0.987), 200),
            parts.TruthRow("gradient_times_input", parts.Interval(0.934, 0.92, 0.947), 200),
            parts.TruthRow("gradient", parts.Interval(0.902, 0.884, 0.917), 200),
        ),
        notes=(
            "Validation and test sequences come from the same simulation as the training sequences.",
            "Names are given by similarity; JUN, JUND, FOS and ATF members share the same pattern.",
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def contents() -> parts.ReportContents:
    return make_contents(filters=4, sequences=3)


@pytest.fixture(scope="session")
def bare(contents) -> parts.ReportContents:
    """The same run where nothing beyond the performance was asked for."""
    return replace(
        contents, filters=(), known_motif=None, top_sequences=(), designs=(), mutagenesis=(), truth=(), notes=(),
        performance=replace(contents.performance, history=contents.performance.history.iloc[:0]),
    )  # fmt: skip
