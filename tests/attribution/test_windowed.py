"""Scores by patches are those of whole images, for every architecture, and where a model asks for more than patches."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import seqinterp as si
from architectures import ARCHITECTURES
from seqinterp.attribution import windowed
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.targets import as_target, output
from seqinterp.attribution.windowed import Patched, windowed_scores
from twins import Call

IMAGES = [case for case in ARCHITECTURES if not case.dna]


def drawn(*layers, side=(23, 30)):
    """Layers one after the other, with weights that follow from a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        nn.Sequential(*layers).eval()(torch.zeros(1, 2, *side))  # lazy layers learn their size
        for layer in layers:
            for weights in layer.parameters():
                nn.init.normal_(weights, 0, 0.3)
        return nn.Sequential(*layers).double().eval()


class Dense(nn.Module):
    """DenseNet: all that came before, norm, rectifier, convolution."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.one, self.two = nn.Conv2d(4, 3, 3, padding=1), nn.Conv2d(7, 3, 3, padding=1)

    def forward(self, inputs):
        assert isinstance(inputs, torch.Tensor)
        maps = [F.relu(self.norm(self.stem(inputs)), inplace=True)]
        maps.append(self.one(maps[0]))
        maps.append(self.two(torch.cat(maps, 1)))
        return F.adaptive_avg_pool2d(torch.cat(maps, 1), (2, 2)).flatten(1)


class Residual(nn.Module):
    """ResNet: in place, a shortcut of another resolution, a gate per channel."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.short, self.gate = nn.Conv2d(2, 4, 1, stride=2), nn.Parameter(torch.rand(1, 4, 1, 1))

    def forward(self, inputs):
        maps = self.two(self.one(inputs).relu_())
        maps += self.short(inputs)
        maps *= self.gate
        return (2 - maps.relu()).mean((2, 3))


NETWORKS = {
    "pools": lambda: drawn(
        nn.Conv2d(2, 4, 5, padding="same"), nn.GELU(), nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(4, 4, (3, 1), dilation=2), nn.AvgPool2d(2), nn.Tanh(), nn.Flatten(), nn.LazyLinear(3),
    ),
    "strides": lambda: drawn(
        nn.Conv2d(2, 4, 7, stride=2, padding=3, groups=2), nn.BatchNorm2d(4), nn.ReLU6(), nn.Dropout2d(),
        nn.Conv2d(4, 3, 4, stride=3), nn.SiLU(inplace=True), nn.Flatten(), nn.LazyLinear(3),
    ),
    "uneven": lambda: drawn(
        nn.Conv2d(2, 3, 2, padding="same"), nn.MaxPool2d(2, ceil_mode=True), nn.ZeroPad2d(1), nn.Conv2d(3, 3, 3),
        nn.GroupNorm(1, 3), nn.AvgPool2d(2, padding=1, count_include_pad=False), nn.Flatten(), nn.LazyLinear(3),
    ),
    "dense": lambda: drawn(Dense()),
    "residual": lambda: drawn(Residual()),
    "numpy": lambda: drawn(
        nn.Conv2d(2, 3, 3), Call(lambda maps: torch.from_numpy(maps.detach().numpy() * 2)), nn.Flatten(),
        nn.LazyLinear(3),
    ),
    "slices": lambda: drawn(
        Call(lambda maps: maps[:, :, 1:-1].permute(0, 1, 3, 2) ** 2), nn.Flatten(), nn.LazyLinear(3)
    ),
}  # fmt: skip


def rows_of(image, tops, lefts, size, seed=3):
    rows = image.repeat(len(tops), 1, 1, 1)
    generator = torch.Generator().manual_seed(seed)
    for row, top, left in zip(rows, tops, lefts, strict=True):
        new = torch.randn(len(image), *size, generator=generator, dtype=image.dtype)
        row[:, top : top + size[0], left : left + size[1]] = new
    return rows


@pytest.fixture(params=[0.6, 1.0])
def share(request, monkeypatch):
    """How much of a map a patch may cover; at 1 patches are kept to the end."""
    monkeypatch.setattr(windowed, "LARGEST_SHARE", request.param)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even")
@pytest.mark.usefixtures("share")
@pytest.mark.parametrize("name", NETWORKS)
def test_equals_whole_images(name):
    image = torch.randn(2, 23, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    model, tops, lefts = NETWORKS[name](), [0, 20, 7, 8, 11, 20], [0, 25, 3, 25, 14, 0]
    rows = rows_of(image, tops, lefts, (3, 5))
    score = Score(model, output(1))
    with torch.no_grad():
        expected = score(rows)
        found = windowed_scores(score, image, rows, tops, lefts, (3, 5))
    assert expected.std() > 0
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("share")
@pytest.mark.parametrize("case", IMAGES, ids=lambda case: case.name)
def test_equals_whole_images_on_every_architecture(case):
    score, image = Score(case.model(), as_target(case.target)), case.inputs(1)[0]
    rows = rows_of(image, [0, 2, 4, 4], [0, 3, 4, 1], (2, 2))
    with torch.no_grad():
        found = windowed_scores(score, image, rows, [0, 2, 4, 4], [0, 3, 4, 1], (2, 2))
        torch.testing.assert_close(found, score(rows), rtol=1e-10, atol=1e-12)


def test_most_of_the_work_is_saved():
    """The numbers that convolutions give: patches of at most 17 by 17, beside maps of 64 by 64."""
    seen = []
    layers = [nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1)]
    model = drawn(*layers, nn.Flatten(), nn.LazyLinear(2), side=(64, 64))
    for layer in layers:
        layer.register_forward_hook(
            lambda _, __, out: seen.append(tuple(out.patch.shape[2:]) if isinstance(out, Patched) else None)
        )
    image = torch.randn(2, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = rows_of(image, [5, 49], [8, 49], (15, 15))
    with torch.no_grad():
        windowed_scores(Score(model, output(0)), image, rows, [5, 49], [8, 49], (15, 15))
    assert seen == [(17, 17), (17, 17), (9, 9), (11, 11)] + [None] * 4  # and the plain scores that it is held against


def test_what_reads_past_the_patches_is_found_out():
    """A function of autograd's own sees the bare numbers, which are NaN: whole images are scored."""

    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, maps):
            return maps * 3

        @staticmethod
        def backward(ctx, signal):
            return 3 * signal

    model = drawn(nn.Conv2d(2, 3, 3), Call(Own.apply), nn.Flatten(), nn.LazyLinear(2), side=(20, 20))
    image = torch.randn(2, 20, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rows = rows_of(image, [0, 9], [3, 15], (4, 4))
    score = Score(model, output(0))
    with torch.no_grad():
        torch.testing.assert_close(windowed_scores(score, image, rows, [0, 9], [3, 15], (4, 4)), score(rows))


@pytest.mark.parametrize("limit", [1, 3, None])
@pytest.mark.parametrize("baseline", ["zeros", "given"])
def test_occlusion_by_patches_is_occlusion(limit, baseline, monkeypatch):
    model = NETWORKS["residual"]()
    inputs = torch.randn(2, 2, 23, 30, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    references = torch.randn(2, 2, 23, 30, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    options = {"window": (5, 7), "stride": (4, 3), "device": "cpu", "target": 1}
    options |= {"baseline": references[:, None]} if baseline == "given" else {}
    with row_limit(limit):
        found = si.attribute(model, inputs, "occlusion", batch_size=limit, **options).values
    monkeypatch.setattr(windowed, "LARGEST_SHARE", 0.0)
    whole = si.attribute(model, inputs, "occlusion", **options).values
    torch.testing.assert_close(found, whole, rtol=1e-9, atol=1e-12)
    assert found.abs().max() > 0


def strip(maps):
    maps = maps.clone()
    maps[..., -6:] = 0
    return maps


def capped(maps):
    maps = maps * 1
    maps[maps > 0.4] = 0.4
    return maps


def filled(maps):
    maps = maps + 0
    maps.masked_fill_(maps < 0.1, 0.3)
    return maps


def some_channels(maps):
    maps = maps - 0
    maps[:, :1].relu_()
    return maps


def into(maps):
    made = maps.clone()
    torch.clamp(maps, max=0.2, out=made)
    return made


def through_a_view(maps):
    maps = maps.clone()
    flat = maps.flatten(2)
    maps.relu_()
    return maps + flat.reshape(maps.shape)


def through_itself(maps):
    maps = maps.clone()
    maps.detach().mul_(2)
    maps.contiguous().relu_()
    return maps


def by_place(maps):
    maps = maps.clone()
    F.leaky_relu(maps, 0.1, True)
    return maps


def shaped(maps):
    maps = maps.clone()
    maps.unsqueeze_(0)
    return maps[0]


@pytest.mark.parametrize(
    "write", [strip, capped, filled, some_channels, into, through_a_view, through_itself, by_place, shaped]
)
@pytest.mark.parametrize("first", [True, False])
def test_what_is_written_in_place_is_there(write, first):
    body = drawn(nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1))
    weights = torch.linspace(-1, 1, 4, dtype=torch.float64)

    class Written(nn.Module):
        def forward(self, inputs):
            assert isinstance(inputs, torch.Tensor)
            maps = body(write(inputs)) if first else write(body(inputs))
            return (maps.amax((2, 3)) + maps.mean((2, 3))) @ weights[:, None]

    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, 23, 30, generator=generator, dtype=torch.float64)
    image[..., -6:] = 0  # what `strip` blanks is blank
    image[:, :8, :8] = image[:, :8, :8].clamp(0.1, 0.2)  # nothing is written where the first window is
    tops, lefts = [0, 3, 10, 19, 12], [0, 20, 26, 26, 4]
    rows = image.repeat(5, 1, 1, 1)
    for row, top, left in zip(rows, tops, lefts, strict=True):
        row[:, top : top + 4, left : left + 4] = 0.5
    score = Score(Written(), output(0))
    with torch.no_grad():
        torch.testing.assert_close(windowed_scores(score, image, rows, tops, lefts, (4, 4)), score(rows))
