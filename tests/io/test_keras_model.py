import gzip
import json

import h5py
import numpy as np
import pytest
import torch
from scipy.signal import correlate

from seqinterp.errors import FileError
from seqinterp.io.keras_model import read_keras

CONV = {"name": "conv", "strides": [2, 1], "padding": "valid", "data_format": "channels_last", "activation": "relu"}
POOL = {"name": "pool", "pool_size": [2, 2], "strides": [2, 2], "padding": "valid", "data_format": "channels_last"}
DENSE = {"name": "dense", "activation": "softmax"}
LAYERS = [("Conv2D", CONV), ("MaxPooling2D", POOL), ("Flatten", {"name": "flat"}), ("Dense", DENSE)]


def write(path, layers, weights, kind="Sequential"):
    config = {"class_name": kind, "config": [{"class_name": one, "config": settings} for one, settings in layers]}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        group = file.create_group("model_weights")
        for name, arrays in weights.items():
            own = group.create_group(name)
            own.attrs["weight_names"] = [f"{name}/{number}".encode() for number in range(len(arrays))]
            for number, array in enumerate(arrays):
                own[f"{name}/{number}"] = array


def test_a_network_gives_what_the_formula_gives(tmp_path):
    generator = np.random.default_rng(0)
    kernel, dense = generator.normal(size=(3, 2, 2, 4)), generator.normal(size=(2 * 3 * 4, 5))
    biases = generator.normal(size=4), generator.normal(size=5)
    write(tmp_path / "net.h5", LAYERS, {"conv": [kernel, biases[0]], "dense": [dense, biases[1]]})
    model = read_keras(tmp_path / "net.h5")
    image = generator.random((10, 7, 2))  # Keras has channels last
    maps = np.stack([correlate(image, kernel[..., f], mode="valid")[::2, :, 0] for f in range(4)], axis=-1)
    maps = np.maximum(maps + biases[0], 0)
    pooled = maps[:4, :6].reshape(2, 2, 3, 2, 4).max(axis=(1, 3))
    inputs = torch.from_numpy(image.transpose(2, 0, 1)[None]).float()
    np.testing.assert_allclose(model(inputs).detach()[0], pooled.reshape(-1) @ dense + biases[1], rtol=1e-4, atol=1e-5)
    assert [name for name, _ in model.named_children()] == ["conv", "conv_relu", "pool", "flat", "dense"]
    assert not model.training


@pytest.mark.parametrize(
    ("layers", "kind", "sentence"),
    [
        ([("Conv2D", {**CONV, "padding": "same"})], "Sequential", "'conv' pads with 'same'"),
        ([("Conv2D", {**CONV, "data_format": "channels_first"})], "Sequential", "channels first"),
        ([("Conv2D", {**CONV, "dilation_rate": [2, 2]})], "Sequential", "a Conv2D of a kind that is not read"),
        ([("LSTM", {"name": "memory"})], "Sequential", "'memory' is a LSTM"),
        ([("Activation", {"name": "odd", "activation": "swish"})], "Sequential", "'swish', which is not read"),
        (
            [("Activation", {"name": "soft", "activation": "softmax"}), ("Dropout", {"name": "d", "rate": 0.1})],
            "Sequential",
            "softmax",
        ),
        ([], "Model", "a Model network"),
    ],
)
def test_what_is_not_read_is_said(tmp_path, layers, kind, sentence):
    write(tmp_path / "net.h5", layers, {}, kind)
    with pytest.raises(FileError, match=sentence):
        read_keras(tmp_path / "net.h5")


def described(path, config, weights=()):
    """A file with this description, and these arrays for the layers of a name."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        group = file.create_group("model_weights")
        for name, names in weights:
            own = group.create_group(name)
            own.attrs["weight_names"] = [each.encode() for each in names]
            own["kernel"] = np.zeros((2, 3))
            own["bias"] = np.zeros(4)


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"layers": list(layers)}}


FLAT = {"class_name": "Dense", "config": {"name": "d"}}


@pytest.mark.parametrize(
    ("config", "weights", "sentence"),
    [
        (sequential(FLAT), (), "'d' needs a kernel of 2 axes .* in the file are none"),
        (sequential(FLAT), [("d", ["bias"])], r"the weights in the file are \(4,\)"),
        (sequential(FLAT), [("d", ["kernel", "lost"])], "'lost' of the layer 'd' are named but not there"),
        (sequential(FLAT), [("d", ["kernel", "bias"])], "weights of the layer 'd', a Dense, are not those"),
        (sequential({"class_name": "MaxPooling2D", "config": {"name": "p"}}), (), "'p', a MaxPooling2D, .*pool_size"),
        (sequential({"class_name": "GlobalAveragePooling2D", "config": {"name": "g"}}), (), "'g' is a Global"),
        (sequential({"class_name": "Dense"}), (), "layer 0 of the network is described without"),
        (sequential({"config": {"name": "d"}}), (), "layer 0 of the network is described without"),
        (sequential(FLAT, 5), [("d", ["kernel"])], "layer 1 of the network is described without"),
        (
            sequential({"class_name": "Flatten", "config": {"name": "f", "activation": {"own": 1}}}),
            (),
            "has the activation {'own': 1}",
        ),
        (sequential(), (), "a network without layers"),
        ({"class_name": "Sequential", "config": {}}, (), "without a list of layers"),
        ({"class_name": "Sequential"}, (), "without a list of layers"),
        ([1, 2], (), "holds a list network, but only a Sequential"),
        ("no json", (), "not a readable HDF5 file"),
    ],
)
def test_what_is_not_whole_is_said(tmp_path, config, weights, sentence):
    described(tmp_path / "net.h5", config, weights)
    with pytest.raises(FileError, match=sentence):
        read_keras(tmp_path / "net.h5")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no network")
    with pytest.raises(FileError, match="not a readable HDF5 file"):
        read_keras(tmp_path / "text.h5")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(FileError, match="holds no Keras network"):
        read_keras(tmp_path / "weights.h5")


@pytest.mark.real_data
def test_the_mnist_network_names_496_of_the_first_500_digits(shared_data):
    path = shared_data("mnist_t10k/keras2_mnist_cnn_allconv.h5")
    bytes_ = gzip.decompress(shared_data("mnist_t10k/t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress(shared_data("mnist_t10k/t10k-labels-idx1-ubyte.gz").read_bytes())[8:508]
    digits = np.frombuffer(bytes_, dtype=np.uint8).reshape(-1, 1, 28, 28)[:500]
    with torch.no_grad():
        called = read_keras(path)(torch.from_numpy(digits / np.float32(255))).argmax(dim=1)
    assert int((called.numpy() == np.frombuffer(labels, dtype=np.uint8)).sum()) == 496
