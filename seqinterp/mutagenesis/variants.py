"""Variants as pairs of windows that a model reads: with the reference allele, and with the alternative one.

Both windows are exact: where the alleles differ in length, the flank of the sequence moves in or out at one end.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import BASES

COLUMNS = ("chromosome", "position", "reference", "alternative")
WHOLE = 2**20  # the longest sequence that is taken for a model's input when no length is given
_OTHER_NAMES = {
    "chromosome": ("chrom", "#chrom", "chr", "CHROM", "#CHROM", "contig"),
    "reference": ("ref", "REF"),
    "alternative": ("alt", "ALT", "alternate"),
}
_ONE_BASED = ("pos", "POS", "Pos")


@dataclass(frozen=True)
class Variant:
    """One row of a table: `reference` at the 0-based `position` of the sequence `name` becomes `alternative`."""

    row: int
    name: Hashable
    position: int
    reference: str
    alternative: str

    @cached_property
    def trimmed(self) -> tuple[int, str, str]:
        """Position and alleles without the bases that both alleles begin with, then those that both end with."""
        old, new, start = self.reference, self.alternative, self.position
        while old and new and old[0] == new[0]:
            old, new, start = old[1:], new[1:], start + 1
        while old and new and old[-1] == new[-1]:
            old, new = old[:-1], new[:-1]
        return start, old, new

    def __str__(self) -> str:
        return f"row {self.row} ({self.name}:{self.position} {self.reference or '-'}>{self.alternative or '-'})"


def read_variants(table: pd.DataFrame, sequences: Mapping[Hashable, str]) -> list[Variant]:
    """The rows of a table, checked against the sequences.

    Raises:
        InputError: a column is missing or odd, a row cannot be meant, or a reference allele is not what the sequence
            holds; the row is named.
    """
    _check_columns(table, sequences)
    only = next(iter(sequences))
    names = list(table["chromosome"]) if "chromosome" in table.columns else [only] * len(table)
    alleles = zip(table["reference"], table["alternative"], strict=True)
    rows = zip(names, table["position"], alleles, strict=True)
    variants = [_variant(sequences, row, *fields) for row, fields in enumerate(rows)]
    wrong = [variant for variant in variants if _found(sequences, variant, variant.reference) != variant.reference]
    if wrong:
        raise InputError(_wrong_allele(wrong[0], sequences, variants))
    return variants


def windows(
    variants: Sequence[Variant], sequences: Mapping[Hashable, str], length: int | None, keep: str = "start"
) -> tuple[list[str], list[str], np.ndarray]:
    """What the model reads with the reference and with the alternative allele, and how many N hang over the edge.

    A window of `length` is centred on what changes; with None the whole sequence is the window. `keep="start"`: both
    windows start at one place, and a change of length moves what follows the variant; `keep="stop"`: they end at one
    place, and it moves what precedes.
    """
    if keep not in ("start", "stop"):
        raise InputError(f"keep must be 'start' or 'stop', the end of the window that stays in place, not {keep!r}")
    before, after, over = [], [], []
    for variant in variants:
        sequence = sequences[variant.name]
        start, old, new = variant.trimmed
        size = len(sequence) if length is None else length
        stop = start + len(old)
        low = 0 if length is None else _window_start(start, stop, size, keep)
        high = low + size
        reference, missing = _padded(sequence, low, high)
        longer = len(new) - len(old)
        if keep == "start":  # room for the alleles and what follows; the end is cut off
            left, over_left = _padded(sequence, low, start)
            right, over_right = _padded(sequence, stop, max(stop, high - longer))
            alternative = (left + new + right)[:size]
        else:
            left, over_left = _padded(sequence, min(start, low + longer), start)
            right, over_right = _padded(sequence, stop, high)
            alternative = (left + new + right)[-size:]
        before.append(reference)
        after.append(alternative)
        over.append(max(missing, over_left + over_right))
    return before, after, np.array(over, dtype=np.int64)


def _window_start(start: int, stop: int, size: int, keep: str) -> int:
    """Where a window centred on `[start, stop)` starts; the end of it that stays in place is never within the bases
    that go, also where these are more than fit."""
    shown = min(stop - start, size)
    centre = start + shown // 2 if keep == "start" else stop - (shown - shown // 2)
    return centre - size // 2


def check_length(sequences: Mapping[Hashable, str], length: int | None) -> None:
    """Raise InputError unless windows of `length` can be cut, or the sequences themselves be windows for None."""
    if length is not None:
        if isinstance(length, bool) or not isinstance(length, int) or length < 1:
            raise InputError(f"length must be 1 or more, what the model reads, not {length!r}")
        return
    sizes = sorted({len(sequence) for sequence in sequences.values()})
    if len(sizes) > 1 or sizes[-1] > WHOLE:
        raise InputError(
            f"the sequences have {sizes[0]} to {sizes[-1]} bases, so they are not what the model reads; give length=,"
            " the length of its inputs, and windows are cut around each variant"
        )


def _check_columns(table: pd.DataFrame, sequences: Mapping[Hashable, str]) -> None:
    """InputError naming what is missing, and what stands there under another name."""
    if "position" not in table.columns:
        one_based = next((name for name in _ONE_BASED if name in table.columns), None)
        hint = (
            ""
            if one_based is None
            else f"; {one_based!r} counts from 1 in VCF, so make it with table['position'] = table[{one_based!r}] - 1"
        )
        raise InputError(f"the table of variants lacks the column position, 0-based{hint}")
    needed = [name for name in COLUMNS if name != "chromosome" or len(sequences) > 1]
    for name in needed:
        if name not in table.columns:
            other = next((alias for alias in _OTHER_NAMES[name] if alias in table.columns), None)
            hint = "" if other is None else f"; rename {other!r}: table.rename(columns={{{other!r}: {name!r}}})"
            raise InputError(f"the table of variants lacks the column {name}; it needs {', '.join(needed)}{hint}")


def _variant(
    sequences: Mapping[Hashable, str], row: int, name: Hashable, position: object, alleles: tuple[object, object]
) -> Variant:
    """One row, checked by itself and against the length of its sequence."""
    where = f"row {row} of the table of variants"
    if name not in sequences:
        other = name[3:] if str(name).startswith("chr") and isinstance(name, str) else f"chr{name}"
        hint = f"; there is {other!r}, so the two name chromosomes differently" if other in sequences else ""
        if str(name) in sequences:
            hint = f"; there is {str(name)!r}: turn the column into strings"
        raise InputError(f"{where}: there is no sequence {name!r}{hint}")
    if isinstance(position, bool) or not isinstance(position, int | np.integer):
        raise InputError(f"{where}: position must be a whole number, 0-based, not {position!r}")
    reference, alternative = alleles
    words = _allele(where, "reference", reference), _allele(where, "alternative", alternative)
    variant = Variant(row, name, int(position), *words)
    length = len(sequences[name])
    if not 0 <= variant.position <= length - len(variant.reference):
        raise InputError(
            f"{variant}: it leaves the sequence, which has positions 0 to {length - 1}; positions are 0-based"
        )
    return variant


def _allele(where: str, name: str, value: object) -> str:
    """An allele in upper case; InputError for what is none."""
    if not isinstance(value, str):
        raise InputError(
            f"{where}: {name} must be a string of bases, empty for none, not {value!r}; pandas reads an empty field as"
            " NaN unless read_csv is told keep_default_na=False"
        )
    other = set(value.upper()) - set(BASES)
    if other:
        hint = {"-": "write an empty string for no bases", ",": "give each alternative a row of its own"}
        said = next((hint[letter] for letter in sorted(other) if letter in hint), "symbolic alleles are not edits")
        raise InputError(f"{where}: {name} {value!r} holds {min(other)!r}, and alleles are A, C, G, T; {said}")
    return value.upper()


def _found(sequences: Mapping[Hashable, str], variant: Variant, allele: str, shift: int = 0) -> str:
    """The bases of the sequence where an allele would stand."""
    start = variant.position + shift
    return sequences[variant.name][max(start, 0) : start + len(allele)].upper()


def _wrong_allele(variant: Variant, sequences: Mapping[Hashable, str], variants: Sequence[Variant]) -> str:
    """The one sentence for a reference allele that is not there: what is, and what may have happened."""
    expected, other = variant.reference, variant.alternative
    found = _found(sequences, variant, expected)
    said = f"{variant}: the reference allele is {expected}, but the sequence holds {found} there"
    if all(_found(sequences, each, each.reference, -1) == each.reference for each in variants):
        return f"{said}; every reference allele stands one base further left, so positions look 1-based: take 1 off"
    if other and _found(sequences, variant, other) == other:
        return f"{said}, which is the alternative allele: the two look swapped"
    return f"{said}; check that the table and the sequences are of one assembly, and that positions are 0-based"


def _padded(sequence: str, start: int, stop: int) -> tuple[str, int]:
    """`sequence[start:stop]` in upper case with N beyond its ends, and how many N that takes."""
    low, high = min(max(start, 0), len(sequence)), max(min(stop, len(sequence)), 0)
    inside = sequence[low:high].upper()
    left = min(max(-start, 0), max(stop - start, 0))
    right = max(stop - start, 0) - left - len(inside)
    return "N" * left + inside + "N" * right, left + right
