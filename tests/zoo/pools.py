"""Pooling, by modules, by reductions, by sorting, by softmax."""

import torch
import torch.nn.functional as F
from torch import nn

from zoo.kit import Kit, Net, blueprint, tokens


@blueprint(piecewise_linear=True)
def convolution_pool_relu(kit: Kit):
    return nn.Sequential(kit.stem(6), kit.layer("MaxPool", 2), nn.ReLU(), nn.Flatten(), kit.dense(6, stride=2))


@blueprint(piecewise_linear=True)
def overlapping_max_pool(kit: Kit):
    def forward(self, inputs):
        hidden = self.pool(F.relu(self.a(inputs)))
        return self.head(kit.call("max_pool")(self.b(hidden), 3, stride=1, padding=1).flatten(1))

    return Net(
        forward,
        a=kit.stem(5),
        pool=kit.layer("MaxPool", 3, stride=1, padding=1),
        b=kit.conv(5, 5),
        head=kit.dense(5),
    )


@blueprint(piecewise_linear=True)
def padded_dilated_max_pool(kit: Kit):
    pools = [{"stride": 2, "padding": 1}, {"stride": 1, "dilation": 2}, {"stride": 2, "ceil_mode": True}]
    return nn.Sequential(
        kit.stem(5),
        nn.ReLU(),
        *(kit.layer("MaxPool", size, **options) for size, options in zip((3, 2, 2), pools, strict=True)),
        nn.Flatten(),
        nn.Linear(10 if kit.dims == 1 else 5, 2),
    )


@blueprint(piecewise_linear=True)
def average_pools(kit: Kit):
    def forward(self, inputs):
        hidden = self.pool(F.relu(self.a(inputs)))
        hidden = kit.call("avg_pool")(F.relu(self.b(hidden)), 2, ceil_mode=True, count_include_pad=False)
        return self.head(hidden.mean(dim=kit.axes))

    pool = kit.layer("AvgPool", 3, stride=2, padding=1)
    return Net(forward, a=kit.stem(5), pool=pool, b=kit.conv(5, 5), head=nn.Linear(5, 2))


@blueprint(piecewise_linear=True)
def adaptive_pools(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(inputs))
        hidden = torch.cat([self.most(hidden), kit.call("adaptive_avg_pool")(hidden, 5)], dim=1)
        return self.head(self.last(self.b(hidden)).flatten(1))

    return Net(
        forward,
        a=kit.stem(4),
        most=kit.layer("AdaptiveMaxPool", 5),
        b=kit.conv(8, 4),
        last=kit.layer("AdaptiveAvgPool", 1),
        head=nn.Linear(4, 2),
    )


@blueprint(piecewise_linear=True, outputs=1)
def reductions(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(inputs))
        most, least = hidden.amax(dim=kit.axes), self.b(hidden).amin(dim=1).flatten(1)
        return most.mean(dim=-1) - least.mean(dim=1) + torch.amax(hidden, dim=1, keepdim=True).flatten(1).mean(1)

    return Net(forward, a=kit.stem(5), b=kit.conv(5, 5))


@blueprint()
def log_sum_exp(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs)
        return self.head(torch.logsumexp(3 * hidden, dim=kit.axes)) + hidden.logsumexp(dim=1).flatten(1).mean(1, True)

    return Net(forward, a=kit.stem(5), head=nn.Linear(5, 2))


@blueprint(piecewise_linear=True)
def max_with_indices_dropped(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs).max(dim=-1)[0]
        hidden = torch.max(hidden.flatten(2), dim=2).values if kit.dims == 2 else hidden
        least, _ = self.b(inputs).flatten(2).min(dim=2)
        rows, _ = kit.call("max_pool")(self.b(inputs), 3, return_indices=True)
        return self.head(hidden - least) + rows.mean(dim=(1, *kit.axes)).unsqueeze(1)

    return Net(forward, a=kit.stem(6), b=kit.stem(6), head=nn.Linear(6, 2))


@blueprint(piecewise_linear=True)
def top_and_sorted(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(inputs)).flatten(2)
        best = hidden.topk(3, dim=2).values.mean(dim=2)
        ranked = torch.sort(self.b(inputs).flatten(2), dim=2, descending=True)[0] @ self.weights
        return self.head(torch.cat([best, ranked, hidden.median(dim=2).values], dim=1))

    weights = torch.linspace(1, -0.5, kit.places())
    return Net(forward, a=kit.stem(4), b=kit.stem(4), weights=weights, head=nn.Linear(12, 2))


@blueprint(probability=True, outputs=3)
def softmax_output(kit: Kit):
    return nn.Sequential(
        kit.stem(5), nn.ReLU(), kit.layer("AdaptiveMaxPool", 1), nn.Flatten(), nn.Linear(5, 3), nn.Softmax(dim=1)
    )


@blueprint(outputs=3, target=lambda outputs: outputs[:, 1] - outputs[:, 0])
def log_softmax_output(kit: Kit):
    """The target is a margin: there the normaliser cancels."""

    def forward(self, inputs):
        return F.log_softmax(self.head(torch.tanh(self.a(inputs)).flatten(1)), dim=-1)

    return Net(forward, a=kit.stem(5), head=kit.dense(5, 3))


@blueprint()
def softmax_pooling(kit: Kit):
    """Attention pooling as Enformer and multiple-instance learning do it, over places and over channels."""

    def forward(self, inputs):
        hidden = tokens(self.a(inputs))
        pooled = (hidden * torch.softmax(self.weigh(hidden), dim=1)).sum(dim=1)
        own = (hidden * (2 * hidden).softmax(dim=-1)).sum(dim=-1).mean(dim=1, keepdim=True)
        return self.head(pooled) + own - F.softmin(pooled, dim=1)[:, :1]

    return Net(forward, a=kit.stem(6), weigh=nn.Linear(6, 6, bias=False), head=nn.Linear(6, 2))
