"""Which motifs designed sequences hold, which of them say the same, and which words natural sequences lack."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqinterp.design.judging.companion_words import common_words, places_of
from seqinterp.sequence.strand import reverse_complement
from seqinterp.shapes import Flags

GIVEN, FOUND = "given", "found"  # motifs that were asked for, and words that the designs share
SITE_COLUMNS = ("design", "start", "stop", "strand", "motif", "kind", "p_value")
MOTIF_COLUMNS = ("motif", "label", "kind", "top_share", "core_share")
# A core is so long that fewer than this share of sequences hold it by chance, and at least 6 letters.
CHANCE, SHORTEST = 0.05, 6
# What a model learned from natural sequences stands in many of those that it scores highest. A core stands in one of
# twenty by chance, and in a few times as many where the composition favours it.
RARE = 0.2


def shared_words(designs: Sequence[str], top: Sequence[str], *, seed: int = 0) -> pd.DataFrame:
    """Words that at least 80 % of the designs hold, more often than their shuffles and than `top` natural sequences.

    One row per word: motif and label (the word), kind, top_share (of `top` that hold it) and core_share: the share of
    `top` that hold its most frequent core. A longer word is rare for its flanks alone; its cores tell whether natural
    sequences hold what it is about. A core is as long as `core_width` says.
    """
    width = core_width(len(designs[0]))
    rows = []
    for found in common_words(designs, top, seed=seed):
        word = _usual_strand(found, designs)
        cores = [word[i : i + width] for i in range(max(1, len(word) - width + 1))]
        rows.append((word, word, FOUND, _share(word, top), max(_share(core, top) for core in cores)))
    return pd.DataFrame(rows, columns=list(MOTIF_COLUMNS)).astype({"top_share": float, "core_share": float})


def core_width(length: int) -> int:
    """The shortest width, from 6 on, of words that less than 5 % of random sequences hold on either strand."""
    width = SHORTEST
    while 2 * length > CHANCE * 4**width:
        width += 1
    return width


def word_sites(word: str, sequences: Sequence[str], kind: str) -> pd.DataFrame:
    """Where an IUPAC word stands, as rows of a table of sites."""
    rows = [(at.example, at.start, at.stop, at.strand, word, kind, float("nan")) for at in places_of(word, sequences)]
    return pd.DataFrame(rows, columns=list(SITE_COLUMNS))


def holders(sites: pd.DataFrame) -> pd.Series:
    """How many designs hold each motif, by its name."""
    return sites.groupby("motif")["design"].nunique()


def leading_motifs(sites: pd.DataFrame, count: int, *, least: float | int = 0) -> list[str]:
    """At most `count` motifs that most designs hold, and `least` of them at least.

    Those whose sites lie under the sites of one before are left out: databases hold many motifs for one family of
    factors. Of motifs that equally many designs hold those that were given come first, then those of the smaller median
    p-value, then in the order of their names.
    """
    if len(sites) == 0:
        return []
    groups = sites.groupby("motif")
    table = pd.DataFrame(
        {
            "holders": -groups["design"].nunique(),
            "found": groups["kind"].first() == FOUND,
            "p_value": groups["p_value"].median(),
        }
    )
    order = (
        table[-table["holders"] >= least]
        .reset_index()
        .sort_values(["holders", "found", "p_value", "motif"], kind="stable")
    )
    shape = int(sites["design"].max()) + 1, int(sites["stop"].max())
    taken = np.zeros(shape, dtype=bool)
    chosen: list[str] = []
    for name in order["motif"]:
        own = covered(groups.get_group(name), *shape)
        if 2 * (own & taken).sum() > own.sum():
            continue
        chosen.append(str(name))
        taken |= own
        if len(chosen) == count:
            break
    return chosen


def covered(sites: pd.DataFrame, designs: int, length: int) -> np.ndarray:
    """Which positions lie in a site, (design, position)."""
    found = np.zeros((designs, length), dtype=bool)
    for design, start, stop in zip(sites["design"], sites["start"], sites["stop"], strict=True):
        found[design, start:stop] = True
    return found


def unnatural(motifs: pd.DataFrame) -> Flags:
    """Which words were found in the designs while few natural sequences hold even a core of them."""
    rare: Flags = ((motifs["kind"] == FOUND) & (motifs["core_share"] < RARE)).to_numpy(bool)
    return rare


def _usual_strand(word: str, sequences: Sequence[str]) -> str:
    """The word as most of its places read."""
    backward = [at.strand == "-" for at in places_of(word, sequences)]
    return reverse_complement(word) if 2 * sum(backward) > len(backward) else word


def _share(word: str, sequences: Sequence[str]) -> float:
    """The share of sequences that hold a word on either strand."""
    return len({at.example for at in places_of(word, sequences)}) / len(sequences)
