"""Which bases of a sequence are coloured, underlined or marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqinterp.errors import AlphabetError
from seqinterp.report.contents import ScoredSequence
from seqinterp.sequence.alphabet import COMPLEMENT, IUPAC

SHADES = 20  # steps of the colour; one step is 5 % of the scale, about what an eye can tell apart


@dataclass(frozen=True)
class ColouredBase:
    """One base with its shade, 0 to `SHADES`, and whether it was planted."""

    letter: str
    shade: int
    planted: bool


@dataclass(frozen=True)
class Stretch:
    """A part of a sequence that is marked throughout, or not at all."""

    letters: str
    marked: bool


def coloured_bases(row: ScoredSequence) -> list[ColouredBase]:
    """Give every base of a sequence its shade."""
    planted = [False] * len(row.sequence) if row.truth is None else [bool(base) for base in row.truth]
    shades = [round(float(value) * SHADES) for value in row.saliency]
    return [ColouredBase(*base) for base in zip(row.sequence, shades, planted, strict=True)]


def pattern_spans(sequence: str, patterns: Sequence[str]) -> list[tuple[int, int]]:
    """Give the half-open places of IUPAC words on either strand, in order, overlapping ones joined.

    Raises `AlphabetError` where a word holds a letter that is not a IUPAC code.
    """
    found: set[tuple[int, int]] = set()
    for pattern in patterns:
        for word in (pattern.upper(), pattern.upper().translate(COMPLEMENT)[::-1]):
            # A look-ahead, because one match may begin inside another.
            for match in re.finditer(f"(?={_expression(word)})", sequence.upper()):
                found.add((match.start(), match.start() + len(word)))
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


def _expression(word: str) -> str:
    """Give the regular expression of a IUPAC word."""
    unknown = sorted(set(word) - set(IUPAC))
    if unknown or not word:
        raise AlphabetError(
            f"a pattern to highlight must be a word of IUPAC codes such as TGASTCA; "
            f"{word!r} {'holds ' + ', '.join(unknown) if unknown else 'is empty'}"
        )
    return "".join(f"[{IUPAC[letter]}]" for letter in word)


def stretches(sequence: str, spans: Sequence[tuple[int, int]]) -> list[Stretch]:
    """Cut a sequence at the ends of the spans; the parts joined are the sequence again."""
    parts, here = [], 0
    for start, stop in spans:
        parts += [Stretch(sequence[here:start], False), Stretch(sequence[start:stop], True)]
        here = stop
    parts.append(Stretch(sequence[here:], False))
    return [part for part in parts if part.letters]
