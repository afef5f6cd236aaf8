"""What a result is written as: the ending of the file's name says it, and says it before work starts."""

import re
from pathlib import Path

import pandas as pd

from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.designs import Designs
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.errors import FileError, InputError

TABLES = (".tsv", ".tsv.gz", ".csv")
ARRAYS = (".safetensors",)
RECORDS = (".fasta", ".fa", ".gb")
OTHER_ARRAYS = (".npz", ".h5")  # for other programs

Result = Attribution | Mutagenesis | Designs


def refuse_other_endings(out: Path, *endings: str) -> None:
    """InputError unless the name of `out` has one of the endings."""
    if not out.name.endswith(endings):
        raise InputError(f"--out {out.name} has none of the endings {', '.join(endings)}; give one that it can be")


def write_result(place: Path, result: Result) -> None:
    """A table or arrays, by the ending of the name."""
    if place.name.endswith(ARRAYS):
        result.save(place)
    else:
        write_frame(place, result.to_frame())


def write_designs(place: Path, designs: Designs) -> None:
    """A table, arrays, FASTA or GenBank, by the ending of the name."""
    if place.name.endswith(RECORDS):
        (designs.to_genbank if place.suffix == ".gb" else designs.to_fasta)(place)
    else:
        write_result(place, designs)


def write_mutagenesis(place: Path, result: Mutagenesis) -> None:
    """A table or arrays, by the ending of the name; `seqinterp.io.h5` says what .h5 and .npz hold."""
    if not place.name.endswith(OTHER_ARRAYS):
        write_result(place, result)
        return
    from seqinterp.io.h5 import save_h5, save_npz, whole_numbers

    arrays = {
        "inputs": whole_numbers(result.inputs.numpy()),
        "effects": result.effects.numpy(),
        "score": result.score.numpy(),
        "attributions": result.attributions.numpy(),
    }
    facts = {"start": result.start, "stop": result.stop, "origin": dict(result.origin)}
    (save_h5 if place.suffix == ".h5" else save_npz)(place, arrays, facts)


def write_frame(place: Path, frame: pd.DataFrame) -> None:
    """TSV or CSV, gzipped for .gz, with enough digits to read the same numbers back; the same bytes every time."""
    separator = "," if ".csv" in place.suffixes else "\t"
    packed = {"method": "gzip", "mtime": 0} if place.suffix == ".gz" else None
    frame.to_csv(place, sep=separator, index=False, float_format="%.9g", compression=packed)


def refuse_full_folder(folder: Path, *, force: bool) -> None:
    """FileError unless pictures can be put into `folder`: free, empty, or `force`."""
    if folder.exists() and not folder.is_dir():
        raise FileError(f"--plot {folder} is a file; give the name of a folder")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise FileError(f"--plot {folder} holds files already; choose another name, or use --force")


def write_maps(folder: Path, result: Mutagenesis, names: tuple[str, ...], count: int) -> None:
    """A heat map with its logo for each of the first `count` sequences: 001_NAME.png ..., each written whole."""
    from seqinterp.io.atomic import written_whole
    from seqinterp.plot.heatmap import mutagenesis_figure
    from seqinterp.sequence.onehot import decode

    window = slice(result.start, result.stop)
    effects, logos = (array[:count, :, window].numpy() for array in (result.effects, result.attributions))
    sequences = decode(result.inputs[:count, :, window])
    for number, sequence in enumerate(sequences):
        title = f"{names[number]}, score {float(result.score[number]):.4g}"
        figure = mutagenesis_figure(effects[number], logos[number], sequence, start=result.start, title=title)
        readable = re.sub(r"[^A-Za-z0-9._-]+", "_", names[number])[:80]
        with written_whole(folder / f"{number + 1:03d}_{readable}.png", force=True) as place:
            figure.savefig(place, format="png", dpi=2 * figure.dpi)
