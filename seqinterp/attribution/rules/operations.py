"""What kind of mathematics each torch operation is: the one table that every rule set reads.

An operation that is in no list here is treated by a path integral over it alone, and named in the certificate.
"""

from enum import Enum


class Kind(Enum):
    """How an operation depends on the operands that depend on the inputs (its live operands)."""

    LINEAR = "moves, copies or adds numbers"
    WEIGHTED = "multiplies by weights"
    MULTILINEAR = "multiplies live operands with each other"
    SMOOTH = "one number to one number, differentiable"
    KINKED = "one number to one number, with kinks"
    LARGEST = "selects the largest of several numbers"
    SMALLEST = "selects the smallest of several numbers"
    CHOICE = "selects by a condition"
    NORMALISED = "divides by a statistic of several numbers"
    MIXED = "mixes several numbers smoothly"
    UNKNOWN = "in no list"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LINEAR = _words(
    """
    T mT H mH view view_as reshape reshape_as flatten unflatten ravel squeeze unsqueeze transpose t permute
        movedim moveaxis swapaxes swapdims adjoint expand expand_as broadcast_to broadcast_tensors repeat
        repeat_interleave tile cat concat concatenate stack hstack vstack dstack column_stack split
        split_with_sizes chunk tensor_split hsplit vsplit unbind select narrow getitem setitem index_select
        gather take take_along_dim index_put index_add index_copy index_fill scatter scatter_add masked_select
        masked_scatter flip fliplr flipud roll rot90 diag diagonal diag_embed diagflat tril triu unfold fold pad
        constant_pad_nd contiguous clone to type type_as float double half bfloat16 cpu cuda alias as_strided
        pixel_shuffle pixel_unshuffle channel_shuffle positive meshgrid copy fill zero add sub subtract rsub neg
        negative sum nansum mean nanmean cumsum diff trapezoid dropout dropout1d dropout2d dropout3d alpha_dropout
        feature_dropout feature_alpha_dropout avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d
        adaptive_avg_pool2d adaptive_avg_pool3d interpolate upsample upsample_nearest upsample_bilinear
        max_unpool1d max_unpool2d max_unpool3d identity fft ifft rfft irfft fft2 ifft2 fftn ifftn real imag
        view_as_real view_as_complex atleast_1d atleast_2d atleast_3d new_tensor block_diag gt lt ge
        le eq ne greater less greater_equal less_equal not_equal equal allclose isclose isnan isinf isfinite
        logical_and logical_or logical_not logical_xor bitwise_and bitwise_or any all argmax argmin argsort
        nonzero count_nonzero searchsorted bucketize one_hot is_floating_point is_complex size dim numel
        nelement stride storage_offset is_contiguous get_device data_ptr element_size requires_grad_ zeros_like
        ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full new_empty result_type
        __get__ __set__ __len__ __iter__ __format__ __repr__ __hash__ int long bool
        """
)
_KINDS: dict[Kind, frozenset[str]] = {
    Kind.LINEAR: _LINEAR,
    Kind.WEIGHTED: _words(
        "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d batch_norm bilinear"
    ),
    Kind.MULTILINEAR: _words(
        """mul multiply matmul mm bmm mv dot inner outer einsum tensordot kron baddbmm addmm addbmm addmv addr lerp
        vdot vecdot chain_matmul multi_dot addcmul cross"""
    ),
    Kind.SMOOTH: _words(
        """
        gelu silu mish exp expm1 exp2 sigmoid tanh softplus logsigmoid log log1p log2 log10 sqrt rsqrt square
        sin cos tan asin acos atan arcsin arccos arctan sinh cosh asinh acosh atanh erf erfc erfinv lgamma
        digamma reciprocal pow float_power elu selu celu softsign tanhshrink logit expit sinc i0 i0e i1 i1e ndtr
        log_ndtr erfcx special_expit special_erf special_i0 special_i0e special_ndtr
        """
    ),
    Kind.KINKED: _words(
        """
        relu relu6 leaky_relu prelu rrelu clamp clip clamp_min clamp_max hardtanh hardsigmoid hardswish
        hardshrink softshrink threshold _threshold abs absolute sign sgn round floor ceil trunc fix frac
        nan_to_num heaviside
        """
    ),
    Kind.LARGEST: _words(
        """
        max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices
        adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d_with_indices
        adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices amax max maximum fmax
        """
    ),
    Kind.SMALLEST: _words("amin min minimum fmin"),
    Kind.CHOICE: _words("where masked_fill"),
    Kind.NORMALISED: _words("layer_norm group_norm rms_norm instance_norm normalize local_response_norm"),
    Kind.MIXED: _words(
        """
        softmax log_softmax softmin logsumexp norm vector_norm matrix_norm std var std_mean var_mean prod
        cumprod div divide true_divide atan2 logaddexp logaddexp2 cosine_similarity pairwise_distance cdist
        lp_pool1d lp_pool2d hypot logcumsumexp addcdiv dist renorm
        """
    ),
}
# what is asked of numbers and answered without a gradient
ANSWERS = _words(
    """gt lt ge le eq ne greater less greater_equal less_equal not_equal equal allclose isclose isnan isinf isfinite
    any all logical_and logical_or logical_not logical_xor bitwise_and bitwise_or argmax argmin argsort nonzero
    count_nonzero"""
)
KINDS: dict[str, Kind] = {name: kind for kind, names in _KINDS.items() for name in names}
# what takes numbers out of the graph: gradients and rules do not see where they go
READS = _words("item tolist numpy detach detach_ data __bool__ __float__ __int__ __index__ __contains__ __array__")
