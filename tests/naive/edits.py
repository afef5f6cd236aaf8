"""Edits on strings and one at a time: what the fast lists are held against."""

from itertools import combinations, product

import torch
from torch import Tensor, nn

BASES = "ACGT"


def applied(inputs: Tensor, edits) -> Tensor:
    """One edit after the other, one column after the other."""
    rows = []
    for number in range(len(edits.example)):
        row = inputs[int(edits.example[number])].clone()
        for change in range(int(edits.first[number]), int(edits.first[number + 1])):
            row[:, int(edits.position[change])] = edits.columns[change]
        rows.append(row)
    return torch.stack(rows) if rows else inputs[:0]


def effects(function: nn.Module, inputs: Tensor, edits) -> Tensor:
    """One forward pass for each edit and one for the sequence before."""
    with torch.no_grad():
        after = applied(inputs, edits)
        pairs = zip(after, edits.example.tolist(), strict=True)
        found = [function(row[None])[0] - function(inputs[example][None])[0] for row, example in pairs]
    return torch.stack(found)


def put(sequence: str, position: int, word: str) -> str:
    """The word in place of as many bases."""
    return sequence[:position] + word + sequence[position + len(word) :]


def substituted(sequence: str, start: int = 0, stop: int | None = None) -> list[str]:
    """Every other base at every position of the window; four for an N."""
    places = range(len(sequence))[start:stop]
    return [put(sequence, p, base) for p in places for base in BASES if base != sequence[p]]


def words(sequence: str, width: int, positions) -> list[str]:
    """Every other word at every position given."""
    every = ["".join(letters) for letters in product(BASES, repeat=width)]
    return [put(sequence, p, word) for p in positions for word in every if word != sequence[p : p + width]]


def doubly_substituted(sequence: str, start: int, stop: int) -> list[str]:
    """Two bases at two positions, neither of them there already."""
    made = [
        (i, j, put(put(sequence, i, one), j, other))
        for i, j in combinations(range(start, stop), 2)
        for one, other in product(BASES, BASES)
        if one != sequence[i] and other != sequence[j]
    ]
    return [text for _, _, text in made]


def replaced(sequence: str, start: int, stop: int, word: str, keep: str, flank: str = "") -> str:
    """The bases `[start, stop)` replaced, and the length kept at one end; `flank` lies beyond the other, then N."""
    size, beyond = len(sequence), "N" * len(sequence)
    if keep == "start":
        return (sequence[:start] + word + sequence[stop:] + flank + beyond)[:size]
    return (beyond + flank + sequence[:start] + word + sequence[stop:])[-size:]


def interaction(score, one: Tensor, i: int, a: int, j: int, b: int) -> tuple[float, float]:
    """E(ij) and E(ij) - E(i) - E(j) of base a at i and base b at j, by four forward passes."""

    def scored(*changes: tuple[int, int]) -> float:
        row = one.clone()
        for position, base in changes:
            row[:, position] = 0
            row[base, position] = 1
        with torch.no_grad():
            return float(score(row[None])[0])

    before = scored()
    both = scored((i, a), (j, b)) - before
    return both, both - (scored((i, a)) - before) - (scored((j, b)) - before)
