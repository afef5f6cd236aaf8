"""Checkpoints: weights in model.safetensors, everything else in model.json; nothing in them can run."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seqinterp import __version__
from seqinterp.errors import FileError, InputError
from seqinterp.images.architecture import ImageArchitecture
from seqinterp.io.checkpoint_kinds import Kind, kind_named, kind_of
from seqinterp.io.pickles import refuse_pickle
from seqinterp.models.architecture import Architecture, architecture_of

FORMAT = 1
DESCRIPTION, WEIGHTS = "model.json", "model.safetensors"


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A model in evaluation mode, its architecture, and what was noted when it was saved."""

    model: nn.Module
    architecture: Architecture | ImageArchitecture
    metadata: Mapping[str, Any]
    versions: Mapping[str, str]


def save_checkpoint(
    folder: str | Path,
    model: nn.Module,
    metadata: Mapping[str, Any] | None = None,
    *,
    architecture: Architecture | ImageArchitecture | None = None,
    force: bool = False,
) -> None:
    """Write a model of this package into a folder, as model.safetensors and model.json.

    `metadata` is anything JSON can hold: metrics, sha256 of the data, seed, training settings. `architecture` describes
    the model; None finds it out of a model of DNA, for one of images `image_architecture_of` gives it. Raises FileError
    where a checkpoint is there already (unless `force`) or the folder cannot be written, ModelError for a model
    that was not built here.
    """
    folder = Path(folder)
    architecture = architecture or architecture_of(model)
    kind = kind_of(architecture)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if (folder / DESCRIPTION).exists() and not force:
        raise FileError(f"{folder} holds a checkpoint already; choose another folder, or replace it with force")
    try:
        text = json.dumps(dict(metadata or {}), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"the metadata of a checkpoint must be what JSON can hold: {error}") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The description names the weights by their hash and is written last: a torn pair is found out on loading.
        save_file(tensors, folder / f"{WEIGHTS}.part")
        description = {
            "format": FORMAT,
            **kind.described(architecture),
            "vocabulary": dict(kind.vocabulary),
            "weights_sha256": _sha256(folder / f"{WEIGHTS}.part"),
            "versions": {"seqinterp": __version__, "torch": torch.__version__},
            "metadata": json.loads(text),
        }
        (folder / f"{WEIGHTS}.part").replace(folder / WEIGHTS)
        (folder / f"{DESCRIPTION}.part").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        (folder / f"{DESCRIPTION}.part").replace(folder / DESCRIPTION)
    except (OSError, SafetensorError) as error:
        raise FileError(f"the checkpoint cannot be written to {folder}: {error}") from error
    finally:
        for path in folder.glob("model.*.part") if folder.is_dir() else ():
            path.unlink()


def load_checkpoint(path: str | Path) -> Checkpoint:
    """The model of a checkpoint: of its folder, or of either of its files.

    Raises FileError where anything is missing, damaged, of a newer format, or does not fit the described network;
    ModelError where that is a network of torchvision, which is not installed.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    kind, description = _read_description(folder / DESCRIPTION)
    try:
        architecture = kind.architecture(description)
        model = kind.build(architecture)
    except (InputError, TypeError, RuntimeError) as error:  # RuntimeError: more numbers than torch can count
        raise FileError(f"{folder / DESCRIPTION} describes a model that cannot be built: {error}") from error
    tensors = _read_weights(folder / WEIGHTS, description["weights_sha256"])
    _check_fit(folder / WEIGHTS, model.state_dict(), tensors)
    model.load_state_dict(tensors, assign=True)
    return Checkpoint(model.eval(), architecture, description["metadata"], description["versions"])


def _read_description(path: Path) -> tuple[Kind, dict[str, Any]]:
    """model.json, with its format and its entries checked, and the kind of model that it describes."""
    if not path.exists():
        raise FileError(f"{path} is missing: weights alone do not say which network they belong to")
    refuse_pickle(path)
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileError(f"{path} is not readable JSON ({error}); the checkpoint is damaged") from error
    found = description.get("format") if isinstance(description, dict) else None
    if not isinstance(found, int) or isinstance(found, bool):
        raise FileError(f"{path} is not the description of a seqinterp model: it names no format")
    if found > FORMAT:
        raise FileError(f"{path} has format {found}, but this seqinterp reads formats up to {FORMAT}; update it")
    _check_entries(path, description, {"vocabulary": dict, "weights_sha256": str, "versions": dict, "metadata": dict})
    kind = kind_named(description["vocabulary"], path)
    _check_entries(path, description, kind.entries)
    return kind, dict(description)


def _check_entries(path: Path, description: Mapping[str, Any], wanted: Mapping[str, type]) -> None:
    """Refuse a description without an entry, or with one of another type."""
    for name, kind in wanted.items():
        if not isinstance(description.get(name), kind):
            raise FileError(f"{path} lacks a proper entry {name!r}; the checkpoint is damaged")


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    """The tensors of model.safetensors, found whole and finite."""
    if not path.exists():
        raise FileError(f"{path} is missing; a checkpoint is {WEIGHTS} and {DESCRIPTION} side by side")
    refuse_pickle(path)
    try:
        found, tensors = _sha256(path), load_file(path)
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path} is not a readable safetensors file ({error}); the checkpoint is damaged") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise FileError(f"{path}: the tensor {name!r} holds NaN or infinite numbers")
    if found != sha256:
        raise FileError(f"{path} is not the file that {DESCRIPTION} was written for: their sha256 differ")
    # Memory that torch allocates itself is aligned: with the file's own, sums may differ in the last bit.
    return {name: tensor.clone() for name, tensor in tensors.items()}


def _check_fit(path: Path, wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Refuse weights that are not exactly those of the described network."""
    if missing := sorted(set(wanted) - set(tensors)):
        raise FileError(f"{path} lacks the tensor {missing[0]!r} of the described network")
    if extra := sorted(set(tensors) - set(wanted)):
        raise FileError(f"{path} holds the tensor {extra[0]!r}, which the described network does not have")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape or tensor.dtype != wanted[name].dtype:
            raise FileError(
                f"{path}: the tensor {name!r} is {_kind(tensor)}, but the described network has {_kind(wanted[name])}"
            )


def _kind(tensor: Tensor) -> str:
    """Type and shape in a few characters."""
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
