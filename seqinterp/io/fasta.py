"""FASTA files, and labelled examples from one or two of them."""

from pathlib import Path

from seqinterp.errors import FileError, InputError
from seqinterp.io.text import read_lines
from seqinterp.sequence.alphabet import refuse_other_letters
from seqinterp.sequence.examples import Examples, Locus
from seqinterp.sequence.shuffle import dinucleotide_shuffle

_REDRAWS = 32  # shuffles of one sequence that are tried until one differs from it


def read_fasta(path: str | Path) -> tuple[list[str], list[str]]:
    """Names (headers up to the first space) and sequences (upper case) of a FASTA file, plain or gzipped.

    Lengths may differ. Raises FileError, or AlphabetError for a letter that is not DNA, naming file and line.
    """
    names, sequences, _ = read_records(Path(path))
    return names, sequences


def examples_from_fasta(positives: str | Path, negatives: str | Path, *, seed: int = 0) -> Examples:
    """Positives (label 1) of one FASTA file, then negatives (label 0) of another.

    With `negatives="shuffle"` each positive gets one dinucleotide shuffle of itself as negative, named
    `<name>_shuffled`, of no locus; a shuffle that equals its source is drawn anew. A header `chr1:100-201` (0-based,
    half-open; `(-)` may follow) becomes a locus. Raises FileError naming file and line, also for two lengths or a
    locus of another length than its sequence.
    """
    names, sequences, lines = read_records(Path(positives))
    where = [f"{positives}, line {line}" for line in lines]
    loci = [_locus(place, name, len(s)) for place, name, s in zip(where, names, sequences, strict=True)]
    require_one_length(where, sequences)
    if str(negatives) == "shuffle":
        other_names = [f"{name}_shuffled" for name in names]
        others = [_different_shuffle(s, place, seed) for s, place in zip(sequences, where, strict=True)]
        other_loci: list[Locus | None] = [None] * len(others)
    else:
        other_names, others, lines = read_records(Path(negatives))
        other_where = [f"{negatives}, line {line}" for line in lines]
        other_loci = [
            _locus(place, name, len(s)) for place, name, s in zip(other_where, other_names, others, strict=True)
        ]
        require_one_length(where[:1] + other_where, sequences[:1] + others)
    labels = [1.0] * len(sequences) + [0.0] * len(others)
    return Examples.of(sequences + others, labels, names=names + other_names, loci=loci + other_loci)


def read_records(path: Path) -> tuple[list[str], list[str], list[int]]:
    """Names, sequences and header lines (counting from 1) of a FASTA file, with the errors of `read_fasta`."""
    names: list[str] = []
    parts: list[list[str]] = []
    headers: list[int] = []
    texts: list[str] = []
    places: list[tuple[int, str]] = []
    for number, line in enumerate(read_lines(path), start=1):
        text = line.strip()
        if text.startswith(">"):
            if parts and not parts[-1]:
                raise FileError(f"{path}, line {headers[-1]}: record {names[-1]!r} has no sequence")
            name = text[1:].split(maxsplit=1)[0] if text[1:].strip() else ""
            if not name:
                raise FileError(f"{path}, line {number}: a header without a name; write '>name'")
            names.append(name)
            parts.append([])
            headers.append(number)
        elif text:
            if not parts:
                raise FileError(f"{path}, line {number}: FASTA starts with a '>' header, but {text[:30]!r} came")
            parts[-1].append(text.upper())
            texts.append(text)
            places.append((number, names[-1]))
    if not parts[-1]:
        raise FileError(f"{path}, line {headers[-1]}: record {names[-1]!r} has no sequence")
    refuse_other_letters(texts, lambda i: f"{path}, line {places[i][0]} (record {places[i][1]!r})")
    seen: dict[str, int] = {}
    for name, number in zip(names, headers, strict=True):
        if seen.setdefault(name, number) != number:
            raise FileError(
                f"{path}, line {number}: header {name!r} stands on line {seen[name]} already; name records once"
            )
    return names, ["".join(lines) for lines in parts], headers


def _locus(where: str, name: str, length: int) -> Locus | None:
    """The locus that a header spells, or None for any other name."""
    try:
        locus = Locus.parse(name)
    except InputError:
        return None
    if len(locus) == length - 1:
        raise FileError(
            f"{where}: {name} spans {len(locus)} bases, but its sequence has {length}; loci are 0-based and half-open, "
            f"and this one looks 1-based (samtools): write {locus.chromosome}:{locus.start - 1}-{locus.stop}"
        )
    if len(locus) != length:
        raise FileError(f"{where}: {name} spans {len(locus)} bases, but its sequence has {length}")
    return locus


def require_one_length(where: list[str], sequences: list[str]) -> None:
    """FileError naming two places unless all sequences have one length."""
    for place, sequence in zip(where, sequences, strict=True):
        if len(sequence) != len(sequences[0]):
            raise FileError(
                f"all sequences must have one length, but that of {where[0]} has {len(sequences[0])} letters and that "
                f"of {place} has {len(sequence)}; cut or pad them to one length"
            )


def _different_shuffle(sequence: str, where: str, seed: int) -> str:
    """The first dinucleotide shuffle of a sequence that is not the sequence itself."""
    for draws in (1, _REDRAWS):
        for drawn in dinucleotide_shuffle([sequence], draws=draws, seed=seed, names=[where])[0]:
            if drawn != sequence:
                return drawn
    raise InputError(
        f"{where}: no other order of this sequence keeps its dinucleotides, so it has no shuffle; take it out, or give "
        "negatives in a file"
    )
