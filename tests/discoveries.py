"""Made-up discoveries that look like real ones: motifs of random words at random places."""

import numpy as np
import pandas as pd

from seqinterp.motifs.motif import Match, Motif
from seqinterp.report.discovery_contents import DiscoveryContents

WORDS = ("GGGATTACC", "TGACTCAGG", "AACAGCTGTT", "TTAATTGGA", "CCATATTTGGA", "AGGTCAAAGG")
EXAMPLES, LENGTH = 120, 200


def motif_of(word: str, name: str, *, sign: int = 1, hits: int = 60, **more) -> Motif:
    counts = np.full((4, len(word)), hits / 30)
    counts[["ACGT".index(base) for base in word], np.arange(len(word))] = 0.9 * hits
    return Motif(name, counts, cwm=sign * (counts / hits - 0.1), sign=sign, hits=hits, **more)


def motifs_of(count: int) -> tuple[Motif, ...]:
    """Patterns of random words; two of three raise the score, every other one has a name."""
    rng = np.random.default_rng(3)
    words = [*WORDS, *("".join(rng.choice(list("ACGT"), 8 + i % 14)) for i in range(count))][:count]
    up = -(-2 * count // 3)
    motifs = []
    for i, word in enumerate(words):
        name = f"pos_patterns.pattern_{i}" if i < up else f"neg_patterns.pattern_{i - up}"
        match = Match(f"MA{i:04d}.1", f"TF{i}", 1e-9, 2e-7, i % 3 - 1, i % 4 == 2, ("LIKE1", "LIKE2")[: i % 3])
        motifs.append(motif_of(word, name, sign=1 if i < up else -1, match=None if i % 2 else match))
    return tuple(motifs)


def sites_of(motifs: tuple[Motif, ...], *, each: int = 30, seed: int = 0) -> pd.DataFrame:
    """Random places of each motif, and as many that belong to none."""
    rng = np.random.default_rng(seed)
    rows = []
    for motif in motifs:
        for example in rng.choice(EXAMPLES, each, replace=False):
            start = int(rng.integers(0, LENGTH - motif.width))
            strand = "+" if rng.random() < 0.7 else "-"
            rows.append(
                (int(example), start, start + motif.width, strand, motif.name, motif.sign, motif.sign * rng.random())
            )
    columns = ["example", "start", "stop", "strand", "motif", "sign", "attribution"]
    return pd.DataFrame(rows, columns=columns).astype({"example": int, "start": int, "stop": int, "attribution": float})


def contents_of(count: int) -> DiscoveryContents:
    motifs = motifs_of(count)
    sites = sites_of(motifs)
    loose = pd.DataFrame({"example": range(20), "start": 5, "stop": 12, "strand": ".", "motif": "", "sign": 1})
    seqlets = pd.concat([sites, loose.assign(attribution=0.1)], ignore_index=True).assign(p_value=1e-5, q_value=0.01)
    hits = sites.drop(columns=["sign", "attribution"]).assign(
        coefficient=1.0, similarity=0.9, importance=sites["sign"] * 1.25, p_value=1e-6, q_value=0.01
    )
    rates = np.array([0.01, 0.1, 0.5])
    called = pd.DataFrame({"rate": rates, "calls": [50, 80, 140], "positive": [40, 60, 90], "negative": [10, 20, 50]})
    known = [motif_of("GGGATTACC", motif.match.name) for motif in motifs if motif.match]
    return DiscoveryContents(
        title="What the network reads",
        run_id="0badcafe-s3",
        seed=3,
        created="2025-11-22T10:00:00+00:00",
        command="seqinterp discover x.npz a.npz --out found",
        versions={"seqinterp": "0.1.0"},
        data={"inputs": "x.npz", "inputs sha256": "9f2c" * 16},
        settings={"false discovery rate of seqlets": "0.2"},
        motifs=motifs,
        seqlets=seqlets,
        hits=hits,
        curve=called.assign(false=rates * called["calls"]),
        examples=EXAMPLES,
        length=LENGTH,
        threshold=0.2,
        database="jaspar.meme",
        database_size=879,
        known=tuple(known),
    )
