"""Which rule of LRP each weighted layer gets: by name, or by a function of the layer's place in the network."""

from collections.abc import Callable
from dataclasses import dataclass

from seqinterp.attribution.rules.lrp.terms import AlphaBeta, Epsilon, Flat, Gamma, Pass, Rule, WSquare, ZBox, ZPlus
from seqinterp.errors import InputError


@dataclass(frozen=True)
class Layer:
    """A weighted operation of the model: a linear one or a convolution.

    index, count: its place among the weighted operations in the order they run, and how many there are.
    word: its name: "linear", "conv1d", "conv_transpose2d" ...
    is_first: it reads the inputs with nothing before it but moves, sums and constants.
    """

    index: int
    count: int
    word: str
    is_first: bool

    @property
    def is_dense(self) -> bool:
        """A linear operation rather than a convolution."""
        return self.word == "linear"


Composite = Callable[[Layer], Rule]


def same(rule: Rule) -> Composite:
    """One rule for every layer."""
    return lambda layer: rule


def epsilon_plus() -> Composite:
    """LRP-z+ for convolutions and LRP-epsilon for dense layers (Montavon et al. 2019; zennit's EpsilonPlus)."""
    return lambda layer: Epsilon() if layer.is_dense else ZPlus()


def epsilon_plus_flat() -> Composite:
    """`epsilon_plus` with LRP-flat where the inputs are read."""
    return lambda layer: Flat() if layer.is_first else epsilon_plus()(layer)


def epsilon_gamma_box(low: float = 0.0, high: float = 1.0, *, gamma: float = 0.25) -> Composite:
    """LRP-zB where the inputs are read, LRP-gamma for convolutions, LRP-epsilon for dense layers.

    The bounds are those of the inputs: 0 and 1 for one-hot sequences.
    """
    deeper: dict[bool, Rule] = {True: Epsilon(), False: Gamma(gamma)}
    return lambda layer: ZBox(low, high) if layer.is_first else deeper[layer.is_dense]


def epsilon_alpha2_beta1() -> Composite:
    """LRP-alpha2-beta1 for convolutions and LRP-epsilon for dense layers."""
    return lambda layer: Epsilon() if layer.is_dense else AlphaBeta(2.0, 1.0)


RULES: dict[str, Composite] = {
    "zero": same(Epsilon(0.0)),
    "epsilon": same(Epsilon()),
    "gamma": same(Gamma()),
    "zplus": same(ZPlus()),
    "alpha1beta0": same(AlphaBeta(1.0, 0.0)),
    "alpha2beta1": same(AlphaBeta(2.0, 1.0)),
    "zbox": same(ZBox()),
    "wsquare": same(WSquare()),
    "flat": same(Flat()),
    "pass": same(Pass()),
    "epsilon_plus": epsilon_plus(),
    "epsilon_plus_flat": epsilon_plus_flat(),
    "epsilon_gamma_box": epsilon_gamma_box(),
    "epsilon_alpha2_beta1": epsilon_alpha2_beta1(),
}


def as_composite(rule: object) -> Composite:
    """Take the name of a rule or composite, a rule, or a function from layers to rules; give the function.

    Raises:
        InputError: `rule` is none of these.
    """
    if isinstance(rule, str):
        if rule not in RULES:
            raise InputError(f"there is no LRP rule {rule!r}; choose one of {', '.join(RULES)}")
        return RULES[rule]
    if isinstance(rule, Rule):
        return same(rule)
    if not callable(rule):
        raise InputError(
            f"rule must be a name, a rule such as Epsilon(1e-6), or a function from a layer to a rule, not {rule!r}"
        )
    return rule
