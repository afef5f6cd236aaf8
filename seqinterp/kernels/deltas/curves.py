"""Functions of one number, in single precision and without branches, so that loops over them become vector code.

A difference f(z + d) - f(z) is taken with one formula at both ends, so the small error of a formula all but cancels.
"""

import numpy as np

from seqinterp.kernels import kernel

_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)  # ln 2 in two parts (Cephes expf)
_P = tuple(
    np.float32(c)
    for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
_P0, _P1, _P2, _P3, _P4, _P5 = _P
_ONE, _HALF, _ZERO, _TWO = np.float32(1), np.float32(0.5), np.float32(0), np.float32(2)
_MOST, _LEAST = np.float32(88.0), np.float32(-87.0)
_E = tuple(np.float32(c) for c in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429, 0.3275911))
_E1, _E2, _E3, _E4, _E5, _ERF = _E
_SQRT_HALF = np.float32(0.7071067811865476)
_GELU, _CUBIC = np.float32(0.7978845608028654), np.float32(0.044715)


@kernel
def exponential(z: float) -> float:
    """exp(z), relative error 2e-7 (Cephes: 2^n times a polynomial)."""
    z = _MOST if z > _MOST else z
    z = _LEAST if z < _LEAST else z
    n = np.float32(np.floor(z * _LOG2_E + _HALF))
    r = z - n * _LN2_HIGH - n * _LN2_LOW
    p = ((((_P0 * r + _P1) * r + _P2) * r + _P3) * r + _P4) * r + _P5
    bits = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))
    return (p * r * r + r + _ONE) * bits.view(np.float32)


@kernel
def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z))."""
    return _ONE / (_ONE + exponential(-z))


@kernel
def tangent(z: float) -> float:
    """tanh(z)."""
    return _TWO / (_ONE + exponential(-_TWO * z)) - _ONE


@kernel
def error_function(z: float) -> float:
    """erf(z), absolute error 1.5e-7 (Abramowitz & Stegun 7.1.26)."""
    size = abs(z)
    t = _ONE / (_ONE + _ERF * size)
    value = _ONE - ((((_E5 * t + _E4) * t + _E3) * t + _E2) * t + _E1) * t * exponential(-size * size)
    return value if z > _ZERO else -value


@kernel
def softplus(z: float) -> float:
    """log(1 + exp(z))."""
    return (z if z > _ZERO else _ZERO) + np.log1p(exponential(-abs(z)))


@kernel
def gelu(z: float) -> float:
    """z times the normal distribution's share below z."""
    return _HALF * z * (_ONE + error_function(z * _SQRT_HALF))


@kernel
def gelu_by_tanh(z: float) -> float:
    """The approximation of gelu by tanh."""
    return _HALF * z * (_ONE + tangent(_GELU * (z + _CUBIC * z * z * z)))
