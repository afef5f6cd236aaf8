"""Named arrays in one safetensors file, with JSON beside them in its header. Nothing is ever unpickled."""

import json
from collections.abc import Mapping
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


def load_arrays(path: Path | str, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Raises:
        FileError: the file is missing, is no safetensors file, or holds another kind of result.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = (file.metadata() or {}).get(_KEY)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path}: cannot be read as a safetensors file ({error})") from error
    if header is None:
        raise FileError(f"{path}: was not written by seqinterp, so it holds no {kind} result")
    content = json.loads(header)
    if content["kind"] != kind:
        raise FileError(f"{path}: holds a result of kind {content['kind']!r}, but {kind!r} was asked for")
    return arrays, content["facts"]
