"""Motifs in designs, beside the natural sequences that the model scores highest."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.api.results.evidence import Columns
from seqinterp.api.results.judgement import typed
from seqinterp.design.codes import columns_of
from seqinterp.design.judging.motif_content import (
    FOUND,
    GIVEN,
    MOTIF_COLUMNS,
    SITE_COLUMNS,
    holders,
    leading_motifs,
    shared_words,
    word_sites,
)
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import BITS, THRESHOLD, scan_sequences
from seqinterp.sequence.alphabet import code_block, letter_codes, letters_of
from seqinterp.shapes import Candidates, CodeBlock

_LOWEST = -100.0  # bits, as the scan has it
Given = Motif | str
TOLD = 12  # motifs of natural sequences that are kept for a figure


@dataclass(frozen=True, eq=False)
class Found:
    """sites: in the designs. motifs: one row for each that was looked for. left_out: names of given ones that were not.

    of_top: the motifs that most of the highest natural sequences hold, one of each family.
    """

    sites: pd.DataFrame
    motifs: pd.DataFrame
    left_out: list[str]
    of_top: list[str]


def as_motifs(motifs: Any) -> list[Given]:
    """Motifs and IUPAC words, one or several; None is none.

    Raises:
        InputError: something else, a word that says nothing, or two of one name.
        AlphabetError: a word holds a letter that is not DNA.
    """
    several = [] if motifs is None else [motifs] if isinstance(motifs, Motif | str) else motifs
    if not isinstance(several, Iterable):
        raise InputError(f"motifs must be Motif objects or words, but a {type(motifs).__name__} came")
    given: list[Given] = []
    for motif in several:
        if not isinstance(motif, Motif | str):
            raise InputError(
                f"motifs must be Motif objects or words, but a {type(motif).__name__} came; seqinterp.read_motifs reads"
                " them from a file"
            )
        if isinstance(motif, str):
            letter_codes(motif, f"the word {motif!r}")
            if not motif.upper().strip("N"):
                raise InputError(f"the word {motif!r} says nothing; give one with other letters than N")
        given.append(motif.upper() if isinstance(motif, str) else motif)
    names = [_name(motif) for motif in given]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise InputError(f"two motifs are called {twice}; give each its own name, so that the tables can tell them")
    return given


def find_motifs(codes: CodeBlock, top: Candidates | None, given: list[Given], *, seed: int) -> Found:
    """Sites in the designs of the given motifs, and of words that the designs share and `top` does not.

    Motifs that no window can match at the p-value of the scan, or that are longer than the sequences, are left out.

    Raises:
        InputError: none of the given motifs is left.
    """
    designs = [letters_of(one) for one in codes]
    natural = None if top is None else [letters_of(one) for one in top]
    usable = [motif for motif in given if isinstance(motif, str) or _can_match(motif, codes.shape[1])]
    kept = {_name(motif) for motif in usable}
    left_out = [_name(motif) for motif in given if _name(motif) not in kept]
    if given and not usable:
        raise InputError(
            f"none of the {len(given)} motifs can be found: they are longer than the {codes.shape[1]} bases of the"
            f" designs, or hold so little that no site has a p-value below {THRESHOLD:g}"
        )
    every = _every_site(usable, [*designs, *(natural or [])])
    sites, others = every[every["design"] < len(designs)], every[every["design"] >= len(designs)]
    shares = np.full(len(usable), np.nan)
    if natural is not None:
        held = holders(others)
        shares = np.array([held.get(_name(motif), 0) / len(natural) for motif in usable])
    labels = [(_name(motif), _label(motif), GIVEN) for motif in usable]
    rows = [(*label, share, float("nan")) for label, share in zip(labels, shares.tolist(), strict=True)]
    motifs = pd.DataFrame(rows, columns=list(MOTIF_COLUMNS))
    if natural is not None:
        words = shared_words(designs, natural, seed=seed)
        words = words[~words["motif"].isin(motifs["motif"])]
        found = [word_sites(word, designs, FOUND) for word in words["motif"].tolist()]
        sites, motifs = _joined([sites, *found], SITE_COLUMNS), _joined([motifs, words], MOTIF_COLUMNS)
    sites = typed(sites).sort_values(["design", "start", "motif"], kind="stable", ignore_index=True)
    return Found(sites, typed(motifs), left_out, leading_motifs(others, TOLD))


def motif_columns(sites: pd.DataFrame, motifs: pd.DataFrame, count: int) -> Columns:
    """Which motifs each design holds, how many sites, and how usual they are among the highest natural sequences."""
    if motifs.empty:
        return {}
    labels = dict(zip(motifs["motif"], motifs["label"], strict=True))
    usual = dict(zip(motifs["motif"], motifs["top_share"], strict=True))
    words, shares = [""] * count, np.full(count, np.nan)
    for design in range(count):
        own = sites.loc[sites["design"] == design, "motif"]
        number = own.map(labels).value_counts(sort=False)
        words[design] = ", ".join(f"{name} x{n}" if n > 1 else str(name) for name, n in number.items())
        if len(own):
            shares[design] = float(np.mean([usual[name] for name in own.unique()]))
    number_of_sites = np.bincount(sites["design"].to_numpy(np.int64), minlength=count)
    return {"motifs": words, "motif_sites": number_of_sites, "motif_top_share": shares}


def _every_site(given: list[Given], sequences: list[str]) -> pd.DataFrame:
    """Sites of motifs and words in all sequences."""
    words = [word_sites(motif, sequences, GIVEN) for motif in given if isinstance(motif, str)]
    return _joined([_scanned([motif for motif in given if isinstance(motif, Motif)], sequences), *words], SITE_COLUMNS)


def _scanned(motifs: list[Motif], sequences: list[str]) -> pd.DataFrame:
    """Sites of motifs; what both strands match at one place is one site."""
    if not motifs:
        return pd.DataFrame(columns=list(SITE_COLUMNS))
    inputs = columns_of(code_block(sequences, str)).numpy()
    table = scan_sequences(inputs, motifs).rename(columns={"example": "design"}).assign(kind=GIVEN)
    table = table.sort_values(["design", "start", "motif", "p_value", "strand"], kind="stable")
    return table.drop_duplicates(["design", "start", "stop", "motif"])[list(SITE_COLUMNS)]


def _joined(tables: list[pd.DataFrame], columns: Iterable[str]) -> pd.DataFrame:
    """Tables one under the other; empty ones would change the types of the others."""
    filled = [table for table in tables if len(table)]
    return typed(pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns)))


def _can_match(motif: Motif, length: int) -> bool:
    """Whether the scan takes a motif: it fits, and its best match has a p-value below the threshold."""
    scores = np.round(np.maximum(motif.pssm, _LOWEST) / BITS)
    least = float(((scores == scores.max(axis=0)).sum(axis=0) / 4).prod())
    return motif.width <= length and least < THRESHOLD


def _name(motif: Given) -> str:
    """How tables call a motif."""
    return motif if isinstance(motif, str) else motif.name


def _label(motif: Given) -> str:
    """How figures and sentences call a motif."""
    return motif if isinstance(motif, str) else motif.label or motif.name
