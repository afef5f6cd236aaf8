"""One sequence motif: counts of bases per column, and what follows from them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.alphabet import BASES, IUPAC
from seqinterp.shapes import Pwm

_PER_COLUMN = ("weights", "cwm", "hypothetical_cwm")
_LETTER_OF_BASES = {frozenset(bases): letter for letter, bases in IUPAC.items()}


@dataclass(frozen=True)
class Match:
    """The known motif that another one resembles.

    The match's first column stands at column `offset` of the motif (0-based, may be negative), once the match has
    been turned to the other strand if `reverse`. `q_value` is over the database that was searched. `also` are the
    labels of others that fit about as well: proteins of one family share their motif, so one name is never the whole
    answer.
    """

    name: str
    label: str
    p_value: float
    q_value: float
    offset: int
    reverse: bool
    also: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif as counts; checks itself when it is made, and its arrays are (4, width), bases A, C, G, T.

    `name` is the identifier (`MA0491.3`) and `label` the name people use (`JUND`). `pfm` holds counts, whole or
    not; its columns may differ in their sum, and be empty. `background` are the probabilities of A, C, G, T that
    `pssm` and `information` are measured against, and `pseudocount` is what `pwm` adds to each column. The rest is
    known of motifs read from a network only: `hits` are the windows counted, `weights` (4, width) the filter's own
    weights, `started_from` the matrix that training started from, `importance` the spread (standard deviation over
    sequences) of the share of the score that passes through the filter, and `match` the known motif nearest to it.
    Of motifs discovered in attributions, `hits` are the seqlets counted, `cwm` (4, width) their mean contributions and
    `hypothetical_cwm` the mean of what every base would contribute, `sign` is 1 where they raise the score and -1
    where they lower it, and `note` says in a few words what speaks against calling this a motif.
    """

    name: str
    pfm: Pwm
    background: tuple[float, float, float, float] = (0.25, 0.25, 0.25, 0.25)
    pseudocount: float = 0.8
    label: str = ""
    hits: int = 0
    weights: Pwm | None = None
    started_from: str | None = None
    importance: float | None = None
    match: Match | None = None
    cwm: Pwm | None = None
    hypothetical_cwm: Pwm | None = None
    sign: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        pfm = np.array(self.pfm, dtype=np.float64)
        if not self.name:
            raise InputError("a motif needs a name")
        if pfm.ndim != 2 or pfm.shape[0] != 4 or pfm.shape[1] == 0:
            raise ShapeError(f"the counts of motif {self.name} must be (4, width), but they are {pfm.shape}")
        if not (np.isfinite(pfm).all() and (pfm >= 0).all()):
            raise InputError(f"the counts of motif {self.name} must be finite numbers of 0 or more")
        if min(self.background) <= 0 or abs(sum(self.background) - 1) > 1e-3:
            raise InputError(
                f"the background of motif {self.name} must be four positive numbers that sum to 1, but it is "
                f"{self.background}"
            )
        if self.pseudocount < 0:
            raise InputError(f"the pseudocount of motif {self.name} must be 0 or more, but it is {self.pseudocount}")
        for what in _PER_COLUMN:
            held = getattr(self, what)
            if held is not None and held.shape != pfm.shape:
                raise ShapeError(f"the {what} of motif {self.name} must be {pfm.shape}, but it is {held.shape}")
        pfm.flags.writeable = False
        object.__setattr__(self, "pfm", pfm)

    def __len__(self) -> int:
        return self.width

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.pfm.shape[1])

    @property
    def nsites(self) -> float:
        """How many sites were counted: the largest column sum."""
        return float(self.pfm.sum(0).max())

    @property
    def frequencies(self) -> Pwm:
        """Share of each base in each column, nothing added: what logos and MEME files show.

        A column without counts, as of a filter that nothing activates, is the background.
        """
        return self._with_pseudocount(0.0)

    @property
    def pwm(self) -> Pwm:
        """Probability of each base in each column, the pseudocount shared out by the background.

        (count + pseudocount * background) / (column sum + pseudocount); 0.8 is the value of Nishida, Frith and
        Nakai 2009, doi:10.1093/nar/gkn1019.
        """
        return self._with_pseudocount(self.pseudocount)

    def _with_pseudocount(self, pseudocount: float) -> Pwm:
        """Probabilities after adding `pseudocount` to each column; the background where there is nothing at all."""
        background = np.array(self.background)[:, None] * np.ones_like(self.pfm)
        total = self.pfm.sum(0) + pseudocount
        result: Pwm = np.divide(self.pfm + pseudocount * background, total, out=background, where=total > 0)
        return result

    @property
    def pssm(self) -> Pwm:
        """Log2 odds of `pwm` over the background; -inf where a probability is 0, for want of a pseudocount."""
        with np.errstate(divide="ignore"):
            odds: Pwm = np.log2(self.pwm / np.array(self.background)[:, None])
        return odds

    @property
    def information(self) -> Pwm:
        """Letter heights of a logo, in bits: each base's share of its column's information.

        A column's information is its relative entropy to the background, sum of f log2(f / background) over
        `frequencies` f; with a uniform background, 2 - entropy. There is no small-sample correction.
        """
        f = self.frequencies
        ratio = np.divide(f, np.array(self.background)[:, None])
        bits = (f * np.log2(ratio, out=np.zeros_like(f), where=f > 0)).sum(0)
        heights: Pwm = f * bits
        return heights

    @property
    def information_content(self) -> float:
        """Bits in all columns together."""
        return float(self.information.sum())

    @property
    def consensus(self) -> str:
        """IUPAC consensus by the rules of Cavener 1987, doi:10.1093/nar/15.4.1353.

        One base if it has more than half of a column and more than twice the next; two bases if together they
        have more than three quarters; three if the fourth never occurs; else N.
        """
        return "".join(_consensus_letter(column) for column in self.frequencies.T.tolist())

    def reverse_complement(self) -> "Motif":
        """The same motif read on the other strand, without its match; a background that differs by strand turns too."""
        a, c, g, t = self.background
        turned: dict[str, Any] = {what: held if held is None else held[::-1, ::-1] for what, held in self._per_column()}
        return replace(self, pfm=self.pfm[::-1, ::-1], background=(t, g, c, a), match=None, **turned)

    def trim(self, min_bits: float = 0.25) -> "Motif":
        """The motif, without its match, less the columns at its ends that hold fewer than `min_bits` bits.

        The column with most information always stays.
        """
        bits = self.information.sum(0)
        kept = np.flatnonzero(bits >= min(min_bits, bits.max()))
        return self.columns(int(kept[0]), int(kept[-1]) + 1)

    def columns(self, start: int, stop: int) -> "Motif":
        """The motif, without its match, of the columns `[start, stop)`."""
        cut: dict[str, Any] = {what: held if held is None else held[:, start:stop] for what, held in self._per_column()}
        return replace(self, pfm=self.pfm[:, start:stop], match=None, **cut)

    def _per_column(self) -> "list[tuple[str, Any]]":
        """What else has a column for each column of the counts."""
        return [(what, getattr(self, what)) for what in _PER_COLUMN]


def _consensus_letter(column: list[float]) -> str:
    """The IUPAC letter of one column of frequencies."""
    (first, a), (second, b), (third, _), (_, d) = sorted(zip(BASES, column, strict=True), key=lambda x: -x[1])
    if a > 0.5 and a > 2 * b:
        return first
    if a + b > 0.75:
        return _LETTER_OF_BASES[frozenset((first, second))]
    return "N" if d > 0 else _LETTER_OF_BASES[frozenset((first, second, third))]
