"""Averages of gradients and maps of edits, one draw and one edit at a time."""

import math

import torch
from torch import Tensor, nn

from seqinterp.attribution.chance import generator


def slope(model: nn.Module, one: Tensor, index: int, step: float = 1e-6) -> Tensor:
    """Central differences for one example, all features in one call."""
    nudges = step * torch.eye(one.numel(), dtype=one.dtype).reshape(-1, *one.shape)
    with torch.no_grad():
        up, down = (model(one + sign * nudges).reshape(len(nudges), -1)[:, index] for sign in (1, -1))
    return ((up - down) / (2 * step)).reshape(one.shape)


def noisy_slopes(model, one, index, draws, noise_level, seed):
    """A list with the gradient at each noisy copy: the noise is the example's own."""
    noise = torch.randn(draws, *one.shape, generator=generator(seed, one, "smoothgrad"), dtype=torch.float64)
    deviation = noise_level * (float(one.max()) - float(one.min()))
    return [slope(model, one + deviation * noise[draw].to(one.dtype), index) for draw in range(draws)]


def smoothgrad(model, inputs, index=0, draws=25, noise_level=0.15, seed=0):
    """Smilkov et al. 2017: (1/n) sum of gradients."""
    result = []
    for one in inputs:
        slopes = noisy_slopes(model, one, index, draws, noise_level, seed)
        result.append(sum(slopes) / draws)
    return torch.stack(result)


def vargrad(model, inputs, index=0, draws=25, noise_level=0.15, seed=0):
    """Adebayo et al. 2018: variance of the gradients."""
    result = []
    for one in inputs:
        slopes = noisy_slopes(model, one, index, draws, noise_level, seed)
        mean = sum(slopes) / draws
        result.append(sum((each - mean) ** 2 for each in slopes) / draws)
    return torch.stack(result)


def squared_smoothgrad(model, inputs, index=0, draws=25, noise_level=0.15, seed=0):
    """Hooker et al. 2019: (1/n) sum of squared gradients."""
    result = []
    for one in inputs:
        slopes = noisy_slopes(model, one, index, draws, noise_level, seed)
        result.append(sum(each**2 for each in slopes) / draws)
    return torch.stack(result)


def discrete_smoothgrad(model, inputs, index=0, draws=25, rate=0.1, seed=0):
    """Mean gradient over sequences with random bases replaced."""
    result = []
    for one in inputs:
        length, chance = one.shape[1], generator(seed, one, "discrete_smoothgrad")
        hit = torch.rand(draws, length, generator=chance, dtype=torch.float64)
        step = torch.randint(1, 4, (draws, length), generator=chance)
        slopes = []
        for draw in range(draws):
            copy = one.clone()
            for position in range(length):
                column = one[:, position].tolist()
                if max(column) > 0 and hit[draw, position] < rate:
                    copy[:, position] = 0
                    copy[(column.index(max(column)) + int(step[draw, position])) % 4, position] = 1
            slopes.append(slope(model, copy, index))
        result.append(sum(slopes) / draws)
    return torch.stack(result)


def drawn_gradients(model, one, index, references, draws, seed):
    """Pairs (gradient, reference): Latin strata, each round of references meets its own share of (0, 1)."""
    rounds, chance = math.ceil(draws / len(references)), generator(seed, one, "expected_gradients")
    orders = [torch.randperm(len(references), generator=chance).tolist() for _ in range(rounds)]
    within = torch.rand(rounds, len(references), generator=chance, dtype=torch.float64).tolist()
    pairs = []
    for turn in range(rounds):
        for number, reference in enumerate(references):
            stratum = turn * len(references) + orders[turn][number]
            alpha = (stratum + within[turn][number]) / (rounds * len(references))
            pairs.append((slope(model, reference + alpha * (one - reference), index), reference))
    return pairs


def own_references(baseline, one):
    """The references of one example; zeros without a baseline."""
    return [torch.zeros_like(one)] if baseline is None else list(baseline(one[None])[0])


def expected_gradients(model, inputs, index=0, baseline=None, draws=100, seed=0):
    """Erion et al. 2021: mean of (x - r) times the gradient at r + alpha (x - r)."""
    result = []
    for one in inputs:
        pairs = drawn_gradients(model, one, index, own_references(baseline, one), draws, seed)
        result.append(sum(each * (one - reference) for each, reference in pairs) / len(pairs))
    return torch.stack(result)


def hypothetical_expected_gradients(model, inputs, index=0, baseline=None, draws=100, seed=0):
    """For every base c: the column e_c in place of the inputs, contributions summed over the bases."""
    result = torch.zeros_like(inputs)
    for example, one in enumerate(inputs):
        pairs = drawn_gradients(model, one, index, own_references(baseline, one), draws, seed)
        for base in range(4):
            column = torch.zeros(4, 1, dtype=one.dtype)
            column[base] = 1
            parts = [(each * (column - reference)).sum(dim=0) for each, reference in pairs]
            result[example, base] = sum(parts) / len(parts)
    return result


def corrected_gradient(model, inputs, index=0):
    """Majdandzic et al. 2023: the part of the gradient that keeps the sum of a column."""
    along = torch.eye(4, dtype=inputs.dtype) - 0.25
    return torch.stack([along @ slope(model, one, index) for one in inputs])


def corrected_gradient_times_input(model, inputs, index=0):
    """The corrected gradient where a base is."""
    return corrected_gradient(model, inputs, index) * inputs


def dependency_map(explain, inputs, across=max):
    """`explain(one)` before and after each edit; `across` a function of the list of changes at one position."""
    count, _, length = inputs.shape
    result = torch.zeros(count, length, length, dtype=inputs.dtype)
    for example, one in enumerate(inputs):
        before = explain(one).sum(dim=0)
        for place in range(length):
            edits = []
            for base in range(4):
                changed = one.clone()
                changed[:, place] = 0
                changed[base, place] = 1
                if not torch.equal(changed, one):
                    edits.append((explain(changed).sum(dim=0) - before).abs().tolist())
            for other in range(length):
                if other != place:
                    result[example, place, other] = across([edit[other] for edit in edits])
    return result
