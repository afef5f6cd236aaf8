"""Normalisation: by stored statistics, by those of the example, by module and by hand."""

import torch
import torch.nn.functional as F
from torch import nn

from zoo.kit import Kit, Net, blueprint, tokens


@blueprint(piecewise_linear=True)
def batch_norm_after(kit: Kit):
    return nn.Sequential(
        kit.stem(5, bias=False),
        kit.layer("BatchNorm", 5),
        nn.ReLU(),
        nn.Flatten(),
        kit.dense(5, 4),
        nn.BatchNorm1d(4),
        nn.ReLU(),
        nn.Linear(4, 2),
    )


@blueprint(piecewise_linear=True, outputs=3, seed=2)
def batch_norm_before(kit: Kit):
    """Pre-activation order, as Basenji has it."""
    return nn.Sequential(
        kit.layer("BatchNorm", kit.channels),
        nn.ReLU(),
        kit.stem(5),
        kit.layer("BatchNorm", 5, affine=False),
        nn.ReLU(),
        kit.conv(5, 5),
        kit.layer("AdaptiveAvgPool", 1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


@blueprint()
def layer_norm(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.norm(tokens(self.a(inputs))))
        return self.head(F.layer_norm(hidden.flatten(1), (5 * kit.places(),)))

    return Net(forward, a=kit.stem(5), norm=nn.LayerNorm(5), head=kit.dense(5))


@blueprint(seed=1)
def rms_norm(kit: Kit):
    def forward(self, inputs):
        hidden = F.silu(self.norm(tokens(self.a(inputs))))
        return self.head(F.rms_norm(hidden, (5,), eps=1e-3).mean(dim=1))

    return Net(forward, a=kit.stem(5), norm=nn.RMSNorm(5), head=nn.Linear(5, 2))


@blueprint()
def group_norm(kit: Kit):
    return nn.Sequential(
        kit.stem(6), nn.GroupNorm(3, 6), nn.ReLU(), kit.conv(6, 4), nn.GroupNorm(1, 4), nn.Flatten(), kit.dense(4)
    )


@blueprint()
def instance_norm(kit: Kit):
    return nn.Sequential(
        kit.stem(6), kit.layer("InstanceNorm", 6, affine=True), nn.ReLU(), kit.conv(6, 4), nn.Flatten(), kit.dense(4)
    )


@blueprint()
def normalised_length(kit: Kit):
    def forward(self, inputs):
        hidden = F.normalize(self.a(inputs), dim=1)
        flat = F.normalize(F.relu(self.b(hidden)).flatten(1), dim=-1) + F.normalize(hidden.flatten(1), p=1)
        return F.linear(flat, F.normalize(self.head.weight), self.head.bias)

    return Net(forward, a=kit.stem(5), b=kit.conv(5, 5), head=kit.dense(5))


@blueprint()
def norm_by_hand(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(inputs)
        centred = hidden - hidden.mean(dim=1, keepdim=True)
        hidden = centred / torch.sqrt(hidden.var(dim=1, keepdim=True, unbiased=False) + 1e-2)
        hidden = F.relu(hidden) / (hidden.flatten(1).norm(dim=1).view(-1, *[1] * (kit.dims + 1)) + 0.1)
        return self.head(hidden.flatten(1)) + hidden.std(dim=(1, *kit.axes)).unsqueeze(1)

    return Net(forward, a=kit.stem(5), head=kit.dense(5))


@blueprint(outputs=1, seed=2)
def cosine_similarity(kit: Kit):
    """Prototypes compared by angle and by distance."""

    def forward(self, inputs):
        hidden = F.relu(self.a(inputs)).mean(dim=kit.axes)
        distance = torch.cdist(hidden, self.prototypes)
        angle = F.cosine_similarity(hidden.unsqueeze(1), self.prototypes, dim=-1)
        return angle.amax(dim=1) - distance.amin(dim=1)

    return Net(forward, a=kit.stem(6), prototypes=nn.Parameter(torch.randn(3, 6)))
