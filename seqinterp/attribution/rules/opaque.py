"""Code that cannot be seen through: compiled modules run as they were written, scripted ones are refused."""

import sys
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

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
