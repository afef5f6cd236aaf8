"""Reading what the verbs are given, with the names and hashes that a run keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256 as sha256_of
from pathlib import Path

from torch import nn

from seqinterp.api.main_job.steps import best_scoring
from seqinterp.errors import FileError, InputError
from seqinterp.io.bundled import bundled
from seqinterp.io.fasta import examples_from_fasta
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.run_folder import sha256
from seqinterp.io.tables import read_examples
from seqinterp.io.text import read_lines
from seqinterp.models.predict import predict_logits
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples

SHUFFLE = "shuffle"  # instead of a file of negatives


@dataclass(frozen=True)
class Source:
    """Where labelled examples come from.

    files: what run.json says of them: names and hashes.
    sha256: one hash for all of it: that of the table, or that of two lines, the hash of the positives and the hash of
        the negatives (or the word shuffle).
    """

    title: str
    files: Mapping[str, str]
    sha256: str


@dataclass(frozen=True)
class Database:
    """Motifs of one file, what people call it, and its hash."""

    motifs: tuple[Motif, ...]
    source: str
    file: str
    sha256: str


def labelled(data: Path | None, positives: Path | None, negatives: str | None, seed: int) -> tuple[Examples, Source]:
    """Labelled examples from a table, or from FASTA files; and what they are known by.

    Raises:
        InputError: both or neither are given.
        FileError: a file cannot be read, or DATA is FASTA, which holds no labels.
    """
    if data is not None and positives is None and negatives is None:
        examples = _table(data)
        found = sha256(data)
        return examples, Source(_title(data), {"file": data.name, "sha256": found}, found)
    if data is None and positives is not None and negatives is not None:
        return examples_from_fasta(positives, negatives, seed=seed), _fasta_source(positives, negatives)
    raise InputError("give either a table (peaks.tsv) or both --positives a.fa and --negatives b.fa|shuffle")


def database(path: Path | None) -> Database:
    """The motif file that was asked for, or the selection that comes along for None or "known"."""
    if path is None or str(path) == "known":
        place, source = bundled("jaspar_subset.meme"), "the JASPAR 2024 selection that comes with seqinterp"
    else:
        place, source = path, path.name
    return Database(tuple(read_motifs(place)), source, place.name, sha256(place))


def best(model: nn.Module, examples: Examples, count: int, device: str | None) -> Examples:
    """The `count` best-scoring examples, best first; all of them, in their order, for 0."""
    if count == 0:
        return examples
    return examples.take(best_scoring(predict_logits(model, examples.inputs, device=device), count))


def _table(path: Path) -> Examples:
    """A table of labelled sequences; FASTA gets a sentence of its own."""
    try:
        return read_examples(path)
    except FileError as error:
        if path.is_file() and next(filter(str.strip, read_lines(path))).startswith(">"):
            raise FileError(
                f"{path} is FASTA, which holds no labels; give it as --positives, together with --negatives"
            ) from error
        raise


def _fasta_source(positives: Path, negatives: str) -> Source:
    """Names and hashes of both files."""
    shuffled = negatives == SHUFFLE
    first, second = sha256(positives), SHUFFLE if shuffled else sha256(negatives)
    both = sha256_of(f"{first}\n{second}\n".encode()).hexdigest()
    files = {
        "positive file": positives.name,
        "positive file sha256": first,
        "negative file": "shuffle (dinucleotide shuffles of the positives)" if shuffled else Path(negatives).name,
        **({} if shuffled else {"negative file sha256": second}),
        "sha256": both,
    }
    return Source(_title(positives), files, both)


def _title(path: Path) -> str:
    """The name of a file without its endings."""
    return path.name.split(".")[0]
