"""Sequences and attributions as other programs exchange them: pairs of numpy files, and HDF5.

TF-MoDISco, Fi-NeMo and CREsted read two files, .npy, or .npz with one array `arr_0`, each (batch, 4, position). HDF5
files hold both, under names and with axes that depend on who wrote them: see LAYOUTS.
"""

import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from torch import Tensor

from seqinterp.errors import FileError, InputError, ShapeError
from seqinterp.io.arrays import load_arrays
from seqinterp.io.atomic import written_whole
from seqinterp.io.h5 import whole_numbers
from seqinterp.shapes import Array

KEY = "arr_0"  # what numpy calls the only array of an npz file
# Names of attributions and inputs in HDF5, and whether the axes are (batch, position, 4).
LAYOUTS = (
    ("shap/seq", "raw/seq", False),  # ChromBPNet
    ("hyp_scores", "input_seqs", True),  # BPNet
    ("attributions", "inputs", False),  # seqinterp mutate
)
_LOOKED_AT = 64  # examples that tell sequences from attributions


def save_pair(
    inputs_path: Path | str, attributions_path: Path | str, inputs: Array, attributions: Array, *, force: bool = False
) -> None:
    """Write one-hot sequences and their attributions, both (batch, 4, position), as a pair of .npz (or .npy) files.

    Sequences are written as int8, or float32 where they are mixtures of bases; attributions as float32. TF-MoDISco
    wants hypothetical contributions: what every base would contribute, not only the one that is there.

    Raises:
        ShapeError: the two are not both (batch, 4, position).
        InputError: an attribution is not a finite number.
        FileError: a file is not named .npz or .npy, or exists and `force` is False, or cannot be written.
    """
    paths = (Path(inputs_path), Path(attributions_path))
    for path in paths:
        if path.suffix not in (".npz", ".npy"):
            raise FileError(f"{path}: TF-MoDISco tells arrays by their names; name it .npz or .npy")
    if paths[0].absolute() == paths[1].absolute():
        raise FileError(f"{paths[0]}: inputs and attributions go to two files; give two names")
    shown, values = (
        np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given, np.float32)
        for given in (inputs, attributions)
    )
    if shown.ndim != 3 or shown.shape[1] != 4 or values.shape != shown.shape:
        raise ShapeError(
            f"inputs and attributions must both be (batch, 4, position), but they are {shown.shape} and {values.shape}"
        )
    if not np.isfinite(values).all():
        raise InputError("the attributions hold NaN or infinity; leave these examples out, or mend the model")
    whole = whole_numbers(shown)
    arrays = (whole if whole is shown else whole.astype(np.int8), values)
    with written_whole(paths[0], force=force) as first, written_whole(paths[1], force=force) as second:
        for place, array in zip((first, second), arrays, strict=True):
            if place.suffix == ".npz":
                np.savez_compressed(place, array)
            else:
                np.save(place, array)


def load_pair(inputs_path: Path | str, attributions_path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (batch, 4, position) and their attributions, of the same shape or (batch, position), from two files.

    Each is .npy, which stays on disk and is mapped into memory, or .npz with `arr_0` or one array of any name. The
    numbers keep their type. `seqinterp.motifs.tracks.as_tracks` checks them further.

    Raises:
        FileError: a file is missing, damaged or no array of numbers, the axes are (batch, position, 4), the shapes do
            not fit together, or the two files are the wrong way round.
    """
    inputs, attributions = _array(Path(inputs_path)), _array(Path(attributions_path))
    _check(inputs_path, attributions_path, inputs.shape, attributions.shape)
    _check_order(inputs_path, attributions_path, inputs[:_LOOKED_AT])
    return inputs, attributions


def pair_blocks(
    inputs_path: Path | str, attributions_path: Path | str, *, size: int = 1024
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """What `load_pair` reads, `size` examples at a time with the number of the first: never all of it in memory.

    Raises:
        FileError: as `load_pair`.
    """
    (shape, inputs), (other, attributions) = _blocks(Path(inputs_path), size), _blocks(Path(attributions_path), size)
    _check(inputs_path, attributions_path, shape, other)
    for i, (shown, values) in enumerate(zip(inputs, attributions, strict=True)):
        if i == 0:
            _check_order(inputs_path, attributions_path, shown[:_LOOKED_AT])
        yield i * size, shown, values


def load_scores_h5(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and attributions, both (batch, 4, position), of an HDF5 file in one of LAYOUTS.

    Attributions of ChromBPNet and BPNet are hypothetical. Numbers keep their type, which is half precision there.

    Raises:
        FileError: the file is missing, no HDF5, in no layout known, damaged, or packed in a way that needs the package
            hdf5plugin (ChromBPNet and BPNet pack with Blosc).
    """
    if find_spec("hdf5plugin") is not None:
        import hdf5plugin  # noqa: F401 - importing it is what teaches h5py to unpack Blosc
    try:
        with h5py.File(path, "r") as file:
            for scores, shown, swapped in LAYOUTS:
                if scores in file and shown in file:
                    pair = file[shown][:], file[scores][:]
                    inputs, attributions = (np.swapaxes(array, 1, 2) if swapped else array for array in pair)
                    _check(f"{path}, {shown}", f"{path}, {scores}", inputs.shape, attributions.shape)
                    return inputs, attributions
            known = "; ".join(f"{scores} and {shown}" for scores, shown, _ in LAYOUTS)
            raise FileError(f"{path}: holds sequences and attributions under no names known ({known}), but {[*file]}")
    except OSError as error:
        hint = "; `pip install hdf5plugin` if it is of ChromBPNet or BPNet" if "filter" in str(error).lower() else ""
        raise FileError(f"{path}: cannot be read as HDF5 ({error}){hint}") from error


def load_scores(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and attributions of one file: what `Attribution.save` wrote, or HDF5 as `load_scores_h5` reads it.

    Attributions are the hypothetical ones where the file has them.

    Raises:
        FileError: the file is missing or of no such kind.
    """
    if Path(path).is_file() and h5py.is_hdf5(path):
        return load_scores_h5(path)
    arrays, _ = load_arrays(path, "attribution", needed=("inputs", "values"))
    return arrays["inputs"].numpy(), arrays.get("hypothetical", arrays["values"]).numpy()


def _array(path: Path) -> np.ndarray:
    """The one array of a file, mapped into memory if it is .npy."""
    try:
        if not zipfile.is_zipfile(path):
            array: np.ndarray = np.lib.format.open_memmap(path, mode="r")
        else:
            with np.load(path, allow_pickle=False) as file:
                array = file[_key(path, file.files)]
    except FileError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    return array


def _blocks(path: Path, size: int) -> tuple[tuple[int, ...], Iterator[np.ndarray]]:
    """The shape of the one array of a file, and its examples, `size` at a time."""
    if size < 1:
        raise InputError(f"the size of a block must be 1 or more, but it is {size}")
    if not zipfile.is_zipfile(path):
        array = _array(path)
        return array.shape, (array[start : start + size] for start in range(0, len(array), size))
    try:
        with zipfile.ZipFile(path) as file:
            key = _key(path, [Path(name).stem for name in file.namelist()])
            with file.open(f"{key}.npy") as member:
                shape, by_column, dtype = _header(member)
    except FileError:
        raise
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    if by_column or dtype.hasobject or len(shape) < 2:
        array = _array(path)
        return array.shape, (array[start : start + size] for start in range(0, len(array), size))
    return shape, _unpacked(path, key, size)


def _unpacked(path: Path, key: str, size: int) -> Iterator[np.ndarray]:
    """The examples of one array of an npz file as they are unpacked."""
    try:
        with zipfile.ZipFile(path) as file, file.open(f"{key}.npy") as member:
            shape, _, dtype = _header(member)
            row = int(np.prod(shape[1:])) * dtype.itemsize
            for start in range(0, shape[0], size):
                count = min(size, shape[0] - start)
                yield np.frombuffer(member.read(count * row), dtype).reshape(count, *shape[1:])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error


def _header(member: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of the array that a .npy stream starts with."""
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(member)
    if version not in read:
        raise ValueError(f"version {version} of the npy format is not known")
    return read[version](member)


def _key(path: Path, names: list[str]) -> str:
    """Which array of an npz file to read."""
    if KEY in names:
        return KEY
    if len(names) != 1:
        raise FileError(f"{path}: one array, or one called {KEY}, is wanted, but it holds {names}")
    return names[0]


def _unreadable(path: Path, error: Exception) -> FileError:
    """The error for a file that is no array."""
    if not path.is_file():
        return FileError(f"{path} is no file; check the name and the folder")
    return FileError(f"{path}: cannot be read as .npy or .npz array of numbers ({error})")


def _check(
    inputs_path: Path | str, attributions_path: Path | str, inputs: tuple[int, ...], attributions: tuple[int, ...]
) -> None:
    """FileError unless the two shapes are of sequences and of their attributions."""
    for path, shape in ((inputs_path, inputs), (attributions_path, attributions)):
        if len(shape) == 3 and shape[1] != 4 and shape[2] == 4:
            raise FileError(
                f"{path}: the axes must be (batch, 4, position), but they are (batch, position, 4), {shape}; "
                "write array.transpose(0, 2, 1) instead"
            )
    if len(inputs) != 3 or inputs[1] != 4 or 0 in inputs:
        raise FileError(f"{inputs_path}: one-hot sequences (batch, 4, position) are wanted, but the shape is {inputs}")
    if attributions not in (inputs, (inputs[0], inputs[2])):
        raise FileError(
            f"{attributions_path}: attributions {inputs} or {(inputs[0], inputs[2])} are wanted, as the inputs of "
            f"{inputs_path} are {inputs}, but the shape is {attributions}"
        )


def _check_order(inputs_path: Path | str, attributions_path: Path | str, inputs: np.ndarray) -> None:
    """FileError if what should be sequences is not, which attributions are."""
    if inputs.dtype.kind not in "biuf" or not ((inputs >= 0) & (inputs <= 1)).all():
        raise FileError(
            f"{inputs_path}: sequences hold numbers from 0 to 1, but this does not; are {inputs_path} and "
            f"{attributions_path} the wrong way round?"
        )
