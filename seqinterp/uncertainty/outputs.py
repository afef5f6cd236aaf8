"""What is read of a model's outputs before members are compared."""

from torch import Tensor

from seqinterp.errors import ModelError


def one_tensor(outputs: object) -> Tensor:
    """The outputs themselves, where they are one tensor.

    Raises:
        ModelError: they are not.
    """
    if not isinstance(outputs, Tensor):
        raise ModelError(
            f"the model returns a {type(outputs).__name__}, not one tensor; pass a callable that picks from it, such as"
            " lambda outputs: outputs[0]"
        )
    return outputs
