"""Reading what the verbs are given."""

from pathlib import Path

from torch import nn

from seqinterp.api.steps import best_scoring
from seqinterp.errors import InputError
from seqinterp.io.bundled import bundled
from seqinterp.io.fasta import examples_from_fasta, read_fasta
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.tables import read_examples
from seqinterp.io.text import read_lines
from seqinterp.models.predict import predict_logits
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples


def labelled(data: Path | None, positives: Path | None, negatives: str | None, seed: int) -> tuple[Examples, Path]:
    """Labelled examples from a table, or from FASTA files; and the file they are known by.

    Raises:
        InputError: both or neither are given.
    """
    if data is not None and positives is None and negatives is None:
        return read_examples(data), data
    if data is None and positives is not None and negatives is not None:
        return examples_from_fasta(positives, negatives, seed=seed), positives
    raise InputError(
        "give either a table (seqinterp run peaks.tsv ...) or both --positives a.fa and --negatives b.fa|shuffle"
    )


def database(path: Path | None) -> tuple[list[Motif], str]:
    """The motif database that was asked for, or the selection that comes along; and its name."""
    if path is None:
        return read_motifs(bundled("jaspar_subset.meme")), "the JASPAR 2024 selection that comes with seqinterp"
    return read_motifs(path), path.name


def sequences(path: Path) -> Examples:
    """Sequences without regard to labels, from FASTA or a table."""
    if read_lines(path)[0].startswith(">"):
        names, found = read_fasta(path)
        return Examples.of(found, [0.0] * len(found), names=names)
    return read_examples(path)


def best(model: nn.Module, examples: Examples, count: int, device: str | None) -> Examples:
    """The `count` best-scoring examples, best first; all of them, in their order, for 0."""
    if count == 0:
        return examples
    return examples.take(best_scoring(predict_logits(model, examples.inputs, device=device), count))
