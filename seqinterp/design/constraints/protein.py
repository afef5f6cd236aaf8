"""Constraint on codons: what they stand for is kept."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import CodeBlock, Codes, Costs, Listing

Strand = Literal["+", "-"]
_LETTERS = 16  # codes there are, so that a codon has a number also where a letter is no base


@cache
def translation(code: int) -> Codes:
    """What each codon stands for in a genetic code, by _LETTERS^2 first + _LETTERS second + third.

    Letters of amino acids, "*" of stops; codons with an unknown base get 0. Codes go by the numbers of NCBI.

    Raises:
        KeyError: there is no such code.
    """
    from Bio.Data.CodonTable import unambiguous_dna_by_id  # loads only when a protein is to be kept

    table = unambiguous_dna_by_id[code].forward_table
    found: Codes = np.zeros(_LETTERS**3, dtype=np.uint8)
    for number in range(64):
        first, second, third = number // 16, number // 4 % 4, number % 4
        letter = table.get(BASES[first] + BASES[second] + BASES[third], "*")
        found[_LETTERS**2 * first + _LETTERS * second + third] = ord(letter)
    return found


@cache
def synonyms(code: int) -> dict[int, CodeBlock]:
    """The codons of each amino acid and of stops, by letter."""
    table = translation(code)
    codons = np.stack(np.meshgrid(*[np.arange(4, dtype=np.uint8)] * 3, indexing="ij"), axis=-1).reshape(64, 3)
    letters = table[numbers(codons)]
    return {letter: codons[letters == letter] for letter in sorted(set(letters.tolist()))}


def numbers(codons: np.ndarray) -> Any:
    """The number of each codon (..., 3); of one codon (3,) a whole number."""
    first, second, third = (codons[..., place].astype(np.int64) for place in range(3))
    return _LETTERS**2 * first + _LETTERS * second + third


@dataclass(frozen=True)
class Protein:
    """The codons of a span, in frame from its start, stand for the amino acids that they do in the start.

    On the strand "-" they are read from the end of the span on the other strand. Stops are kept as stops. A codon with
    an unknown base stays as it is.
    """

    start: int
    stop: int
    strand: Strand = "+"
    code: int = 1
    unit: int = 1

    @property
    def name(self) -> str:
        other = " on the other strand" if self.strand == "-" else ""
        return f"protein of bases {self.start} to {self.stop}{other} kept"

    def codons(self, codes: CodeBlock) -> np.ndarray:
        """Codons in reading order, (row, codon, 3)."""
        span = codes[:, self.start : self.stop]
        if self.strand == "-":
            span = complement(span)[:, ::-1]
        return span.reshape(len(codes), -1, 3)

    def cost(self, codes: CodeBlock, starts: CodeBlock, /) -> Costs:
        """Codons that stand for something else."""
        span = slice(self.start, self.stop)
        found: Costs = np.zeros(len(codes), dtype=np.int64)
        rows = np.flatnonzero((codes[:, span] != starts[:, span]).any(axis=1))
        if len(rows):
            found[rows] = self._differs(codes[rows], starts[rows]).sum(axis=1)
        return found

    def said(self, codes: Codes, start: Codes, /) -> str:
        differs = np.flatnonzero(self._differs(codes[None], start[None])[0])
        if len(differs) == 0:
            return f"all {(self.stop - self.start) // 3} codons stand for the same"
        first = int(differs[0])
        before, after = (self.letters(whole)[first] for whole in (start, codes))
        return f"{len(differs)} codon(s) differ, the first is number {first + 1}: {before} became {after}"

    def letters(self, codes: Codes) -> str:
        """The protein; X where a base is unknown."""
        found = translation(self.code)[numbers(self.codons(codes[None])[0])]
        return "".join(chr(letter) if letter else "X" for letter in found.tolist())

    def spots(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> Listing:
        """None: whole codons are exchanged."""
        del codes, start, generator
        return np.empty(0, dtype=np.int64)

    def moves(self, codes: Codes, start: Codes, generator: np.random.Generator, /) -> CodeBlock:
        """All that are wrong as in the start, and the codons of one with the right meaning."""
        differs = np.flatnonzero(self._differs(codes[None], start[None])[0])
        mended = codes.copy()
        for number in differs.tolist():
            here = self._place(number)
            mended[here] = start[here]
        if len(differs) == 0:
            return mended[None]
        chosen = self._place(int(generator.choice(differs)))
        return np.concatenate([mended[None], self.neighbours(codes, start, np.arange(chosen.start, chosen.stop))])

    def neighbours(self, codes: Codes, start: Codes, where: Listing) -> CodeBlock:
        """Candidates with another codon of the right meaning for each codon that holds a position of `where`."""
        inside = where[(where >= self.start) & (where < self.stop)]
        places = {(int(position) - self.start) // 3 for position in inside}
        last = (self.stop - self.start) // 3 - 1
        table, found = translation(self.code), [codes[None][:0]]
        for place in sorted(places):
            number = place if self.strand == "+" else last - place
            letter = int(table[numbers(self.codons(start[None])[0, number])])
            if letter == 0:
                continue
            codons = synonyms(self.code)[letter]
            here = self._place(number)
            changed = np.repeat(codes[None], len(codons), axis=0)
            changed[:, here] = codons if self.strand == "+" else complement(codons)[:, ::-1]
            found.append(changed[(changed != codes).any(axis=1)])
        return np.concatenate(found)

    def _differs(self, codes: CodeBlock, starts: CodeBlock) -> np.ndarray:
        """Which codons of each row stand for something else, (row, codon)."""
        table = translation(self.code)
        before, after = numbers(self.codons(starts)), numbers(self.codons(codes))
        known = (table[before] > 0) & (table[after] > 0)
        found: np.ndarray = np.where(known, table[before] != table[after], before != after)
        return found

    def _place(self, number: int) -> slice:
        """Where a codon stands, by its number in reading order."""
        if self.strand == "+":
            return slice(self.start + 3 * number, self.start + 3 * number + 3)
        return slice(self.stop - 3 * number - 3, self.stop - 3 * number)


def complement(codes: np.ndarray) -> np.ndarray:
    """The bases of the other strand, in the same order."""
    found: np.ndarray = np.where(codes < 4, 3 - np.minimum(codes, 3), codes).astype(np.uint8)
    return found
