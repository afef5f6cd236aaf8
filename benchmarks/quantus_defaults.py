"""What Quantus does by its own defaults, and at the edges, with one-hot DNA and pictures."""

from collections.abc import Callable
from functools import partial

import numpy as np
import quantus
import torch
from quantus.functions.perturb_func import batch_baseline_replacement_by_indices, batch_gaussian_noise
from quantus_cases import (
    COUNT,
    LENGTH,
    PLAIN,
    SEED,
    SETS,
    SIZE,
    Case,
    Copied,
    Numbers,
    Watched,
    drawn,
    explained,
    our_sets,
    replaced,
)
from torch import Tensor, nn

from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.evaluation.faithfulness_correlation import faithfulness_correlation
from seqinterp.evaluation.localisation import pointing_game
from seqinterp.evaluation.neighbours import nearby
from seqinterp.evaluation.parameter_randomisation import parameter_randomisation
from seqinterp.evaluation.sensitivity_max import max_sensitivity
from seqinterp.evaluation.sensitivity_n import sensitivity_n
from seqinterp.evaluation.similarity import magnitudes, spearman


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
