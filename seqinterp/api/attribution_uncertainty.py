"""`attribution_uncertainty`: how far would the explanation move had the model come out otherwise?"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from seqinterp.api.attribute import attribute
from seqinterp.api.catalogue import find_method, option_names
from seqinterp.api.results.attribution_uncertainty import AttributionUncertainty
from seqinterp.api.seqlet_calls import supported_calls
from seqinterp.api.shared.candidates import DRAWN, of_present_bases
from seqinterp.api.shared.inputs import as_inputs
from seqinterp.api.shared.progress import spoken
from seqinterp.api.shared.repeats import enough, models_of
from seqinterp.attribution.dna import is_dna
from seqinterp.attribution.evidence import model_hash, versions
from seqinterp.attribution.protocol import Target
from seqinterp.attribution.run import Device, choose_device
from seqinterp.errors import InputError
from seqinterp.models.thinned import has_dropout, thinned
from seqinterp.shapes import Array, Inputs

OVER = ("members", "dropout", "seeds", "references")
LEAST_CALLED = 14  # bases: motifs are not called in shorter sequences


def attribution_uncertainty(
    model: Any,
    inputs: Array,
    method: str = "deeplift",
    *,
    over: str | None = None,
    target: int | Target = 0,
    draws: int = 10,
    seed: int = 0,
    device: Device = None,
    progress: bool = False,
    **options: Any,
) -> AttributionUncertainty:
    """Explain again and again, and say for every base what stays: mean, spread, sign, and whether it differs from 0.

    Args:
        model: a module, or several that might have been one another.
        inputs: `(batch, *features)`.
        method: a name in the catalogue.
        over: what varies. "members": the models given, or those of an `Ensemble`; "dropout": networks thinned by the
            model's own dropout layers; "seeds": of a method that draws; "references": one random reference of the
            baseline at a time, what another single one would have said. None takes the first of these that there is.
        target: which output is explained, by index, or a callable from outputs to `(batch,)`.
        draws: repeats, of all but members.
        seed: of whatever is drawn.
        device: "cpu", "cuda" ...; None takes a GPU when there is one and says so when there is not.
        progress: say on the terminal what is being done.
        options: what the method itself takes, by keyword.

    Returns:
        `AttributionUncertainty`; on DNA, of the bases that stand there.

    Raises:
        InputError: nothing varies, fewer than 3 repeats, or what `attribute` refuses.
    """
    models = models_of(model)
    checked = as_inputs(models[0], inputs)
    chosen = _over(over, models, method, checked, options)
    enough(len(models) if chosen == "members" else draws)
    place = choose_device(device)
    maps: list[Tensor] = []
    with spoken(f"explaining over {chosen}", progress) as say:
        for number, (one, more) in enumerate(_repeats(chosen, models, checked, draws, seed, options)):
            say(f"repeat {number + 1}")
            found = attribute(one, checked, method, target=target, device=place, **more)
            maps.append(of_present_bases(found.values, checked))
    stacked = torch.stack(maps)
    long_enough = is_dna(checked) and checked.shape[2] >= LEAST_CALLED
    facts = {"method": method, "over": chosen, "seed": seed, "versions": versions()}
    facts["model_hashes"] = [model_hash(one) for one in models]
    return AttributionUncertainty.of(checked, stacked, supported_calls(stacked) if long_enough else None, facts)


def _over(over: str | None, models: list[nn.Module], method: str, inputs: Inputs, options: dict[str, Any]) -> str:
    """What varies, found possible."""
    taken = option_names(find_method(method).explainer)
    usual = find_method(method).dna_baseline if is_dna(inputs) else "zeros"
    possible = {
        "members": len(models) > 1,
        "dropout": len(models) == 1 and has_dropout(models[0]),
        "seeds": "seed" in taken,
        "references": "baseline" in taken and options.get("baseline", usual) in DRAWN,
    }
    if over is None:
        found = next((name for name in OVER if possible[name]), None)
        if found is None:
            raise InputError(
                f"nothing varies: give several models, a model with dropout, or a method that draws; {method!r} as"
                " it is asked here does not draw"
            )
        return found
    if over not in OVER:
        raise InputError(f"over must be one of {', '.join(OVER)}, not {over!r}")
    if not possible[over]:
        raise InputError(f"method {method!r} of this model does not vary over {over}")
    return over


def _repeats(
    over: str, models: list[nn.Module], inputs: Inputs, draws: int, seed: int, options: dict[str, Any]
) -> Iterator[tuple[nn.Module, dict[str, Any]]]:
    """The model and the options of each repeat."""
    if over == "members":
        yield from ((one, {**options, "seed": seed}) for one in models)
        return
    for number in range(draws):
        if over == "dropout":
            yield thinned(models[0], seed + number, inputs), {**options, "seed": seed}
        elif over == "seeds":
            yield models[0], {**options, "seed": seed + number}
        else:
            yield models[0], {**options, "seed": seed + number, "draws": 1}
