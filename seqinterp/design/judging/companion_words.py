"""Words of DNA that most of some sequences hold, on either strand, and that chance and other sequences seldom do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control, hypergeom

from seqinterp.sequence.alphabet import BASES, IUPAC
from seqinterp.sequence.shuffle import dinucleotide_shuffle
from seqinterp.sequence.strand import reverse_complement
from seqinterp.shapes import Counters, Labels, Numbers

WIDTHS = (6, 7, 8)
SHARE = 0.8  # of the sequences hold a word
SHUFFLES = 20  # of each sequence
SURE = 0.05  # q-value
_SETS = {letter: sum(1 << BASES.index(base) for base in bases) for letter, bases in IUPAC.items()}
_BITS = np.zeros(256, np.uint8)
for _base in BASES:
    _BITS[ord(_base)] = 1 << BASES.index(_base)


@dataclass(frozen=True)
class Place:
    """Where a word stands: the bases `[start, stop)` of an example, 0-based; "+" where both strands read alike."""

    example: int
    start: int
    stop: int
    strand: str


def places_of(word: str, sequences: Sequence[str]) -> list[Place]:
    """Every place of a word of IUPAC letters, on either strand, by example and start; N in a sequence matches nothing.

    What both strands read at one place is one place.
    """
    found: list[Place] = []
    bits = [_BITS[np.frombuffer(sequence.upper().encode(), np.uint8)] for sequence in sequences]
    for example, own in enumerate(bits):
        forward, backward = (_starts(one, own) for one in (word.upper(), reverse_complement(word.upper())))
        strands = {**dict.fromkeys(backward, "-"), **dict.fromkeys(forward, "+")}
        found += [Place(example, start, start + len(word), strands[start]) for start in sorted(strands)]
    return found


def _starts(word: str, bits: np.ndarray) -> list[int]:
    """Where a word stands, on the strand that is given."""
    count = len(bits) - len(word) + 1
    if count < 1:
        return []
    fits = np.ones(count, dtype=bool)
    for i, letter in enumerate(word):
        fits &= (bits[i : i + count] & _SETS[letter]) > 0
    starts: list[int] = np.flatnonzero(fits).tolist()
    return starts


def greater_p_values(own: Counters, size: int, others: Counters, others_size: int) -> Numbers:
    """Fisher's exact test, one-sided: that so many of `size` have what so many of `others_size` have."""
    tail: Numbers = hypergeom.sf(own - 1, size + others_size, own + others, size)
    return tail


def common_words(sequences: Sequence[str], background: Sequence[str], *, seed: int = 0) -> list[str]:
    """Words of 6 to 8 bases, made longer where possible, that at least 80 % of the sequences hold.

    A word is given where its share is greater than that in the dinucleotide shuffles of the sequences and in the
    background, both at a q-value below 0.05: Benjamini & Hochberg over all words of 6 to 8 bases. Of words that lie
    over one another the one that most sequences hold is given, of equal ones the longest; of its two strands the one
    that comes first in the alphabet.
    """
    shuffled = [one for draws in dinucleotide_shuffle(list(sequences), draws=SHUFFLES, seed=seed) for one in draws]
    kept: list[tuple[int, str, float]] = []
    for width in WIDTHS:
        own, shuffles, others = (_held(group, width) for group in (sequences, shuffled, background))
        words = [number for number, count in own.items() if count >= SHARE * len(sequences)]
        count = np.array([own[number] for number in words], np.int64)
        chance = np.zeros(len(words))
        for held, size in ((shuffles, len(shuffled)), (others, len(background))):
            other = np.array([held.get(number, 0) for number in words], np.int64)
            chance = np.maximum(chance, greater_p_values(count, len(sequences), other, size))
        kept += [(own[number], _word(number, width), p) for number, p in zip(words, chance.tolist(), strict=True)]
    return _apart(_significant(kept), sequences)


def _held(sequences: Sequence[str], width: int) -> dict[int, int]:
    """How many sequences hold each word, words numbered by the smaller of their two strands."""
    found: list[np.ndarray] = [np.zeros(0, np.int64)]
    weights = 4 ** np.arange(width - 1, -1, -1)
    for sequence in sequences:
        codes = np.array([BASES.find(letter) for letter in sequence.upper()], np.int64)
        if len(codes) < width:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(codes, width)
        windows = windows[(windows >= 0).all(axis=1)]
        found.append(np.unique(np.minimum(windows @ weights, (3 - windows[:, ::-1]) @ weights)))
    numbers, counts = np.unique(np.concatenate(found), return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _word(number: int, width: int) -> str:
    """The letters of a numbered word."""
    return "".join(BASES[(number >> 2 * (width - 1 - i)) & 3] for i in range(width))


def _significant(words: list[tuple[int, str, float]]) -> list[tuple[int, str, float]]:
    """Those whose q-value is below 0.05, all words of these widths counted as tests."""
    if not words:
        return []
    tests = sum((4**width + (width % 2 == 0) * 2**width) // 2 for width in WIDTHS)
    chance: Labels = np.ones(tests)
    chance[: len(words)] = [p for _, _, p in words]
    rates = false_discovery_control(chance)[: len(words)]
    return [word for word, rate in zip(words, rates, strict=True) if rate < SURE]


def _apart(words: list[tuple[int, str, float]], sequences: Sequence[str]) -> list[str]:
    """The words that do not lie where better ones do, each made longer as far as no sequence is lost."""
    taken: list[np.ndarray] = [np.zeros(len(sequence), dtype=bool) for sequence in sequences]
    chosen: list[str] = []
    for _, word, _ in sorted(words, key=lambda one: (-one[0], -len(one[1]), one[2], one[1])):
        places = places_of(word, sequences)
        covered = sum(taken[at.example][at.start : at.stop].sum() > len(word) / 2 for at in places)
        if 2 * covered > len(places):
            continue
        longer = _extended(word, sequences)
        chosen.append(min(longer, reverse_complement(longer)))
        for at in places_of(longer, sequences):
            taken[at.example][at.start : at.stop] = True
    return chosen


def _extended(word: str, sequences: Sequence[str]) -> str:
    """The word with more bases on either side, as long as every sequence that holds it holds the longer one too."""
    holders = {at.example for at in places_of(word, sequences)}
    while True:
        longer = [*(base + word for base in BASES), *(word + base for base in BASES)]
        fitting = [one for one in longer if {at.example for at in places_of(one, sequences)} == holders]
        if not fitting:
            return word
        word = fitting[0]
