"""What happens when words are put over what is there; nothing else moves."""

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError
from seqinterp.mutagenesis.edits import Edits, offsets, trusted
from seqinterp.mutagenesis.effects import effects
from seqinterp.shapes import Sequences, Words

COLUMNS = 2**24  # columns that are compared at once while a list of edits is built


def centred(length: int, width: int) -> int:
    """Where `width` columns start that stand in the middle of `length`: length // 2 - width // 2."""
    return length // 2 - width // 2


def insertions(backgrounds: Sequences, words: Words, start: int) -> Edits:
    """One edit for each background and word, words running fastest: its columns become those of the word.

    The word's first column goes to `start`. A column of zeros keeps what is there.

    Raises:
        InputError: the words leave the backgrounds.
    """
    width, length = words.shape[2], backgrounds.shape[2]
    if not 0 <= start <= length - width:
        raise InputError(
            f"{width} bases that start at {start} leave the backgrounds, which have {length} bases; start can be 0 to"
            f" {length - width}"
            if width <= length
            else f"a motif of {width} bases does not fit into backgrounds of {length} bases; cut it or take longer ones"
        )
    columns = words.to("cpu", backgrounds.dtype)
    here = backgrounds[:, :, start : start + width].detach().cpu()
    told = (columns != 0).any(dim=1)  # (words, width)
    differs = (here[:, None] != columns).any(dim=2) & told
    _, word, column = differs.nonzero(as_tuple=True)
    example = torch.arange(len(here)).repeat_interleave(len(words))
    return trusted(example, offsets(differs.sum(dim=2).flatten()), start + column, columns[word, :, column])


def insertion_effects(score: Score, backgrounds: Sequences, words: Words, start: int, /, *, repeats: int = 1) -> Tensor:
    """`score(with the word) - score(without)` of every background and word, (batch, words), on the CPU.

    repeats: how many calls like this one will come.

    Raises:
        InputError: the words leave the backgrounds.
    """
    parts = backgrounds.split(max(1, COLUMNS // max(1, words.numel())))
    found = []
    for part in parts:
        edits = insertions(part, words, start)
        found.append(effects(score, part, edits, repeats=repeats * len(parts)).detach().cpu())
    every = torch.cat(found).reshape(len(backgrounds), len(words))
    return every.float() if every.dtype in (torch.float16, torch.bfloat16) else every
