"""Which operations relevance propagation has something to say about."""

from seqinterp.attribution.rules.operations import READS, Kind


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TREATED = frozenset(Kind)
# kinds whose gradient is right: that of an extremum goes to the winner, as relevance does
STRAIGHT = frozenset([Kind.LINEAR, Kind.CHOICE, Kind.LARGEST, Kind.SMALLEST])
# linear operations that can carry constants; the others give zeros for zeros
_WITH_CONSTANTS = _words(
    """
    add sub subtract rsub cat concat concatenate stack hstack vstack dstack column_stack block_diag pad
    constant_pad_nd batch_norm linear bilinear conv1d conv2d conv3d conv_transpose1d conv_transpose2d
    conv_transpose3d setitem fill index_put index_add index_copy index_fill scatter scatter_add masked_scatter
    lerp addmm baddbmm addbmm addmv addr addcmul addcdiv diff where masked_fill
    """
)
SCALES = _words("mul multiply div divide true_divide neg negative")
# these do not pass on unseen what a rule gave to zeros: they scale, pad or add
FOR_ZEROS = SCALES | _words("unfold avg_pool1d avg_pool2d avg_pool3d sum nansum cumsum")
# extrema of two operands, of which one can be a constant
_OF_TWO = _words("maximum minimum fmax fmin max min")
# products of their live operands, with nothing added
PURE_PRODUCTS = _words(
    "mul multiply matmul mm bmm mv dot inner outer einsum tensordot kron vdot vecdot chain_matmul multi_dot cross"
)
# these look at a tensor and use none of its numbers
LOOKS = READS | _words("__get__ size dim numel __len__ is_floating_point stride __hash__ __format__")


def treats(kind: Kind, word: str) -> bool:
    """Whether an operation is met one by one; the others speak for themselves by their gradient."""
    if word in READS:
        return False
    if kind in (Kind.LARGEST, Kind.SMALLEST):
        return word in _OF_TWO
    return kind is not Kind.LINEAR or word in _WITH_CONSTANTS or word in FOR_ZEROS
