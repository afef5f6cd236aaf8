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
        FileError: no such file, one without layers or their weights, or with layers or settings that are not read.
    """
    path = Path(path)
    layers, weights = _contents(path)
    found: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (kind, settings) in enumerate(layers):
        name = settings["name"]
        activation = settings.get("activation", "linear")
        if kind != "Activation":
            found[name] = _checked_layer(path, kind, settings, weights.get(name, []))
        if activation == "softmax" and number == len(layers) - 1:
            continue
        if not isinstance(activation, str) or activation not in _ACTIVATIONS:
            raise FileError(f"{path}: the layer {name!r} has the activation {activation!r}, which is not read")
        if activation != "linear":
            found[name if kind == "Activation" else f"{name}_{activation}"] = _ACTIVATIONS[activation]()
    return nn.Sequential(found).eval()


def _contents(path: Path) -> tuple[list[tuple[str, dict[str, Any]]], dict[str, list[np.ndarray]]]:
    """The layers of a file, their kinds and settings, and the weights of each by its name."""
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            if text is None or not isinstance(file.get("model_weights"), h5py.Group):
                raise FileError(f"{path} holds no Keras network, its model_config and model_weights; save it whole")
            config = json.loads(text)
            weights = {name: _arrays(path, name, group) for name, group in file["model_weights"].items()}
    except FileError:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise FileError(f"{path} is not a readable HDF5 file: {error}") from error
    kind = config.get("class_name") if isinstance(config, dict) else type(config).__name__
    if kind != "Sequential":
        raise FileError(f"{path} holds a {kind} network, but only a Sequential one can be read")
    held = config.get("config")
    layers = held.get("layers") if isinstance(held, dict) else held
    if not isinstance(layers, list):
        raise FileError(f"{path} describes a Sequential network without a list of layers; save it whole")
    found = []
    for number, layer in enumerate(layers):
        settings = layer.get("config") if isinstance(layer, dict) else None
        if not isinstance(settings, dict) or not {"class_name", "config"} <= set(layer) or "name" not in settings:
            raise FileError(f"{path}: layer {number} of the network is described without its kind, settings or name")
        found.append((str(layer["class_name"]), {**settings, "name": str(settings["name"])}))
    if not found:
        raise FileError(f"{path} describes a network without layers; save it whole")
    return found, weights


def _checked_layer(path: Path, kind: str, settings: dict[str, Any], arrays: list[np.ndarray]) -> nn.Module:
    """One layer; FileError where the file lacks a setting of it, or weights and settings do not fit."""
    try:
        return _layer(path, kind, settings, arrays)
    except FileError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FileError(
            f"{path}: the settings or weights of the layer {settings['name']!r}, a {kind}, are not those that Keras 1"
            f" to 2 wrote ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more is known'})"
        ) from error


def _arrays(path: Path, layer: str, group: h5py.Group) -> list[np.ndarray]:
    """The weights of a layer, in its own order."""
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs.get("weight_names", [])]
    if lost := [name for name in names if not isinstance(group.get(name), h5py.Dataset)]:
        raise FileError(f"{path}: the weights {lost[0]!r} of the layer {layer!r} are named but not there; save it anew")
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
        kernel = _kernel(path, settings, arrays, 4).transpose(3, 2, 0, 1)  # (row, column, channel, filter) in the file
        made: nn.Module = nn.Conv2d(
            kernel.shape[1], kernel.shape[0], kernel.shape[2:], stride=tuple(settings["strides"]), bias=len(arrays) > 1
        )
        return _filled(made, kernel, arrays)
    if kind == "Dense":
        kernel = _kernel(path, settings, arrays, 2).T
        return _filled(nn.Linear(kernel.shape[1], kernel.shape[0], bias=len(arrays) > 1), kernel, arrays)
    raise FileError(f"{path}: the layer {settings['name']!r} is a {kind} of a kind that is not read")


def _kernel(path: Path, settings: Mapping[str, Any], arrays: list[np.ndarray], axes: int) -> np.ndarray:
    """The first of the weights of a layer, which may have a bias beside it."""
    if not 1 <= len(arrays) <= 2 or arrays[0].ndim != axes:
        came = " and ".join(str(array.shape) for array in arrays) or "none"
        raise FileError(
            f"{path}: the layer {settings['name']!r} needs a kernel of {axes} axes and at most one bias, but the"
            f" weights in the file are {came}; save the network with its weights"
        )
    return arrays[0]


def _filled(made: nn.Module, kernel: np.ndarray, arrays: list[np.ndarray]) -> nn.Module:
    """A layer with its weight, and its bias where it has one."""
    state = {"weight": torch.from_numpy(np.ascontiguousarray(kernel))}
    if len(arrays) > 1:
        state["bias"] = torch.from_numpy(arrays[1])
    made.load_state_dict(state)
    return made
