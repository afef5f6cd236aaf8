"""Recurrent layers and attention."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edited_zoo.kit import network
from zoo.kit import Net


@network(length=40)
def lstm_over_the_sequence():
    def forward(self, x):
        _, (last, _) = self.core(x.transpose(1, 2))
        return self.head(last[-1])

    return Net(forward, core=nn.LSTM(4, 8, batch_first=True), head=nn.Linear(8, 2))


@network()
def gru_after_convolution():
    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv(x)), 3).permute(2, 0, 1)
        x, _ = self.core(x)
        return self.head(x.mean(dim=0))

    return Net(
        forward, conv=nn.Conv1d(4, 8, 7, padding=3), core=nn.GRU(8, 6, bidirectional=True), head=nn.Linear(12, 1)
    )


@network(length=40)
def recurrent_cell_in_a_loop():
    def forward(self, x):
        x = F.relu(self.conv(x))
        state = x.new_zeros(x.shape[0], 6)
        for column in x.unbind(dim=2):
            state = self.cell(column, state)
        return self.head(state)

    return Net(forward, conv=nn.Conv1d(4, 6, 5, stride=5), cell=nn.GRUCell(6, 6), head=nn.Linear(6, 1))


@network()
def transformer_encoder():
    """Convolutions make tokens, an encoder mixes them, the first token answers."""

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Conv1d(4, 12, 6, stride=6)
            self.places, self.first = nn.Parameter(torch.randn(1, 11, 12) / 3), nn.Parameter(torch.randn(1, 1, 12))
            layer = nn.TransformerEncoderLayer(12, 3, dim_feedforward=16, dropout=0.1, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(12, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.tokens(x).transpose(1, 2)
            x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], dim=1) + self.places
            return self.head(self.encoder(x)[:, 0])

    return Encoder()


@network()
def transformer_norm_first():
    def forward(self, x):
        x = F.gelu(self.conv(x)).permute(0, 2, 1)
        return self.head(self.layer(x).mean(dim=1))

    layer = nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True, norm_first=True)
    return Net(forward, conv=nn.Conv1d(4, 8, 4, stride=4), layer=layer, head=nn.Linear(8, 1))


@network()
def multihead_attention():
    def forward(self, x):
        x = F.relu(self.conv(x)).permute(2, 0, 1)
        mixed, _ = self.attend(x, x, x)
        return self.head(self.norm(x + mixed).mean(dim=0))

    parts = {"conv": nn.Conv1d(4, 8, 6, stride=3), "attend": nn.MultiheadAttention(8, 2), "norm": nn.LayerNorm(8)}
    return Net(forward, **parts, head=nn.Linear(8, 1))


@network()
def attention_by_hand():
    """Queries, keys and values, with a bias by distance, as Enformer has."""

    def forward(self, x):
        x = F.max_pool1d(F.gelu(self.conv(x)), 4).transpose(1, 2)
        query, key, value = self.project(x).chunk(3, dim=-1)
        weights = (query @ key.transpose(1, 2)) / math.sqrt(8) - self.decay * self.distance
        return self.head((torch.softmax(weights, dim=-1) @ value).flatten(1))

    distance = (torch.arange(15.0)[:, None] - torch.arange(15.0)).abs()
    parts = {"conv": nn.Conv1d(4, 8, 7, padding=3), "project": nn.Linear(8, 24, bias=False), "distance": distance}
    return Net(forward, **parts, decay=nn.Parameter(torch.tensor([0.3])), head=nn.LazyLinear(1))


@network(local=(0, 59))
def scaled_dot_product_attention():
    def forward(self, x):
        x = F.relu(self.conv(x)).transpose(1, 2)
        heads = (part.unflatten(-1, (2, 4)).transpose(1, 2) for part in self.project(x).chunk(3, dim=-1))
        return self.head(F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2).mean(dim=1))

    return Net(forward, conv=nn.Conv1d(4, 8, 5, stride=3), project=nn.Linear(8, 24), head=nn.Linear(8, 1))


@network()
class Enformer(nn.Module):
    """A tower with attention pools, transformer blocks, a cropped softplus head; the target is one bin."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(4, 8, 15, padding=7)
        self.norm, self.conv = nn.BatchNorm1d(8), nn.Conv1d(8, 8, 1)
        self.weigh = nn.Conv2d(8, 8, 1, bias=False)
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 2)

    def pool(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], x.shape[1], -1, 5)
        return (x * self.weigh(x).softmax(dim=-1)).sum(dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.conv(F.gelu(self.norm(x)))
        x = self.pool(x).transpose(1, 2)
        y = self.norm1(x)
        x = x + self.attend(y, y, y, need_weights=False)[0]
        x = x + self.dense(self.norm2(x))
        return F.softplus(self.head(F.gelu(x[:, 3:-3])))[:, 2]
