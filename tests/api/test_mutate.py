"""`mutate`: the public call."""

import pytest
import torch

import seqinterp as si
from cases import DNA_CASES
from naive import attribution as naive
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.errors import FileError, InputError, ShapeError

CASE = DNA_CASES[0]


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_one_forward_pass_per_edit(case):
    model, inputs = case.model().eval(), case.inputs(3)
    found = si.mutate(model, inputs, target=case.outputs - 1, device="cpu")
    torch.testing.assert_close(found.effects, naive.effects(model, inputs, case.outputs - 1))
    expected = naive.mutagenesis(model, inputs, case.outputs - 1)
    torch.testing.assert_close(found.attributions, expected)


def test_batch_size_changes_nothing():
    model, inputs = CASE.model(), CASE.inputs(5)
    one, other = (si.mutate(model, inputs, batch_size=size, device="cpu").effects for size in (1, 4))
    torch.testing.assert_close(one, other)


def test_the_window_is_half_open():
    found = si.mutate(CASE.model(), CASE.inputs(), start=4, stop=9, device="cpu")
    assert (found.start, found.stop) == (4, 9)
    assert not found.effects[:, :, 9:].any()
    assert found.effects[:, :, 4:9].any()


def test_bad_windows_and_shapes_are_refused():
    with pytest.raises(InputError, match=r"\[5, 99\) is empty or leaves the sequence"):
        si.mutate(CASE.model(), CASE.inputs(), start=5, stop=99, device="cpu")
    with pytest.raises(ShapeError, match="transpose"):
        si.mutate(CASE.model(), CASE.inputs().transpose(1, 2), device="cpu")


def test_save_load_table_plot(tmp_path):
    found = si.mutate(CASE.model(), CASE.inputs(2), device="cpu")
    found.save(tmp_path / "m.safetensors")
    again = Mutagenesis.load(tmp_path / "m.safetensors")
    assert torch.equal(again.effects, found.effects)
    assert again.origin["model_hash"] == found.origin["model_hash"]
    assert len(found.to_frame()) == 2 * 4 * 20
    assert found.numpy().shape == (2, 4, 20)
    assert found.plot(0).get_axes()


def test_a_file_of_another_kind_is_refused(tmp_path):
    si.attribute(CASE.model(), CASE.inputs(2), device="cpu").save(tmp_path / "a.safetensors")
    with pytest.raises(FileError, match="kind 'attribution', but 'mutagenesis' was asked for"):
        Mutagenesis.load(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(b"not at all")
    with pytest.raises(FileError, match="cannot be read as a safetensors file"):
        Mutagenesis.load(tmp_path / "b.safetensors")
    with pytest.raises(FileError, match="cannot be read"):
        Mutagenesis.load(tmp_path / "missing.safetensors")
