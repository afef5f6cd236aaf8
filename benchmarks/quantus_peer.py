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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from unittest.mock import patch

import numpy as np
import quantus
import torch
from measure import write_results
from quantus.functions.perturb_func import batch_baseline_replacement_by_indices, batch_gaussian_noise
from race import Side, race, require
from torch import Tensor, nn

from seqinterp.attribution.gradient import gradient, gradient_times_input
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.targets import output
from seqinterp.evaluation.deletion import deletion_curve, removal_order
from seqinterp.evaluation.faithfulness_correlation import faithfulness_correlation
from seqinterp.evaluation.infidelity import infidelity_of, share_sizes
from seqinterp.evaluation.localisation import mass_in_mask, pointing_game, top_in_mask
from seqinterp.evaluation.neighbours import nearby
from seqinterp.evaluation.parameter_randomisation import parameter_randomisation
from seqinterp.evaluation.replacements import random_sets, usual_replacement
from seqinterp.evaluation.sensitivity_max import local_lipschitz, max_sensitivity
from seqinterp.evaluation.sensitivity_n import sensitivity_n
from seqinterp.evaluation.similarity import contributions, magnitudes, pearson, spearman
from seqinterp.sequence.onehot import one_hot

COUNT, LENGTH, SIDE = 16, 240, 24
SHARES = tuple(step / 24 for step in range(25))  # whole positions, and numbers of cells that Quantus accepts
SETS, SIZE, SHARE, SEED = 64, 10, 0.2, 0
PLANTED = "TGACTCAGCA"
PLAIN = {"normalise": False, "abs": False, "disable_warnings": True, "return_aggregate": False}

Numbers = np.ndarray
Values = Callable[[], Tensor]


@dataclass(frozen=True)
class Case:
    """A trained model, inputs of it, where the planted thing lies, and the output that is explained."""

    name: str
    score: Score
    inputs: Tensor
    mask: Tensor
    target: int

    @property
    def channels(self) -> int:
        return self.inputs.shape[1]

    @property
    def attributions(self) -> Tensor:
        return gradient_times_input(self.score, self.inputs)

    def shared(self, attributions: Tensor) -> Numbers:
        """Attributions summed over bases or channels, `(batch, 1, *places)`: Quantus copies them to every cell."""
        return contributions(attributions).unsqueeze(1).numpy()

    def ask(self, metric: object, attributions: Numbers | None, **options: object) -> Tensor:
        """What a metric of Quantus gives, as a tensor."""
        options = {"softmax": False, "channel_first": True, "batch_size": COUNT} | options
        x = options.pop("x_batch", self.inputs.numpy())
        y = np.full(len(x), self.target)
        model = options.pop("model", self.score.model)
        return torch.tensor(np.array(metric(model=model, x_batch=x, y_batch=y, a_batch=attributions, **options)))


class Copied:
    """A perturb function of Quantus that copies cells from given inputs, `(draws, batch, *features)`, in turn."""

    def __init__(self, others: Tensor) -> None:
        self.others = cycle(others.flatten(2).numpy())
        self.seen: list[Numbers] = []

    def __call__(self, arr: Numbers, indices: Numbers, **_: object) -> Numbers:
        changed = arr.copy()
        np.put_along_axis(changed, indices, np.take_along_axis(next(self.others), indices, axis=1), axis=1)
        self.seen.append(changed)
        return changed


class Watched:
    """A perturb function of Quantus's own, and what it made of what."""

    def __init__(self, function: Callable[..., Numbers]) -> None:
        self.function, self.seen, self.chosen = function, [], []

    def __call__(self, arr: Numbers, indices: Numbers, **options: object) -> Numbers:
        self.chosen.append(np.take_along_axis(arr, indices, axis=1))
        self.seen.append(self.function(arr=arr, indices=indices, **options))
        return self.seen[-1]


class Again:
    """Gives a layer the same fresh weights whenever it is reset, so that both packages randomise alike."""

    def __init__(self, layer: nn.Module) -> None:
        layer.reset_parameters()
        self.layer, self.fresh = layer, [value.detach().clone() for value in layer.parameters()]

    def __call__(self) -> None:
        with torch.no_grad():
            for value, fresh in zip(self.layer.parameters(), self.fresh, strict=True):
                value.copy_(fresh)


class Folded(nn.Module):
    """A DNA model that takes its positions in rows, `(batch, 4, row, column)`: Quantus's infidelity is for images."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        return self.model(inputs.flatten(2))


def dna() -> Case:
    """One logit: is the motif there?"""
    model = nn.Sequential(
        *(nn.Conv1d(4, 16, 11, padding=5), nn.GELU(), nn.Conv1d(16, 16, 7, padding=3), nn.GELU()),
        *(nn.Conv1d(16, 16, 7, padding=3), nn.GELU(), nn.LPPool1d(4, LENGTH), nn.Flatten(), nn.Linear(16, 1)),
    )
    with torch.no_grad():  # a head start: one filter holds the motif
        model[0].weight[0, :, : len(PLANTED)] = one_hot([PLANTED])[0] - 0.25
        model[0].bias[0] = -4.0
    draw = np.random.default_rng(SEED)
    codes = draw.integers(0, 4, (512, LENGTH))
    starts = draw.integers(0, LENGTH - len(PLANTED), 512)
    for row in range(256):
        codes[row, starts[row] : starts[row] + len(PLANTED)] = ["ACGT".index(base) for base in PLANTED]
    inputs = one_hot(["".join(np.array(list("ACGT"))[row]) for row in codes])
    places = torch.arange(LENGTH) - torch.from_numpy(starts)[:COUNT, None]
    trained(model, inputs, torch.arange(512) < 256)
    return Case("DNA 4 x 240", Score(model, output(0)), inputs[:COUNT], (places >= 0) & (places < len(PLANTED)), 0)


def image() -> Case:
    """Two classes: is the bright square there?"""
    model = nn.Sequential(
        *(nn.Conv2d(3, 8, 5, padding=2), nn.Softplus(), nn.Conv2d(8, 8, 5, padding=2), nn.Softplus()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2)),
    )
    draw = np.random.default_rng(SEED)
    inputs = torch.from_numpy(draw.random((512, 3, SIDE, SIDE), np.float32)) * 0.5
    mask = torch.zeros(512, SIDE, SIDE, dtype=torch.bool)
    for row in range(256):
        top, left = draw.integers(0, SIDE - 5, 2)
        mask[row, top : top + 5, left : left + 5] = True
    inputs[:, 0][mask] += 0.6
    trained(model, inputs, torch.arange(512) < 256)
    return Case("image 3 x 24 x 24", Score(model, output(1)), inputs[:COUNT], mask[:COUNT], 1)


def trained(model: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    """Fit in place for a while: the metrics are compared, not the model."""
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(150):
        rows = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(step))[:64]
        outputs = model(inputs[rows])
        logit = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logit, labels[rows].float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval().requires_grad_(False)


def replaced(case: Case, draws: int) -> Tensor:
    """Every place of the inputs replaced in our usual way, `(draws, batch, *features)`."""
    everywhere = torch.ones(case.inputs[:, 0].shape, dtype=torch.bool)
    return usual_replacement(case.inputs)(case.inputs, everywhere, draws=draws, seed=SEED).transpose(0, 1)


def our_sets(case: Case, sizes: list[int]) -> list[Numbers]:
    """Our random sets as cells, all of a place together: run by run, example by example, as Quantus asks for them."""
    masks = [
        random_sets(one[None], size, sets=SETS, seed=SEED).flatten(1)
        for one, size in zip(case.inputs, sizes, strict=True)
    ]
    return [own[run].repeat(case.channels).nonzero().flatten().numpy() for run in range(SETS) for own in masks]


@contextmanager
def drawn(cells: list[Numbers]) -> Iterator[None]:
    """Let Quantus's next random choices be these."""
    chosen = iter(cells)
    with patch("numpy.random.choice", lambda *_, **__: next(chosen)):
        yield


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


def explained(explainer: Explainer, target: int, *, places: bool = False) -> Callable[..., Numbers]:
    """An explain function of Quantus; with `places` of the magnitude of each place."""

    def explain(model: nn.Module, inputs: Numbers, targets: Numbers, **_: object) -> Numbers:
        found = explainer(Score(model, output(target)), torch.as_tensor(inputs, dtype=torch.float32))
        return (magnitudes(found).unsqueeze(1) if places else found).numpy()

    return explain


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


def refusal(call: Callable[[], object]) -> str:
    """What Quantus says when it stops; empty when it does not."""
    try:
        call()
    except (ValueError, AssertionError, TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return ""


def share_of_dna(seen: list[Numbers]) -> float:
    """The share of perturbed inputs in which every column is one base."""
    columns = np.stack(seen).reshape(-1, 4, LENGTH)
    return float(((columns == 1).sum(axis=1) == 1).all(axis=1).mean() * ((columns == 0) | (columns == 1)).all())


def by_default(case: Case) -> dict[str, object]:
    """What comes out on DNA when Quantus is left as it is, and where its definitions are others."""
    return perturbing(case) | randomising(case) | locating(case) | edges(case)


def perturbing(case: Case) -> dict[str, object]:
    """Faithfulness and stability with the perturb functions, the softmax and the normalising of Quantus."""
    given, quiet = case.attributions.numpy(), {"disable_warnings": True, "return_aggregate": False}
    black, flips, noise = (
        Watched(function)
        for function in (
            batch_baseline_replacement_by_indices,
            batch_baseline_replacement_by_indices,
            batch_gaussian_noise,
        )
    )
    correlation = case.ask(quantus.FaithfulnessCorrelation(perturb_func=black, **quiet), given)
    curve = case.ask(quantus.PixelFlipping(perturb_func=flips, **quiet), given, softmax=True)
    explain = {"explain_func": explained(gradient_times_input, 0)}
    lipschitz = partial(quantus.LocalLipschitzEstimate, perturb_func=noise, nr_samples=5, **quiet)
    case.ask(lipschitz(), given, **explain)
    put = Copied(nearby(case.score, case.inputs).inputs.transpose(0, 1))
    normed = case.ask(quantus.LocalLipschitzEstimate(perturb_func=put, nr_samples=1, **quiet), given, **explain)
    put = Copied(nearby(case.score, case.inputs[:2]).inputs.transpose(0, 1))
    metric = quantus.LocalLipschitzEstimate(perturb_func=put, nr_samples=1, **quiet)
    pair = case.ask(metric, given[:2], x_batch=case.inputs[:2].numpy(), **explain)
    own = faithfulness_correlation(case.score, case.inputs, case.attributions, sets=SETS)
    return {
        "faithfulness_correlation": {
            "chosen_cells_that_were_zero_already": float((np.stack(black.chosen) == 0).mean()),
            "perturbed_inputs_that_are_dna": share_of_dna(black.seen),
            "mean": {"quantus": float(correlation.mean()), "ours": float(own.mean())},
        },
        "pixel_flipping": {
            "steps": len(flips.seen),
            "flips_that_change_nothing": float((np.stack(flips.chosen) == 0).mean()),
            "perturbed_inputs_that_are_dna": share_of_dna(flips.seen),
            "values_of_a_model_with_one_logit": sorted(set(curve.flatten().tolist())),
            "area_under_the_curve": refusal(
                lambda: case.ask(quantus.PixelFlipping(features_in_step=48, return_auc_per_sample=True, **quiet), given)
            ),
        },
        "local_lipschitz": {
            "perturbed_inputs_that_are_dna": share_of_dna(noise.seen),
            "the_same_example_in_batches_of_16_and_2": [float(normed[0]), float(pair[0])],
        },
        "infidelity": refusal(lambda: case.ask(quantus.Infidelity(**quiet), given)),
    }


def randomising(case: Case) -> dict[str, object]:
    """Model parameter randomisation with Quantus's seeds, its average and its Spearman over cells."""
    model, y, seen = case.score.model, np.zeros(COUNT, int), []

    def explain(model: nn.Module, inputs: Numbers, targets: Numbers, **_: object) -> Numbers:
        seen.append([model[place].weight.detach().clone() for place in (2, 4)])
        return explained(gradient_times_input, 0)(model, inputs, targets)

    def mprt(**options: object) -> object:
        metric = quantus.MPRT(disable_warnings=True, **options)
        return metric(model=model, x_batch=case.inputs.numpy(), y_batch=y, explain_func=explain, channel_first=True)

    torch.manual_seed(SEED)
    state = torch.get_rng_state()
    stages = {name: float(np.mean(row)) for name, row in mprt().items()}
    moved = not torch.equal(state, torch.get_rng_state())
    layers = [value for name, value in stages.items() if name != "original"]
    found = parameter_randomisation(case.score, case.inputs, case.attributions, explainer=gradient_times_input)
    chance = torch.randn((2, *case.inputs.shape), generator=torch.Generator().manual_seed(SEED)) * case.inputs
    return {
        "parameter_randomisation": {
            "quantus_stages": stages,
            "mean_of_the_stages_without_original": float(np.mean(layers)),
            "average_correlation_that_quantus_returns": float(np.mean(mprt(return_average_correlation=True))),
            "our_stages": {stage.layer: float(stage.spearman.mean()) for stage in found},
            "layers_of_one_shape_get_equal_weights": torch.equal(*seen[-1]),
            "global_random_state_changed": moved,
            "spearman_of_unrelated_attributions": {
                "over_cells_as_quantus": float(spearman(*chance.abs()).mean()),
                "over_positions_as_ours": float(
                    spearman(*magnitudes(chance.flatten(0, 1)).unflatten(0, (2, -1))).mean()
                ),
            },
        }
    }


def locating(case: Case) -> dict[str, object]:
    """Masks: signed attributions, no mask at all, ties, and attributions per base."""
    place, mask = case.shared(case.attributions), case.mask.unsqueeze(1).numpy()
    metric = partial(quantus.RelevanceMassAccuracy, disable_warnings=True)
    mass = case.ask(metric(), place, s_batch=mask)
    none, tied = np.concatenate([mask[:1] & False, mask[1:]]), np.where(mask, 1.0, 1.0)
    tied[:, :, 0] = 0  # one place differs, since Quantus refuses maps that are the same everywhere
    ours = pointing_game(case.score, case.inputs, _places(case, tied), mask=case.mask)
    pointing = partial(quantus.PointingGame, **PLAIN)
    return {
        "mass_in_mask": {
            "range_with_signed_attributions": [float(mass.min()), float(mass.max())],
            "attributions_per_base": refusal(lambda: case.ask(metric(), case.attributions.numpy(), s_batch=mask)),
        },
        "pointing_game": {
            "of_an_empty_mask": {"quantus": float(case.ask(pointing(), place, s_batch=none)[0]), "ours": "NaN"},
            "of_a_map_of_ties": {
                "quantus": float(case.ask(pointing(), tied, s_batch=mask).double().mean()),
                "ours": float(ours.mean()),
            },
            "weighted": refusal(lambda: case.ask(pointing(weighted=True), place, s_batch=mask)),
        },
    }


def edges(case: Case) -> dict[str, object]:
    """Explanations that are the same everywhere, zero, or below zero throughout."""
    flat = torch.ones_like(case.inputs)
    flat[1:] = case.attributions[1:]
    nothing = case.attributions * (torch.arange(COUNT) > 0)[:, None, None]
    near = nearby(case.score, case.inputs)
    put = Copied(near.inputs.transpose(0, 1))
    metric = quantus.FaithfulnessCorrelation(
        perturb_func=Copied(replaced(case, SETS)), subset_size=40, nr_runs=9, **PLAIN
    )
    with drawn(our_sets(case, [SIZE] * COUNT)):
        constant = case.ask(metric, case.shared(flat))[0]
    zero = case.ask(
        quantus.MaxSensitivity(perturb_func=put, nr_samples=10, **PLAIN),
        nothing.numpy(),
        explain_func=explained(gradient_times_input, 0),
    )[0]
    common = (case.score, case.inputs)
    ours = max_sensitivity(*common, nothing, explainer=gradient_times_input, near=lambda *_: near)[0]
    below = -case.shared(case.attributions.abs()) - 1e-6
    return {
        "equal_attributions": {
            "quantus": str(float(constant)),
            "ours": float(sensitivity_n(*common, flat, size=SIZE, sets=9, draws=1)[0]),
        },
        "zero_explanation": {"quantus": str(float(zero)), "ours": float(ours)},
        "attributions_all_below_zero": refusal(lambda: case.ask(quantus.PixelFlipping(**PLAIN), below)),
    }


def _places(case: Case, values: Numbers) -> Tensor:
    """Values per place as attributions of the first base or channel."""
    given = torch.zeros(case.inputs.shape, dtype=torch.float64)
    given[:, :1] = torch.from_numpy(values)
    return given


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
