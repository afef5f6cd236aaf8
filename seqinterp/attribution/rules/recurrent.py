"""Recurrent layers step by step: the equations of torch.nn.LSTM, GRU and RNN in simple operations."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from seqinterp.errors import ModelError

# a cell: (gates of the input, hidden states, hidden weights, hidden bias) -> hidden states
State = tuple[Tensor, ...]
Cell = Callable[[Tensor, State, Tensor, Tensor | None], State]


def _lstm_step(given: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
    hidden, cell = state
    take, forget, new, show = (given + linear(hidden, weight, bias)).chunk(4, -1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(take) * torch.tanh(new)
    return torch.sigmoid(show) * torch.tanh(cell), cell


def _gru_step(given: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
    (hidden,) = state
    given_reset, given_update, given_new = given.chunk(3, -1)
    reset, update, new = linear(hidden, weight, bias).chunk(3, -1)
    update = torch.sigmoid(given_update + update)
    new = torch.tanh(given_new + torch.sigmoid(given_reset + reset) * new)
    return (new + update * (hidden - new),)


def _rnn_step(activation: Callable[[Tensor], Tensor]) -> Cell:
    def step(given: Tensor, state: State, weight: Tensor, bias: Tensor | None) -> State:
        return (activation(given + linear(state[0], weight, bias)),)

    return step


def _one_direction(
    cell: Cell, inputs: Tensor, state: State, weights: Sequence[Tensor], back: bool
) -> tuple[Tensor, State]:
    """Run a cell over (step, batch, feature), from the last step when `back`."""
    given_weight, hidden_weight, *biases = weights
    given_bias, hidden_bias = biases or (None, None)
    given = linear(inputs, given_weight, given_bias).unbind(0)
    shown = []
    for step in reversed(given) if back else given:
        state = cell(step, state, hidden_weight, hidden_bias)
        shown.append(state[0])
    return torch.stack(shown[::-1] if back else shown), state


def _layers(
    cell: Cell,
    inputs: Tensor,
    states: State,
    weights: Sequence[Tensor],
    *,
    has_biases: bool,
    layers: int,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Tensor, ...]:
    """All layers and directions; gives (outputs, last states...)."""
    directions = 2 if bidirectional else 1
    per = 4 if has_biases else 2
    flow = inputs.transpose(0, 1) if batch_first else inputs
    last: list[State] = []
    for layer in range(layers):
        sides = []
        for direction in range(directions):
            place = layer * directions + direction
            own = weights[place * per : (place + 1) * per]
            side, state = _one_direction(cell, flow, tuple(s[place] for s in states), own, back=direction == 1)
            sides.append(side)
            last.append(state)
        flow = torch.cat(sides, -1) if bidirectional else sides[0]
    ends = tuple(torch.stack([state[i] for state in last]) for i in range(len(states)))
    return (flow.transpose(0, 1) if batch_first else flow, *ends)


def _layer_function(cell: Cell, refused: str) -> Callable[..., Any]:
    """The function torch's modules call for a whole stack of layers: not with packed sequences or projections."""

    def run(_: Any, inputs: Tensor, states: Any, weights: Any, *options: Any) -> tuple[Tensor, ...]:
        if isinstance(states, Tensor) and not states.is_floating_point():  # the batch sizes of a PackedSequence
            raise ModelError(
                f"the model runs {refused} over a PackedSequence, which has no rules; give it padded sequences"
            )
        has_biases, layers, _dropout, _training, bidirectional, batch_first = options
        states = (states,) if isinstance(states, Tensor) else tuple(states)
        if len(weights) % (4 if has_biases else 2):
            raise ModelError(
                f"the model runs {refused} with proj_size, which has no rules; use the method 'expected_gradients'"
            )
        settings = {"layers": layers, "bidirectional": bidirectional, "batch_first": batch_first}
        return _layers(cell, inputs, states, weights, has_biases=has_biases, **settings)

    return run


def _cell_function(cell: Cell) -> Callable[..., Any]:
    """The function torch's cells call for one step."""

    def run(_: Any, inputs: Tensor, states: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None) -> Any:
        state = (states,) if isinstance(states, Tensor) else tuple(states)
        after = cell(linear(inputs, w_ih, b_ih), state, w_hh, b_hh)
        return after if len(after) > 1 else after[0]

    return run


lstm = _layer_function(_lstm_step, "an LSTM")
gru = _layer_function(_gru_step, "a GRU")
rnn_tanh = _layer_function(_rnn_step(torch.tanh), "an RNN")
rnn_relu = _layer_function(_rnn_step(torch.relu), "an RNN")
lstm_cell = _cell_function(_lstm_step)
gru_cell = _cell_function(_gru_step)
rnn_tanh_cell = _cell_function(_rnn_step(torch.tanh))
rnn_relu_cell = _cell_function(_rnn_step(torch.relu))
