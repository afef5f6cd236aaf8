"""What a thing is, in one word that another process would give it too."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from functools import partial
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import nn

from seqinterp.attribution.evidence import model_hash
from seqinterp.errors import InputError

PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, torch.dtype, torch.device)


def fingerprint(*things: Any) -> str:
    """A hash of values, arrays, containers, dataclasses, models, and functions with their code and what they hold.

    Raises:
        InputError: one is of a kind that has no lasting identity.
    """
    digest = hashlib.sha256()
    for part in _parts(things, frozenset()):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _parts(thing: Any, above: frozenset[int]) -> Iterator[bytes]:
    """What makes a thing what it is; `above` are the things that it is part of."""
    yield type(thing).__name__.encode()
    if isinstance(thing, PLAIN):
        yield repr(thing).encode()
        return
    if id(thing) in above:  # a function that calls itself
        return
    if isinstance(thing, np.ndarray | torch.Tensor):
        array = np.ascontiguousarray(thing.detach().cpu().numpy() if isinstance(thing, torch.Tensor) else thing)
        yield f"{array.shape} {array.dtype}".encode()
        yield array.tobytes()
        return
    if isinstance(thing, nn.Module):
        yield model_hash(thing).encode()
        return
    for part in _members(thing):
        yield from _parts(part, above | {id(thing)})


def _members(thing: Any) -> Sequence[Any]:
    """The parts of a thing that has some."""
    if isinstance(thing, Mapping):
        return [part for pair in sorted(thing.items(), key=lambda pair: str(pair[0])) for part in pair]
    if isinstance(thing, Set):
        return sorted(thing, key=str)
    if isinstance(thing, Sequence):
        return thing
    if isinstance(thing, partial):
        return [thing.func, thing.args, thing.keywords]
    if isinstance(thing, FunctionType):
        held = [cell.cell_contents for cell in thing.__closure__ or ()]
        used = [thing.__globals__[name] for name in thing.__code__.co_names if name in thing.__globals__]
        values = [value for value in used if isinstance(value, (*PLAIN, np.ndarray, torch.Tensor))]
        return [thing.__qualname__, thing.__code__, thing.__defaults__, thing.__kwdefaults__, held, values]
    if isinstance(thing, CodeType):
        return [thing.co_code, thing.co_names, thing.co_consts]
    if is_dataclass(thing) and not isinstance(thing, type):
        return [getattr(thing, field.name) for field in fields(thing)]
    if isinstance(thing, type) or (hasattr(thing, "__module__") and hasattr(thing, "__qualname__")):
        return [thing.__module__, thing.__qualname__]
    raise InputError(
        f"a checkpoint cannot tell one {type(thing).__name__} from another, so a search with it cannot be gone on with;"
        " leave checkpoint out, or write a function or a dataclass instead"
    )
