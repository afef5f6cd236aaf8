"""Sequences with motifs planted in them, and the attributions that a perfect model would give them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqinterp.motifs.tracks import Tracks, as_tracks


@dataclass(frozen=True)
class Planted:
    """One site: the motif (its number) lies at [start, stop) of the example, read on `strand`."""

    example: int
    start: int
    stop: int
    strand: str
    motif: int


@dataclass(frozen=True, eq=False)
class Simulation:
    """Inputs (batch, 4, position), what every base would contribute, and what was planted."""

    inputs: np.ndarray
    hypothetical: np.ndarray
    sites: list[Planted]

    @property
    def contributions(self) -> np.ndarray:
        return self.inputs * self.hypothetical

    @property
    def tracks(self) -> Tracks:
        return as_tracks(self.inputs, self.hypothetical)


def sharp(consensus: str, share: float = 0.91) -> np.ndarray:
    """Probabilities (4, width) of a motif with the same share of its consensus in each column; N is flat."""
    pwm = np.full((4, len(consensus)), (1 - share) / 3)
    for column, base in enumerate(consensus):
        if base == "N":
            pwm[:, column] = 0.25
        else:
            pwm["ACGT".index(base), column] = share
    return pwm


def effects_of(pwm: np.ndarray) -> np.ndarray:
    """What each base contributes: log-odds with no chance of 0, scaled so that a site adds 1 on average."""
    odds = np.log2((pwm + 0.02) / 1.08 / 0.25)
    return odds / (pwm * odds).sum()


def simulated(
    pwms: Sequence[np.ndarray],
    *,
    sites: int | Sequence[int] = 60,
    per: int = 2,
    length: int = 120,
    noise: float = 0.03,
    seed: int = 0,
    signs: Sequence[int] | None = None,
    strands: str = "+-",
) -> Simulation:
    """So many sites of each motif, `per` to a sequence and not overlapping, of a weight between 0.5 and 1.5.

    noise: normal, of every base of the hypothetical contributions; a site's mean contribution is 1 in all.
    """
    generator = np.random.default_rng(seed)
    counts = [sites] * len(pwms) if isinstance(sites, int) else list(sites)
    owners = generator.permutation(np.repeat(np.arange(len(pwms)), counts))
    count = -(-len(owners) // per)
    codes = generator.integers(0, 4, (count, length))
    hypothetical, planted = np.zeros((count, 4, length)), []
    for number, owner in enumerate(owners.tolist()):
        example = number // per
        taken = [(site.start, site.stop) for site in planted if site.example == example]
        pwm, effects = pwms[owner], effects_of(pwms[owner]) * (1 if signs is None else signs[owner])
        start = _free(generator, taken, length, pwm.shape[1])
        stop, strand = start + pwm.shape[1], strands[int(generator.integers(len(strands)))]
        word = (generator.random(pwm.shape[1]) >= pwm.cumsum(axis=0)[:3]).sum(axis=0)
        if strand == "-":
            word, effects = 3 - word[::-1], effects[::-1, ::-1]
        codes[example, start:stop] = word
        hypothetical[example, :, start:stop] += generator.uniform(0.5, 1.5) * effects
        planted.append(Planted(example, start, stop, strand, owner))
    hypothetical += generator.normal(0, noise, hypothetical.shape) if noise else 0
    inputs = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy()
    return Simulation(inputs, hypothetical.astype(np.float32), planted)


def _free(generator: np.random.Generator, taken: list[tuple[int, int]], length: int, width: int) -> int:
    """Where a site begins that does not overlap those that are taken."""
    while True:
        start = int(generator.integers(0, length - width + 1))
        if all(start >= stop or start + width <= begun for begun, stop in taken):
            return start
