"""What each method costs and where it is known to fail, one line each; `methods` adds what the catalogue knows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """needs: beside the inputs. cost: passes of the model for one example, backward ones counted as two forward ones.

    fails: where the method is known to mislead, and who has shown it.
    """

    needs: str
    cost: str
    fails: str


_SATURATES = "flat where the score is saturated: a base that matters can have no slope (Shrikumar et al. 2017)"
_OFF_PATH = "asks the network about mixtures of bases that it has never seen; the baseline decides what is explained"
_MOVES = (
    "removes windows, so the network sees inputs unlike its training data; width and stride decide (Hooker et al. 2019)"
)
_IGNORES = "hardly changes when the network's weights are randomised: shows edges of the input (Adebayo et al. 2018)"

FACTS: dict[str, Facts] = {
    "gradient": Facts("a gradient", "3", _SATURATES),
    "gradient_times_input": Facts("a gradient", "3", f"{_SATURATES}; a base that is not there gets nothing"),
    "corrected_gradient": Facts("a gradient, one-hot DNA", "3", _SATURATES),
    "smoothgrad": Facts("a gradient", "3 x draws", "noise between bases is no DNA; as smooth as the noise is strong"),
    "vargrad": Facts("a gradient", "3 x draws", "has no sign, and no scale that can be compared between examples"),
    "squared_smoothgrad": Facts("a gradient", "3 x draws", "has no sign; mixes the mean and the variance of slopes"),
    "discrete_smoothgrad": Facts("a gradient, one-hot DNA", "3 x draws", _SATURATES),
    "integrated_gradients": Facts("a gradient, a baseline", "3 x points, refined until it adds up", _OFF_PATH),
    "exact_integrated_gradients": Facts(
        "a piecewise-linear network, a baseline", "3 x pieces", f"{_OFF_PATH}; very deep networks have too many pieces"
    ),
    "expected_gradients": Facts("a gradient, references", "3 x draws", f"adds up on average only; {_OFF_PATH}"),
    "deeplift": Facts(
        "references", "about 4 x references", "products of two parts that change are shared by rule, not by truth"
    ),
    "lrp": Facts(
        "a rule for the layers", "about 3", "the composite decides the picture; small denominators blow up under LRP-0"
    ),
    "guided_backprop": Facts("rectifiers", "3", _IGNORES),
    "deconvnet": Facts("rectifiers", "3", _IGNORES),
    "gradcam": Facts("a layer with places", "3", "as coarse as the layer; says where, never which base"),
    "gradcam_plus_plus": Facts(
        "a layer with places", "3", "as coarse as the layer; its weights have no proof behind them"
    ),
    "occlusion": Facts("a replacement", "windows", _MOVES),
    "shapley": Facts(
        "groups, a baseline",
        "2^groups, or draws x groups",
        "groups above 12 are sampled; absent groups are off the data: with zeros XOR comes out wrong, so give shuffles",
    ),
    "kernel_shap": Facts("groups, a baseline", "samples", "needs many samples: few give another answer every time"),
    "lime": Facts(
        "groups, a kernel width",
        "samples",
        "the kernel width decides; changes when it is run again (Alvarez-Melis & Jaakkola 2018)",
    ),
    "mutagenesis": Facts(
        "one-hot DNA",
        "3 x positions, exact in far fewer",
        "one edit at a time: two sites that stand in for each other both look useless",
    ),
}

# Mean AUROC over bases on 63 trained networks of motif grammars (benchmarks/LEADERBOARD.md has intervals and settings);
# 0.5 is chance. Maps of all four bases are read as their sum, which is not what the base that stands there does.
LEADERBOARD: dict[str, float] = {
    "gradient": 0.871,
    "gradient_times_input": 0.943,
    "corrected_gradient": 0.962,
    "smoothgrad": 0.889,
    "vargrad": 0.942,
    "squared_smoothgrad": 0.984,
    "discrete_smoothgrad": 0.925,
    "integrated_gradients": 0.979,
    "exact_integrated_gradients": 0.977,
    "expected_gradients": 0.994,
    "deeplift": 0.997,
    "lrp": 0.96,
    "guided_backprop": 0.895,
    "deconvnet": 0.662,
    "gradcam": 0.761,
    "gradcam_plus_plus": 0.816,
    "occlusion": 0.968,
    "shapley": 0.964,
    "kernel_shap": 0.951,
    "lime": 0.951,
    "mutagenesis": 0.987,
}
