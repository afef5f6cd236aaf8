"""Metrics of explanations beside Quantus 0.6.0: `OMP_NUM_THREADS=1 python benchmarks/quantus_peer.py [--repeats 7]`.

Quantus brings OpenCV and scikit-image, so it lives in an environment of its own, with the torch of the project:

    python -m venv quantus_env && quantus_env/bin/pip install -e . torch==2.13.0 quantus==0.6.0

Both get the same model, inputs, attributions and perturbed inputs. That takes three tricks, for Quantus takes single
cells (a base at a position, a channel of a pixel) and puts a number there: its perturb function is one that copies
cells from a given input, its random sets are ours, all cells of a position together, and attributions are given per
position. So it perturbs DNA into DNA. Its sets and replacements are ready when the clock starts; ours are drawn while
it runs. What Quantus does with its own settings is measured as well, under "by_default_on_dna".
"""

import argparse
import math
import warnings
from collections.abc import Callable
from copy import deepcopy
from functools import partial

import numpy as np
import quantus
import torch
from measure import write_results
from quantus_cases import (
    COUNT,
    LENGTH,
    PLAIN,
    SEED,
    SETS,
    SHARE,
    SHARES,
    SIZE,
    Again,
    Case,
    Copied,
    Folded,
    Numbers,
    Values,
    dna,
    drawn,
    explained,
    image,
    our_sets,
    replaced,
)
from quantus_defaults import by_default
from race import Side, race, require
from torch import Tensor

from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.evaluation.deletion import deletion_curve, removal_order
from seqinterp.evaluation.faithfulness_correlation import faithfulness_correlation
from seqinterp.evaluation.infidelity import infidelity_of, share_sizes
from seqinterp.evaluation.localisation import mass_in_mask, pointing_game, top_in_mask
from seqinterp.evaluation.neighbours import nearby
from seqinterp.evaluation.parameter_randomisation import parameter_randomisation
from seqinterp.evaluation.sensitivity_max import local_lipschitz, max_sensitivity
from seqinterp.evaluation.sensitivity_n import sensitivity_n
from seqinterp.evaluation.similarity import contributions, pearson


def set_metrics(case: Case) -> dict[str, tuple[Values, Values]]:
    """Correlations over random sets, Ancona's with sets of one size and Bhatt's with a share."""
    given, place, others = case.attributions, case.shared(case.attributions), replaced(case, SETS)
    shares, sizes = share_sizes(case.inputs, SHARE), [SIZE] * COUNT

    def theirs(size: int, cells: list[Numbers]) -> Tensor:
        options = {"perturb_func": Copied(others), "nr_runs": SETS, "subset_size": case.channels * size}
        with drawn(cells):
            return case.ask(quantus.FaithfulnessCorrelation(**options, **PLAIN), place)

    common = (case.score, case.inputs, given)
    return {
        "faithfulness_correlation": (
            partial(faithfulness_correlation, *common, share=SHARE, sets=SETS, seed=SEED),
            partial(theirs, shares[0], our_sets(case, shares)),
        ),
        "sensitivity_n (Quantus: FaithfulnessCorrelation, its SensitivityN is something else)": (
            partial(sensitivity_n, *common, size=SIZE, sets=SETS, draws=1, seed=SEED),
            partial(theirs, SIZE, our_sets(case, sizes)),
        ),
    }


def order_metrics(case: Case) -> dict[str, tuple[Values, Values]]:
    """The deletion curve, and Quantus's SensitivityN as what can be read off that curve."""
    given, place = case.attributions, case.shared(case.attributions)
    for row in contributions(given).flatten(1):
        require(len(row.unique()) == row.numel(), "places tie, so there is more than one order")
    step = case.channels * (contributions(given)[0].numel() // (len(SHARES) - 1))
    others = replaced(case, 1)

    def curve() -> Tensor:
        return deletion_curve(case.score, case.inputs, given, shares=SHARES, draws=1, seed=SEED).value

    def across_examples() -> Tensor:
        ranks = removal_order(case.inputs, given, seed=SEED)
        ordered = torch.zeros(ranks.shape).scatter_(1, ranks, contributions(given).flatten(1))
        sums = ordered.reshape(COUNT, len(SHARES) - 1, -1).sum(dim=2)
        falls = curve()[:, :1] - curve()[:, 1:]
        counted = int(0.8 * (ordered.shape[1] // step))
        return pearson(sums.T[:counted], falls.T[:counted])

    def theirs(kind: type) -> Tensor:
        return case.ask(kind(perturb_func=Copied(others), features_in_step=step, **PLAIN), place)

    return {
        "deletion curve (Quantus: PixelFlipping)": (
            lambda: curve()[:, 1:],
            partial(theirs, quantus.PixelFlipping),
        ),
        "Quantus's SensitivityN, rebuilt from our deletion curve": (
            across_examples,
            partial(theirs, quantus.SensitivityN),
        ),
    }


def infidelity_metric(case: Case) -> dict[str, tuple[Values, Values]]:
    """Over the perturbed inputs that Quantus goes through."""
    flat = case.inputs.ndim == 3
    model = Folded(case.score.model).eval() if flat else case.score.model
    shape = (COUNT, case.channels, 15, LENGTH // 15) if flat else case.inputs.shape
    given, size, others = gradient(case.score, case.inputs), 1 if flat else 4, replaced(case, 1)

    def theirs() -> tuple[Tensor, Copied]:
        put = Copied(others)
        metric = quantus.Infidelity(perturb_func=put, perturb_patch_sizes=[size], n_perturb_samples=1, **PLAIN)
        x = case.inputs.reshape(shape).numpy()
        return case.ask(metric, given.reshape(shape).numpy(), model=model, x_batch=x), put

    perturbed = torch.from_numpy(np.stack(theirs()[1].seen, axis=1)).reshape(COUNT, -1, *case.inputs.shape[1:])
    ours = partial(infidelity_of, case.score, case.inputs, given, perturbed, kind="slopes")
    return {"infidelity, slopes": (ours, lambda: theirs()[0])}


def stability_metrics(case: Case) -> dict[str, tuple[Values, Values]]:
    """Over our neighbours: one substitution in DNA, a ball around an image, the score unchanged."""
    near = nearby(case.score, case.inputs)
    require(bool(near.found.all()), "an example misses neighbours")
    given = case.attributions

    def theirs(kind: type) -> Tensor:
        metric = kind(perturb_func=Copied(near.inputs.transpose(0, 1)), nr_samples=near.found.shape[1], **PLAIN)
        return case.ask(metric, given.numpy(), explain_func=explained(gradient_times_input, case.target))

    def ours(metric: Callable[..., Tensor]) -> Tensor:
        return metric(case.score, case.inputs, given, explainer=gradient_times_input, near=lambda *_: near)

    return {
        "max_sensitivity": (partial(ours, max_sensitivity), partial(theirs, quantus.MaxSensitivity)),
        "local_lipschitz": (partial(ours, local_lipschitz), partial(theirs, quantus.LocalLipschitzEstimate)),
    }


def randomisation_metrics(case: Case) -> dict[str, tuple[Values, Values]]:
    """Every layer is reset to the same fresh weights by both."""
    torch.manual_seed(SEED)
    score = Score(deepcopy(case.score.model), output(case.target))
    for layer in score.modules():
        if hasattr(layer, "reset_parameters"):
            kept = [value.detach().clone() for value in layer.parameters()]
            layer.reset_parameters = Again(layer)
            for value, old in zip(layer.parameters(), kept, strict=True):
                value.copy_(old)
    given = gradient_times_input(score, case.inputs)

    def ours(order: str) -> Tensor:
        found = parameter_randomisation(score, case.inputs, given, explainer=gradient_times_input, order=order)
        return torch.stack([stage.spearman for stage in found])

    def theirs(order: str) -> Tensor:
        metric = quantus.MPRT(layer_order=order, normalise=False, disable_warnings=True)
        x, y, model = case.inputs.numpy(), np.full(COUNT, case.target), score.model
        explain = explained(gradient_times_input, case.target, places=True)
        found = metric(model=model, x_batch=x, y_batch=y, a_batch=None, explain_func=explain, channel_first=True)
        rows = [row for name, row in found.items() if name != "original"]
        return torch.tensor(rows if order == "top_down" else rows[::-1])

    return {
        "parameter_randomisation, cascading": (partial(ours, "cascading"), partial(theirs, "top_down")),
        "parameter_randomisation, independent": (partial(ours, "independent"), partial(theirs, "independent")),
    }


def localisation_metrics(case: Case) -> dict[str, tuple[Values, Values]]:
    """The magnitude per place, with noise so that not all of it is right."""
    noise = torch.randn(case.inputs.shape, generator=torch.Generator().manual_seed(SEED))
    given, mask = case.attributions, case.mask.unsqueeze(1).numpy()
    given = given + noise * given.abs().amax() / 6
    options = PLAIN | {"abs": True}
    common = (case.score, case.inputs, given)

    def theirs(kind: type) -> Tensor:
        return case.ask(kind(**options), case.shared(given), s_batch=mask).double()

    return {
        "mass_in_mask (Quantus: RelevanceMassAccuracy)": (
            partial(mass_in_mask, *common, mask=case.mask),
            partial(theirs, quantus.RelevanceMassAccuracy),
        ),
        "top_in_mask (Quantus: RelevanceRankAccuracy)": (
            partial(top_in_mask, *common, mask=case.mask),
            partial(theirs, quantus.RelevanceRankAccuracy),
        ),
        "pointing_game": (partial(pointing_game, *common, mask=case.mask), partial(theirs, quantus.PointingGame)),
    }


GROUPS = (
    set_metrics,
    order_metrics,
    infidelity_metric,
    stability_metrics,
    randomisation_metrics,
    localisation_metrics,
)


def compared(case: Case, repeats: int) -> dict[str, dict[str, object]]:
    """Each metric of both: the means over all it gave, how far apart the numbers are (16 digits: equal), the speed."""
    table = {}
    for name, (ours, theirs) in (pair for group in GROUPS for pair in group(case).items()):
        one, other = ours().double(), theirs().double()
        require(one.shape == other.shape and bool(one.isfinite().all()), f"{name} gives {one.shape}, {other.shape}")
        apart = float((one - other).abs().max() / other.abs().max())
        require(apart < 1e-4, f"{name} of {case.name} differs by {apart:.1e} of its size")
        table[name] = {
            "ours": float(one.mean()),
            "quantus": float(other.mean()),
            "numbers": one.numel(),
            "largest_difference": float((one - other).abs().max()),
            "digits": 16 if apart == 0 else math.floor(-math.log10(apart)),
            "speed": race(Side(None, ours), Side(None, theirs), COUNT, repeats),
        }
        print(f"{case.name:18} {name:44.44} {table[name]['digits']} digits", flush=True)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    np.random.seed(SEED)  # noqa: NPY002 - Quantus draws from the global state
    warnings.simplefilter("ignore")  # Quantus warns of every perturbation that changes nothing
    cases = [dna(), image()]
    figures = {
        "quantus": quantus.__version__,
        "compared": {case.name: compared(case, repeats) for case in cases},
        "by_default_on_dna": by_default(cases[0]),
    }
    print(write_results("quantus", figures))


if __name__ == "__main__":
    main()
