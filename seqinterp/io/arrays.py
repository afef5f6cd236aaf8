"""Named arrays in one safetensors file, with JSON beside them in its header. Nothing is ever unpickled."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from seqinterp.errors import FileError
from seqinterp.io.atomic import written_whole

_KEY = "seqinterp"


def save_arrays(path: Path | str, kind: str, arrays: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write `arrays` and the JSON-able `facts` as a file of this `kind`; an older file is replaced whole."""
    header = {_KEY: json.dumps({"kind": kind, "facts": facts})}
    with written_whole(Path(path), force=True) as place:
        # cloned: two names may be one tensor (values and hypothetical), which safetensors refuses
        save_file({name: tensor.contiguous().clone() for name, tensor in arrays.items()}, place, metadata=header)


def load_arrays(path: Path | str, kind: str, *, needed: Sequence[str] = ()) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_arrays` wrote; `needed` are the names of arrays that must be there.

    Raises:
        FileError: the file is missing, is no safetensors file, holds another kind of result, or lacks an array.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path}: cannot be read as a safetensors file ({error})") from error
    if header is None:
        raise FileError(f"{path}: was not written by seqinterp, so it holds no {kind} result")
    content = _content(path, header)
    if content["kind"] != kind:
        raise FileError(f"{path}: holds a result of kind {content['kind']!r}, but {kind!r} was asked for")
    for name in needed:
        if name not in arrays:
            raise FileError(f"{path}: lacks the array {name!r} of a result of kind {kind!r}; the file is damaged")
    return arrays, content["facts"]


def _content(path: Path | str, header: str) -> dict[str, Any]:
    """The header of a file that `save_arrays` wrote."""
    try:
        content = json.loads(header)
    except json.JSONDecodeError as error:
        raise FileError(f"{path}: its header is not readable JSON ({error}); the file is damaged") from error
    if not isinstance(content, dict) or "kind" not in content or not isinstance(content.get("facts"), dict):
        raise FileError(f"{path}: its header does not say what it holds; the file is damaged")
    return content
