"""The entries of `Constraints`, one by one: what they may be, and one sentence where they are not."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqinterp.design.constraints.motif_hits import NoNewHits
from seqinterp.design.constraints.protein import translation
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import BITS, survival

_LOWEST = -100.0  # bits of a base that cannot be, as in a scan


def several(value: Any, name: str) -> tuple[Any, ...]:
    """The entries of a field; a string, a motif or a callable stands for itself alone."""
    if isinstance(value, str | Motif) or (callable(value) and not isinstance(value, Sequence)):
        return (value,)
    if isinstance(value, Mapping) or not isinstance(value, Sequence | np.ndarray):
        raise InputError(f"{name} takes a list, not {value!r}")
    return tuple(value)


def whole_number(value: Any, name: str, *, least: int) -> int:
    """A whole number that is not too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be a whole number of {least} or more, not {value!r}")
    return int(value)


def span(value: Any, name: str) -> tuple[int, int]:
    """A half-open span that holds at least one base."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray) or len(value) != 2:
        raise InputError(f"{name} takes spans (start, stop) in a list, as [(40, 60)], and {value!r} is none")
    start, stop = (whole_number(each, f"{name}: start and stop", least=0) for each in value)
    if start >= stop:
        raise InputError(f"{name}: the span {start} to {stop} is empty; it is half-open, so that stop is above start")
    return start, stop


def protein_span(value: Any) -> tuple[int, int, str]:
    """A span of whole codons and its strand."""
    many = len(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else 0
    strand = value[2] if many == 3 else "+"
    if not isinstance(strand, str) or strand not in ("+", "-"):
        raise InputError(f"keep_protein: the strand of a span is '+' or '-', not {strand!r}")
    start, stop = span(value[:2] if many == 3 else value, "keep_protein")
    if (stop - start) % 3:
        raise InputError(
            f"keep_protein: the span {start} to {stop} has {stop - start} bases, which is not a multiple of 3; start"
            " and stop must lie between codons"
        )
    return start, stop, str(strand)


def inside(value: Sequence[Any], length: int, name: str) -> None:
    """Refuse a span that leaves the sequences."""
    if value[1] > length:
        raise InputError(f"{name}: the span {value[0]} to {value[1]} leaves the sequences, which have {length} bases")


def window(width: int | None, length: int) -> None:
    """Refuse a window longer than the sequences."""
    if width is not None and width > length:
        raise InputError(
            f"gc_window is {width}, but the sequences have {length} bases; leave it out to take the whole sequence"
        )


def shares(value: Any) -> tuple[float, float]:
    """The lowest and the highest share of G and C."""
    numbers = value if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else ()
    real = [each for each in numbers if isinstance(each, int | float | np.number) and not isinstance(each, bool)]
    if len(numbers) != 2 or len(real) != 2 or not 0 <= real[0] <= real[1] <= 1:
        raise InputError(f"gc takes the lowest and the highest share, two numbers from 0 to 1 in order, not {value!r}")
    return float(real[0]), float(real[1])


def counted(value: Any) -> tuple[Any, ...] | dict[Any, int]:
    """The required words, with their counts where a mapping gives them."""
    if isinstance(value, Mapping):
        return {word: whole_number(count, f"require: the count of {word}", least=1) for word, count in value.items()}
    return several(value, "require")


def callable_(value: Any) -> Any:
    """A constraint of the caller's."""
    if not callable(value):
        raise InputError(f"also takes callables on a list of sequences, and {value!r} cannot be called")
    return value


def motif(value: Any) -> Motif:
    """A motif that may not be hit anew."""
    if not isinstance(value, Motif):
        raise InputError(f"no_new_hits takes Motif objects, as seqinterp.read_motifs gives them, not {value!r}")
    return value


def p_value(value: Any) -> float:
    """A p-value that can be a threshold."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 < value < 1:
        raise InputError(f"no_new_hits_p is a p-value, above 0 and below 1, not {value!r}")
    return float(value)


def genetic_code(value: Any) -> int:
    """The number of a genetic code that is known."""
    code = whole_number(value, "code", least=1)
    try:
        translation(code)
    except KeyError:
        raise InputError(f"there is no genetic code {code}; the numbers are those of NCBI, 1 is the standard") from None
    return code


def no_new_hits(value: Motif, length: int, threshold: float) -> NoNewHits:
    """The constraint for one motif: its scores in hundredths of a bit, and the least of a hit, both as in a scan."""
    if value.width > length:
        raise InputError(
            f"no_new_hits: motif {value.name} is {value.width} wide, but the sequences have {length} bases; leave it"
            " out"
        )
    scores = np.round(np.maximum(value.pssm, _LOWEST) / BITS)
    rare = np.flatnonzero(survival(scores) < threshold)
    reachable = math.prod((scores == scores.max(axis=0)).sum(axis=0) / 4)
    if len(rare) == 0 or reachable >= threshold:
        raise InputError(
            f"no_new_hits: the best match of motif {value.name} has a p-value of {reachable:.2g}, which is not below"
            f" {threshold:g}; leave it out, or raise no_new_hits_p"
        )
    least = int(scores.min(axis=0).sum()) + int(rare[0])
    return NoNewHits(value.name, np.ascontiguousarray(scores.T.astype(np.int64)), least, threshold)
