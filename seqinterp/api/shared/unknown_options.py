"""The one sentence for an option that a call does not have."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from seqinterp.errors import InputError


def refuse_unknown(options: Iterable[str], known: Sequence[str], whose: str, *, of: str = "") -> None:
    """Raise InputError for the first option that is not known, naming one near it or all there are."""
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            has = f"near that name it has {near[0]!r}" if near else f"it has {', '.join(known)}"
            raise InputError(f"{whose} has no option {name!r}{of}; {has}")
