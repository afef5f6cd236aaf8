import hashlib
import io
import os
import pickle
from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from seqinterp.errors import FileError
from seqinterp.images.normalised import Normalised
from seqinterp.io.image_weights import load_weights


def network(classes=2, *, seed=0, middle=4):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts = nn.Sequential(nn.Conv2d(1, middle, 3), nn.BatchNorm2d(middle), nn.ReLU(), nn.Flatten())
        return nn.Sequential(parts, nn.Linear(middle * 36, classes)).eval()


def save_pickle(state, path):
    torch.save(state, path)


def save_old_pickle(state, path):
    torch.save(state, path, _use_new_zipfile_serialization=False)


SAVERS = {"safetensors": save_file, "torch.save": save_pickle, "old torch.save": save_old_pickle}


@pytest.mark.parametrize("save", SAVERS.values(), ids=SAVERS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_come_from_safetensors_and_from_a_state_dict(tmp_path, save, wrapped):
    path, source, inputs = tmp_path / "weights.bin", network(seed=1), torch.rand(3, 1, 8, 8)
    save(source.state_dict(), path)
    target = network(seed=2)
    found = load_weights(Normalised(target, [0.0], [1.0]) if wrapped else target, path)
    assert torch.equal(target(inputs), source(inputs))
    assert set(found.loaded) == set(source.state_dict()) and not found.left_out and not found.fresh
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert str(path) in str(found) and "9 tensors" in str(found)


def test_a_head_of_other_classes_is_left_out_and_said(tmp_path):
    path, target = tmp_path / "weights.safetensors", network(3)
    head = target[1].weight.detach().clone()
    save_file(network(1000, seed=1).state_dict(), path)
    found = load_weights(target, path)
    assert torch.equal(target[0][0].weight, network(2, seed=1)[0][0].weight) and torch.equal(target[1].weight, head)
    assert set(found.left_out) == {"1.weight", "1.bias"} == set(found.fresh)
    assert found.left_out["1.bias"] == "its shape is (1000,), the network's (3,)"
    assert "left out 1.bias, 1.weight" in str(found)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_a_state_dict_among_other_things_of_a_training_is_found(tmp_path, key):
    path, source, target = tmp_path / "checkpoint.pt", network(seed=1), network()
    named = {f"module.{name}": tensor for name, tensor in source.state_dict().items()}  # as DataParallel has them
    torch.save({"epoch": 3, key: named}, path)
    assert len(load_weights(target, path).loaded) == len(named)
    assert torch.equal(target[1].weight, source[1].weight)


def test_a_model_with_normalisation_inside_can_be_loaded_again(tmp_path):
    path, source, target = tmp_path / "w.safetensors", Normalised(network(seed=1), [0.5], [0.2]), network()
    save_file(source.state_dict(), path)
    found = load_weights(target, path)
    assert set(found.left_out) == {"mean", "std"}
    assert torch.equal(target[1].weight, source.network[1].weight)
    again, inputs = Normalised(network(), [0.1], [0.9]), torch.rand(2, 1, 8, 8)
    assert not load_weights(again, path).left_out
    assert torch.equal(again(inputs), source.eval()(inputs))
    others = Normalised(network(7), [0.1], [0.9])
    assert set(load_weights(others, path).left_out) == {"network.1.weight", "network.1.bias"}


def test_the_checksum_is_compared_before_anything_is_read(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not even a file of weights")
    with pytest.raises(FileError, match=r"has the sha256 .* and not abc: .* nothing was read"):
        load_weights(network(), path, sha256="abc")
    save_file(network().state_dict(), path)
    load_weights(network(), path, sha256=hashlib.sha256(path.read_bytes()).hexdigest().upper())


@dataclass
class Evil:
    """A pickle of it says so when it is unpickled."""

    def __reduce__(self):
        return exec, ("import os; os.environ['SEQINTERP_RAN'] = 'yes'",)


@pytest.mark.parametrize("save", [torch.save, lambda held, path: path.write_bytes(pickle.dumps(held))])
@pytest.mark.parametrize("held", [Evil(), {"0.0.weight": Evil()}])
def test_code_in_a_file_never_runs(tmp_path, save, held, monkeypatch):
    monkeypatch.setenv("SEQINTERP_RAN", "no")
    path = tmp_path / "evil.pt"
    save(held, path)
    with pytest.raises(FileError, match="would run whatever code its maker put in"):
        load_weights(network(), path)
    assert os.environ["SEQINTERP_RAN"] == "no"
    pickle.loads(pickle.dumps(held))  # the trap itself works
    assert os.environ["SEQINTERP_RAN"] == "yes"


def test_a_whole_model_is_refused(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(network(), path)
    with pytest.raises(FileError, match=r"safetensors\.torch\.save_file"):
        load_weights(network(), path)


def _with(name, tensor):
    return lambda state: {**state, name: tensor}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_with("0.0.weight", torch.zeros(5, 1, 3, 3)), "'0.0.weight' does not fit, since its shape"),
        (_with("9.weight", torch.zeros(1)), "'9.weight' does not fit, since the network has no tensor"),
        (_with("0.0.bias", torch.full((4,), torch.nan)), "'0.0.bias' holds NaN"),
        (lambda state: {name: tensor for name, tensor in state.items() if "running" not in name}, "lacks 2 of"),
        (lambda state: {}, "holds no state_dict"),
        (lambda state: {"epoch": 3}, "holds no state_dict"),
    ],
)
def test_files_of_another_network_are_refused_and_nothing_is_changed(tmp_path, change, sentence):
    path, target = tmp_path / "weights.pt", network()
    before = {name: tensor.clone() for name, tensor in target.state_dict().items()}
    torch.save(change(dict(network(seed=1).state_dict())), path)
    with pytest.raises(FileError, match=sentence):
        load_weights(target, path)
    assert all(torch.equal(tensor, before[name]) for name, tensor in target.state_dict().items())


def test_what_fits_is_loaded_when_not_strict(tmp_path):
    path, source, target = tmp_path / "weights.pt", network(seed=1), network(middle=4)
    state = dict(source.state_dict())
    del state["0.0.bias"]
    torch.save({**state, "extra": torch.zeros(1)}, path)
    found = load_weights(target, path, strict=False)
    assert found.left_out == {"extra": "the network has no tensor of this name"} and found.fresh == ("0.0.bias",)
    torch.save({"extra": torch.zeros(1)}, path)
    with pytest.raises(FileError, match="no tensor that fits"):
        load_weights(target, path, strict=False)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x10\x00\x00\x00\x00\x00\x00\x00{...............", b"PK\x03\x04"])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(FileError, match="safetensors"):
        load_weights(network(), path)


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        load_weights(network(), tmp_path / "none.pt")


def test_files_from_before_batches_were_counted_are_whole(tmp_path):
    path, source, target = tmp_path / "weights.pt", network(seed=1), network()
    torch.save({name: tensor for name, tensor in source.state_dict().items() if "num_batches" not in name}, path)
    assert load_weights(target, path).fresh == ("0.1.num_batches_tracked",)


@pytest.mark.torchvision
def test_the_names_of_old_densenet_files_are_understood(tmp_path, torchvision):
    source, target = (torchvision.models.densenet121(weights=None, num_classes=n) for n in (7, 2))
    state = {}
    for name, tensor in source.state_dict().items():
        for part in ("norm", "conv"):
            for number in ("1", "2"):
                name = name.replace(f".{part}{number}.", f".{part}.{number}.") if "denselayer" in name else name
        state[name] = tensor
    assert "features.denseblock1.denselayer1.norm.1.weight" in state
    torch.save(state, tmp_path / "densenet121-a639ec97.pth")
    found = load_weights(target, tmp_path / "densenet121-a639ec97.pth")
    assert set(found.left_out) == {"classifier.weight", "classifier.bias"} and len(found.loaded) == len(state) - 2
    for name, tensor in target.state_dict().items():
        assert "classifier" in name or torch.equal(tensor, source.state_dict()[name])


class CifarNet(nn.Module):
    """The network of captum's tutorial on CIFAR-10."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.pool = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
        self.relu = nn.ReLU()

    def forward(self, inputs):
        found = self.pool(self.relu(self.conv2(self.pool(self.relu(self.conv1(inputs))))))
        return self.fc3(self.relu(self.fc2(self.relu(self.fc1(found.flatten(1))))))


@pytest.mark.real_data
def test_the_weights_of_captums_tutorial_are_loaded_and_run(shared_data):
    path = shared_data("captum_cifar/cifar_torchvision.pt")
    model = Normalised(CifarNet(), (0.5,) * 3, (0.5,) * 3).eval()
    found = load_weights(model, path)
    assert len(found.loaded) == 10 and not found.left_out and not found.fresh
    w = torch.load(io.BytesIO(path.read_bytes()), weights_only=True)
    inputs = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    step = functional.max_pool2d(
        functional.relu(functional.conv2d(2 * inputs - 1, w["conv1.weight"], w["conv1.bias"])), 2
    )
    step = functional.max_pool2d(functional.relu(functional.conv2d(step, w["conv2.weight"], w["conv2.bias"])), 2)
    step = functional.relu(functional.linear(step.flatten(1), w["fc1.weight"], w["fc1.bias"]))
    step = functional.relu(functional.linear(step, w["fc2.weight"], w["fc2.bias"]))
    expected = functional.linear(step, w["fc3.weight"], w["fc3.bias"])
    torch.testing.assert_close(model(inputs), expected, rtol=1e-4, atol=1e-4)
    assert len(model(inputs).argmax(dim=1)) == 4 and model(inputs).std() > 0.1
