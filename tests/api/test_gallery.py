"""The public call: results that save, load and draw themselves; batch size changes nothing; DNA is sent elsewhere."""

import pytest
import torch
from torch import nn

from cases import CASES
from seqinterp.api.gallery import gallery
from seqinterp.api.results.gallery import Gallery
from seqinterp.concepts.gallery import LayerGallery
from seqinterp.errors import FileError, InputError, ShapeError


def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = [nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(5, 4, 2), nn.ReLU()]
        return nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(4, 2))


INPUTS = torch.rand(7, 3, 10, 12, generator=torch.Generator().manual_seed(1))
NAMES = [f"picture {i}" for i in range(7)]


def same(one, other):
    assert list(one.layers) == list(other.layers)
    for layer, each in one.layers.items():
        for field, value in vars(each).items():
            torch.testing.assert_close(getattr(other.layers[layer], field), value, equal_nan=True)


@pytest.fixture
def found():
    return gallery(model(), INPUTS, ["2", "5"], units=3, examples=4, names=NAMES, device="cpu")


def test_to_frame_says_which_and_where(found):
    frame = found.to_frame()
    assert len(frame) == 2 * 3 * 4
    assert list(frame.columns[:6]) == ["layer", "unit", "rank", "example", "name", "activation"]
    first = frame.iloc[0]
    assert first["name"] == f"picture {first['example']}"
    network = model().eval()
    with torch.no_grad():
        given = network[:3](INPUTS)
    for row in frame[frame.layer == "2"].itertuples():
        assert given[row.example, row.unit].max().item() == pytest.approx(row.activation, rel=1e-5)
        assert (row.row_stop - row.row_start, row.column_stop - row.column_start) == (3, 3)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_batch_size_changes_nothing_and_the_model_is_given_back(found, batch_size):
    network = model().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    options = {"units": 3, "examples": 4, "names": NAMES, "device": "cpu"}
    same(gallery(network, INPUTS.numpy(), ["2", "5"], batch_size=batch_size, **options), found)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_saved_and_loaded(found, tmp_path):
    found.save(tmp_path / "gallery.safetensors")
    again = Gallery.load(tmp_path / "gallery.safetensors")
    same(found, again)
    assert again.names == tuple(NAMES)
    assert again.origin == found.origin
    (tmp_path / "other").write_text("words")
    with pytest.raises(FileError, match="cannot be read"):
        Gallery.load(tmp_path / "other")


def test_defaults():
    found = gallery(model(), INPUTS, device="cpu")
    assert list(found.layers) == ["2", "3", "5"]
    assert found.names == tuple("0123456")
    assert found.layers["2"].examples.shape == (5, 7)  # as many as there are
    assert found.origin["method"] == "deconvnet"
    guided = gallery(model(), INPUTS, ["5"], method="guided_backprop", device="cpu").layers["5"]
    plain = found.layers["5"]
    assert torch.equal(guided.examples, plain.examples)
    assert not torch.equal(guided.projections.nan_to_num(), plain.projections.nan_to_num())


def test_drawn(found):
    figure = found.plot("5")
    words = [text.get_text() for text in figure.texts]
    unit, peak = int(found.layers["5"].units[0]), float(found.layers["5"].activations[0, 0])
    assert f"unit {unit}\n{peak:.3g}" in words
    assert any("Layer 5" in word and "deconvnet" in word for word in words)
    assert "Layer 2" in found.plot().texts[-1].get_text()
    with pytest.raises(InputError, match="'9' is not in this gallery; it has '2', '5'"):
        found.plot("9")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "magic"}, "one of deconvnet, guided_backprop, not 'magic'"),
        ({"units": 0}, "units must be how many"),
        ({"units": []}, "units must be how many"),
        ({"units": "all"}, "units must be how many"),
        ({"units": True}, "units must be how many"),
        ({"examples": 0}, "examples must be 1 or more"),
        ({"examples": 2.5}, "examples must be 1 or more, a whole number, not 2.5"),
        ({"examples": True}, "examples must be 1 or more"),
        ({"batch_size": 0}, "batch_size must be 1 or more"),
        ({"batch_size": 2.0}, "batch_size must be 1 or more"),
        ({"names": ["one"]}, "one name per image"),
        ({"layers": ["2"], "units": [9]}, "layer '2' has units 0 to 4"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        gallery(model(), INPUTS, **{"device": "cpu", **options})


def test_dna_and_rows_of_numbers_are_refused():
    case = CASES[0]
    with pytest.raises(InputError, match=r"for DNA seqinterp\.filter_motifs shows what excites each filter"):
        gallery(case.model(), case.inputs(2), device="cpu")
    with pytest.raises(InputError, match="images must be"):
        gallery(nn.Linear(5, 2), torch.rand(3, 5), device="cpu")


def test_parts_that_do_not_belong_together_are_refused(found):
    each = found.layers["2"]
    with pytest.raises(ShapeError, match="units of layer '2'"):
        Gallery({"2": LayerGallery(**{**vars(each), "units": each.units[:1]})}, found.names, found.origin)
    with pytest.raises(InputError, match="there are 2 names"):
        Gallery({"2": each}, found.names[:2], found.origin)
