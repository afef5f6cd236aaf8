"""Whether a motif is a simple repeat: what repeats may be sequence that many inputs share, and no binding site."""

import numpy as np

from seqinterp.motifs.motif import Motif
from seqinterp.sequence.alphabet import BASES

PERIODS = (1, 2, 3, 4)
LEAST = 0.85  # likeness of columns one period apart, weighted by their information
COLUMNS = 6  # that have to be compared: shorter motifs repeat themselves by chance


def repeat_note(motif: Motif) -> str:
    """ "low complexity: ..." where the motif repeats itself every one to four bases, else ""."""
    heights, width = motif.information, motif.width
    for period in PERIODS:
        if width - period < COLUMNS:
            break
        one, other = heights[:, :-period], heights[:, period:]
        shared = np.minimum(one, other).sum() / max(np.maximum(one, other).sum(), 1e-12)
        letters = motif.frequencies.argmax(axis=0)
        same = (letters[:-period] == letters[period:]).mean()
        if same >= LEAST and shared >= LEAST / 2:
            return f"low complexity: repeats {''.join(BASES[letter] for letter in letters[:period])}"
    return ""
