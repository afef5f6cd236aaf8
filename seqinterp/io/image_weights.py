"""Weights for networks of images from a local file: safetensors, or a state_dict of torch.save; nothing in it runs."""

import hashlib
import io
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from seqinterp.errors import FileError
from seqinterp.images.normalised import Normalised

# Old files of torchvision's DenseNets say norm.1 where the network says norm1 (so torchvision.models.densenet has it).
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")
_WRAPPERS = ("state_dict", "model_state_dict", "model")  # where training scripts put the weights among other things
_COUNTER = "num_batches_tracked"  # files from before torch 0.4.1 have none
_SAFE_TORCH = (2, 6)  # before, a made-up file could run code even with weights_only (CVE-2025-32434)


@dataclass(frozen=True)
class LoadedWeights:
    """What a file gave to a network.

    sha256: of the file.
    loaded: names of the network's tensors that come from it.
    left_out: tensors of the file that the network did not take, and why.
    fresh: names of the network's tensors that keep the values they had.
    """

    path: str
    sha256: str
    loaded: tuple[str, ...]
    left_out: Mapping[str, str]
    fresh: tuple[str, ...]

    def __str__(self) -> str:
        out = f"; left out {', '.join(self.left_out)}" if self.left_out else ""
        kept = f"; not in the file: {', '.join(self.fresh)}" if self.fresh else ""
        return f"{len(self.loaded)} tensors from {self.path} (sha256 {self.sha256[:12]}){out}{kept}"


def load_weights(
    network: nn.Module, path: str | Path, *, sha256: str | None = None, strict: bool = True
) -> LoadedWeights:
    """Put the weights of a file into a network, in place, and say what was loaded and what was not.

    The file is a safetensors file or a state_dict written by torch.save, alone or under the key state_dict; it is read
    as tensors and never unpickled as anything else. A last linear layer of another size, that of other classes, is
    left out and said. Names with "module." in front, and those of torchvision's old DenseNet files, are understood. A
    network inside Normalised takes the names of the network alone; where the file was written from such a model, mean
    and deviation of the pixels come from it as well.

    Args:
        network: whose tensors are overwritten; it stays as it is where anything is refused.
        path: the file.
        sha256: what the file's checksum must be, compared before anything of it is read.
        strict: refuse a file that lacks tensors of the network, or has more; False loads what fits by name and shape.

    Raises:
        FileError: the file is missing, has another checksum, holds anything but finite tensors, or does not fit.
    """
    path = Path(path)
    content = _content(path)
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256.lower():
        raise FileError(
            f"{path} has the sha256 {found} and not {sha256}: it is another file than the one that was meant, or it was"
            " damaged or changed; nothing was read from it"
        )
    tensors = _tensors(content, path)
    whole = any(name.removeprefix("module.").startswith("network.") for name in tensors)  # with mean and deviation
    target = network.network if isinstance(network, Normalised) and not whole else network
    own = target.state_dict()
    given = {_name_for(name, own): tensors[name] for name in sorted(tensors)}  # the order of a file means nothing
    left_out = _misfits(path, given, own, _head(target), strict=strict)
    fresh = [name for name in own if name not in given or name in left_out]
    lacking = [name for name in fresh if name not in left_out and not name.endswith(_COUNTER)]
    if strict and lacking:
        raise FileError(
            f"{path} lacks {len(lacking)} of the network's {len(own)} tensors, the first {lacking[0]!r}; it belongs to"
            " another network (strict=False loads what fits)"
        )
    loaded = tuple(name for name in given if name not in left_out)
    if not loaded:
        raise FileError(f"{path} holds no tensor that fits the network; it belongs to another one")
    with torch.no_grad():
        for name in loaded:
            own[name].copy_(given[name])
    return LoadedWeights(str(path), found, loaded, left_out, tuple(fresh))


def _content(path: Path) -> bytes:
    """The bytes of the file, read once: what is checked is what is used."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error


def _tensors(content: bytes, path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, found finite."""
    held = _safetensors(content, path) if _is_safetensors(content) else _state_dict(content, path)
    for name, tensor in held.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise FileError(f"{path}: the tensor {name!r} holds NaN or infinite numbers")
    return held


def _is_safetensors(content: bytes) -> bool:
    """Whether bytes start with the length of a JSON header and its first bracket."""
    return content[8:9] == b"{" and 0 < int.from_bytes(content[:8], "little") <= len(content) - 8


def _safetensors(content: bytes, path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    try:
        return dict(load(content))
    except SafetensorError as error:
        raise FileError(f"{path} is not a readable safetensors file: {str(error).rstrip('.')}") from error


def _state_dict(content: bytes, path: Path) -> dict[str, Tensor]:
    """The tensors of a file of torch.save, with everything but tensors refused by torch."""
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < _SAFE_TORCH:
        raise FileError(f"{path} is a pickle, which torch {torch.__version__} cannot read safely; install torch 2.6")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a pickle is of another protocol: it is refused below
            held = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise FileError(
            f"{path} is neither safetensors nor a plain state_dict of torch.save, and loading anything else would run"
            " whatever code its maker put in; where you trust the maker, load it yourself and write"
            " model.state_dict() with safetensors.torch.save_file"
        ) from error
    for wrapper in _WRAPPERS:
        if isinstance(held, Mapping) and isinstance(held.get(wrapper), Mapping):
            held = held[wrapper]
            break
    if not isinstance(held, Mapping) or not held or not all(isinstance(value, Tensor) for value in held.values()):
        raise FileError(f"{path} holds no state_dict, tensors by name; save model.state_dict() and nothing else")
    return {str(name): tensor for name, tensor in held.items()}


def _name_for(name: str, own: Mapping[str, Tensor]) -> str:
    """What the network calls a tensor of the file."""
    name = name.removeprefix("module.")
    if name not in own:
        name = _OLD_DENSENET.sub(r"\1\2", name)
    return name.removeprefix("network.") if name not in own else name


def _head(network: nn.Module) -> tuple[str, ...]:
    """The names of weight and bias of the last linear layer, which depend on the number of classes."""
    last = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)][-1:]
    return tuple(f"{name}.{part}" if name else part for name in last for part in ("weight", "bias"))


def _misfits(
    path: Path, given: Mapping[str, Tensor], own: Mapping[str, Tensor], head: tuple[str, ...], *, strict: bool
) -> dict[str, str]:
    """Tensors of the file that are not taken, and why; FileError for those that speak of another network."""
    reasons: dict[str, str] = {}
    for name, tensor in given.items():
        if name not in own:
            # Normalised saves its mean and deviation beside the network; they are settings of the wrapper
            reasons[name] = "the network has no tensor of this name"
            expected = name in ("mean", "std")
        elif tensor.shape != own[name].shape:
            reasons[name] = f"its shape is {tuple(tensor.shape)}, the network's {tuple(own[name].shape)}"
            expected = name in head
        else:
            continue
        if strict and not expected:
            raise FileError(
                f"{path}: the tensor {name!r} does not fit, since {reasons[name]}; the file belongs to another network"
                " (strict=False loads what fits)"
            )
    if reasons.keys() & set(head):  # half a head of other classes would be worse than a fresh one
        reasons |= {name: "it belongs to the head of other classes" for name in head if name in given} | reasons
    return reasons
