"""How layers are joined: concatenation, several inputs and outputs, buffers, resampling, unusual convolutions."""

import torch
import torch.nn.functional as F
from torch import nn

from zoo.kit import Kit, Net, blueprint


@blueprint(piecewise_linear=True, seed=1)
def dense_concatenation(kit: Kit):
    """DenseNet: every layer sees all before it."""

    def forward(self, inputs):
        seen = [self.stem(inputs)]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            seen.append(conv(F.relu(norm(torch.cat(seen, 1)), inplace=True)))
        return self.head(F.relu(torch.cat(seen, 1)).mean(dim=kit.axes))

    widths = [4, 6, 8]
    return Net(
        forward,
        stem=kit.stem(4),
        norms=nn.ModuleList(kit.layer("BatchNorm", width) for width in widths),
        convs=nn.ModuleList(kit.conv(width, 2, bias=False) for width in widths),
        head=nn.Linear(10, 2),
    )


@blueprint(piecewise_linear=True, target=lambda outputs: outputs["profile"][:, 0].flatten(1)[:, 2:5].sum(dim=1))
def profile_and_counts(kit: Kit):
    """BPNet: dilated convolutions with residuals, a dictionary of two heads."""

    def forward(self, inputs):
        hidden = F.relu(self.stem(inputs))
        for conv in self.dilated:
            hidden = hidden + F.relu(conv(hidden))
        return {"profile": self.profile(hidden), "counts": self.counts(hidden.mean(dim=kit.axes))}

    dilated = nn.ModuleList(kit.conv(6, 6, dilation=step, padding=step) for step in (1, 2, 4))
    return Net(
        forward, stem=kit.stem(6, 5), dilated=dilated, profile=kit.conv(6, 1, 3, padding="same"), counts=nn.Linear(6, 1)
    )


@blueprint(target=lambda outputs: outputs[0][:, 1] + 0.5 * outputs[1][1].squeeze(1))
def tuple_of_outputs(kit: Kit):
    def forward(self, inputs):
        hidden = F.elu(self.a(inputs)).flatten(1)
        return self.head(hidden), (hidden, self.other(hidden))

    return Net(forward, a=kit.stem(5), head=kit.dense(5), other=kit.dense(5, 1))


class Conditioned(nn.Module):
    """A model of two inputs, as those with cell-type features are."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self.conv, self.embed, self.head = kit.stem(5), nn.Linear(3, 5), kit.dense(5)
        self.dims = kit.dims

    def forward(self, inputs, extra):
        scale = self.embed(extra).view(-1, 5, *[1] * self.dims)
        return self.head((F.relu(self.conv(inputs) + scale) * scale).flatten(1)) + extra[:, :1]


@blueprint(piecewise_linear=True, seed=3)
def two_inputs(kit: Kit):
    def forward(self, inputs):
        return self.inner(inputs, extra=self.extra.expand(len(inputs), -1))

    return Net(forward, inner=Conditioned(kit), extra=torch.randn(1, 3))


@blueprint(piecewise_linear=True)
def squeezed_branches(kit: Kit):
    """Split, chunk and stack, with constants among the live ones."""

    def forward(self, inputs):
        first, second, third = F.relu(self.a(inputs)).split(2, dim=1)
        left, right = (first - third).chunk(2, dim=1)
        stacked = torch.stack([left, right, second[:, :1], torch.full_like(left, 0.3)], dim=0).sum(dim=2)
        joined = torch.cat([stacked.movedim(0, 1), self.ones.expand_as(second)], dim=1)
        return self.head(F.relu(joined).flatten(1))

    return Net(forward, a=kit.stem(6), ones=torch.ones(1, 1, *kit.shape[1:]), head=kit.dense(6))


@blueprint(piecewise_linear=True)
def assigned_by_index(kit: Kit):
    def forward(self, inputs):
        live = F.relu(self.a(inputs))
        out = inputs.new_zeros(len(inputs), 7, *kit.shape[1:])
        out[:, :5] = live
        out[:, 5:, ..., ::2] = live[:, [1, 0], ..., ::2] * 2
        out[:, 0] += 0.25
        return self.head(F.relu(self.b(out)).flatten(1))

    return Net(forward, a=kit.stem(5), b=kit.conv(7, 4), head=kit.dense(4))


@blueprint(piecewise_linear=True)
def masked_and_padded(kit: Kit):
    def forward(self, inputs):
        hidden = self.a(F.pad(inputs, (1, 1) * kit.dims, value=0.25))
        hidden = F.relu(hidden.masked_fill(self.mask, -0.5))
        hidden = F.relu(self.b(F.pad(hidden, (1, 1) * kit.dims, mode="reflect")))
        return self.head(hidden.index_select(1, self.order).flatten(1))

    mask = torch.arange(kit.shape[-1]) % 5 == 1
    parts = {
        "a": kit.stem(5, padding=0),
        "b": kit.layer("Conv", 5, 5, 3),
        "mask": mask,
        "order": torch.tensor([3, 0, 1]),
    }
    return Net(forward, **parts, head=kit.dense(3))


@blueprint(piecewise_linear=True)
def dropouts(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(self.channels(inputs)))
        hidden = F.dropout(self.b(hidden), 0.4, training=self.training)
        return self.head(self.units(F.relu(hidden).flatten(1)))

    parts = {"channels": kit.layer("Dropout", 0.3), "units": nn.Dropout(0.5), "b": kit.conv(5, 5)}
    return Net(forward, a=kit.stem(5), **parts, head=kit.dense(5))


@blueprint(seed=1)
def cumulative_and_einsum(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(inputs)).flatten(2).cumsum(dim=-1) / kit.places()
        pairs = torch.einsum("bil,bjl->bij", hidden, hidden)
        return torch.einsum("bij,ijo->bo", pairs, self.mix) + torch.cumsum(hidden, 1).tanh().mean(2)[:, 2:]

    return Net(forward, a=kit.stem(4), mix=nn.Parameter(torch.randn(4, 4, 2)))


@blueprint(piecewise_linear=True)
def resampled(kit: Kit):
    """A small U-Net: down, up in three ways, and a skip."""

    def forward(self, inputs):
        first = F.relu(self.a(inputs))
        low = F.relu(self.b(self.down(first)))
        smooth = F.interpolate(low, size=kit.shape[1:], mode="linear" if kit.dims == 1 else "bilinear")
        joined = torch.cat([F.interpolate(low, scale_factor=2), F.relu(smooth - 0.1), self.up(low)], dim=1)
        return self.head(F.relu(joined + first.repeat(1, 3, *[1] * kit.dims)).flatten(1))

    mode = "linear" if kit.dims == 1 else "bilinear"
    return Net(
        forward,
        a=kit.stem(4),
        down=kit.layer("MaxPool", 2),
        b=kit.conv(4, 4),
        up=nn.Upsample(scale_factor=2, mode=mode, align_corners=True),
        head=kit.dense(12),
    )


@blueprint(piecewise_linear=True)
def transposed_convolution(kit: Kit):
    return nn.Sequential(
        kit.conv(kit.channels, 4, 4, stride=2, padding=1),
        nn.ReLU(),
        kit.layer("ConvTranspose", 4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
        nn.LeakyReLU(0.3),
        nn.Flatten(),
        kit.dense(6),
    )


@blueprint(piecewise_linear=True)
def unfolded_convolution(kit: Kit):
    def forward(self, inputs):
        if kit.dims == 1:
            patches = F.pad(inputs, (1, 1)).unfold(2, 3, 1).permute(0, 2, 1, 3).flatten(2)
        else:
            patches = F.unfold(inputs, 3, padding=1).transpose(1, 2)
        return self.head(F.relu(self.bank(patches)).amax(dim=1))

    return Net(forward, bank=nn.Linear(kit.channels * 3**kit.dims, 6), head=nn.Linear(6, 2))


@blueprint(seed=5)
def squeeze_and_excite(kit: Kit):
    def forward(self, inputs):
        hidden = F.relu(self.a(inputs))
        scale = self.excite(hidden.mean(dim=kit.axes)).view(-1, 6, *[1] * kit.dims)
        return self.head((hidden * scale).amax(dim=kit.axes))

    excite = nn.Sequential(nn.Linear(6, 3), nn.ReLU(), nn.Linear(3, 6), nn.Sigmoid())
    return Net(forward, a=kit.stem(6), excite=excite, head=nn.Linear(6, 2))


@blueprint(seed=1)
def separable_convolution(kit: Kit):
    """MobileNet and ConvNeXt blocks: depthwise, pointwise, grouped, strided, circular."""
    return nn.Sequential(
        kit.stem(6, padding_mode="circular"),
        nn.ReLU6(),
        kit.conv(6, 6, 3, groups=6),
        nn.GELU(),
        kit.conv(6, 8, 1, groups=2),
        nn.Hardswish(),
        kit.conv(8, 4, 3, stride=2),
        nn.Flatten(),
        kit.dense(4, stride=2),
    )
