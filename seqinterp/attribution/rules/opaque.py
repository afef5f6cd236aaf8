"""Code that cannot be seen through: compiled modules run as they were written, scripted ones are refused.

An autograd.Function of the model's own has a derivative but no operations: it keeps its derivative and is named.
"""

import sys
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from seqinterp.attribution.notes import note_warning
from seqinterp.errors import ModelError


def eager() -> AbstractContextManager[object]:
    """Inside the block `torch.compile`d code runs as it was written."""
    if "torch._dynamo" not in sys.modules:  # nothing was compiled, and importing it takes a second
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


def refuse_scripted(module: nn.Module) -> None:
    """Raise ModelError for a TorchScript module: its operations cannot be met one by one."""
    for name, child in module.named_modules():
        if isinstance(child, torch.jit.ScriptModule):
            raise ModelError(
                f"{name.removeprefix('model.') or 'the model'} is a TorchScript module, whose operations cannot be"
                " given rules; pass the module it was scripted from, or use 'expected_gradients' or 'mutagenesis'"
            )


def note_own_functions(found: Tensor) -> None:
    """Warn of every autograd.Function between the inputs and `found`, the output of a pass without rules."""
    seen, waiting = set(), [found.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting += [above for above, _ in node.next_functions]
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            name = type(node).__name__.removesuffix("Backward")
            note_warning(f"the model's own autograd function {name} has no rule and keeps its derivative")
