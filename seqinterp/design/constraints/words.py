"""Constraints on words of IUPAC letters: those that may not stand anywhere, and those that must, on either strand."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from seqinterp.design.constraints.rules import no_moves
from seqinterp.design.edit_script import plain
from seqinterp.kernels.sequence_rules import CODES, Automaton, count_words
from seqinterp.sequence.alphabet import IUPAC
from seqinterp.sequence.strand import reverse_complement
from seqinterp.shapes import CodeBlock, Codes, Costs, LetterSets, Listing

UNKNOWN = 16  # the bit of N in a sequence: the letter N alone stands for it
BIT_OF_CODE = np.array([1, 2, 4, 8, *[UNKNOWN] * (CODES - 4)], dtype=np.uint8)
_PLACES = 128  # places where a required word is tried at once
_SET_OF_LETTER = {
    letter: sum(1 << "ACGT".index(base) for base in bases) + (UNKNOWN if letter == "N" else 0)
    for letter, bases in IUPAC.items()
}


def letter_sets(word: str) -> LetterSets:
    """What each letter of a word stands for, as bits."""
    return np.array([_SET_OF_LETTER[letter] for letter in word], dtype=np.uint8)


def strands(word: str) -> tuple[str, ...]:
    """A word on both strands; once where both read the same."""
    other = reverse_complement(word)
    return (word,) if other == word else (word, other)


@cache
def automaton(words: Sequence[str]) -> Automaton:
    """What the kernel that counts words takes."""
    sets = np.concatenate([letter_sets(word) for word in words])
    numbers = -(-len(sets) // 64)
    letters = np.zeros((CODES, numbers), dtype=np.uint64)
    firsts, lasts = np.zeros(numbers, dtype=np.uint64), np.zeros(numbers, dtype=np.uint64)
    for place, allowed in enumerate(sets):
        letters[(BIT_OF_CODE & allowed) > 0, place // 64] |= np.uint64(1) << np.uint64(place % 64)
    for word, stop in zip(words, np.cumsum([len(word) for word in words]).tolist(), strict=True):
        start = stop - len(word)
        firsts[start // 64] |= np.uint64(1) << np.uint64(start % 64)
        lasts[(stop - 1) // 64] |= np.uint64(1) << np.uint64((stop - 1) % 64)
    return Automaton(letters, firsts, lasts)


def found_at(codes: Codes, word: str) -> Listing:
    """Where a word stands on the strand as given."""
    return np.flatnonzero(misfits(codes, word) == 0)


def misfits(codes: Codes, word: str) -> Listing:
    """For each place that a word could have, the bases there that it does not stand for."""
    windows = len(codes) - len(word) + 1
    found: Listing = np.zeros(max(0, windows), dtype=np.int64)
    if windows > 0:
        bits = BIT_OF_CODE[codes]
        for column, allowed in enumerate(letter_sets(word)):
            found += (bits[column : column + windows] & allowed) == 0
    return found


def places_said(codes: Codes, word: str) -> str:
    """Where a word stands on either strand, as a clause."""
    forms = strands(word)
    marks = ("+", "-") if len(forms) == 2 else ("both strands",)
    found = sorted(
        (int(place), mark) for form, mark in zip(forms, marks, strict=True) for place in found_at(codes, form)
    )
    if not found:
        return "it does not occur"
    more = f" and {len(found) - 5} other places" if len(found) > 5 else ""
    return f"it stands at {', '.join(f'{place} ({mark})' for place, mark in found[:5])}{more}"


@dataclass(frozen=True)
class Forbidden:
    """A word that may not stand on either strand; `label` is what it is called, as EcoRI for GAATTC."""

    word: str
    label: str = ""
    unit: int = 1

    @property
    def name(self) -> str:
        return f"no {self.label} site ({self.word})" if self.label else f"no {self.word}"

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """How often it stands."""
        del starts
        return count_words(plain(codes), automaton(strands(self.word)))

    def said(self, codes: Codes, start: Codes, /) -> str:
        del start
        return places_said(codes, self.word)

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """Letters of one place where it stands, those that stand for any base left out."""
        del start
        found = [(form, place) for form in strands(self.word) for place in found_at(codes, form).tolist()]
        if not found:
            return np.empty(0, dtype=np.int64)
        form, place = found[int(generator.integers(len(found)))]
        spots: Listing = place + np.flatnonzero((letter_sets(form) & 15) != 15)
        return spots

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """None that single substitutions do not give."""
        del start, generator
        return no_moves(codes)


@dataclass(frozen=True)
class Required:
    """A word that stands at `count` places at least, on either strand; a place counts once where both read it."""

    word: str
    count: int = 1
    label: str = ""
    unit: int = 1

    @property
    def name(self) -> str:
        what = f"{self.label} site ({self.word})" if self.label else self.word
        return f"{what} present" if self.count == 1 else f"{what} present {self.count} times"

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """How many times it is missing."""
        del starts
        found: Costs = np.maximum(self.count - count_words(plain(codes), automaton(strands(self.word))), 0)
        return found

    def said(self, codes: Codes, start: Codes, /) -> str:
        del start
        return places_said(codes, self.word)

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """None: a single substitution seldom makes a word."""
        del codes, start, generator
        return np.empty(0, dtype=np.int64)

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """The word written to each place, or to many: those that fit best, and random ones."""
        del start
        forms = strands(self.word)
        missing = np.concatenate([misfits(codes, form) for form in forms])
        windows = len(missing) // len(forms)
        order = generator.permutation(len(missing))
        order = order[missing[order] > 0]
        if len(order) > _PLACES:
            best = order[np.argsort(missing[order], kind="stable")]
            order = np.unique(np.concatenate([best[: _PLACES // 2], order[: _PLACES // 2]]))
        found = np.repeat(codes[None], len(order), axis=0)
        for number, form in enumerate(forms):
            rows = np.flatnonzero(order // windows == number)
            columns = (order[rows] % windows)[:, None] + np.arange(len(form))
            found[rows[:, None], columns] = written(found[rows[:, None], columns], form, generator)
        return found


def written(codes: CodeBlock, word: str, generator: np.random.Generator) -> CodeBlock:
    """Sequences (row, letter) that the word stands for; bases that it allows are left."""
    sets = letter_sets(word)
    ranks = generator.random((len(codes), len(word), 4))
    ranks[:, (sets[:, None] >> np.arange(4) & 1) == 0] = -1
    found: CodeBlock = np.where(BIT_OF_CODE[codes] & sets, codes, ranks.argmax(axis=2)).astype(np.uint8)
    return found
