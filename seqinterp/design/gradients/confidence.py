"""How sure a model is: outputs as probabilities, and as log-odds, which do not saturate."""

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seqinterp.attribution.evidence import output_kind
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.targets import flattened
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Indices, Inputs, Outputs, Scores

RULES = ("sigmoid", "softmax", "probability")


@dataclass(frozen=True)
class Readout:
    """How outputs `(batch, outputs)` become the probability of each class.

    rule: "sigmoid" where one output is the logit of yes, "softmax" over several outputs, "probability" where outputs
        are probabilities already. One output makes two classes: 0 is no, 1 is yes.
    outputs: how many the model has.

    Raises:
        InputError: the rule is none of these, or does not go with so many outputs.
    """

    rule: str
    outputs: int

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(f"readout must be one of {', '.join(RULES)}, not {self.rule!r}")
        if self.rule == "softmax" and self.outputs == 1:
            raise InputError("the softmax of a single output is always 1; use readout='sigmoid'")

    @property
    def classes(self) -> int:
        """How many classes there are to choose from."""
        return max(2, self.outputs)

    def log_odds(self, outputs: Outputs, classes: Indices) -> Scores:
        """log p - log(1 - p) of one class for each example, `(batch,)`.

        Of logits it is exact however sure the model is. The gradient of cross-entropy is this one's, of the other sign,
        times 1 - p: both point the same way, but that one vanishes where the model is sure.
        """
        table = _table(outputs, self.outputs)
        if self.rule == "probability":
            least = torch.finfo(table.dtype).eps  # below this 1 - p is not told from 1
            p = self._of_class(table, classes).clamp(least, 1 - least)
            return p.log() - torch.log1p(-p)
        if self.outputs == 1:
            return torch.where(classes == 1, table[:, 0], -table[:, 0])
        own = F.one_hot(classes, self.outputs).bool()
        chosen = table.gather(1, classes[:, None])[:, 0]
        if self.rule == "sigmoid":
            return chosen
        return chosen - torch.logsumexp(table.masked_fill(own, -torch.inf), dim=1)

    def probability(self, outputs: Outputs, classes: Indices) -> Scores:
        """The probability of one class for each example, `(batch,)`."""
        if self.rule == "probability":
            return self._of_class(_table(outputs, self.outputs), classes)
        return self.log_odds(outputs, classes).sigmoid()

    def predicted(self, outputs: Outputs) -> Indices:
        """The class of largest probability, `(batch,)`; of one output yes where its probability is above 1/2."""
        table = _table(outputs, self.outputs)
        if self.outputs == 1:
            return (table[:, 0] > (0.5 if self.rule == "probability" else 0.0)).long()
        return table.argmax(dim=1)

    def of_output(self, index: int) -> Target:
        """The log-odds of what output `index` stands for, as a target; of one output that is yes."""
        number = 1 if self.outputs == 1 else index
        return partial(_log_odds_of, self, number)

    def _of_class(self, table: Tensor, classes: Indices) -> Scores:
        if self.outputs == 1:
            return torch.where(classes == 1, table[:, 0], 1 - table[:, 0])
        return table.gather(1, classes[:, None])[:, 0]


def _log_odds_of(readout: Readout, number: int, outputs: Outputs) -> Scores:
    return readout.log_odds(outputs, torch.full((len(outputs),), number, device=outputs.device))


def _table(outputs: Outputs, count: int) -> Tensor:
    """Outputs as `(batch, outputs)`."""
    table = outputs.reshape(len(outputs), -1)
    if table.shape[1] != count:
        raise ModelError(f"the model gives {table.shape[1]} outputs now and gave {count} before")
    return table


def read_out(model: nn.Module, inputs: Inputs, rule: str | None = None) -> Readout:
    """How the outputs of this model are read: as the rule says, or as they look.

    Without a rule one output is a logit and several are those of a softmax, unless all of them stay within 0 to 1 also
    for far stronger inputs; they are probabilities then.

    Raises:
        InputError: the rule does not go with the outputs.
        ModelError: the model does not return one tensor of finite numbers, (batch,) or (batch, outputs).
    """
    outputs = model(inputs.clone())
    if not isinstance(outputs, Tensor) or outputs.ndim > 2 or len(outputs) != len(inputs):
        what = tuple(outputs.shape) if isinstance(outputs, Tensor) else f"a {type(outputs).__name__}"
        raise ModelError(f"the model must return one tensor (batch,) or (batch, outputs), not {what}; wrap it")
    if not bool(torch.isfinite(outputs).all()):
        raise ModelError("the model's outputs are NaN or infinite for these inputs")
    count = outputs[0].numel()
    if rule is not None:
        return Readout(rule, count)
    kinds = {output_kind(Score(model, flattened(i)), inputs) for i in range(min(count, 8))}
    if kinds == {"probability"}:
        return Readout("probability", count)
    return Readout("sigmoid" if count == 1 else "softmax", count)
