"""No pickle is ever loaded, whatever its name and wrapping."""

import bz2
import gzip
import lzma
import pickle
import tarfile
import zipfile
import zlib

import joblib
import pytest
import torch
from torch import nn

from seqinterp.errors import FileError
from seqinterp.io.load_model import load_model
from seqinterp.io.pickles import refuse_pickle

RAN = []


class Bomb:
    """Unpickling it leaves a trace."""

    def __reduce__(self):
        return (RAN.append, ("boom",))


def write_tar(path):
    inner = path.with_suffix(".inner")
    inner.write_bytes(pickle.dumps(Bomb()))
    with tarfile.open(path, "w") as archive:
        archive.add(inner, arcname="pickle")


WRITERS = {
    "torch.save of a module": lambda path: torch.save(nn.Linear(2, 2), path),
    "torch.save of a state": lambda path: torch.save(nn.Linear(2, 2).state_dict(), path),
    "torch.save, old format": lambda path: torch.save(
        nn.Linear(2, 2).state_dict(), path, _use_new_zipfile_serialization=False
    ),
    "torch.save, first format": write_tar,
    "joblib": lambda path: joblib.dump(Bomb(), path),
    "joblib, zlib": lambda path: joblib.dump([0] * 1000, path, compress=("zlib", 3)),
    "joblib, gzip": lambda path: joblib.dump([0] * 1000, path, compress=("gzip", 3)),
    "joblib, lzma": lambda path: joblib.dump([0] * 1000, path, compress=("lzma", 3)),
    "gzip": lambda path: path.write_bytes(gzip.compress(pickle.dumps(Bomb()), mtime=0)),
    "bz2": lambda path: path.write_bytes(bz2.compress(pickle.dumps(Bomb()))),
    "xz": lambda path: path.write_bytes(lzma.compress(pickle.dumps(Bomb()))),
    "zlib": lambda path: path.write_bytes(zlib.compress(pickle.dumps(Bomb()))),
    **{
        f"pickle, protocol {protocol}": lambda path, protocol=protocol: path.write_bytes(
            pickle.dumps(Bomb(), protocol=protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.json", "model.txt"])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_pickle_is_known_by_its_content(tmp_path, writer, name):
    path = tmp_path / name
    WRITERS[writer](path)
    with pytest.raises(FileError, match=r"would run whatever code its maker put in; .*safetensors.torch.save_file"):
        load_model(path)
    assert RAN == []


def test_a_checkpoint_with_a_pickle_for_weights_is_refused(tmp_path):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "model.safetensors")
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(FileError):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b".",
        b">one\nACGT\n",
        b"# deepbind 0.1\n",
        b'{"format": 1}',
        b"chr1\t1\t2\n",
        gzip.compress(b"sequence,label\n", mtime=0),
        b"\x1f\x8bnot really gzip",
        b"x\x9cnot really zlib",
        b"PK\x03\x04 not really zip",
    ],
)
def test_other_files_are_not_taken_for_pickles(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    refuse_pickle(path)


def test_a_zip_without_a_pickle_passes(tmp_path):
    with zipfile.ZipFile(tmp_path / "file.zip", "w") as archive:
        archive.writestr("table.csv", "sequence,label\n")
    refuse_pickle(tmp_path / "file.zip")


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(FileError, match="holds no model"):
        load_model(tmp_path)
    (tmp_path / "peaks.tsv").write_text("sequence\tlabel\n")
    with pytest.raises(FileError, match="is not a model that can be read here"):
        load_model(tmp_path / "peaks.tsv")
