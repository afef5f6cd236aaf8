"""The record pass: the operations of the model's code as they happened for some rows."""

from typing import Any

import torch

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.call import Call, first_tensor, has_several_values, has_values
from seqinterp.attribution.rules.held import Held
from seqinterp.attribution.rules.intercept import Interceptor
from seqinterp.attribution.rules.operations import Kind
from seqinterp.shapes import Inputs


class Recorder(Interceptor):
    """Runs every operation as it is and keeps what it saw."""

    def __init__(self, treated: frozenset[Kind]) -> None:
        super().__init__(treated)
        self.tape: list[Held] = []

    def treat(self, kind: Kind, call: Call) -> Any:
        """Run the operation and keep it."""
        result = call.recipe.result(*call.operands)
        if not has_values(result) or has_several_values(result):
            return result
        output = first_tensor(result)
        self.tape.append(self.hold(kind, call, result))
        return self.hand_over(call, result, output)


def record(score: Score, rows: Inputs, treated: frozenset[Kind]) -> tuple[list[Held], torch.Tensor]:
    """Run the score on `rows`; give the treated operations in order, and the scores with their graph."""
    recorder = Recorder(treated)
    with torch.inference_mode(False), torch.enable_grad():
        leaf = rows.detach().clone().requires_grad_()
        with recorder:
            found = score(leaf)
    return recorder.tape, found
