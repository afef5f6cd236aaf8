"""The output of one layer of a model, read by its name while the model runs; no hook outlives the block."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches

import torch
from torch import Tensor, nn

from seqinterp.attribution.gradient import differentiable, require_slope
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rules.opaque import eager
from seqinterp.errors import InputError, ModelError
from seqinterp.shapes import Inputs

# what stands in (batch, place, channel), the wrong way round for a map over places
_CHANNELS_LAST = (
    nn.Linear,
    nn.LayerNorm,
    nn.RMSNorm,
    nn.Embedding,
    nn.RNNBase,
    nn.MultiheadAttention,
    nn.TransformerEncoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoder,
    nn.TransformerDecoderLayer,
)
# what reads and gives (batch, channel, *places)
_CHANNELS_FIRST = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
)
_Hook = Callable[[str, nn.Module, object], Tensor | None]


@dataclass
class Captured:
    """What a layer gave while the model ran."""

    layer: str
    module: nn.Module
    outputs: list[object] = field(default_factory=list)

    def output(self, rows: int) -> Tensor:
        """Its one output for `rows` examples, `(batch, channel, *places)` or `(batch, unit)`, with its graph.

        Raises:
            InputError: it was not run, or more than once, or it gives something else, or what it gives does not
                depend on the inputs.
        """
        said = f"layer {self.layer!r}"
        if len(self.outputs) != 1:
            times = f"is run {len(self.outputs)} times in one pass" if self.outputs else "takes no part in the score"
            raise InputError(f"{said} {times}, so it has no one output; name a layer that is run once")
        found = self.outputs[0]
        if not isinstance(found, Tensor):
            raise InputError(f"{said} gives a {type(found).__name__}, not one tensor; name a layer inside or after it")
        shape = tuple(found.shape)
        if found.ndim < 2 or shape[0] != rows or (found.ndim > 2 and isinstance(self.module, _CHANNELS_LAST)):
            raise InputError(
                f"{said}, a {type(self.module).__name__}, gives {shape} for {rows} examples, which is not"
                " (batch, channel, *places); name a layer that gives that, such as a convolution"
            )
        if not found.requires_grad:
            raise InputError(f"{said} does not depend on the inputs; name a layer that does")
        return found

    def map(self, rows: int) -> Tensor:
        """Its one output for `rows` examples, `(batch, channel, *places)`, with its graph.

        Raises:
            InputError: as `output`, or there are no places.
        """
        found = self.output(rows)
        if found.ndim < 3:
            raise InputError(
                f"layer {self.layer!r} gives {tuple(found.shape)}, which has no places; name a layer that gives"
                " (batch, channel, *places), such as a convolution"
            )
        return found


@contextmanager
def captured(score: Score, layer: str) -> Iterator[Captured]:
    """Inside the block the outputs of a submodule are kept, with their graph, whatever the model writes in place.

    layer: its name as `model.named_modules()` gives it, such as "features.3".

    Raises:
        InputError: the model has no layer of this name, or it is a TorchScript module.
        ModelError: the whole model is TorchScript.
    """
    module = _find(score, layer)
    seen = Captured(layer, module)

    def keep(_: str, __: nn.Module, output: object) -> Tensor | None:
        if not isinstance(output, Tensor):
            seen.outputs.append(output)
            return None
        kept = output.clone()  # code after the layer writes into another copy
        seen.outputs.append(kept)
        return kept.clone()

    with _hooked({layer: module}, keep):
        yield seen


def last_spatial_layer(score: Score, inputs: Inputs) -> str:
    """The name of the last of `spatial_layers`; errors as there."""
    return list(spatial_layers(score, inputs))[-1]


def spatial_layers(score: Score, inputs: Inputs) -> dict[str, tuple[int, ...]]:
    """The layers, in the order of running, that give `(batch, channel, *places)` with several places: name -> places.

    Found by one pass of one example, among the layers that the score depends on. A layer that is run more than once is
    passed over, and so is what follows a linear, recurrent or attention layer over the places, which has the channels
    last, up to the next convolution, pool or norm with the channels first. A container comes after its last layer.

    Raises:
        InputError: there is no such layer.
        ModelError: the score cannot be differentiated, or the model is TorchScript.
    """
    runs: Counter[str] = Counter()
    candidates: list[tuple[str, Tensor]] = []
    first = True

    def look(name: str, module: nn.Module, output: object) -> Tensor | None:
        nonlocal first
        runs[name] += 1
        flat = isinstance(output, Tensor) and output.ndim < 3
        if not flat:
            first = isinstance(module, _CHANNELS_FIRST) or (first and not isinstance(module, _CHANNELS_LAST))
        if flat or not (first and isinstance(output, Tensor) and _is_map(output)):
            return None
        kept = output.clone()
        candidates.append((name, kept))
        return kept.clone()

    with eager(), differentiable(inputs[:1]) as leaf:
        with _hooked(_layers(score), look):
            total = score(leaf.clone()).sum()
        require_slope(total)
        slopes = torch.autograd.grad(total, [leaf, *(kept for _, kept in candidates)], allow_unused=True)[1:]
    met = zip(candidates, slopes, strict=True)
    found = {name: tuple(kept.shape[2:]) for (name, kept), slope in met if slope is not None and runs[name] == 1}
    if not found:
        raise InputError(
            "the score depends on no layer that gives (batch, channel, *places) with several places in a single run;"
            " choose a method that needs no layer"
        )
    return found


def _is_map(output: Tensor) -> bool:
    """Whether the output for one example has several places and depends on the inputs."""
    return len(output) == 1 and output[:, :1].numel() > 1 and output.requires_grad


@contextmanager
def _hooked(modules: Mapping[str, nn.Module], hook: _Hook) -> Iterator[None]:
    """Inside the block `hook` is told, after every run of a module, its name and output; what it gives replaces it."""
    handles: list[torch.utils.hooks.RemovableHandle] = []
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(lambda m, _, out, name=name: hook(name, m, out)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _layers(score: Score, *, every_name: bool = False) -> dict[str, nn.Module]:
    """The submodules by name; of one that has several names the first, unless `every_name`."""
    model = getattr(score.model, "_orig_mod", score.model)  # what torch.compile was given
    if isinstance(model, torch.jit.ScriptModule):
        raise ModelError("the model is TorchScript, whose layers cannot be read; pass the module it was scripted from")
    named = model.named_modules(remove_duplicate=not every_name)
    return {name: module for name, module in named if name and not isinstance(module, torch.jit.ScriptModule)}


def _find(score: Score, layer: str) -> nn.Module:
    """The submodule of this name."""
    layers = _layers(score, every_name=True)
    if layer not in layers:
        near = get_close_matches(layer, layers, n=3, cutoff=0.5)
        listed = ", ".join(map(repr, near or list(layers)[:8]))
        has = f"near that name it has {listed}" if near else f"it has {listed}" if listed else "it has no named layers"
        raise InputError(f"the model has no layer {layer!r}; {has}")
    return layers[layer]
