"""Layer-wise relevance propagation on relevances, one output at a time, every layer written as a dense matrix."""

import copy
import math

import torch
from torch import Tensor, nn

EPSILON = 1e-6


def away(value: float, epsilon: float = EPSILON) -> float:
    """A denominator kept away from zero."""
    return value + epsilon if value >= 0 else value - epsilon


def share(x: Tensor, weight: Tensor, bias: Tensor, seen: Tensor, relevance: Tensor, rule: str, **options) -> Tensor:
    """What the inputs of a dense layer receive; `weight` and `seen` (who is connected) are (output, input)."""
    received = torch.zeros_like(x)
    if rule == "pass":
        return relevance.clone()
    for j in range(len(weight)):
        received += one_output(x, weight[j], float(bias[j]), seen[j], float(relevance[j]), rule, **options)
    return received


def one_output(x: Tensor, w: Tensor, b: float, seen: Tensor, relevance: float, rule: str, **options) -> Tensor:
    """The share of one output among all inputs, by the formulas of Montavon et al. 2019, table 10.1."""
    c = x * w
    z = float(c.sum()) + b
    if rule == "zero":
        return c * relevance / z
    if rule == "epsilon":
        return c * relevance / away(z, options.get("epsilon", EPSILON))
    if rule == "gamma":
        # what has the sign of the output counts more
        gamma = options.get("gamma", 0.25)
        sign = 1 if z >= 0 else -1
        raised = c * (1 + gamma * (sign * c > 0))
        return raised * relevance / away(float(raised.sum()) + b * (1 + gamma * (sign * b > 0)))
    if rule in ("zplus", "alphabeta"):
        alpha, beta = (1.0, 0.0) if rule == "zplus" else (options["alpha"], options["beta"])
        up, down = c.clamp(min=0), c.clamp(max=0)
        excited, inhibited = float(up.sum()) + max(b, 0.0), float(down.sum()) + min(b, 0.0)
        return (alpha * up / (excited + EPSILON) - beta * down / away(inhibited)) * relevance
    if rule == "zbox":
        boxed = c - options["low"] * w.clamp(min=0) - options["high"] * w.clamp(max=0)
        return boxed * relevance / away(float(boxed.sum()))
    if rule == "wsquare":
        return w**2 * relevance / away(float((w**2).sum()))
    assert rule == "flat"
    return seen * relevance / away(float(seen.sum()))


def dense(layer: nn.Module, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """A layer for inputs of this shape as a matrix (output, input) and a bias."""
    count = math.prod(shape)
    with torch.no_grad():
        bias = layer(torch.zeros(1, *shape, dtype=torch.float64)).flatten()
        columns = layer(torch.eye(count, dtype=torch.float64).reshape(count, *shape)).flatten(1)
    return (columns - bias).T, bias


def connected(layer: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """Which inputs each output of a layer sees, as ones and zeros (output, input)."""
    ones = copy.deepcopy(layer)
    with torch.no_grad():
        for parameter in ones.parameters():
            parameter.fill_(1.0 if parameter.ndim > 1 else 0.0)
    return dense(ones, shape)[0]


def along(
    layers: list[nn.Module], one: Tensor, rules: list[tuple[str, dict]], out: Tensor | None, index: int
) -> Tensor:
    """Relevance of one example through layers in a row; that of the last output is `out`, or the output `index`."""
    with torch.no_grad():
        values = [one[None]]
        for layer in layers:
            values.append(layer(values[-1]))
    relevance = out
    if relevance is None:
        relevance = torch.zeros_like(values[-1]).flatten()
        relevance[index] = values[-1].flatten()[index]
    waiting = list(rules)
    for layer, before, after in list(zip(layers, values, values[1:], strict=False))[::-1]:
        relevance = back(layer, before, after, relevance, waiting)
    return relevance.reshape(one.shape)


def back(layer: nn.Module, before: Tensor, after: Tensor, relevance: Tensor, waiting: list) -> Tensor:
    """Relevance of the inputs of one layer; `waiting` holds the rules of the weighted layers not met yet."""
    x, shape = before.flatten(), before.shape[1:]
    if isinstance(layer, nn.Flatten | nn.Dropout | nn.ReLU | nn.GELU | nn.Tanh | nn.LeakyReLU):
        return relevance  # these give zero for zero
    if isinstance(layer, nn.Sigmoid):
        return relevance * (after.flatten() - 0.5) / after.flatten()
    if isinstance(layer, nn.MaxPool1d):
        size, (channels, places) = layer.kernel_size, after.shape[1:]
        moved = torch.zeros(shape, dtype=x.dtype)
        for channel in range(channels):
            for place in range(places):
                winner = place * size + int(before[0, channel, place * size : (place + 1) * size].argmax())
                moved[channel, winner] += relevance[channel * places + place]
        return moved.flatten()
    weight, bias = dense(layer, shape)
    if not list(layer.parameters()):  # a mean
        return share(x, weight, bias, weight, relevance, "zero")
    rule, options = waiting.pop()
    inner = layer[0] if isinstance(layer, nn.Sequential) else layer
    return share(x, weight, bias, connected(inner, shape), relevance, rule, **options)


def folded(layers: list[nn.Module]) -> list[nn.Module]:
    """Every batch norm made one layer with what stands before it."""
    done: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layer = nn.Sequential(done.pop(), layer)
        done.append(layer)
    return done


def lrp(model: nn.Module, inputs: Tensor, index: int = 0, rule: str = "epsilon", **options) -> Tensor:
    """One rule for all weighted layers of a network in a row, a `Pooled` or a `Recurrent` one (see cases.py)."""
    if hasattr(model, "bank"):
        return torch.stack([pooled(model, one, rule, options) for one in inputs])
    if hasattr(model, "core"):
        return torch.stack([recurrent(model, one, index) for one in inputs])
    layers = folded(list(model))
    rules = [(rule, options)] * sum(1 for layer in layers if list(layer.parameters()))
    return torch.stack([along(layers, one, rules, None, index) for one in inputs])


def pooled(model: nn.Module, one: Tensor, rule: str, options: dict) -> Tensor:
    """A bank of filters, rectified; the largest response of each, summed up."""
    with torch.no_grad():
        hidden = torch.relu(model.bank(one[None]))[0]
    relevance = torch.zeros_like(hidden)
    for channel in range(len(hidden)):
        place = int(hidden[channel].argmax())
        relevance[channel, place] = hidden[channel, place]
    return along([model.bank, nn.ReLU()], one, [(rule, options)], relevance.flatten(), 0)


def recurrent(model: nn.Module, one: Tensor, index: int) -> Tensor:
    """An LSTM over positions, the mean of its states and a dense head, all with LRP-epsilon."""
    core, head, steps = model.core, model.head, one.shape[1]
    w_in, w_state, b_in, b_state = (value.detach() for value in core._flat_weights)
    state = cell = torch.zeros(core.hidden_size, dtype=one.dtype)
    kept = []
    for step in range(steps):
        given, recalled = w_in @ one[:, step] + b_in, w_state @ state + b_state
        take, forget, new, show = (given + recalled).chunk(4)
        old, past = state, cell
        cell = forget.sigmoid() * past + take.sigmoid() * new.tanh()
        state = show.sigmoid() * cell.tanh()
        kept.append((given, recalled, take, forget, new, show, old, past, cell, state))
    states = torch.stack([step[-1] for step in kept])
    mean = states.mean(dim=0)
    ones = torch.ones(1)
    weight, bias = head.weight[index].detach(), head.bias[index].detach()
    arrived = one_output(mean, weight, float(bias), ones, float(weight @ mean + bias), "epsilon")
    result, later, later_cell = torch.zeros_like(one), torch.zeros_like(mean), torch.zeros_like(mean)
    for step in range(steps - 1, -1, -1):
        given, recalled, take, forget, new, show, old, past, cell, state = kept[step]
        at_state = arrived * states[step] / (steps * mean) + later
        at_show, at_cell = at_state / 2, at_state / 2 + later_cell
        kept_share = forget.sigmoid() * past / cell
        at_forget, later_cell = at_cell * kept_share / 2, at_cell * kept_share / 2
        at_take = at_new = at_cell * (1 - kept_share) / 2
        gates = [opened(at_take, take), opened(at_forget, forget), at_new, opened(at_show, show)]
        at_gates = torch.cat(gates)
        from_given = at_gates * given / (given + recalled)
        seen = torch.ones_like(w_in)
        result[:, step] = share(one[:, step], w_in, b_in, seen, from_given, "epsilon")
        later = share(old, w_state, b_state, torch.ones_like(w_state), at_gates - from_given, "epsilon")
    return result


def opened(relevance: Tensor, gate: Tensor) -> Tensor:
    """What passes a sigmoid: all but the share of its value at zero."""
    return relevance * (gate.sigmoid() - 0.5) / gate.sigmoid()
