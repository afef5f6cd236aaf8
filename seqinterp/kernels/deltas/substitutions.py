"""All single-base substitutions of some sequences, as the machine reads edits, and their effects put back in place."""

from seqinterp.kernels import kernel
from seqinterp.kernels.deltas.layout import Work
from seqinterp.shapes import Counters, Matrix, Numbers


@kernel
def list_substitutions(work: Work, sequences: Counters, bases: Counters, start: int, stop: int) -> int:
    """Fill the edits of `work` with every base that differs, in the order sequence, position, base; how many.

    sequences, bases: of each edit, filled as well.
    """
    found = 0
    for sequence in range(len(work.inputs)):
        for position in range(start, stop):
            for base in range(4):
                same = True
                for other in range(4):
                    same &= work.inputs[sequence, position, other] == (1 if other == base else 0)
                if same:
                    continue
                sequences[found], bases[found], work.position[found] = sequence, base, position
                for other in range(4):
                    work.columns[found, other] = 1 if other == base else 0
                work.first[found] = found
                found += 1
    work.first[found] = found
    return found


@kernel
def place_substitutions(
    sequences: Counters, bases: Counters, positions: Counters, changes: Matrix, effects: Numbers, shape: tuple[int, int]
) -> None:
    """effects[sequence, base, position] = the first number of the changes of each edit; shape = (bases, positions)."""
    for edit in range(len(sequences)):
        row = sequences[edit] * shape[0] + bases[edit]
        effects[row * shape[1] + positions[edit]] = changes[edit, 0]
