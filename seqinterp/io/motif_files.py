"""Motif files: MEME, JASPAR and TRANSFAC in, MEME out.

Biopython reads JASPAR and TRANSFAC (leniently: JASPAR's own TRANSFAC files have one space after the key). MEME is
read here, since Biopython rounds its probabilities to whole counts and insists on fields that MEME leaves optional.
"""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from Bio import motifs as bio_motifs

from seqinterp.errors import FileError, InputError
from seqinterp.io.atomic import written_whole
from seqinterp.io.text import read_lines
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import Pwm

UNIFORM = (0.25, 0.25, 0.25, 0.25)
USUAL_SITES = 20.0  # what MEME assumes where nsites is not given
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"

Background = tuple[float, float, float, float]


def read_motifs(path: str | Path) -> list[Motif]:
    """The motifs of a MEME, JASPAR or TRANSFAC file, recognised by its content, plain or gzipped, in file order.

    MEME counts are probability * nsites (20 where nsites is not given), rows scaled to sum to 1; a motif's `name` is
    its identifier and its `label` the alternative name. Raises FileError naming file and line.
    """
    lines = read_lines(path)
    first = next(line.strip() for line in lines if line.strip())
    if any(line.startswith("MEME version") for line in lines):
        motifs = list(_meme(Path(path), lines))
    elif first.startswith(">"):
        motifs = list(_jaspar(Path(path), lines))
    elif re.match(r"(AC|ID|NA|XX|VV|DE|P[0O])\b", first):
        motifs = list(_transfac(Path(path), lines))
    else:
        raise FileError(
            f"{path}, line 1: no motif file; MEME ('MEME version 4'), JASPAR ('>MA0004.1 Arnt') or TRANSFAC "
            f"('AC MA0004.1') is wanted, but it starts with {first[:40]!r}"
        )
    if not motifs:
        raise FileError(f"{path} holds no motif")
    return motifs


def write_meme(path: str | Path, motifs: Sequence[Motif], *, force: bool = False) -> None:
    """Write motifs as MEME text (version 4), readable by the MEME suite, memelite, tangermeme and Biopython.

    Probabilities have eight decimals and nsites is a whole number of 1 or more, so frequencies come back to 1e-7, and
    counts to 1e-7 of nsites where nsites is whole and all columns have one sum. Pseudocounts are not written. Raises
    InputError for no motifs, a name with spaces or used twice, or motifs of two backgrounds; FileError if `path`
    exists and `force` is False.
    """
    _check_writable(motifs)
    a, c, g, t = motifs[0].background
    lines = ["MEME version 4", "", "ALPHABET= ACGT", "", "strands: + -", "", "Background letter frequencies"]
    # Biopython wants single spaces and an empty line here; old readers want the spaces in "w= 8" as they are.
    lines += [f"A {a:.6g} C {c:.6g} G {g:.6g} T {t:.6g}", ""]
    for motif in motifs:
        lines.append(f"MOTIF {motif.name} {motif.label}".rstrip())
        nsites = max(1, round(motif.nsites))
        lines.append(f"letter-probability matrix: alength= 4 w= {motif.width} nsites= {nsites} E= 0")
        lines += [" " + "  ".join(f"{p:.8f}" for p in column) for column in motif.frequencies.T.tolist()]
        lines.append("")  # the last one too: old readers drop a motif that ends with the file
    with written_whole(Path(path), force=force) as whole:
        whole.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _check_writable(motifs: Sequence[Motif]) -> None:
    """InputError for motifs that a MEME file cannot hold."""
    if not motifs:
        raise InputError("at least one motif is needed to write a MEME file, but none came")
    seen: set[str] = set()
    for motif in motifs:
        if any(letter.isspace() for letter in motif.name) or motif.name in seen:
            raise InputError(f"MEME names have no spaces and are used once, but {motif.name!r} came; rename the motif")
        if "\n" in motif.label:
            raise InputError(f"the label of motif {motif.name} must be one line, but it is {motif.label!r}")
        if motif.background != motifs[0].background:
            raise InputError(
                f"a MEME file has one background, but {motifs[0].name} and {motif.name} have two; "
                "write them to two files, or give them one background"
            )
        seen.add(motif.name)


def _meme(path: Path, lines: list[str]) -> Iterator[Motif]:
    """The motifs of a MEME file, minimal or the full output of the program."""
    background, name, label = UNIFORM, "", ""
    for i, line in enumerate(lines):
        if line.startswith("ALPHABET") and not re.match(r"ALPHABET(=\s*ACGT\s*$|\s+\"DNA\")", line):
            raise FileError(f"{path}, line {i + 1}: the alphabet ACGT is wanted, but {line.strip()!r} came")
        if line.startswith("Background letter frequencies"):
            background = _meme_background(path, lines, i)
        elif re.match(r"MOTIF(\s|$)", line):
            words = line.split()[1:]
            if not words:
                raise FileError(f"{path}, line {i + 1}: a MOTIF line without a name")
            # The full output goes on with "MEME-1 width = 7 sites = 17 ...".
            name, label = words[0], " ".join(words[1 : words.index("width")] if "width" in words else words[1:])
        elif line.startswith("letter-probability matrix"):
            if not name:
                raise FileError(f"{path}, line {i + 1}: a matrix before the first MOTIF line")
            yield Motif(name, _meme_counts(path, lines, i), background=background, label=label)


def _meme_background(path: Path, lines: list[str], start: int) -> Background:
    """The four probabilities after line `start`, on one line or several."""
    found: dict[str, float] = {}
    for line in lines[start + 1 : start + 5]:
        found |= {base: float(p) for base, p in re.findall(rf"\b([ACGT])\s+({_NUMBER})", line)}
        if len(found) == 4:
            a, c, g, t = (found[base] / sum(found.values()) for base in BASES)
            if min(a, c, g, t) > 0:
                return a, c, g, t
    raise FileError(
        f"{path}, line {start + 2}: four background frequencies such as 'A 0.3 C 0.2 G 0.2 T 0.3' are wanted"
    )


def _meme_counts(path: Path, lines: list[str], start: int) -> Pwm:
    """The counts (4, width) of the matrix whose header is line `start`."""
    given = dict(re.findall(rf"\b(alength|w|nsites)\s*=\s*({_NUMBER})", lines[start]))
    if int(float(given.get("alength", 4))) != 4:
        raise FileError(f"{path}, line {start + 1}: a DNA matrix has alength= 4, but it is {given['alength']}")
    rows: list[list[float]] = []
    for i in range(start + 1, len(lines)):
        words = lines[i].split()
        if not words or not re.fullmatch(_NUMBER + "|nan|inf", words[0], re.IGNORECASE):
            break
        rows.append(_probabilities(f"{path}, line {i + 1}", words))
    width = int(float(given.get("w", len(rows))))
    if len(rows) != width or not rows:
        raise FileError(f"{path}, line {start + 1}: the matrix says w= {width}, but {len(rows)} rows follow")
    nsites = float(given.get("nsites", USUAL_SITES)) or USUAL_SITES
    return np.array(rows).T * nsites


def _probabilities(where: str, words: list[str]) -> list[float]:
    """One row of a MEME matrix, scaled to sum to exactly 1."""
    try:
        row = [float(word) for word in words]
    except ValueError as error:
        raise FileError(f"{where}: four probabilities are wanted, but {' '.join(words)!r} came") from error
    if len(row) != 4 or not min(row) >= 0 or not abs(sum(row) - 1) < 0.02:
        raise FileError(f"{where}: four probabilities that sum to 1 are wanted, but {' '.join(words)!r} came")
    return [p / sum(row) for p in row]


def _jaspar(path: Path, lines: list[str]) -> Iterator[Motif]:
    """The motifs of a JASPAR file: a header that starts with > and four rows of counts."""
    starts = [i for i, line in enumerate(lines) if line.startswith(">")]
    for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
        block = [line for line in lines[start:stop] if line.strip()]
        record = _biopython(path, start, block, "jaspar")
        name, label = str(record.matrix_id), str(record.name)
        yield _motif(path, start, name, "" if label == name else label, record)


def _transfac(path: Path, lines: list[str]) -> Iterator[Motif]:
    """The motifs of a TRANSFAC file: records that end with //; the accession is the name and ID the label."""
    start = 0
    for i, line in enumerate([*lines, "//"]):
        if not line.startswith("//"):
            continue
        block = lines[start:i]
        if any(re.match(r"P[0O]\b", kept) for kept in block):
            start += next(k for k, kept in enumerate(block) if kept.strip())
            record = _biopython(path, start, [*lines[start:i], "//"], "transfac")
            known = [str(record[key]) for key in ("AC", "ID", "NA") if key in record]
            if not known:
                raise FileError(f"{path}, line {start + 1}: a TRANSFAC record without AC, ID or NA line has no name")
            yield _motif(path, start, known[0].split()[0], known[1] if len(known) > 1 else "", record)
        start = i + 1


def _biopython(path: Path, start: int, block: list[str], form: str) -> Any:
    """One record, read by Biopython; its complaints get file and line."""
    try:
        strict = {"strict": False} if form == "transfac" else {}
        found = bio_motifs.parse(io.StringIO("\n".join(block) + "\n"), form, **strict)
    except Exception as error:  # Biopython raises no narrower kind for ragged rows
        raise FileError(f"{path}, line {start + 1}: a {form.upper()} record that cannot be read ({error})") from error
    if len(found) != 1:
        raise FileError(
            f"{path}, line {start + 1}: a {form.upper()} record needs a row of counts for each of A, C, G, T"
        )
    return found[0]


def _motif(path: Path, start: int, name: str, label: str, record: Any) -> Motif:
    """A Biopython record as a Motif."""
    try:
        return Motif(name, np.array([record.counts[base] for base in BASES], dtype=np.float64), label=label)
    except InputError as error:
        raise FileError(f"{path}, line {start + 1}: {error}") from error
