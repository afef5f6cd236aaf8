"""`mutate`: what would every edit do to the score?"""

from functools import partial

from torch import nn

from seqinterp.api.inputs import as_dna
from seqinterp.api.results.mutagenesis import Mutagenesis
from seqinterp.api.score import finite_scores, origin
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import Device, choose_device, explain
from seqinterp.attribution.targets import as_target
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.window import check_window
from seqinterp.shapes import Array


def mutate(
    model: nn.Module,
    inputs: Array,
    *,
    target: int | Target = 0,
    start: int = 0,
    stop: int | None = None,
    batch_size: int | None = None,
    device: Device = None,
    progress: bool = False,
) -> Mutagenesis:
    """Score every single-base edit of each sequence: in-silico saturation mutagenesis.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.
        start, stop: positions edited, 0-based and half-open; `stop=None` is the end.
        batch_size: sequences treated at a time; it changes memory and speed, never the result.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: show a progress bar.

    Returns:
        `Mutagenesis`: `effects` `(batch, 4, position)`, `score(edited) - score`, zero at the base that is there.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        InputError: the window is empty or leaves the sequence, or the target does not exist.
        ModelError: the score is not one finite number per example.
    """
    sequences = as_dna(model, inputs)
    begin, end = check_window(sequences, start, stop)
    score = Score(model, as_target(target))
    place = choose_device(device)
    before = finite_scores(score, sequences, batch_size=batch_size, device=place)
    explainer = partial(every_base, start=begin, stop=end)
    # A sequence becomes 3 x positions edited ones, so few at a time keep the progress bar moving.
    effects = explain(explainer, score, sequences, batch_size=batch_size or 8, device=place, progress=progress)
    facts = origin(score, sequences, seed=0, device=place, rows=batch_size)
    return Mutagenesis(sequences, effects, before, begin, end, facts)
