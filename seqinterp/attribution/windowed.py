"""Scores of an image with windows replaced: each layer is computed only where a window reaches, the rest is shared.

All rows are one image but for a window each. Through convolutions, norms, rectifiers and pools a row is kept as a
patch on the map that the image itself gives; where patches grow to most of a map, or an operation is not known, the
maps are laid out whole and the model goes on as it was written: slower, never wrong.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows, rows_at_once
from seqinterp.attribution.rules.call import name_of
from seqinterp.attribution.rules.opaque import eager
from seqinterp.shapes import Scores

LARGEST_SHARE = 0.6  # of a map that a patch covers, beyond which whole maps are quicker
FEWER = 16  # times as many rows at once as of whole images, which take so much more memory
AGREES = 1e-5  # relative difference from the plain score of a row beyond which patches are not trusted
_ONE_BY_ONE = frozenset(["relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus"])
_ONE_BY_ONE |= {"sigmoid", "tanh", "hardtanh", "hardswish", "hardsigmoid", "clamp", "clamp_min", "clamp_max", "abs"}
_ONE_BY_ONE |= {"square", "sqrt", "exp", "log", "neg", "clone"}
_OFTEN_ITSELF = frozenset(["contiguous", "detach", "to", "float", "double"])
_OF_SEVERAL = frozenset(["add", "sub", "rsub", "mul", "div", "cat", "concat", "concatenate", "maximum", "minimum"])
_Pair = tuple[int, int]
Mask = Callable[[int, int], Tensor]


class Patched(Tensor):
    """Rows that are one map but for a patch each; its own numbers are NaN, so that what reads past it is found out.

    whole: `(1, channel, row, column)`. patch: `(batch, channel, height, width)`. tops, lefts: where each begins.
    maps: the rows laid out whole, once some operation has asked for them; version: that of the maps then. Views of
    them may have been handed out, so whatever is written in place from then on is written there, and counts.
    """

    whole: Tensor
    patch: Tensor
    tops: list[int]
    lefts: list[int]
    maps: Tensor | None
    version: int

    @classmethod
    def of(cls, whole: Tensor, patch: Tensor, tops: list[int], lefts: list[int]) -> "Patched":
        """Rows with these patches, in the shape of the whole maps."""
        held = whole.new_full((1,), torch.nan).expand(len(patch), *whole.shape[1:]).as_subclass(cls)
        held.whole, held.patch, held.tops, held.lefts, held.maps, held.version = whole, patch, tops, lefts, None, 0
        return held

    @property
    def is_written(self) -> bool:
        """Whether the maps were written to since they were laid out, so that the patches are out of date."""
        return self.maps is not None and self.maps._version != self.version

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute an operation on patches where there is a way, on whole maps where there is none."""
        keywords = dict(kwargs or {})
        name = name_of(func)
        if name.word in ("__get__", "size", "dim", "ndimension", "numel", "__len__", "is_floating_point", "stride"):
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **keywords)
        written = args[0] if name.in_place else None
        seen = isinstance(written, Patched) and written.maps is not None
        with torch._C.DisableTorchFunctionSubclass():
            found = None if seen else _computed(name.word, func, args, keywords)
            if found is None:
                return _on_maps(func, args, keywords, written)
            if isinstance(written, Patched):
                written.whole, written.patch, written.tops, written.lefts = (
                    found.whole, found.patch, found.tops, found.lefts,
                )  # fmt: skip
                return written
            return found


def is_small(image: Tensor, height: int, width: int) -> bool:
    """Whether a patch covers so little of a map, of which rows and columns come last, that patches are worth while."""
    return height * width <= LARGEST_SHARE * image.shape[-2] * image.shape[-1]


def patch_scores(
    score: Score, image: Tensor, references: Tensor, kept: Mask, begins: list[list[int]], size: _Pair
) -> Tensor:
    """The score of an image with each of its windows replaced, the mean over the references, as `mixture_scores`.

    `kept(start, stop)` gives the masks of windows, True where the image stays; `begins` are the rows and the columns
    where the patches of `size` begin that hold them.
    """
    done: list[Tensor] = []
    draws = len(references)
    at_once = max(1, rows_at_once(image.numel() // FEWER) // draws)
    with torch.no_grad():
        for start in range(0, len(begins[0]), at_once):
            stop = min(start + at_once, len(begins[0]))
            rows = torch.where(kept(start, stop).unsqueeze(1), image, references).flatten(0, 1)
            tops, lefts = ([each for each in begin[start:stop] for _ in range(draws)] for begin in begins)
            scores = windowed_scores(score, image, rows, tops, lefts, size).double()
            done.append(scores.reshape(-1, draws).mean(dim=1))
    return torch.cat(done)


def windowed_scores(
    score: Score, image: Tensor, rows: Tensor, tops: list[int], lefts: list[int], size: _Pair
) -> Scores:
    """The score of rows that differ from `image`, `(channel, row, column)`, only in a window of `size` each.

    The first row, and the one whose score is farthest from the others', are scored as they are, too; where that
    disagrees, or a score is not finite, all rows are.
    """
    height, width = size
    patches = [row[:, t : t + height, s : s + width] for row, t, s in zip(rows, tops, lefts, strict=True)]
    try:
        with eager():
            found = score(Patched.of(image[None], torch.stack(patches), tops, lefts))
    except (RuntimeError, TypeError, AttributeError):  # code that asks for more than a tensor's shape and operations
        return by_rows(score, rows)
    plain = laid_out(found) if isinstance(found, Patched) else found
    if plain.shape != rows.shape[:1] or not bool(torch.isfinite(plain).all()):
        return by_rows(score, rows)
    shown = torch.tensor([0, int((plain - plain.median()).abs().argmax())], device=plain.device)
    expected = by_rows(score, rows[shown])
    apart, scale = (plain[shown] - expected).abs(), torch.maximum(expected.abs(), plain.abs().max())
    return plain if bool((apart <= AGREES * scale).all()) else by_rows(score, rows)


def laid_out(rows: Patched) -> Tensor:
    """The whole maps, `(batch, channel, row, column)`; the same ones each time."""
    if rows.maps is not None:
        return rows.maps
    maps = rows.whole.expand(len(rows.patch), *rows.whole.shape[1:]).clone()
    height, width = rows.patch.shape[2:]
    for place, patch, top, left in zip(maps, rows.patch, rows.tops, rows.lefts, strict=True):
        place[:, top : top + height, left : left + width] = patch
    rows.maps, rows.version = maps, maps._version
    return maps


def _on_maps(func: Callable[..., Any], args: Sequence[Any], keywords: dict[str, Any], written: Any) -> Any:
    """The operation on whole maps; what it writes in place is written there, and gives the rows back."""
    plain = [_plain(value) for value in args]
    found = func(*plain, **{name: _plain(value) for name, value in keywords.items()})
    if not isinstance(written, Patched):
        return found
    if laid_out(written).shape != (len(written.patch), *written.whole.shape[1:]):
        raise RuntimeError("an operation in place gave the rows another shape")  # which they cannot have
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, Patched):
        return laid_out(value)
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _computed(word: str, func: Callable[..., Any], args: Sequence[Any], keywords: dict[str, Any]) -> Patched | None:
    """The operation on patches; None where there is no way."""
    first = args[0] if args else None
    if word in _OF_SEVERAL:
        return _several(word, func, args, keywords)
    if not isinstance(first, Patched) or any(isinstance(value, Patched) for value in (*args[1:], *keywords.values())):
        return None
    if first.is_written:
        return None
    others = [*args[1:], *keywords.values()]
    if any(isinstance(value, torch.memory_format) for value in others):
        return None
    if word in _OFTEN_ITSELF:
        whole = func(first.whole, *args[1:], **keywords)
        if whole.data_ptr() == first.whole.data_ptr():  # to write to the one is to write to the other
            return first
        return Patched.of(whole, func(first.patch, *args[1:], **keywords), first.tops, first.lefts)
    if word in _ONE_BY_ONE and not any(isinstance(value, Tensor) for value in others):
        return _each(first, lambda maps: func(maps, *args[1:], **keywords))
    if word == "dropout" or word == "feature_dropout":
        return first if not _option(args, keywords, 2, "training", True) else None
    if word == "batch_norm":
        still = (
            not _option(args, keywords, 5, "training", False)
            and _option(args, keywords, 1, "running_mean", None) is not None
        )
        return _each(first, lambda maps: func(maps, *args[1:], **keywords)) if still else None
    reads = _READS.get(word)
    return None if reads is None else reads(first, func, args, keywords)


def _each(rows: Patched, function: Callable[[Tensor], Tensor]) -> Patched:
    """An operation that treats every place alike, on copies; where it writes in place, these rows change."""
    copy = rows.whole.clone()
    version = copy._version
    whole, patch = function(copy), function(rows.patch.clone())
    if copy._version == version:
        return Patched.of(whole, patch, rows.tops, rows.lefts)
    if rows.maps is not None:
        raise RuntimeError("rows of which there may be views were written to")  # which would not see it
    rows.whole, rows.patch = whole, patch
    return rows


def _option(args: Sequence[Any], keywords: dict[str, Any], place: int, name: str, default: Any) -> Any:
    """An argument that is given by its place or by its name."""
    return args[place] if len(args) > place else keywords.get(name, default)


def _several(word: str, func: Callable[..., Any], args: Sequence[Any], keywords: dict[str, Any]) -> Patched | None:
    """Sums, products and the like of rows with one another, or with numbers that are the same at every place."""
    joins = word.startswith("con") or word == "cat"
    operands = list(args[0] if joins else args[:2])
    if joins and _option(args, keywords, 1, "dim", 0) != 1:
        return None
    held = [value for value in operands if isinstance(value, Patched)]
    if any(value.is_written for value in held) or any(isinstance(value, Patched) for value in keywords.values()):
        return None
    same = {value.whole.shape[2:] for value in held} | {torch.Size([len(value.patch)]) for value in held}
    if len(same) != 2 or not all(isinstance(value, Patched) or (not joins and _placeless(value)) for value in operands):
        return None
    tops, height = _joint([value.tops for value in held], [value.patch.shape[2] for value in held], held[0].shape[2])
    lefts, width = _joint([value.lefts for value in held], [value.patch.shape[3] for value in held], held[0].shape[3])
    if not is_small(held[0].whole, height, width):
        return None
    patches = [_cut(value, tops, lefts, (height, width)) if isinstance(value, Patched) else value for value in operands]
    wholes = [value.whole.clone() if isinstance(value, Patched) else value for value in operands]
    rest = args[1:] if joins else args[2:]
    made = [
        func(values, *rest, **keywords) if joins else func(*values, *rest, **keywords) for values in (wholes, patches)
    ]
    return Patched.of(made[0], made[1], tops, lefts)


def _placeless(value: Any) -> bool:
    """Whether a number, or a tensor of numbers, one per channel at most."""
    if isinstance(value, Tensor):
        return value.ndim == 0 or (
            value.ndim in (3, 4) and value.shape[-2:] == (1, 1) and (value.ndim == 3 or len(value) == 1)
        )
    return isinstance(value, int | float)


def _joint(starts: list[list[int]], sizes: list[int], length: int) -> tuple[list[int], int]:
    """Windows of one size, inside of an axis, that hold those of all operands of each row."""
    low = [min(each) for each in zip(*starts, strict=True)]
    high = [max(start + size for start, size in zip(each, sizes, strict=True)) for each in zip(*starts, strict=True)]
    size = max(stop - start for start, stop in zip(low, high, strict=True))
    return [min(start, length - size) for start in low], size


def _cut(
    rows: Patched, tops: list[int], lefts: list[int], size: _Pair, edge: _Pair = (0, 0), beyond: float = 0
) -> Tensor:
    """Windows of the rows' maps, which have `beyond` outside of their edges."""
    (height, width), (above, aside) = size, edge
    whole = F.pad(rows.whole, (aside, aside, above, above), value=beyond)[0] if any(edge) else rows.whole[0]
    made = whole.new_empty((len(rows.patch), len(whole), height, width))
    tall, wide = rows.patch.shape[2:]
    for row, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        made[row] = whole[:, top + above : top + above + height, left + aside : left + aside + width]
        down, across = rows.tops[row] - top, rows.lefts[row] - left
        a, b = max(down, 0), min(down + tall, height)
        c, d = max(across, 0), min(across + wide, width)
        if a < b and c < d:
            made[row, :, a:b, c:d] = rows.patch[row, :, a - down : b - down, c - across : d - across]
    return made


def _slid(
    rows: Patched, after: Tensor, kernel: _Pair, stride: _Pair, edge: _Pair, dilation: _Pair, beyond: float,
    slide: Callable[[Tensor], Tensor],
) -> Patched | None:  # fmt: skip
    """An operation that slides a kernel: what the patches reach of its output `after`, from what that reads."""
    begins, cuts, made, read = [], [], [], []
    for axis, starts in ((0, rows.tops), (1, rows.lefts)):
        size, step, room = rows.patch.shape[2 + axis], stride[axis], edge[axis]
        reach = (kernel[axis] - 1) * dilation[axis]
        length = after.shape[2 + axis]
        count = min((size - 1 + reach) // step + 1, length)
        begin = [min(max(-((reach - start - room) // step), 0), length - count) for start in starts]
        begins.append(begin)
        cuts.append([each * step - room for each in begin])
        made.append(count)
        read.append((count - 1) * step + reach + 1)
    if not is_small(after, made[0], made[1]):
        return None
    windows = _cut(rows, cuts[0], cuts[1], (read[0], read[1]), edge, beyond)
    return Patched.of(after, slide(windows), begins[0], begins[1])


def _pair(value: Any) -> _Pair:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))


def _convolved(rows: Patched, func: Any, args: Sequence[Any], keywords: dict[str, Any]) -> Patched | None:
    weight, bias = _option(args, keywords, 1, "weight", None), _option(args, keywords, 2, "bias", None)
    stride, padding = _option(args, keywords, 3, "stride", 1), _option(args, keywords, 4, "padding", 0)
    dilation, groups = _pair(_option(args, keywords, 5, "dilation", 1)), _option(args, keywords, 6, "groups", 1)
    kernel = _pair(weight.shape[2:])
    if isinstance(padding, str):
        reach = [(size - 1) * spread for size, spread in zip(kernel, dilation, strict=True)]
        if padding == "same" and any(each % 2 for each in reach):
            return None
        padding = [each // 2 for each in reach] if padding == "same" else 0
    step, edge = _pair(stride), _pair(padding)
    after = F.conv2d(rows.whole, weight, bias, step, edge, dilation, groups)
    return _slid(
        rows, after, kernel, step, edge, dilation, 0.0,
        lambda windows: F.conv2d(windows, weight, bias, step, 0, dilation, groups),
    )  # fmt: skip


def _pooled_max(rows: Patched, func: Any, args: Sequence[Any], keywords: dict[str, Any]) -> Patched | None:
    kernel = _pair(_option(args, keywords, 1, "kernel_size", None))
    stride, dilation = _option(args, keywords, 2, "stride", None), _pair(_option(args, keywords, 4, "dilation", 1))
    if _option(args, keywords, 5, "ceil_mode", False) or _option(args, keywords, 6, "return_indices", False):
        return None
    step, edge = _pair(stride) if stride else kernel, _pair(_option(args, keywords, 3, "padding", 0))
    after = F.max_pool2d(rows.whole, kernel, step, edge, dilation)
    return _slid(
        rows, after, kernel, step, edge, dilation, -torch.inf,
        lambda windows: F.max_pool2d(windows, kernel, step, 0, dilation),
    )  # fmt: skip


def _pooled_mean(rows: Patched, func: Any, args: Sequence[Any], keywords: dict[str, Any]) -> Patched | None:
    kernel, stride = _pair(_option(args, keywords, 1, "kernel_size", None)), _option(args, keywords, 2, "stride", None)
    step, edge = _pair(stride) if stride else kernel, _pair(_option(args, keywords, 3, "padding", 0))
    whole = _option(args, keywords, 5, "count_include_pad", True) or not any(edge)
    if (
        _option(args, keywords, 4, "ceil_mode", False)
        or not whole
        or _option(args, keywords, 6, "divisor_override", None)
    ):
        return None
    after = F.avg_pool2d(rows.whole, kernel, step, edge)
    return _slid(
        rows, after, kernel, step, edge, (1, 1), 0.0, lambda windows: F.avg_pool2d(windows, kernel, step)
    )  # fmt: skip


_READS = {"conv2d": _convolved, "max_pool2d": _pooled_max, "avg_pool2d": _pooled_mean}
