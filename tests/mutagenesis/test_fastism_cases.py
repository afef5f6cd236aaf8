"""The 72 tests of fastISM 0.5.1, their networks restated in torch: edits of one base, and columns blanked as there.

Channels of the published models are fewer. Inputs beside the sequence are constants of the model. Which layer fastISM
was told to stop at plays no part.
"""

import pytest

import seqinterp as si
from edited_networks import assert_exact, assert_exact_edits, shared_model
from edited_zoo import fastism_joined, fastism_plain
from edited_zoo.fastism_kit import Case
from naive import mutagenesis as naive


def cases_of(module):
    for value in vars(module).values():
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Case))


CASES = [*cases_of(fastism_plain), *cases_of(fastism_joined)]
EVERY = pytest.mark.parametrize(
    ("case", "target"),
    [(case, target) for case in CASES for target in case.heads],
    ids=[f"{case.name}-{number}" for case in CASES for number in range(len(case.heads))],
)
LONG = 200  # longer sequences are edited at both ends and in the middle only


def starts(case):
    """Where an edit begins."""
    length = case.network.length
    if length <= LONG:
        return range(0, length, case.block)
    middle = length // 2
    return [*range(8), *range(middle, middle + 8), *range(length - 8, length)]


def test_there_are_as_many_as_there():
    assert len(CASES) == len({case.name for case in CASES}) == 72


@EVERY
def test_every_base(case, target):
    model, inputs = shared_model(case.network), case.network.inputs(1)
    length = case.network.length
    middle = length // 2
    windows = [(0, length)] if length <= LONG else [(0, 8), (middle, middle + 8), (length - 8, length)]
    positions = [position for start, stop in windows for position in range(start, stop)]
    exact = naive.effects(model, inputs, target, positions=positions)
    found = sum(
        si.mutate(model, inputs, target=target, start=start, stop=stop, device="cpu").effects for start, stop in windows
    )
    assert exact.abs().max() > 1e-3
    assert_exact(found, exact, model, inputs, target, positions)


@EVERY
def test_blanked_columns(case, target):
    """What fastISM does: the columns of the edit become zero."""
    model, inputs = shared_model(case.network), case.network.inputs(1)
    rows = inputs.repeat(len(starts(case)), 1, 1)
    for row, start in zip(rows, starts(case), strict=True):
        row[:, start : start + case.block] = 0
    assert_exact_edits(model, target, inputs, rows)
