"""`dissect`: which concepts do the units of a network detect?"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from seqinterp.api.concept_masks import motif_masks
from seqinterp.api.results.dissection import Dissection
from seqinterp.api.shared.inputs import as_dna, as_inputs
from seqinterp.api.shared.progress import spoken
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.run import Device, borrowed, choose_device
from seqinterp.concepts.concept_masks import stacked
from seqinterp.concepts.dissection import dissect_units
from seqinterp.concepts.permutation import iou
from seqinterp.concepts.unit_maps import BATCH_SIZE, read_layers
from seqinterp.errors import InputError
from seqinterp.motifs.motif import Motif
from seqinterp.shapes import Inputs

REACH = 25  # positions of a sequence that one place may stand for


def dissect(  # noqa: PLR0913 - what is asked, the two thresholds as published, and the usual options
    model: nn.Module,
    inputs: Any,
    concepts: Any,
    layers: Any = None,
    *,
    categories: Mapping[str, str] | None = None,
    quantile: int | float = 0.005,
    least_iou: int | float = 0.04,
    permutations: int | None = None,
    reach: int | None = None,
    batch_size: int | None = None,
    device: Device = None,
    seed: int = 0,
    progress: bool = False,
) -> Dissection:
    """Compare where each unit is active with where each concept is (Bau et al. 2017, arXiv:1704.05796).

    Works alike on images and on sequences. A unit is active above the threshold that `quantile` of its activations,
    over all examples and places, exceed. It detects the concept with which its intersection over union (IoU) is
    largest, if that is `least_iou` or more, and more than chance gives (q <= 0.05).

    Chance: masks are shuffled among the examples, and on sequences each is turned in a circle by a random distance. `p`
    is how often any concept then has the IoU that the best one has, so it accounts for the choice among concepts; `q`
    is Benjamini and Hochberg's over the units of all layers. Examples count as independent: overlapping windows, or
    images of one patient, make p-values too small. A concept at the same place of all images cannot be told from the
    place itself.

    Args:
        model: any module; it is given back as it was found.
        inputs: `(batch, 4, position)` or `(batch, channel, row, column)`.
        concepts: masks by name, True where the concept is, `(batch, position)` or `(batch, row, column)`; or a list of
            motifs, whose sites in the sequences are found with `scan` (p < 1e-4, both strands). Functions that make
            masks: `seqinterp.concepts.concept_masks` (stretches, boxes, composition), `seqinterp.api.concept_masks`
            (motifs, and colours and edges of images).
        layers: names of submodules that give `(batch, unit, *places)`; None takes every convolution. A layer that is
            run several times, as on both strands, is active where any run is.
        categories: of the concepts, by name; of motifs "motif" without this.
        quantile: above 0, 0.5 at most. An IoU is at most the share of places of the one over that of the other, so with
            the published 0.005 and 0.04 no concept on more than an eighth of all places can be detected: give more for
            such. A unit of which more places than that tie for the largest activation is never active.
        permutations: None takes enough for one detector among all units to reach q = 0.05, from 200 to 1000.
        reach: how many positions an active place stands for. 1 is as published: the activation at the centre of the
            place's receptive field, interpolated between centres; images take it without this. Sequences take 25
            without this: a place stands for its receptive field, or the middle 25 positions of a wider one, because a
            filter that finds a site answers at one position and not along the site.
        batch_size: examples at a time, 32 without this.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        seed: of the permutations.
        progress: show what is being done.

    Raises:
        InputError: fewer than two examples, a concept that is nowhere or everywhere, a layer without places, an option
            that cannot be used.
        ShapeError: masks of another shape than the inputs.
    """
    _check_options(quantile, least_iou, permutations=permutations, reach=reach, seed=seed, batch_size=batch_size)
    checked = as_inputs(model, inputs)
    _check_inputs(checked)
    masks, kinds = _concepts(model, checked, concepts, categories)
    cells = stacked(masks, checked)
    names = _layer_names(layers)
    positions = reach if reach is not None else REACH if checked.ndim == 3 else 1
    place = choose_device(device)
    with spoken("dissecting", progress) as said, borrowed(model, place):
        maps = read_layers(model, checked, names, device=place, batch_size=batch_size or BATCH_SIZE)
        units, found, draws = dissect_units(
            maps, checked, cells, quantile=quantile, reach=positions, permutations=permutations, seed=seed, said=said
        )
    return Dissection.of(
        units,
        found,
        iou(found.both, found.active, found.present),
        concepts=tuple(masks),
        categories=tuple(kinds.get(name, "") for name in masks),
        least_iou=float(least_iou),
        origin={
            "quantile": quantile,
            "least_iou": least_iou,
            "permutations": draws,
            "reach": positions,
            "examples": len(checked),
            "places": list(checked.shape[2:]),
            "seed": seed,
            "device": str(place),
            "model_hash": model_hash(model),
            "versions": versions(),
        },
        asked=(model, checked, cells),
    )


def _check_options(quantile: Any, least_iou: Any, **whole: Any) -> None:
    """Refuse settings that cannot be used."""
    if not isinstance(quantile, int | float) or not 0 < quantile <= 0.5:
        raise InputError(
            f"quantile is the share of places where a unit is active, above 0 and 0.5 at most, not {quantile}"
        )
    if not isinstance(least_iou, int | float) or not 0 <= least_iou < 1:
        raise InputError(f"least_iou is an intersection over union, 0 or more and below 1, not {least_iou}")
    for name, least in (("permutations", 20), ("reach", 1), ("batch_size", 1), ("seed", 0)):
        value = whole[name]
        if value is None and name != "seed":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"{name} must be a whole number, {least} or more, not {value}")


def _check_inputs(inputs: Inputs) -> None:
    """Refuse inputs without places, and too few of them."""
    if inputs.ndim < 3:
        raise InputError(
            f"a dissection needs inputs with places, (batch, 4, position) or (batch, channel, row, column), not"
            f" {tuple(inputs.shape)}"
        )
    if len(inputs) < 2:
        raise InputError("a dissection compares examples with one another, but one came; give two or more")


def _concepts(
    model: nn.Module, inputs: Inputs, concepts: Any, categories: Mapping[str, str] | None
) -> tuple[Mapping[str, Any], dict[str, str]]:
    """Masks by name, and categories by name."""
    given = dict(categories or {})
    if isinstance(concepts, Mapping):
        masks, kinds = concepts, given
    elif isinstance(concepts, Sequence) and concepts and all(isinstance(each, Motif) for each in concepts):
        masks = motif_masks(as_dna(model, inputs), concepts)
        kinds = {**dict.fromkeys(masks, "motif"), **given}
    else:
        raise InputError(
            f"concepts must be masks by name, or a list of motifs, not {type(concepts).__name__}; give for instance"
            ' {"edge": mask} with a mask of shape (batch, row, column)'
        )
    strange = [name for name in given if name not in masks]
    if strange:
        raise InputError(f"a category is given for {strange[0]!r}, which is no concept here")
    return masks, kinds


def _layer_names(layers: Any) -> tuple[str, ...] | None:
    """The layers that were named, each once."""
    if layers is None:
        return None
    names = (layers,) if isinstance(layers, str) else tuple(layers)
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InputError("layers must be names of submodules, at least one and each once; leave it out to take all")
    return names
