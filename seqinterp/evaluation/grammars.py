"""Sequences of motif grammars, with a network that computes each grammar exactly.

Planted grammars as a test of explanations: Prakash, Shrikumar & Kundaje 2022, PMLR 165:58-77. Here the score needs no
training: it is a convolution, a maximum and gates whose weights are set by hand, so that what the model knows is known.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import BASES, letter_codes, letters_of
from seqinterp.sequence.examples import Site, Strand
from seqinterp.sequence.markov import GENOME_LIKE, Background
from seqinterp.sequence.onehot import one_hot
from seqinterp.sequence.strand import reverse_complement
from seqinterp.shapes import Codes, Scores, Sequences

# Two half-sites of six bases and two bases between them that do not matter, unlike one another on both strands.
WORDS = {"alpha": "TGACGTNNCATAGC", "beta": "CCAGATNNGGTTAC", "gamma": "GTCTAANNTCGCAA"}
WIDTH = 14
INFORMATIVE = tuple(i for i, letter in enumerate(WORDS["alpha"]) if letter != "N")
TOLERANCE = 4  # mismatches at which a detector has fallen from 1 to 0
GAP = 6  # bases between the two motifs of the grammar "spacing"
_ATTEMPTS = 500


@dataclass(frozen=True)
class _Rule:
    """A grammar: relu(gates @ (detectors, 1)) @ weights, a detector per motif, or one for the pair at the gap."""

    motifs: tuple[str, ...]
    gates: tuple[tuple[float, ...], ...]  # weights of the detectors, then the bias
    weights: tuple[float, ...]
    decoys: tuple[str, ...] = ()
    spaced: bool = False


_BOTH = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0, -1.0))  # the first, the second, the first and the second
_RULES = {
    "single": _Rule(("alpha",), ((1.0, 0.0),), (1.0,)),
    "and": _Rule(("alpha", "beta"), _BOTH[2:], (1.0,)),
    "or": _Rule(("alpha", "beta"), _BOTH, (1.0, 1.0, -1.0)),
    "xor": _Rule(("alpha", "beta"), _BOTH, (1.0, 1.0, -2.0)),
    "repression": _Rule(("alpha", "beta"), ((1.0, -1.0, 0.0),), (1.0,)),
    "spacing": _Rule(("alpha", "beta"), ((1.0, 0.0),), (1.0,), spaced=True),
    "cooperative": _Rule(("alpha", "beta"), _BOTH, (1.0, 1.0, 2.0)),
    # The network sees the decoy, and two gates take it away again: 2 relu(d) - relu(2 d) = 0.
    "decoys": _Rule(
        ("alpha", "gamma"), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 2.0, 0.0)), (1.0, 2.0, -1.0), ("gamma",)
    ),
}
GRAMMARS = tuple(_RULES)


@dataclass(frozen=True, eq=False)
class Grammar:
    """Sequences of a grammar and the network that computes it.

    `inputs` and `background` are (batch, 4, position), with and without what was planted; `sites` are what was planted
    in each example, decoys of kind "decoy"; `expected` is the score by the closed form, (batch,); `model` maps
    (batch, 4, position) to (batch, 1).
    """

    name: str
    inputs: Sequences
    background: Sequences
    sites: tuple[tuple[Site, ...], ...]
    expected: Scores
    model: nn.Module

    @cached_property
    def score(self) -> Score:
        """The model's only output, for explainers."""
        return Score(self.model, output(0))


def grammar(
    name: str, *, count: int, length: int = 100, seed: int = 0, background: Background = GENOME_LIKE
) -> Grammar:
    """`count` sequences of a grammar, with the truth and the network.

    The closed forms, of whether the first and the second motif are there (a, b: 0 or 1):

    - single: a; decoys: a, with a motif that is seen and does nothing
    - and: a b; or: a + b - a b; xor: a + b - 2 a b
    - repression: a (1 - b); cooperative: a + b + 2 a b
    - spacing: 1 where the second follows the first with 6 bases between them, on either strand, else 0

    Examples run through all combinations of motifs, the full one first; of "spacing" through the right gap, another
    gap or strand, and each motif alone. A motif is on a random strand and place and has 12 informative of 14 bases.
    A detector falls by 1/4 with every wrong base. No other window of an example, also with any of its sites taken
    out, is seen by a detector, so the closed form is exact. Example i depends on the settings, `seed` and i alone.

    Raises:
        InputError: an unknown grammar, or settings that cannot be met.
    """
    if name not in _RULES:
        raise InputError(f"a grammar is one of {', '.join(_RULES)}, not {name!r}")
    rule = _RULES[name]
    needed = 2 * (len(rule.motifs) * WIDTH + (GAP if rule.spaced else 0))
    if count < 1 or seed < 0 or length < needed:
        raise InputError(
            f"count must be 1 or more, seed 0 or more and length {needed} or more for the grammar {name!r}, but"
            f" {count}, {seed} and {length} came"
        )
    cases = _cases(rule)
    drawn = [
        _example(rule, cases[i % len(cases)], length, np.random.default_rng([seed, i]), background)
        for i in range(count)
    ]
    network = grammar_network(name)
    detectors = torch.tensor([_detectors(rule, cases[i % len(cases)]) for i in range(count)])
    with torch.no_grad():
        expected = network[-3:](detectors)[:, 0]
    return Grammar(
        name,
        one_hot([letters_of(planted) for planted, _, _ in drawn]),
        one_hot([letters_of(empty) for _, empty, _ in drawn]),
        tuple(sites for _, _, sites in drawn),
        expected,
        network,
    )


def grammar_network(name: str) -> nn.Sequential:
    """The network of a grammar, its weights set by hand: (batch, 4, position) to (batch, 1)."""
    with torch.random.fork_rng(devices=[]):  # layers draw weights before theirs are set
        return _network(_RULES[name])


def _network(rule: _Rule) -> nn.Sequential:
    """The detectors, their pair at a gap, and the gates of a rule."""
    motifs = len(rule.motifs)
    layers: list[nn.Module] = [nn.Conv1d(4, 2 * motifs, WIDTH), nn.ReLU()]
    _set(layers[0], _word_weights(rule) / TOLERANCE, [-(len(INFORMATIVE) - TOLERANCE) / TOLERANCE] * 2 * motifs)
    if rule.spaced:
        layers += [nn.Conv1d(4, 2, WIDTH + GAP + 1), nn.ReLU()]
        pair = torch.zeros(2, 4, WIDTH + GAP + 1)  # channels: first +, first -, second +, second -
        pair[0, 0, 0] = pair[0, 2, -1] = pair[1, 3, 0] = pair[1, 1, -1] = 1
        _set(layers[2], pair, [-1.0, -1.0])
    detectors = 1 if rule.spaced else motifs
    gates = torch.tensor(rule.gates)
    layers += [nn.Unflatten(1, (detectors, 2)), nn.Flatten(2), nn.AdaptiveMaxPool1d(1), nn.Flatten(1)]
    layers += [nn.Linear(detectors, len(gates)), nn.ReLU(), nn.Linear(len(gates), 1)]
    _set(layers[-3], gates[:, :-1], gates[:, -1].tolist())
    _set(layers[-1], torch.tensor([rule.weights]), [0.0])
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _set(layer: nn.Module, weight: Tensor, bias: list[float]) -> None:
    """Write the weights of a layer."""
    layer.load_state_dict({"weight": weight, "bias": torch.tensor(bias)})


def _word_weights(rule: _Rule) -> Tensor:
    """The words of the motifs, forward and reverse by turns, (2 * motifs, 4, width); N is zero."""
    words = [WORDS[motif] for motif in rule.motifs]
    return one_hot([strand for word in words for strand in (word, reverse_complement(word))])


def _cases(rule: _Rule) -> list[tuple[tuple[str, ...], bool]]:
    """Which motifs an example has, and whether they stand at the gap."""
    sizes = range(len(rule.motifs), -1, -1)
    subsets = [chosen for size in sizes for chosen in combinations(rule.motifs, size)]
    if rule.spaced:
        return [(rule.motifs, True)] + [(chosen, False) for chosen in subsets if chosen]
    return [(chosen, False) for chosen in subsets]


def _detectors(rule: _Rule, case: tuple[tuple[str, ...], bool]) -> list[float]:
    """What the detectors say of a case."""
    chosen, paired = case
    return [float(paired)] if rule.spaced else [float(motif in chosen) for motif in rule.motifs]


def _example(
    rule: _Rule, case: tuple[tuple[str, ...], bool], length: int, random: np.random.Generator, background: Background
) -> tuple[Codes, Codes, tuple[Site, ...]]:
    """A sequence, the same without its sites, and the sites; drawn anew until nothing else looks like a motif."""
    for _ in range(_ATTEMPTS):
        empty = background.draw(length, random)
        placed = _places(case, length, random)
        if placed is None or (rule.spaced and _at_the_gap(placed) != case[1]):
            continue
        if all(_clean(rule, empty, kept) for size in range(len(placed) + 1) for kept in combinations(placed, size)):
            sites = tuple(_site(rule, *place) for place in sorted(placed, key=lambda place: place[1]))
            return _planted(empty, placed), empty, sites
    raise InputError(
        f"no sequence of {length} bases that looks like a motif only where one is planted was found in {_ATTEMPTS}"
        " draws; use another length or background"
    )


_Place = tuple[str, int, Strand]  # motif, start, strand


def _places(case: tuple[tuple[str, ...], bool], length: int, random: np.random.Generator) -> tuple[_Place, ...] | None:
    """Random places and strands of the motifs of a case; None where two overlap."""
    chosen, paired = case
    strands: list[Strand] = ["+" if random.random() < 0.5 else "-" for _ in chosen]
    if paired:
        span = 2 * WIDTH + GAP
        start = int(random.random() * (length - span + 1))
        starts = [start, start + WIDTH + GAP]
        first, second = starts if strands[0] == "+" else starts[::-1]
        return (chosen[0], first, strands[0]), (chosen[1], second, strands[0])
    starts = [int(random.random() * (length - WIDTH + 1)) for _ in chosen]
    if any(abs(one - other) < WIDTH for one, other in combinations(starts, 2)):
        return None
    return tuple(zip(chosen, starts, strands, strict=True))


def _at_the_gap(placed: tuple[_Place, ...]) -> bool:
    """Whether the second motif follows the first at the gap, read on the strand of both."""
    if len(placed) < 2 or placed[0][2] != placed[1][2]:
        return False
    ahead = placed[1][1] - placed[0][1]
    return ahead == (WIDTH + GAP if placed[0][2] == "+" else -WIDTH - GAP)


def _word(motif: str, strand: Strand) -> Codes:
    """The codes of a motif as they stand on the forward strand; N as 4."""
    word = WORDS[motif]
    return letter_codes(word if strand == "+" else reverse_complement(word), motif)


def _planted(empty: Codes, placed: tuple[_Place, ...]) -> Codes:
    """A sequence with motifs written into it; the bases of N stay."""
    codes = empty.copy()
    for motif, start, strand in placed:
        word = _word(motif, strand)
        codes[start : start + WIDTH] = np.where(word < len(BASES), word, codes[start : start + WIDTH])
    return codes


def _clean(rule: _Rule, empty: Codes, placed: tuple[_Place, ...]) -> bool:
    """Whether the detectors see the motifs that are there and nothing else."""
    windows: NDArray[np.uint8] = np.lib.stride_tricks.sliding_window_view(_planted(empty, placed), WIDTH)
    strands: tuple[Strand, Strand] = ("+", "-")
    seen = {
        (motif, int(start), strand)
        for motif in rule.motifs
        for strand in strands
        for start in np.flatnonzero((windows == _word(motif, strand)).sum(1) > len(INFORMATIVE) - TOLERANCE)
    }
    return seen == set(placed)


def _site(rule: _Rule, motif: str, start: int, strand: Strand) -> Site:
    """What was planted, with the positions that matter."""
    if motif in rule.decoys:
        return Site(motif, start, start + WIDTH, strand, "decoy", ())
    informative = tuple(start + int(i) for i in np.flatnonzero(_word(motif, strand) < len(BASES)))
    return Site(motif, start, start + WIDTH, strand, "site", informative)
