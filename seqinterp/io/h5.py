"""Arrays for other programs: HDF5 and npz, with the facts of a result beside them as JSON.

A result of `seqinterp mutate` holds

    inputs        (batch, 4, position)  uint8, or float where columns are mixtures; bases A, C, G, T
    effects       (batch, 4, position)  float, score(edited) - score; zero at the base that is there
    score         (batch,)              float, before any edit
    attributions  (batch, 4, position)  float, the base that is there against the mean of the four

In HDF5 each fact is an attribute of the file (`start`, `stop`, and `origin` as JSON); in npz they are one array of
text, `facts`, with all of them as JSON.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from seqinterp.errors import FileError
from seqinterp.io.atomic import written_whole


def save_h5(path: Path | str, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write arrays as compressed datasets and facts as attributes; an older file is replaced whole.

    Raises:
        FileError: the file cannot be written.
    """
    with written_whole(Path(path), force=True) as place:
        try:
            with h5py.File(place, "w") as file:
                for name, array in arrays.items():
                    packing = {"compression": "gzip", "shuffle": True} if array.size else {}
                    file.create_dataset(name, data=array, track_times=False, **packing)
                for name, fact in facts.items():
                    file.attrs[name] = fact if isinstance(fact, int | float | str) else json.dumps(fact)
        except OSError as error:
            raise FileError(f"{path} cannot be written as HDF5 ({error}); choose another place") from error


def save_npz(path: Path | str, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Write arrays as a compressed npz file, with the facts as JSON under `facts`; an older file is replaced whole."""
    with written_whole(Path(path), force=True) as place:
        held: dict[str, Any] = {**arrays, "facts": np.array(json.dumps(dict(facts)))}
        np.savez_compressed(place, **held)


def whole_numbers(inputs: np.ndarray) -> np.ndarray:
    """One-hot DNA as uint8; as it is where columns are mixtures."""
    return inputs.astype(np.uint8) if bool(np.isin(inputs, (0, 1)).all()) else inputs
