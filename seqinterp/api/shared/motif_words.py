"""What the calls that put motifs into sequences accept as motifs."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from seqinterp.errors import AlphabetError, InputError, ShapeError
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.onehot import one_hot
from seqinterp.shapes import Pwm

SLACK = 1e-3  # how far the probabilities of a column may add up to something else than 1


def named_pwms(motifs: Any, *, drawn: bool = False) -> dict[str, Pwm]:
    """One motif or several by name, as probabilities (4, width); a column of zeros keeps what is there.

    A motif is a `Motif`, a string, or an array of probabilities (4, width). Motifs go by their own name, strings by
    their letters, arrays by their number; a mapping gives the names itself. N in a string keeps what is there; other
    letters for several bases are taken where words are `drawn`.

    Raises:
        InputError: no motif, two of one name, or what is none.
        AlphabetError: a string holds a letter that is not DNA, or that stands for several bases.
        ShapeError: an array is not (4, width).
    """
    if isinstance(motifs, Mapping):
        named = [(str(name), motif) for name, motif in motifs.items()]
    else:
        several = [motifs] if _is_one(motifs) or not isinstance(motifs, Iterable) else list(motifs)
        named = [(_name(motif, number), motif) for number, motif in enumerate(several)]
    if not named:
        raise InputError("there are no motifs; give at least one")
    names = [name for name, _ in named]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two motifs are named {twice!r}; give a mapping from names of your own to motifs")
    return {name: as_pwm(motif, name, drawn=drawn) for name, motif in named}


def as_pwm(motif: Any, name: str, *, drawn: bool = False) -> Pwm:
    """One motif as probabilities; raises what `named_pwms` raises."""
    if isinstance(motif, Motif):
        return motif.pwm
    if isinstance(motif, str):
        return _of_letters(motif, drawn=drawn)
    if not isinstance(motif, Tensor | np.ndarray):
        raise InputError(
            f"a motif must be a Motif, a string or an array of shape (4, width), and {name} is a {type(motif).__name__}"
        )
    pwm = np.array(motif.detach().cpu().double().numpy() if isinstance(motif, Tensor) else motif, dtype=np.float64)
    if pwm.ndim != 2 or pwm.shape[0] != 4 or pwm.shape[1] == 0:
        hint = "; it looks transposed, use its .T" if pwm.ndim == 2 and pwm.shape[1] == 4 else ""
        raise ShapeError(f"the array of {name} must be (4, width), bases A, C, G, T, but it is {pwm.shape}{hint}")
    total = pwm.sum(axis=0)
    if not ((pwm >= 0).all() and (np.isclose(total, 1, rtol=0, atol=SLACK) | (total == 0)).all()):
        raise InputError(
            f"the columns of {name} must be probabilities that add up to 1, or zeros that keep what is there; for"
            " counts make a Motif, and take the pwm of one with log-odds"
        )
    return pwm


def _is_one(motifs: Any) -> bool:
    """Whether this is a motif by itself; an array of three axes is several."""
    return isinstance(motifs, Motif | str) or (isinstance(motifs, Tensor | np.ndarray) and motifs.ndim < 3)


def _name(motif: Any, number: int) -> str:
    """How a motif is called that comes without a name."""
    if isinstance(motif, Motif):
        return motif.name
    return motif.upper() if isinstance(motif, str) else f"motif_{number}"


def _of_letters(word: str, *, drawn: bool) -> Pwm:
    """A string as probabilities."""
    pwm: Pwm = one_hot(word, names=[word])[0].double().numpy()
    several = next((letter for letter in word.upper() if letter not in "ACGTN"), None)
    if several is not None and not drawn:
        raise AlphabetError(
            f"the motif {word!r} has {several!r}, which stands for several bases; write the base that is meant, or N to"
            " keep what is there, or make it a Motif"
        )
    return pwm
