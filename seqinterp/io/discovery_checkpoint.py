"""What a search for patterns has found so far, in one file, so that an interrupted one goes on where it was."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from seqinterp.errors import FileError
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.motifs.assign import Members

KIND = "motif search"


def save_search(path: Path | str, search: str, found: Mapping[int, Sequence[Members]]) -> None:
    """Write the patterns of each sign; `search` tells what was searched, and how."""
    arrays = {}
    for sign, patterns in found.items():
        for number, one in enumerate(patterns):
            for name in ("template", "index", "shift", "reverse"):
                arrays[f"{sign}/{number}/{name}"] = torch.from_numpy(np.ascontiguousarray(getattr(one, name)))
    save_arrays(
        path, KIND, arrays, {"search": search, "patterns": {str(sign): len(some) for sign, some in found.items()}}
    )


def load_search(path: Path | str, search: str) -> dict[int, list[Members]]:
    """What `save_search` wrote; nothing where there is no such file.

    Raises:
        FileError: the file cannot be read, or is of another search.
    """
    if not Path(path).exists():
        return {}
    arrays, facts = load_arrays(path, KIND)
    if facts.get("search") != search:
        raise FileError(f"{path} belongs to a search of other inputs or with other options; remove it, or name another")
    try:
        return {
            int(sign): [
                Members(
                    *(arrays[f"{sign}/{number}/{name}"].numpy() for name in ("template", "index", "shift", "reverse"))
                )
                for number in range(count)
            ]
            for sign, count in facts["patterns"].items()
        }
    except KeyError as error:
        raise FileError(f"{path} lacks {error}; the file is damaged: remove it") from error


def forget_search(path: Path | str) -> None:
    """Remove what `save_search` wrote, if anything."""
    Path(path).unlink(missing_ok=True)
