"""One method, all questions."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from seqinterp.evaluation.scorecard.bench import Bench
from seqinterp.evaluation.scorecard.beyond import beyond
from seqinterp.evaluation.scorecard.candidate import Answers, Candidate
from seqinterp.evaluation.scorecard.depends import depends
from seqinterp.evaluation.scorecard.faithful import faithful
from seqinterp.evaluation.scorecard.right import places, right
from seqinterp.evaluation.scorecard.similar_inputs import neighbours
from seqinterp.evaluation.scorecard.stable import stable
from seqinterp.shapes import Attributions, Scores

Question = Callable[[Bench, Candidate, Attributions], Answers]
ONCE: tuple[Question, ...] = (faithful, beyond, right, places, neighbours)  # the attributions are enough
AGAIN: tuple[Question, ...] = (stable, depends)  # examples are explained again, some ten times
# Rows that the model is shown for one method: in the explanation that is judged, and in each of up to twenty more.
ONCE_ROWS, AGAIN_ROWS = 40_000, 4_000
LEAST_ONCE, LEAST_AGAIN = 8, 4  # examples, however slow the method is
COSTLY = 2000  # rows for one example: such a method is explained again a few times only


def examples_once(rows: int, scores: Scores) -> Tensor:
    """Which examples are explained by a method that shows the model `rows` rows for each: evenly spread by score.

    The choice depends on no clock, and not on the order of the examples.
    """
    return _spread_by(scores, max(LEAST_ONCE, ONCE_ROWS // max(rows, 1)))


def examples_again(rows: int, scores: Scores) -> Tensor:
    """Which of these are explained again and again."""
    return _spread_by(scores, max(LEAST_AGAIN, AGAIN_ROWS // max(rows, 1)))


def _spread_by(scores: Scores, most: int) -> Tensor:
    """At most `most` examples, evenly spread over the ranks of their scores, both ends among them."""
    count = len(scores)
    ranks = torch.linspace(0, count - 1, min(count, most)).round().long()
    return scores.argsort(stable=True)[ranks].sort().values


def trial(
    bench: Bench,
    candidate: Candidate,
    values: Attributions,
    *,
    rows: int,
    say: Callable[[str], None] = lambda _: None,
) -> Answers:
    """Ask everything of one method, which shows the model `rows` rows for an example of the bench.

    `values` explain these examples.
    """
    answers = Answers()
    for question in ONCE:
        say(question.__name__)
        answers |= question(bench, candidate, values).spread_over(torch.arange(len(values)), len(values))
    again = examples_again(rows, bench.scores)
    some = bench.take(again)
    if rows > COSTLY:
        some = some.sparing()
        candidate = replace(candidate, reseeded=candidate.reseeded[:1], settings={})
    for question in AGAIN:
        say(question.__name__)
        answers |= question(some, candidate, values[again]).spread_over(again, len(values))
    return answers
