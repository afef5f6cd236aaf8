"""`find_companions`: do all maximisers of a model carry something besides what it responds to?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seqinterp.api.results.companions import Companions
from seqinterp.api.results.designs import Designs
from seqinterp.api.shared.experiment import facts_of, trying
from seqinterp.api.shared.inputs import as_dna
from seqinterp.api.shared.score import finite_scores
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.attribution.targets import as_target
from seqinterp.design.judging.companion_table import enrichment
from seqinterp.design.judging.companion_words import common_words, places_of
from seqinterp.design.judging.companions import Sites, removals
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import THRESHOLD, scan_sequences
from seqinterp.sequence.alphabet import letter_codes
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.shapes import Array, Sequences

COLUMNS = ("motif", "example", "start", "stop", "strand")


def find_companions(
    model: nn.Module,
    maximizers: Designs | Sequence[str] | Array,
    motifs: Any = None,
    *,
    background: Designs | Sequence[str] | Array,
    target: int | Target = 0,
    threshold: float = THRESHOLD,
    seed: int = 0,
    device: Device = None,
) -> Companions:
    """Which motifs the maximisers of a score share, more often than a background does, and which of them it uses.

    The dumbbells that DeepDream drew came with arms: what always occurred together in the training data a model may
    not tell apart. A companion is a motif that is more frequent in the maximisers than in the background, besides the
    one whose removal costs the score most. It is used where its removal costs more than that of random windows, and
    carried along where not.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        maximizers: sequences that the model scores highly, as `optimize` gives them, as strings, or one-hot. Several
            that began from one start are not independent, and the p-values take them to be.
        motifs: what to look for: `Motif`s, whose sites are windows with a p-value below `threshold`, and words of
            IUPAC letters, both on either strand. None looks for words of 6 bases and more that at least 80 % of the
            maximisers hold, more often than their dinucleotide shuffles and the background do.
        background: sequences of the same length to compare with: natural ones that the model scores highly, or any.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        threshold: the p-value of a site.
        seed: what sites are replaced by, and where random windows lie, follow from it and the sequences.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.

    Returns:
        `Companions`: a table of the motifs, one of their pairs, the sites, and `verdicts`, sentences.

    Raises:
        InputError: sequences differ in length, two motifs have one name, or an option cannot be used.
        AlphabetError: a sequence or a word holds a letter that is not DNA.
        ModelError: the score is not one finite number per example, also after an edit.
    """
    inputs, others = (_as_sequences(model, given) for given in (maximizers, background))
    if inputs.shape[2] != others.shape[2]:
        raise InputError(
            f"the maximisers have {inputs.shape[2]} bases and the background {others.shape[2]}; longer sequences hold"
            " more motifs by chance, so cut them to one length"
        )
    if seed < 0:
        raise InputError(f"seed must be 0 or more, not {seed}")
    letters, other_letters = decode(inputs), decode(others)
    score, place = Score(model, as_target(target)), choose_device(device)
    before = finite_scores(score, inputs, batch_size=None, device=place)
    named = _named(common_words(letters, other_letters, seed=seed) if motifs is None else motifs, motifs is None)
    sites, elsewhere = (
        _sites(named, rows, words, threshold) for rows, words in ((inputs, letters), (others, other_letters))
    )
    holds, background_holds = (
        _holders(table, len(rows), len(named)) for table, rows in ((sites, inputs), (elsewhere, others))
    )
    enriched = enrichment(holds.numpy(), background_holds.numpy())["enriched"].to_numpy(bool)
    columns = (torch.from_numpy(sites[name].to_numpy(np.int64).copy()) for name in COLUMNS[:4])
    with trying(score, place) as notes:
        here = inputs.to(place, copy=True)
        found = removals(score, here, Sites(*columns), len(named), enriched, seed=seed)
    facts = facts_of(score, inputs, notes, seed=seed, place=place)
    facts |= {"threshold": threshold, "searched_words": motifs is None}
    names = tuple(name for name, _ in named)
    labels = tuple(motif.label if isinstance(motif, Motif) else "" for _, motif in named)
    parts = (holds, background_holds, sites, found.drops, found.controls, before)
    return Companions(names, labels, tuple(letters), *parts, facts)


def _as_sequences(model: nn.Module, given: Any) -> Sequences:
    """Designs, strings or one-hot DNA as one-hot DNA of the model's type."""
    if isinstance(given, Designs):
        given = [design.sequence for design in given]
    return as_dna(model, given if isinstance(given, Tensor | np.ndarray) else one_hot(given))


def _named(motifs: Any, found: bool) -> list[tuple[str, Motif | str]]:
    """Motifs and words with their names; `found` ones may be none at all."""
    several = [motifs] if isinstance(motifs, Motif | str) else list(motifs)
    named: list[tuple[str, Motif | str]] = []
    for motif in several:
        if not isinstance(motif, Motif | str):
            raise InputError(
                f"motifs must be Motif objects or words, but a {type(motif).__name__} came; seqinterp.read_motifs reads"
                " them from a file"
            )
        if isinstance(motif, str) and not motif.replace("N", "").replace("n", ""):
            raise InputError(f"the word {motif!r} says nothing; give one with other letters than N")
        if isinstance(motif, str):
            letter_codes(motif, f"the word {motif!r}")
            motif = motif.upper()
        named.append((motif if isinstance(motif, str) else motif.name, motif))
    names = [name for name, _ in named]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two motifs are called {twice}; give each its own name, so that the tables can tell them")
    if not named and not found:
        raise InputError("there are no motifs; give at least one, or motifs=None to look for words")
    return named


def _sites(
    named: list[tuple[str, Motif | str]], inputs: Sequences, letters: list[str], threshold: float
) -> pd.DataFrame:
    """Where the motifs stand: motif (its number), example, start, stop, strand; a place counts once."""
    rows = [
        (number, at.example, at.start, at.stop, at.strand)
        for number, (_, motif) in enumerate(named)
        if isinstance(motif, str)
        for at in places_of(motif, letters)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    known = {motif.name: number for number, (_, motif) in enumerate(named) if isinstance(motif, Motif)}
    if known:
        motifs = [motif for _, motif in named if isinstance(motif, Motif)]
        scanned = scan_sequences(inputs.float().numpy(), motifs, threshold=threshold)
        scanned = scanned.assign(motif=scanned["motif"].map(known).astype(np.int64))[list(COLUMNS)]
        table = pd.concat([table, scanned], ignore_index=True) if len(table) else scanned
    table = table.astype(dict.fromkeys(COLUMNS[:4], np.int64))
    order = table.sort_values(list(COLUMNS), kind="stable")
    return order.drop_duplicates(list(COLUMNS[:4])).reset_index(drop=True)


def _holders(sites: pd.DataFrame, count: int, motifs: int) -> Tensor:
    """Which sequence holds which motif."""
    found = np.zeros((count, motifs), dtype=bool)
    found[sites["example"].to_numpy(np.int64), sites["motif"].to_numpy(np.int64)] = True
    return torch.from_numpy(found)
