"""A checkpoint gives the same model back, or says in one sentence why not."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from seqinterp.errors import FileError, InputError, ModelError
from seqinterp.images.architecture import image_architecture_of
from seqinterp.images.networks import channels_wanted, small_cnn, torchvision_network
from seqinterp.images.normalised import Normalised
from seqinterp.io.checkpoint import DESCRIPTION, WEIGHTS, load_checkpoint, save_checkpoint
from seqinterp.io.load_model import load_model
from seqinterp.models.architecture import Architecture, architecture_of, build_model

ARCHITECTURES = [
    Architecture("jund", {"length": 30, "filters": 3}, strands="one"),
    Architecture("deepbind", {"filters": 4, "width": 6, "average_pool": True}, strands="max"),
    Architecture("default", {"filters": 5, "width": 7}, members=3),
    Architecture("default", {"filters": 2, "started_from": ["MA0491.3", None]}),
]


@pytest.fixture
def inputs():
    letters = torch.randint(0, 4, (6, 30), generator=torch.Generator().manual_seed(0))
    return nn.functional.one_hot(letters, 4).transpose(1, 2).float()


@pytest.fixture
def saved(tmp_path):
    save_checkpoint(tmp_path / "model", build_model(ARCHITECTURES[2]), {"seed": 3})
    return tmp_path / "model"


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda it: it.network)
def test_a_round_trip_is_exact(tmp_path, inputs, architecture):
    model = build_model(architecture).eval()
    save_checkpoint(tmp_path, model, {"seed": 3, "auroc": 0.75})
    checkpoint = load_checkpoint(tmp_path)
    assert not checkpoint.model.training
    assert checkpoint.metadata == {"seed": 3, "auroc": 0.75}
    assert checkpoint.versions["torch"] == torch.__version__
    assert architecture_of(checkpoint.model) == architecture_of(model)
    for path in (tmp_path, tmp_path / DESCRIPTION, tmp_path / WEIGHTS):
        assert torch.equal(load_model(path)(inputs), model(inputs))


def test_loading_leaves_the_global_random_state_alone_and_can_be_trained_on(saved, inputs):
    before = torch.get_rng_state()
    model = load_checkpoint(saved).model
    assert torch.equal(torch.get_rng_state(), before)
    model(inputs).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_run_folder_is_searched(saved, inputs):
    assert torch.equal(load_model(saved.parent)(inputs), load_model(saved)(inputs))


def test_a_checkpoint_is_not_replaced_without_force(saved):
    before = (saved / WEIGHTS).read_bytes()
    with pytest.raises(FileError, match="holds a checkpoint already"):
        save_checkpoint(saved, build_model(ARCHITECTURES[0]))
    assert (saved / WEIGHTS).read_bytes() == before
    save_checkpoint(saved, build_model(ARCHITECTURES[0]), force=True)
    assert load_checkpoint(saved).architecture.network == "jund"
    assert sorted(path.name for path in saved.iterdir()) == [DESCRIPTION, WEIGHTS]


def test_what_cannot_be_saved_is_refused(tmp_path):
    with pytest.raises(ModelError, match="Linear is not one of this package's networks"):
        save_checkpoint(tmp_path / "model", nn.Linear(2, 2))
    with pytest.raises(InputError, match="what JSON can hold"):
        save_checkpoint(tmp_path / "model", build_model(ARCHITECTURES[0]), {"auroc": float("nan")})
    assert not (tmp_path / "model").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be written"):
        save_checkpoint(tmp_path / "file", build_model(ARCHITECTURES[0]))


def edit(name, value):
    def change(folder):
        description = json.loads((folder / DESCRIPTION).read_text())
        description[name] = value
        (folder / DESCRIPTION).write_text(json.dumps(description))

    return change


def edit_tensors(change_tensors, *, keep_hash=False):
    def change(folder):
        from hashlib import sha256

        tensors = load_file(folder / WEIGHTS)
        change_tensors(tensors)
        save_file(tensors, folder / WEIGHTS)
        if not keep_hash:
            edit("weights_sha256", sha256((folder / WEIGHTS).read_bytes()).hexdigest())(folder)

    return change


def cut(name, size):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


FIRST = "members.0.network.filters.weight"
DAMAGE = {
    "description missing": (lambda folder: (folder / DESCRIPTION).unlink(), "model.json is missing"),
    "weights missing": (lambda folder: (folder / WEIGHTS).unlink(), "model.safetensors is missing"),
    "description cut": (cut(DESCRIPTION, 100), "not readable JSON"),
    "description no object": (lambda folder: (folder / DESCRIPTION).write_text("[1]"), "names no format"),
    "weights cut": (cut(WEIGHTS, 300), "not a readable safetensors file"),
    "weights empty": (cut(WEIGHTS, 0), "not a readable safetensors file"),
    "newer format": (edit("format", 2), "has format 2, but this seqinterp reads formats up to 1"),
    "unknown network": (edit("network", "enformer"), "there is no network named 'enformer'"),
    "unknown setting": (edit("settings", {"depth": 3}), "has no setting 'depth'"),
    "wrong type": (edit("settings", {"filters": "many"}), "must be of type int"),
    "no members": (edit("members", 0), "at least one member"),
    "strands": (edit("strands", "three"), "strands must be"),
    "entry missing": (edit("metadata", None), "lacks a proper entry 'metadata'"),
    "other alphabet": (edit("vocabulary", {"alphabet": "ACGU"}), "inputs of another kind"),
    "fewer members": (edit("members", 2), "holds the tensor 'members.2"),
    "more filters": (
        edit("settings", {"filters": 10**12, "width": 7}),
        r"is float32 \(5, 4, 7\), but the described|float32 \(5",
    ),
    "tensor missing": (edit_tensors(lambda tensors: tensors.pop(FIRST)), f"lacks the tensor '{FIRST}'"),
    "tensor extra": (edit_tensors(lambda t: t.update(other=torch.zeros(1))), "holds the tensor 'other'"),
    "tensor NaN": (edit_tensors(lambda t: t[FIRST].fill_(torch.nan)), "holds NaN or infinite"),
    "tensor type": (edit_tensors(lambda t: t.update({FIRST: t[FIRST].double()})), "is float64"),
    "weights of another": (edit_tensors(lambda t: t[FIRST].zero_(), keep_hash=True), "their sha256 differ"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_one_clear_sentence(saved, damage):
    change, message = DAMAGE[damage]
    change(saved)
    with pytest.raises(FileError, match=message) as caught:
        load_checkpoint(saved)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileError):
        load_model(saved)


PIXELS = torch.rand(3, 1, 20, 16, generator=torch.Generator().manual_seed(0))


def classifier(network="small_cnn", channels=1, classes=("ill", "well", "who knows")):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if network == "small_cnn":
            inner = small_cnn(channels, (20, 16), len(classes), filters=5)
        else:
            inner = torchvision_network(network, len(classes))
        model = Normalised(
            inner, (0.1, 0.2, 0.3)[: channels_wanted(inner)], (1 / 3, 0.2, 0.7)[: channels_wanted(inner)]
        )
        model(torch.rand(4, channels, 64, 64))  # so that running means are none that a fresh network has
    return model.eval(), image_architecture_of(model, network=network, classes=classes, shape=(channels, 20, 16))


@pytest.fixture
def saved_images(tmp_path):
    model, architecture = classifier()
    save_checkpoint(tmp_path / "model", model, {"seed": 3}, architecture=architecture)
    return tmp_path / "model"


def test_a_classifier_of_images_comes_back_bit_by_bit(saved_images):
    model, architecture = classifier()
    state = torch.get_rng_state()
    checkpoint = load_checkpoint(saved_images)
    assert torch.equal(torch.get_rng_state(), state)
    assert checkpoint.architecture == architecture and not checkpoint.model.training
    assert architecture.classes == ("ill", "well", "who knows") and architecture.settings["filters"] == 5
    for path in (saved_images, saved_images / DESCRIPTION, saved_images / WEIGHTS, saved_images.parent):
        assert torch.equal(load_model(path)(PIXELS), model(PIXELS))
    load_model(saved_images)(PIXELS).sum().backward()


@pytest.mark.torchvision
@pytest.mark.parametrize("network", ["resnet18", "regnet_x_400mf", "mobilenet_v3_small"])
def test_a_network_of_torchvision_comes_back_bit_by_bit(tmp_path, network, torchvision):
    model, architecture = classifier(network)
    save_checkpoint(tmp_path, model, architecture=architecture)
    state = torch.get_rng_state()
    again = load_model(tmp_path)
    inputs = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), state) and torch.equal(again(inputs), model(inputs))


def test_without_torchvision_a_sentence_says_what_is_needed(saved_images, monkeypatch):
    def missing():
        raise ModelError("the networks of torchvision need torchvision, which is not installed")

    monkeypatch.setattr("seqinterp.images.networks.vision", missing)
    edit("network", "resnet18")(saved_images)
    edit("settings", {})(saved_images)
    with pytest.raises(ModelError, match="torchvision, which is not installed"):
        load_model(saved_images)


def test_a_model_is_described_only_by_its_own_name():
    model, _ = classifier()
    with pytest.raises(ModelError, match="that name does not describe it"):
        image_architecture_of(model, network="small_cnn", classes=("a", "b"), shape=(1, 20, 16))
    with pytest.raises(ModelError, match="that name does not describe it"):
        image_architecture_of(
            Normalised(nn.Linear(2, 2), (0.5,), (0.5,)), network="small_cnn", classes=("a", "b"), shape=(1, 20, 16)
        )
    with pytest.raises(ModelError, match="a SmallCnn cannot be described"):
        image_architecture_of(model.network, network="small_cnn", classes=("a", "b"), shape=(1, 20, 16))


IMAGE_DAMAGE = {
    "one class": (edit("classes", ["ill"]), "two or more names"),
    "classes that are no names": (edit("classes", ["ill", 2, "well"]), "two or more names"),
    "fewer classes": (edit("classes", ["ill", "well"]), "float32 \\(3, 10\\), but the described|float32 \\(3"),
    "shape": (edit("shape", [1, 20.5, 16]), "channels, rows and columns"),
    "no mean": (edit("mean", []), "one mean and one positive"),
    "mean": (edit("mean", ["0.5"]), "one number per channel"),
    "deviation": (edit("deviation", [0.0]), "one positive standard deviation"),
    "unknown setting": (edit("settings", {"depth": 3}), "cannot be built"),
    "too large": (edit("settings", {"filters": 10**12, "dropout": 0.2}), "cannot be built"),
    "entry missing": (edit("classes", None), "lacks a proper entry 'classes'"),
    "other pixels": (edit("vocabulary", {"pixels": "0 to 255"}), "inputs of another kind"),
    "tensor missing": (edit_tensors(lambda tensors: tensors.pop("mean")), "lacks the tensor 'mean'"),
    "weights of another": (edit_tensors(lambda t: t["mean"].zero_(), keep_hash=True), "their sha256 differ"),
}


@pytest.mark.parametrize("damage", IMAGE_DAMAGE)
def test_damage_to_a_classifier_of_images_is_one_clear_sentence(saved_images, damage):
    change, message = IMAGE_DAMAGE[damage]
    change(saved_images)
    with pytest.raises(FileError, match=message) as caught:
        load_model(saved_images)
    assert "\n" not in str(caught.value)
