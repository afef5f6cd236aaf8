"""Recurrent and attention models; the places of an image are read as one sequence."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from zoo.kit import Kit, Net, blueprint, tokens


@blueprint(seed=2)
def lstm(kit: Kit):
    def forward(self, inputs):
        states, (last, _) = self.core(tokens(inputs))
        return self.head(torch.cat([states.amax(dim=1), 2 * last[-1]], dim=1))

    core = nn.LSTM(kit.channels, 3, num_layers=2, bidirectional=True, batch_first=True)
    return Net(forward, core=core, head=nn.Linear(9, 2))


@blueprint(seed=3)
def gru(kit: Kit):
    """Places first, and only the last state is used."""

    def forward(self, inputs):
        _, last = self.core(F.relu(self.a(inputs)).flatten(2).permute(2, 0, 1))
        return self.head(last.transpose(0, 1).flatten(1))

    return Net(forward, a=kit.stem(4), core=nn.GRU(4, 4, bidirectional=True), head=nn.Linear(8, 2))


@blueprint(outputs=1, seed=2)
def recurrent(kit: Kit):
    def forward(self, inputs):
        hidden = self.steep(self.core(tokens(inputs))[0])[0]
        return self.head(hidden.amax(dim=1)).squeeze(-1)

    core = nn.RNN(kit.channels, 4, batch_first=True)
    steep = nn.RNN(4, 4, batch_first=True, nonlinearity="relu")
    return Net(forward, core=core, steep=steep, head=nn.Linear(4, 1))


@blueprint(seed=1)
def lstm_by_hand(kit: Kit):
    def forward(self, inputs):
        hidden = tokens(self.a(inputs))
        state, cell = hidden.new_zeros(len(hidden), 4), hidden.new_zeros(len(hidden), 4)
        for place in range(hidden.shape[1]):
            into, forget, new, out = (self.read(hidden[:, place]) + self.recall(state)).chunk(4, dim=-1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(into) * torch.tanh(new)
            state = torch.sigmoid(out) * torch.tanh(cell)
        return self.head(state)

    return Net(
        forward,
        a=kit.conv(kit.channels, 4, 4, stride=2, padding=1),
        read=nn.Linear(4, 16),
        recall=nn.Linear(4, 16, bias=False),
        head=nn.Linear(4, 2),
    )


@blueprint(seed=1)
def recurrent_cells(kit: Kit):
    def forward(self, inputs):
        hidden = tokens(self.a(inputs)).unbind(dim=1)
        state = None
        gated = hidden[0].new_zeros(len(inputs), 3)
        for token in hidden:
            state = self.lstm(token, state)
            gated = self.gru(state[0], gated)
        return self.head(torch.cat([state[1], gated], dim=1))

    return Net(
        forward,
        a=kit.conv(kit.channels, 4, 4, stride=2, padding=1),
        lstm=nn.LSTMCell(4, 3),
        gru=nn.GRUCell(3, 3),
        head=nn.Linear(6, 2),
    )


@blueprint(seed=3)
def attention_with_weights(kit: Kit):
    """The weights are asked for and used."""

    def forward(self, inputs):
        hidden = tokens(self.a(inputs)) + self.where
        mixed, weights = self.attention(hidden, hidden, hidden)
        return self.head((hidden + mixed).mean(dim=1)) + weights.square().sum(dim=2).mean(dim=1, keepdim=True)

    attention = nn.MultiheadAttention(6, 2, batch_first=True)
    where = nn.Parameter(0.5 * torch.randn(kit.places(), 6))
    return Net(forward, a=kit.stem(6), where=where, attention=attention, head=nn.Linear(6, 2))


@blueprint()
def attention_places_first(kit: Kit):
    """No weights; the batch is the second axis; queries, keys and values differ in width."""

    def forward(self, inputs):
        hidden = F.relu(self.a(inputs)).flatten(2).permute(2, 0, 1)
        mixed, _ = self.attention(hidden, hidden[..., :4], hidden[..., 2:], need_weights=False)
        return self.head(mixed.mean(dim=0))

    attention = nn.MultiheadAttention(6, 3, kdim=4, vdim=4)
    return Net(forward, a=kit.stem(6), attention=attention, head=nn.Linear(6, 2))


@blueprint(seed=2)
def scaled_dot_product(kit: Kit):
    def forward(self, inputs):
        hidden = tokens(self.a(inputs)) + self.embed(torch.arange(kit.places(), device=inputs.device))
        query, key, value = self.mix(hidden).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        mixed = mixed + F.scaled_dot_product_attention(query, key, mixed, is_causal=True, scale=0.7)
        return self.head(mixed.transpose(1, 2).flatten(2).amax(dim=1))

    embed = nn.Embedding(kit.places(), 6)
    return Net(forward, a=kit.stem(6), embed=embed, mix=nn.Linear(6, 24), head=nn.Linear(8, 2))


@blueprint(seed=1)
def attention_by_hand(kit: Kit):
    """Heads folded into the batch, then once more by einsum with a mask of minus infinities."""

    def forward(self, inputs):
        hidden = tokens(F.gelu(self.a(inputs)))
        batch, places, width = hidden.shape
        query, key, value = (
            part.reshape(batch, places, 2, width // 2).transpose(1, 2).reshape(batch * 2, places, width // 2)
            for part in self.mix(hidden).chunk(3, dim=-1)
        )
        weights = torch.softmax(torch.bmm(query, key.transpose(1, 2)) / math.sqrt(width // 2), dim=-1)
        mixed = torch.bmm(weights, value).view(batch, 2, places, -1).transpose(1, 2).reshape(batch, places, width)
        logits = torch.einsum("bid,bjd->bij", mixed, hidden).masked_fill(self.later, float("-inf"))
        return self.head((logits.softmax(dim=-1) @ hidden).mean(dim=1))

    later = torch.ones(kit.places(), kit.places(), dtype=torch.bool).triu(1)
    return Net(forward, a=kit.stem(6), mix=nn.Linear(6, 18), later=later, head=nn.Linear(6, 2))


@blueprint()
def folded_tokens(kit: Kit):
    """Places folded into the batch axis and back."""

    def forward(self, inputs):
        hidden = tokens(self.a(inputs)).reshape(-1, 6)
        hidden = self.norm(F.relu(self.grow(hidden)))
        hidden = torch.tanh(self.shrink(hidden)).view(len(inputs), -1)
        return self.head(hidden)

    return Net(
        forward,
        a=kit.stem(6),
        grow=nn.Linear(6, 8),
        norm=nn.BatchNorm1d(8),
        shrink=nn.Linear(8, 3),
        head=kit.dense(3),
    )


@blueprint(seed=1)
def transformer(kit: Kit):
    def forward(self, inputs):
        hidden = torch.cat([self.first.expand(len(inputs), -1, -1), tokens(self.a(inputs)) + self.where], dim=1)
        return self.head(self.second(self.layer(hidden))[:, 0])

    options = {"d_model": 6, "nhead": 2, "dim_feedforward": 8, "batch_first": True}
    return Net(
        forward,
        a=kit.stem(6),
        first=nn.Parameter(torch.randn(1, 1, 6)),
        where=nn.Parameter(0.5 * torch.randn(kit.places(), 6)),
        layer=nn.TransformerEncoderLayer(**options),
        second=nn.TransformerEncoderLayer(**options, norm_first=True, activation="gelu"),
        head=nn.Linear(6, 2),
    )
