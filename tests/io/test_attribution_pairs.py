import re

import h5py
import numpy as np
import pytest
import torch

from seqinterp.api.attribute import attribute
from seqinterp.errors import FileError, InputError, ShapeError
from seqinterp.io.attribution_pairs import load_pair, load_scores, load_scores_h5, pair_blocks, save_pair
from seqinterp.io.h5 import save_h5


def pair_of(examples=10, length=7, seed=0):
    draw = np.random.default_rng(seed)
    inputs = np.eye(4, dtype=np.int8)[draw.integers(0, 4, (examples, length))].transpose(0, 2, 1)
    return np.ascontiguousarray(inputs), draw.normal(size=inputs.shape).astype(np.float32)


@pytest.mark.parametrize("ending", ["npz", "npy"])
@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_what_is_saved_comes_back(tmp_path, ending, kind):
    inputs, attributions = pair_of()
    paths = tmp_path / f"ohe.{ending}", tmp_path / f"shap.{ending}"
    save_pair(*paths, kind(inputs), kind(attributions))
    found = load_pair(*paths)
    np.testing.assert_array_equal(found[0], inputs)
    np.testing.assert_array_equal(found[1], attributions)
    assert (found[0].dtype, found[1].dtype) == (np.int8, np.float32)
    assert isinstance(found[0], np.memmap) == (ending == "npy")


def test_the_npz_holds_what_tf_modisco_looks_for(tmp_path):
    inputs, attributions = pair_of()
    save_pair(tmp_path / "ohe.npz", tmp_path / "shap.npz", inputs, attributions)
    for name, array in (("ohe.npz", inputs), ("shap.npz", attributions)):
        with np.load(tmp_path / name) as file:
            assert file.files == ["arr_0"]
            np.testing.assert_array_equal(file["arr_0"], array)


@pytest.mark.parametrize("ending", ["npz", "npy"])
def test_modisco_lite_reads_it(tmp_path, ending):
    cli = pytest.importorskip("modiscolite.cli", reason="needs modisco-lite")
    inputs, attributions = pair_of()
    paths = tmp_path / f"ohe.{ending}", tmp_path / f"shap.{ending}"
    save_pair(*paths, inputs, attributions)
    for path, array in zip(paths, (inputs, attributions), strict=True):
        np.testing.assert_array_equal(cli._load_input(path), array)


def test_mixtures_of_bases_are_kept(tmp_path):
    inputs, attributions = pair_of()
    mixed = inputs.astype(np.float32)
    mixed[0, :, 0] = 0.25
    save_pair(tmp_path / "a.npz", tmp_path / "b.npz", mixed, attributions)
    found, _ = load_pair(tmp_path / "a.npz", tmp_path / "b.npz")
    np.testing.assert_array_equal(found, mixed)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda x, a: (x, a[:, :, 1:]), ShapeError, "but they are (10, 4, 7) and (10, 4, 6)"),
        (lambda x, a: (x.swapaxes(1, 2), a.swapaxes(1, 2)), ShapeError, "but they are (10, 7, 4)"),
        (lambda x, a: (x, a * np.nan), InputError, "NaN or infinity"),
    ],
)
def test_what_cannot_be_saved_is_refused(tmp_path, change, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        save_pair(tmp_path / "a.npz", tmp_path / "b.npz", *change(*pair_of()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("first", "second"), [("a.npz", "b"), ("a.h5", "b.npz"), ("a.npz", "a.npz")])
def test_names_that_tf_modisco_would_misread_are_refused(tmp_path, first, second):
    with pytest.raises(FileError, match="name"):
        save_pair(tmp_path / first, tmp_path / second, *pair_of())


def test_neither_file_is_written_where_one_exists(tmp_path):
    (tmp_path / "b.npz").write_text("old")
    with pytest.raises(FileError, match="exists"):
        save_pair(tmp_path / "a.npz", tmp_path / "b.npz", *pair_of())
    assert [path.name for path in tmp_path.iterdir()] == ["b.npz"]
    save_pair(tmp_path / "a.npz", tmp_path / "b.npz", *pair_of(), force=True)
    assert load_pair(tmp_path / "a.npz", tmp_path / "b.npz")[0].shape == (10, 4, 7)


def write(path, array, key=None):
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        (np.savez if key == "stored" else np.savez_compressed)(path, **{key or "arr_0": array})
    return path


def in_blocks(*paths):
    blocks = list(pair_blocks(*paths, size=3))
    return np.concatenate([inputs for _, inputs, _ in blocks]), np.concatenate([values for _, _, values in blocks])


READERS = {"whole": load_pair, "blocks": in_blocks}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("projected", [False, True])
@pytest.mark.parametrize(("ending", "key"), [("npy", None), ("npz", None), ("npz", "sequences"), ("npz", "stored")])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_kind_of_file_gives_the_same(tmp_path, reader, projected, ending, key, order):
    inputs, attributions = pair_of()
    attributions = attributions.sum(1) if projected else attributions
    first = write(tmp_path / f"a.{ending}", np.asarray(inputs, order=order), key)
    second = write(tmp_path / f"b.{ending}", np.asarray(attributions, order=order), key)
    for found, array in zip(READERS[reader](first, second), (inputs, attributions), strict=True):
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype


def test_blocks_say_where_they_start(tmp_path):
    save_pair(tmp_path / "a.npz", tmp_path / "b.npy", *pair_of())
    found = [(start, len(x), len(a)) for start, x, a in pair_blocks(tmp_path / "a.npz", tmp_path / "b.npy", size=4)]
    assert found == [(0, 4, 4), (4, 4, 4), (8, 2, 2)]
    with pytest.raises(InputError, match="size of a block must be 1 or more"):
        next(pair_blocks(tmp_path / "a.npz", tmp_path / "b.npy", size=0))


def test_four_positions_are_taken_as_they_are(tmp_path):
    inputs, attributions = pair_of(length=4)
    found = load_pair(write(tmp_path / "a.npy", inputs), write(tmp_path / "b.npy", attributions))
    np.testing.assert_array_equal(found[1], attributions)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, a: (x.swapaxes(1, 2), a.swapaxes(1, 2)), "a.npz: the axes must be (batch, 4, position)"),
        (lambda x, a: (x, a.swapaxes(1, 2)), "b.npz: the axes must be (batch, 4, position)"),
        (lambda x, a: (x.swapaxes(1, 2), a), "write array.transpose(0, 2, 1) instead"),
        (lambda x, a: (x[:, :3], a[:, :3]), "a.npz: one-hot sequences (batch, 4, position) are wanted"),
        (lambda x, a: (x[:0], a[:0]), "but the shape is (0, 4, 7)"),
        (lambda x, a: (x, a[1:]), "b.npz: attributions (10, 4, 7) or (10, 7) are wanted"),
        (lambda x, a: (a, x), "the wrong way round?"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, reader, change, message):
    inputs, attributions = change(*pair_of())
    write(tmp_path / "a.npz", inputs), write(tmp_path / "b.npz", attributions)
    with pytest.raises(FileError, match=re.escape(message)):
        READERS[reader](tmp_path / "a.npz", tmp_path / "b.npz")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_files_that_are_no_arrays_are_refused(tmp_path, reader, name):
    _, attributions = pair_of()
    other = write(tmp_path / "b.npy", attributions)
    with pytest.raises(FileError, match="is no file"):
        READERS[reader](tmp_path / name, other)
    for content in (b"", b"no", b"PK\x03\x04 no", b"\x93NUMPY\x01\x00"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileError, match="cannot be read as"):
            READERS[reader](tmp_path / name, other)
    np.savez(tmp_path / "two.npz", x=attributions, y=attributions)
    with pytest.raises(FileError, match=re.escape("one called arr_0, is wanted, but it holds ['x', 'y']") + "$"):
        READERS[reader](tmp_path / "two.npz", other)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    with pytest.raises(FileError, match="cannot be read as"):
        READERS[reader](tmp_path / "objects.npy", other)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_file_cut_short_is_refused(tmp_path, cut):
    inputs, attributions = pair_of(examples=500)
    other = write(tmp_path / "b.npy", attributions)
    path = write(tmp_path / "a.npy", inputs)
    path.write_bytes(path.read_bytes()[: int(cut * path.stat().st_size)])
    for reader in READERS.values():
        with pytest.raises(FileError, match=r"a\.npy: cannot be read"):
            reader(path, other)


H5 = {
    "chrombpnet": ("raw/seq", "shap/seq", False, {}),
    "bpnet": ("input_seqs", "hyp_scores", True, {}),
    "blosc": ("raw/seq", "shap/seq", False, {"blosc": True}),
}


@pytest.mark.parametrize("layout", H5)
def test_hdf5_of_others_is_read(tmp_path, layout):
    shown, scores, swapped, packing = H5[layout]
    if packing:
        packing = pytest.importorskip("hdf5plugin").Blosc()
    inputs, attributions = pair_of()
    attributions = attributions.astype(np.float16)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, array in ((shown, inputs), (scores, attributions)):
            file.create_dataset(name, data=array.swapaxes(1, 2) if swapped else array, chunks=True, **packing)
        file["projected_shap/seq"] = inputs * attributions
    for found in (load_scores_h5(tmp_path / "x.h5"), load_scores(tmp_path / "x.h5")):
        np.testing.assert_array_equal(found[0], inputs)
        np.testing.assert_array_equal(found[1], attributions)


def test_what_seqinterp_saves_is_read(tmp_path):
    inputs, attributions = pair_of(length=20)
    save_h5(tmp_path / "x.h5", {"inputs": inputs, "attributions": attributions}, {})
    np.testing.assert_array_equal(load_scores(tmp_path / "x.h5")[1], attributions)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv1d(4, 3, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(48, 1))
    found = attribute(model, torch.tensor(inputs, dtype=torch.float32), "gradient_times_input")
    found.save(tmp_path / "x.safetensors")
    loaded = load_scores(tmp_path / "x.safetensors")
    np.testing.assert_array_equal(loaded[0], inputs)
    expected = found.values if found.hypothetical is None else found.hypothetical
    np.testing.assert_array_equal(loaded[1], expected.numpy())


def test_hdf5_that_holds_something_else_is_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["shap/seq"] = np.zeros((2, 4, 5))
    with pytest.raises(FileError, match=re.escape("under no names known")):
        load_scores_h5(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["raw/seq"] = np.zeros((2, 5, 4))
    with pytest.raises(FileError, match=r"x\.h5, raw/seq: the axes must be"):
        load_scores_h5(tmp_path / "x.h5")
    (tmp_path / "y.h5").write_text("no")
    for reader in (load_scores_h5, load_scores):
        for name in ("y.h5", "z.h5"):
            with pytest.raises(FileError, match=name):
                reader(tmp_path / name)
