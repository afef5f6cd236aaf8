"""Sequences as small numbers, in which searches think, and as the columns that models read."""

import numpy as np
import torch

from seqinterp.mutagenesis.edits import Edits, offsets, trusted
from seqinterp.sequence.alphabet import N_CODE
from seqinterp.shapes import Candidates, CodeBlock, Counters, Sequences

_COLUMNS = np.concatenate([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])  # the last one is N


def columns_of(
    codes: CodeBlock, *, dtype: torch.dtype = torch.float32, device: torch.device | None = None
) -> Sequences:
    """One-hot sequences (batch, 4, position) of codes; N is a column of zeros."""
    found = torch.from_numpy(np.ascontiguousarray(_COLUMNS[codes].transpose(0, 2, 1)))
    return found.to(device, dtype)


def codes_of(sequences: Sequences) -> CodeBlock:
    """The codes of one-hot sequences; a column of zeros is N."""
    held = sequences.detach().cpu()
    codes = torch.where(held.any(dim=1), held.argmax(dim=1), N_CODE)
    found: CodeBlock = codes.to(torch.uint8).numpy()
    return found


def edits_between(codes: CodeBlock, candidates: Candidates, example: Counters, dtype: torch.dtype) -> Edits:
    """What turns `codes[example]` into `candidates`, one edit per candidate."""
    changed = candidates != codes[example]
    row, position = changed.nonzero()
    columns = torch.from_numpy(_COLUMNS[candidates[row, position]]).to(dtype)
    first = offsets(torch.from_numpy(changed.sum(axis=1)))
    return trusted(torch.from_numpy(example.astype(np.int64)), first, torch.from_numpy(position), columns)
