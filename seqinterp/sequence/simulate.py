"""Labelled sequences with motifs planted in them, the truth kept, and cheap ways to the answer closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import letter_codes, letters_of
from seqinterp.sequence.examples import Examples, Kind, Site, Strand
from seqinterp.sequence.markov import GENOME_LIKE, Background
from seqinterp.shapes import CodeBlock, Codes, Pwm

INFORMATIVE_BITS = 0.5  # a column with less (2 - entropy) does not count as truth
_ATTEMPTS = 200  # times that one example, or one place in it, is drawn before giving up


def simulate(
    motifs: Mapping[str, Pwm],
    *,
    count: int,
    length: int,
    seed: int,
    sites: tuple[int, int] = (1, 2),
    decoys: Sequence[str] = (),
    decoy_copies: tuple[int, int] = (0, 3),
    broken: float = 0.0,
    ceiling: float = 0.85,
    background: Background = GENOME_LIKE,
) -> Examples:
    """`count` sequences, every second one positive, drawn so that only whole sites tell the classes apart.

    A positive gets from `sites[0]` to `sites[1]` sites: a motif at random, sampled base by base from its probabilities
    (4, width), on a random strand and place. Both classes get from `decoy_copies[0]` to `decoy_copies[1]` copies
    of strings out of `decoys`, on a random strand, and a negative gets with probability `broken` as many broken sites
    as a positive has sites: sampled, then the two most informative columns set to another base. Nothing planted
    overlaps.

    Accidental sites are kept out: an example is drawn anew, before its real sites are planted, until no window of
    it, on either strand, scores `ceiling` times the best score of a motif (log odds to a uniform background).
    Sampled sites themselves may score less, as weak real sites do.

    The truth is in `Examples.sites`: kind "site", whose `informative` positions are the columns with 0.5 bits or more,
    and kind "decoy" for decoys and broken sites. Example i depends on the settings, `seed` and i alone, not on `count`.
    Raises InputError for settings that cannot be met.
    """
    plan = _plan(motifs, sites, decoys, decoy_copies, broken, ceiling, background, length)
    if count < 1 or seed < 0:
        raise InputError(f"count must be 1 or more and seed 0 or more, but {count} and {seed} came")
    generators = [np.random.default_rng([seed, i]) for i in range(count)]
    drafts = _clean_drafts(plan, generators)
    for draft, generator in zip(drafts[1::2], generators[1::2], strict=True):
        for _ in range(_between(plan.sites, generator)):
            _plant_motif(draft, plan, generator, kind="site")
    return Examples.of(
        [letters_of(draft.codes) for draft in drafts],
        [float(i % 2) for i in range(count)],
        names=[f"simulated_{i:06d}" for i in range(count)],
        sites=[tuple(sorted(draft.planted, key=lambda site: site.start)) for draft in drafts],
    )


@dataclass(frozen=True)
class _Plan:
    """The settings of `simulate`, checked and made ready."""

    names: tuple[str, ...]
    pwms: tuple[NDArray[np.float64], ...]  # probabilities (4, width)
    bits: tuple[NDArray[np.float64], ...]  # 2 - entropy of every column
    decoys: tuple[str, ...]
    sites: tuple[int, int]
    decoy_copies: tuple[int, int]
    broken: float
    ceiling: float
    background: Background
    length: int


@dataclass
class _Draft:
    """A sequence in the making: its codes and what was planted so far."""

    codes: NDArray[np.uint8]
    planted: list[Site]


def _plan(
    motifs: Mapping[str, Pwm],
    sites: tuple[int, int],
    decoys: Sequence[str],
    decoy_copies: tuple[int, int],
    broken: float,
    ceiling: float,
    background: Background,
    length: int,
) -> _Plan:
    """Check the settings of `simulate`."""
    if not motifs:
        raise InputError("at least one motif is needed to simulate, but none came")
    for name, pwm in motifs.items():
        if pwm.ndim != 2 or pwm.shape[0] != 4 or not np.allclose(pwm.sum(0), 1, atol=1e-3) or pwm.min() < 0:
            raise InputError(f"motif {name} must be probabilities (4, width) whose columns sum to 1; use Motif.pwm")
    for what, (low, high) in {"sites": sites, "decoy_copies": decoy_copies}.items():
        if not 0 <= low <= high:
            raise InputError(f"{what} must be (fewest, most) with 0 <= fewest <= most, but ({low}, {high}) came")
    if not (0 <= broken <= 1 and 0 < ceiling <= 1):
        raise InputError(f"broken must be in 0..1 and ceiling above 0 and up to 1, but {broken} and {ceiling} came")
    for decoy in decoys:
        if not decoy or letter_codes(decoy, f"decoy {decoy!r}").max() > 3:
            raise InputError(f"a decoy is a string of A, C, G and T, but {decoy!r} came")
    widest = max(pwm.shape[1] for pwm in motifs.values())
    needed = sites[1] * widest + (decoy_copies[1] * max(map(len, decoys)) if decoys else 0)
    if length < 2 * needed:
        raise InputError(
            f"sequences of {length} bases are too short to plant up to {needed} bases at random places without "
            f"overlap; use a length of {2 * needed} or more, or plant less"
        )
    pwms = tuple(pwm / pwm.sum(0) for pwm in motifs.values())
    bits = tuple(2 + (p * np.log2(p, out=np.zeros_like(p), where=p > 0)).sum(0) for p in pwms)
    decoys = tuple(decoy.upper() for decoy in decoys)
    return _Plan(tuple(motifs), pwms, bits, decoys, sites, decoy_copies, broken, ceiling, background, length)


def _clean_drafts(plan: _Plan, generators: list[np.random.Generator]) -> list[_Draft]:
    """Backgrounds with decoys, and broken sites in negatives, none of which holds an accidental site."""
    drafts = [_draft(plan, generator, positive=i % 2 == 1) for i, generator in enumerate(generators)]
    spoilt = list(range(len(drafts)))
    for _ in range(_ATTEMPTS):
        hits = _holds_site(np.stack([drafts[i].codes for i in spoilt]), plan)
        spoilt = [i for i, hit in zip(spoilt, hits.tolist(), strict=True) if hit]
        if not spoilt:
            return drafts
        for i in spoilt:
            drafts[i] = _draft(plan, generators[i], positive=i % 2 == 1)
    raise InputError(
        f"example {spoilt[0]} held an accidental site (score of {plan.ceiling} times the best or more) in "
        f"{_ATTEMPTS} draws; raise ceiling, or leave out short or weak motifs and decoys that look like a site"
    )


def _draft(plan: _Plan, generator: np.random.Generator, *, positive: bool) -> _Draft:
    """One background with decoys, and perhaps broken sites in a negative."""
    draft = _Draft(plan.background.draw(plan.length, generator), [])
    if not positive and generator.random() < plan.broken:
        for _ in range(_between(plan.sites, generator)):
            _plant_motif(draft, plan, generator, kind="decoy")
    for _ in range(_between(plan.decoy_copies, generator) if plan.decoys else 0):
        decoy = plan.decoys[_below(len(plan.decoys), generator)]
        _plant(draft, letter_codes(decoy, "decoy"), decoy, (), "decoy", generator)
    return draft


def _plant_motif(draft: _Draft, plan: _Plan, generator: np.random.Generator, *, kind: Kind) -> None:
    """Plant a sampled site, or, as a decoy, a broken one."""
    chosen = _below(len(plan.names), generator)
    pwm, bits = plan.pwms[chosen], plan.bits[chosen]
    codes = (generator.random(pwm.shape[1]) >= np.cumsum(pwm, 0)[:3]).sum(0).astype(np.uint8)
    informative = np.flatnonzero(bits >= INFORMATIVE_BITS) if kind == "site" else np.empty(0, dtype=np.int64)
    if kind == "decoy":
        for column in np.argsort(-bits, kind="stable")[:2]:
            codes[column] = (codes[column] + 1 + _below(3, generator)) % 4
    _plant(draft, codes, plan.names[chosen], tuple(informative.tolist()), kind, generator)


def _plant(
    draft: _Draft,
    codes: Codes,
    name: str,
    informative: tuple[int, ...],
    kind: Kind,
    generator: np.random.Generator,
) -> None:
    """Write `codes` at a free place on a random strand, and note it."""
    width = len(codes)
    strand: Strand = "+" if generator.random() < 0.5 else "-"
    if strand == "-":
        codes = 3 - codes[::-1]
        informative = tuple(width - 1 - column for column in reversed(informative))
    for _ in range(_ATTEMPTS):
        start = _below(len(draft.codes) - width + 1, generator)
        if all(start >= site.stop or start + width <= site.start for site in draft.planted):
            break
    else:
        raise InputError(f"no free place for {name} ({width} bases) was found; use longer sequences or plant less")
    draft.codes[start : start + width] = codes
    truth = tuple(start + column for column in informative)
    draft.planted.append(Site(name, start, start + width, strand, kind, truth))


def _holds_site(block: CodeBlock, plan: _Plan) -> NDArray[np.bool_]:
    """For every sequence whether some window scores `ceiling` times the best score of some motif."""
    hit = np.zeros(len(block), dtype=np.bool_)
    for pwm in plan.pwms:
        pssm = np.log2((pwm + 0.01) / 1.04 / 0.25)
        limit = plan.ceiling * pssm.max(0).sum()
        for scores in (pssm, pssm[::-1, ::-1]):
            width = scores.shape[1]
            total = np.zeros((len(block), block.shape[1] - width + 1))
            for column in range(width):
                total += scores[:, column][block[:, column : column + total.shape[1]]]
            hit |= (total >= limit).any(1)
    return hit


def _between(span: tuple[int, int], generator: np.random.Generator) -> int:
    """A whole number from span[0] to span[1], both included."""
    return span[0] + _below(span[1] - span[0] + 1, generator)


def _below(bound: int, generator: np.random.Generator) -> int:
    """A whole number in [0, bound), by the one method of Generator whose stream numpy has never changed."""
    return min(int(generator.random() * bound), bound - 1)
