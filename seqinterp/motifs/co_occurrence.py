"""Which motifs occur in the same sequences, and how far apart they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom

from seqinterp.errors import InputError
from seqinterp.motifs.hit_templates import check_names
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import Counters, Listing

MOST = 150  # positions between centres


@dataclass(frozen=True, eq=False)
class CoOccurrence:
    """How many of `examples` sequences hold two motifs at once; every array (motif, motif), in the order of `motifs`.

    together: sequences that hold both, on the diagonal those that hold the motif.
    expected: how many would, were the two independent: the product of their numbers over that of the sequences.
    log2_ratio: of together to expected; -inf where they never meet, NaN where one of them never occurs.
    p_value: two-sided, twice the smaller tail of the hypergeometric distribution, at most 1. q_value: Benjamini and
    Hochberg over all pairs. What compares a motif with itself is NaN.
    """

    motifs: tuple[str, ...]
    examples: int
    together: np.ndarray
    expected: np.ndarray
    log2_ratio: np.ndarray
    p_value: np.ndarray
    q_value: np.ndarray

    def __repr__(self) -> str:
        return f"CoOccurrence({len(self.motifs)} motifs in {self.examples} sequences)"

    def to_frame(self) -> pd.DataFrame:
        """One row per pair of motifs, the most significant first."""
        first, second = np.triu_indices(len(self.motifs), k=1)
        names = np.array(self.motifs, object)
        values = {
            name: getattr(self, name)[first, second]
            for name in ("together", "expected", "log2_ratio", "p_value", "q_value")
        }
        table = pd.DataFrame({"first": names[first], "second": names[second], **values})
        return table.sort_values("p_value", kind="stable", ignore_index=True)


def co_occurrence(hits: pd.DataFrame, motifs: Sequence[Motif], examples: int) -> CoOccurrence:
    """Which motifs occur in the same sequences more or less often than chance.

    `hits` is a table with the columns example and motif, as `call_hits` and `scan_sequences` give it, and `examples`
    the number of sequences that were searched, with hits or without. Motifs that are alike have hits at the same places
    in a table of `scan_sequences`, which makes them meet; those of `call_hits` compete for places.

    Raises:
        InputError: two motifs have one name, a hit is of none of them, or of an example that there is not.
    """
    check_names(motifs)
    names = [motif.name for motif in motifs]
    owner, example = _owners(hits, names), hits["example"].to_numpy(np.int64)
    if len(example) and not (example.min() >= 0 and example.max() < examples):
        raise InputError(
            f"the hits are of examples {example.min()} to {example.max()}, but examples is {examples}; pass the number"
            " of sequences that were searched"
        )
    holds = np.zeros((examples, len(names)))
    holds[example, owner] = 1
    together = (holds.T @ holds).astype(np.int64)
    number = np.diag(together)
    expected = np.outer(number, number) / max(1, examples)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log2(together / expected)
    p_value, q_value = _significance(together, examples)
    np.fill_diagonal(ratio, np.nan)
    return CoOccurrence(tuple(names), examples, together, expected, ratio, p_value, q_value)


def spacings(hits: pd.DataFrame, first: str, second: str, *, most: int = MOST) -> pd.DataFrame:
    """How far hits of two motifs, given by name, are apart: a row for each distance from -most to most.

    distance: from the centre of `first` to the centre of `second`, positive where `second` lies downstream as `first`
    reads; whole, or half between whole ones where one width is even and the other odd.
    same, opposite: pairs at this distance whose motifs read the same way, or opposite ways.

    Every two hits in one example count once. Of one motif with itself the distances of `same` are positive, and those
    of `opposite` are positive where the two face each other.

    Raises:
        InputError: `most` is not positive, or a hit has no strand.
    """
    if most < 1:
        raise InputError(f"most must be 1 or more, not {most}")
    here, there = (_sorted_by_centre(hits[hits["motif"] == name]) for name in (first, second))
    nearest, count = _neighbours(here, there, 2 * most)
    one = np.repeat(np.arange(len(here)), count)
    other = nearest.repeat(count) + np.arange(count.sum()) - (count.cumsum() - count).repeat(count)
    apart = (there["centre"].to_numpy()[other] - here["centre"].to_numpy()[one]) * here["way"].to_numpy()[one]
    same = here["way"].to_numpy()[one] == there["way"].to_numpy()[other]
    if first == second:
        once = one < other
        apart, same = np.where(same[once], np.abs(apart[once]), apart[once]), same[once]
    return _counted(apart, same, 2 * most)


def _owners(hits: pd.DataFrame, names: Sequence[str]) -> Listing:
    """The number of each hit's motif."""
    number = {name: place for place, name in enumerate(names)}
    owner = np.array([number.get(name, -1) for name in hits["motif"]], np.int64)
    strange = np.flatnonzero(owner < 0)
    if len(strange):
        raise InputError(
            f"a hit is of motif {hits['motif'].iloc[strange[0]]!r}, which is none of those given; pass the motifs that"
            " the hits were called with"
        )
    return owner


def _significance(together: np.ndarray, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """p- and q-values of the pairs, NaN on the diagonal."""
    p_value, q_value = np.full(together.shape, np.nan), np.full(together.shape, np.nan)
    number, (first, second) = np.diag(together), np.triu_indices(len(together), k=1)
    if len(first):
        both, chance = together[first, second], hypergeom(examples, number[first], number[second])
        pairs = np.minimum(1.0, 2 * np.minimum(chance.cdf(both), chance.sf(both - 1)))
        p_value[first, second] = p_value[second, first] = pairs
        q_value[first, second] = q_value[second, first] = false_discovery_control(pairs)
    return p_value, q_value


def _sorted_by_centre(hits: pd.DataFrame) -> pd.DataFrame:
    """Example, twice the centre, and the way (1, -1) of each hit, in order of example and centre."""
    strands = set(hits["strand"].unique())
    if not strands <= {"+", "-"}:
        raise InputError(f"hits must lie on strand + or -, but some are on {sorted(strands - {'+', '-'})[0]!r}")
    way = np.where(hits["strand"] == "+", 1, -1)
    found = pd.DataFrame({"example": hits["example"], "centre": hits["start"] + hits["stop"], "way": way})
    return found.sort_values(["example", "centre"], kind="stable", ignore_index=True)


def _neighbours(here: pd.DataFrame, there: pd.DataFrame, reach: int) -> tuple[Counters, Counters]:
    """For each hit here the first of those there within `reach` in its example, and how many there are."""
    if here.empty or there.empty:
        return np.zeros(len(here), np.int64), np.zeros(len(here), np.int64)
    longest = max(int(here["centre"].max()), int(there["centre"].max())) + 2 * reach + 1
    mine, theirs = (table["example"].to_numpy() * longest + table["centre"].to_numpy() for table in (here, there))
    low = np.searchsorted(theirs, mine - reach, side="left")
    return low, np.searchsorted(theirs, mine + reach, side="right") - low


def _counted(apart: Listing, same: np.ndarray, reach: int) -> pd.DataFrame:
    """The table of `spacings` from twice the distances."""
    odd, even = bool((apart % 2 == 1).any()), bool((apart % 2 == 0).any())
    grid = np.arange(-reach, reach + 1)
    if not (odd and even):
        grid = grid[grid % 2 == odd]
    counts = [np.bincount(apart[way] + reach, minlength=2 * reach + 1)[grid + reach] for way in (same, ~same)]
    return pd.DataFrame({"distance": grid / 2, "same": counts[0], "opposite": counts[1]})
