"""Simulated attributions with planted motifs, the truth kept, and the one judge of what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqinterp.motifs.motif import Motif

ALIKE = 0.75  # cosine of letter heights from which a pattern is the planted motif
DISTINCT = 0.7  # below which two planted motifs have to be
LENGTH, SITES_EACH = 400, 3  # of a sequence


@dataclass(frozen=True, eq=False)
class Planted:
    """Sequences and hypothetical contributions (batch, 4, position), the motifs, and a row for each site.

    sites: (site, 5): example, start, stop, 1 on the reverse strand, number of the motif.
    """

    motifs: list[Motif]
    inputs: np.ndarray
    attributions: np.ndarray
    sites: np.ndarray


def plant(known: Sequence[Motif], count: int, *, sites: int = 200, noise: float = 0.05, seed: int = 0) -> Planted:
    """`count` motifs, each at `sites` places on random strands, three in every random sequence of 400 bases.

    At a site every base contributes its log odds in the motif, scaled so that a mean site adds up to 1, times a number
    between 0.5 and 1.5; everywhere every base has normal noise of that standard deviation.
    """
    motifs, draw = choose(known, count, seed), np.random.default_rng(seed + 1)
    examples = -(-count * sites // SITES_EACH)
    codes = draw.integers(0, 4, (examples, LENGTH))
    found = np.zeros((examples, 4, LENGTH), np.float32)
    owners = draw.permutation(np.resize(np.repeat(np.arange(count), sites), examples * SITES_EACH))
    rows = []
    for place, owner in enumerate(owners.tolist()):
        example, motif = place // SITES_EACH, motifs[owner]
        taken = [row[1:3] for row in rows[place - place % SITES_EACH :]]
        start = _free(draw, motif.width, taken)
        letters = (draw.random(motif.width) >= motif.pwm.cumsum(axis=0)[:3]).sum(axis=0)
        odds = np.log2((motif.frequencies + 0.02) / 1.08 / 0.25)
        given = odds / (motif.frequencies * odds).sum() * draw.uniform(0.5, 1.5)
        reverse = bool(draw.random() < 0.5)
        if reverse:
            letters, given = 3 - letters[::-1], given[::-1, ::-1]
        codes[example, start : start + motif.width] = letters
        found[example, :, start : start + motif.width] += given
        rows.append((example, start, start + motif.width, int(reverse), owner))
    inputs = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy()
    found += draw.normal(0, noise, found.shape).astype(np.float32)
    return Planted(motifs, inputs, found, np.array(rows))


def choose(known: Sequence[Motif], count: int, seed: int) -> list[Motif]:
    """Motifs of 8 to 26 bits, drawn at random, of which no two look alike."""
    usual = [motif for motif in known if 8 <= motif.information_content <= 26 and motif.width <= 22]
    chosen: list[Motif] = []
    for place in np.random.default_rng(seed).permutation(len(usual)).tolist():
        if all(likeness(usual[place].information, one.information) < DISTINCT for one in chosen):
            chosen.append(usual[place])
        if len(chosen) == count:
            return chosen
    raise ValueError(f"{len(usual)} motifs hold no {count} that are all unlike one another; give a larger database")


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Cosine of letter heights (4, width) over the best overlap of at least four columns, on either strand."""
    best = 0.0
    for turned in (other, other[::-1, ::-1]):
        for offset in range(4 - turned.shape[1], one.shape[1] - 3):
            low, high = max(0, offset), min(one.shape[1], offset + turned.shape[1])
            best = max(best, float((one[:, low:high] * turned[:, low - offset : high - offset]).sum()))
    return best / float(np.linalg.norm(one) * np.linalg.norm(other))


def judge(planted: Planted, found: Sequence[Motif]) -> dict[str, int]:
    """How many planted motifs were found, how many patterns are one found before, and how many are like none."""
    owners = []
    for motif in found:
        near = [likeness(motif.information, one.information) for one in planted.motifs]
        owners.append(int(np.argmax(near)) if max(near) >= ALIKE else -1)
    named = [owner for owner in owners if owner >= 0]
    return {
        "planted": len(planted.motifs),
        "recovered": len(set(named)),
        "splits": len(named) - len(set(named)),
        "spurious": len(owners) - len(named),
    }


def _free(draw: np.random.Generator, width: int, taken: list[tuple[int, int]]) -> int:
    """A start where nothing is yet."""
    while True:
        start = int(draw.integers(0, LENGTH - width + 1))
        if all(start >= stop or start + width <= begun for begun, stop in taken):
            return start
