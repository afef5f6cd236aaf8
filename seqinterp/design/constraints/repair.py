"""A sequence that keeps all constraints, or which of them conflict."""

from seqinterp.design.constraints.conflicts import Conflict, proven
from seqinterp.design.constraints.rules import Rules, listed
from seqinterp.design.constraints.search import find
from seqinterp.errors import InfeasibleError
from seqinterp.shapes import Codes


def repaired(codes: Codes, start: Codes, rules: Rules, /, *, seed: int = 0) -> Codes:
    """A sequence near `codes` that keeps all rules, `codes` itself if it does; a rule of (seed, codes).

    Where few sequences are possible it is the nearest one, by positions that differ.

    Raises:
        InfeasibleError: no sequence keeps all rules, or none was found; the constraints that conflict are named.
    """
    if rules.keep(codes[None], start[None])[0]:
        return codes
    conflict = proven(codes, start, rules)
    if conflict is not None:
        raise _impossible(conflict)
    outcome = find(codes, start, rules, seed)
    if outcome.codes is None:
        raise _unmet(codes, start, rules, outcome.proven, seed)
    return outcome.codes


def _impossible(conflict: Conflict) -> InfeasibleError:
    """The error for constraints whose conflict can be read off them."""
    names = tuple(each.name for each in conflict.constraints)
    together = " together" if len(names) > 1 else ""
    return InfeasibleError(
        f"{_quoted(names)} cannot be met{together}: {conflict.reason}; change or leave out"
        f" {'one of them' if together else 'it'}",
        names,
    )


def _unmet(codes: Codes, start: Codes, rules: Rules, sure: bool, seed: int) -> InfeasibleError:
    """The error for constraints that a search could not meet: a smallest set without one of which it can.

    Constraints are left out one after the other, and stay out where still no sequence is found (a deletion filter,
    Chinneck 2008, doi:10.1007/978-0-387-74932-7).
    """
    left = rules
    for each in rules.constraints:
        fewer = left.without(each)
        if fewer.keep(codes[None], start[None])[0]:
            continue
        outcome = find(codes, start, fewer, seed)
        if outcome.codes is None:
            left, sure = fewer, outcome.proven
    names = tuple(each.name for each in left.constraints)
    without = "; without any one of them one was found, so change or leave out one" if len(names) > 1 else ""
    if sure:
        together = " together" if len(names) > 1 else ""
        return InfeasibleError(f"{_quoted(names)} cannot be met{together}: every sequence was tried{without}", names)
    return InfeasibleError(f"no sequence was found that meets {_quoted(names)}{without}", names)


def _quoted(names: tuple[str, ...]) -> str:
    """The constraints in a sentence."""
    return listed([f"'{name}'" for name in names])
