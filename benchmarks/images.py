"""Explaining images beside captum: `python benchmarks/images.py [--networks small_cnn resnet18 densenet121 ...]`.

Occlusion by windows of 15 by 15, every 8, on one picture of 224 by 224, against captum as it comes (one window in a
pass); the gradient and Grad-CAM of four pictures. Every answer is checked before it is timed. The two larger networks
are torchvision's, untrained, in evaluation mode. Figures are written to `benchmarks/results/`.
"""

import argparse
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from measure import write_results
from race import Run, Side, race, require
from torch import Tensor, nn

from seqinterp.attribution import run
from seqinterp.attribution.gradcam import gradcam
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.occlusion import occlusion
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.targets import output
from seqinterp.images.vision import vision

SIDE, WINDOW, STRIDE = 224, 15, 8
ROUNDING = 1e-3  # largest difference from captum, relative to the largest value, that rounding explains
LAYERS = {"small_cnn": "8", "resnet18": "layer4", "densenet121": "features.denseblock4"}  # where Grad-CAM looks


def small_cnn() -> nn.Module:
    """Four convolutions with norms, rectifiers and pools, of the kind that learns on two cores in minutes."""
    layers: list[nn.Module] = []
    for before, after in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2)]
    return nn.Sequential(*layers)


def network(name: str) -> nn.Module:
    """A network with weights drawn from a seed, in evaluation mode."""
    torch.manual_seed(0)
    made = small_cnn() if name == "small_cnn" else getattr(vision().models, name)(weights=None, num_classes=2)
    return made.eval()


def difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def bound(explainer: Explainer, model: nn.Module, inputs: Tensor, size: int | None) -> Run:
    """Our side; captum shows the model all it is given at once, so do we where it is a question of one pass."""
    score = Score(model, output(1))
    return lambda: run.explain(explainer, score, inputs, batch_size=size, device="cpu")


def windows(model: nn.Module, inputs: Tensor, _: str) -> tuple[Run, Run]:
    """Occlusion of one picture; captum averages over windows that overlap, too."""
    from captum.attr import Occlusion

    peer = Occlusion(model)
    shape = {"sliding_window_shapes": (3, WINDOW, WINDOW), "strides": (3, STRIDE, STRIDE)}
    mine = bound(lambda score, rows, /: occlusion(score, rows, window=WINDOW, stride=STRIDE), model, inputs[:1], None)
    return mine, lambda: peer.attribute(inputs[:1], target=1, **shape).float()


def slopes(model: nn.Module, inputs: Tensor, _: str) -> tuple[Run, Run]:
    from captum.attr import Saliency

    peer = Saliency(model)
    return bound(gradient, model, inputs, len(inputs)), lambda: peer.attribute(inputs, target=1, abs=False)


def maps(model: nn.Module, inputs: Tensor, layer: str) -> tuple[Run, Run]:
    from captum.attr import LayerGradCam

    peer = LayerGradCam(model, dict(model.named_modules())[layer])

    def theirs() -> Tensor:
        low = peer.attribute(inputs, target=1, relu_attributions=True).detach()
        return F.interpolate(low, size=(SIDE, SIDE), mode="bilinear", align_corners=False).expand_as(inputs)

    return bound(lambda score, rows, /: gradcam(score, rows, layer=layer), model, inputs, len(inputs)), theirs


METHODS: dict[str, tuple[Callable[[nn.Module, Tensor, str], tuple[Run, Run]], int]] = {
    "gradient": (slopes, 4),
    "gradcam": (maps, 4),
    "occlusion": (windows, 1),
}


def measured(name: str, method: str, repeats: int) -> dict[str, object]:
    """Both sides on one network, after their answers were compared."""
    make, count = METHODS[method]
    model = network(name)
    inputs = torch.randn(4, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum warns that it asks the inputs for gradients
        ours, theirs = make(model, inputs, LAYERS[name])
        apart = difference(ours(), theirs())
        require(apart < ROUNDING, f"our {method} on {name} differs from captum's by {apart:.0e}")
        return {"captum's to": apart, **race(Side(None, ours), Side(None, theirs), count, repeats)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=list(LAYERS), choices=list(LAYERS))
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    figures: dict[str, object] = {}
    for name in options.networks:
        for method in options.methods:
            figures[f"{name}: {method}"] = measured(name, method, options.repeats)
            print(f"{name}: {method}\n  {figures[f'{name}: {method}']}", flush=True)
            write_results("images", figures)


if __name__ == "__main__":
    main()
