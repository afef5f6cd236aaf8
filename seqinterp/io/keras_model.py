"""A trained Keras network as a torch module: sequential ones in HDF5, channels last; nothing in the file runs."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.errors import FileError

_ACTIVATIONS: Mapping[str, Callable[[], nn.Module]] = MappingProxyType(
    {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "elu": nn.ELU, "linear": nn.Identity}
)


class ChannelsLastFlatten(nn.Module):
    """Numbers (batch, channel, row, column) in one row each, channels last, as dense layers of Keras want them."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.movedim(1, -1).flatten(1)


def read_keras(path: str | Path) -> nn.Sequential:
    """The network of a Keras file for images, which takes (batch, channel, row, column) and gives logits.

    Reads what `model.save("name.h5")` of Keras 1 to 2 wrote for a Sequential of Conv2D, MaxPooling2D, AveragePooling2D,
    Activation, Dropout, Flatten and Dense layers, channels last. A softmax at the end is left out, so that the outputs
    are logits. Layers keep their names; the network is in evaluation mode.

    Raises:
        FileError: no such file, or one with layers or settings that are not read.
    """
    path = Path(path)
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            if text is None or "model_weights" not in file:
                raise FileError(f"{path} holds no Keras network, its model_config and model_weights; save it whole")
            config = json.loads(text)
            weights = {name: _arrays(group) for name, group in file["model_weights"].items()}
    except (OSError, ValueError) as error:
        raise (
            error if isinstance(error, FileError) else FileError(f"{path} is not a readable HDF5 file: {error}")
        ) from error
    held = config["config"]
    layers = held["layers"] if isinstance(held, dict) else held
    if config["class_name"] != "Sequential":
        raise FileError(f"{path} holds a {config['class_name']} network, but only a Sequential one can be read")
    found: OrderedDict[str, nn.Module] = OrderedDict()
    for number, layer in enumerate(layers):
        kind, settings = layer["class_name"], layer["config"]
        name = settings["name"]
        activation = settings.get("activation", "linear")
        if kind != "Activation":
            found[name] = _layer(path, kind, settings, weights.get(name, []))
        if activation == "softmax" and number == len(layers) - 1:
            continue
        if activation not in _ACTIVATIONS:
            raise FileError(f"{path}: the layer {name!r} has the activation {activation!r}, which is not read")
        if activation != "linear":
            found[name if kind == "Activation" else f"{name}_{activation}"] = _ACTIVATIONS[activation]()
    return nn.Sequential(found).eval()


def _arrays(group: h5py.Group) -> list[np.ndarray]:
    """The weights of a layer, in its own order."""
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs.get("weight_names", [])]
    return [np.asarray(group[name], dtype=np.float32) for name in names]


def _layer(path: Path, kind: str, settings: Mapping[str, Any], arrays: list[np.ndarray]) -> nn.Module:
    """One layer with its weights; FileError for what has another meaning here."""
    if settings.get("data_format", "channels_last") != "channels_last":
        raise FileError(f"{path}: the layer {settings['name']!r} has channels first, which is not read")
    if settings.get("padding", "valid") != "valid":
        raise FileError(f"{path}: the layer {settings['name']!r} pads with {settings['padding']!r}, which is not read")
    if kind == "InputLayer":
        return nn.Identity()
    if kind == "Dropout":
        return nn.Dropout(settings["rate"])
    if kind == "Flatten":
        return ChannelsLastFlatten()
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        pool = nn.MaxPool2d if kind.startswith("Max") else nn.AvgPool2d
        return pool(tuple(settings["pool_size"]), stride=tuple(settings["strides"]))
    if kind == "Conv2D" and tuple(settings.get("dilation_rate", (1, 1))) == (1, 1) and settings.get("groups", 1) == 1:
        kernel = arrays[0].transpose(3, 2, 0, 1)  # (row, column, channel, filter) in the file
        made: nn.Module = nn.Conv2d(
            kernel.shape[1], kernel.shape[0], kernel.shape[2:], stride=tuple(settings["strides"]), bias=len(arrays) > 1
        )
        return _filled(made, kernel, arrays)
    if kind == "Dense":
        kernel = arrays[0].T
        return _filled(nn.Linear(kernel.shape[1], kernel.shape[0], bias=len(arrays) > 1), kernel, arrays)
    raise FileError(f"{path}: the layer {settings['name']!r} is a {kind} of a kind that is not read")


def _filled(made: nn.Module, kernel: np.ndarray, arrays: list[np.ndarray]) -> nn.Module:
    """A layer with its weight, and its bias where it has one."""
    state = {"weight": torch.from_numpy(np.ascontiguousarray(kernel))}
    if len(arrays) > 1:
        state["bias"] = torch.from_numpy(arrays[1])
    made.load_state_dict(state)
    return made
