"""Do the verdicts of `si.evaluate` hold where the answer is known? `python benchmarks/trust_calibration.py [seed ...]`.

Networks of two builds (the default one and the classic JUND network) and of known worth, for each seed:

- good: trained on the shipped AP-1 data.
- shortcut: trained on the same data with GGCCGG at positions 3 to 8 of every positive and of 2 % of the negatives.
- untrained: as it is before training.
- composition: counts G and C, whatever their order.

Explained are 32 held-out examples by methods of the catalogue, and by three controls that no one should use: noise, the
reverse of gradient x input, and the G and C of the input. The thresholds in `evaluation/scorecard/thresholds.py` were
set after looking at seeds 0 to 4; seeds 5 to 9 were looked at afterwards, once.
"""

import argparse
import json

import numpy as np
import torch
from measure import write_results
from torch import nn

import seqinterp as si
from seqinterp.attribution.chance import generator
from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.evaluation.null_maps import gc_indicator
from seqinterp.io.bundled import bundled
from seqinterp.sequence.examples import Examples

KINDS = ("good", "shortcut", "untrained", "composition")
NETWORKS = ("default", "jund")
HELD_OUT = slice(3400, 4000)
EXAMPLES = 32
METHODS = ("gradient_times_input", "integrated_gradients", "deeplift", "mutagenesis", "guided_backprop")
MARKER = "GGCCGG"


def noise(score, inputs, /):
    """A number for each base that is there, drawn from the example alone."""
    drawn = [torch.rand(example.shape, generator=generator(7, example, "control")) for example in inputs]
    return (torch.stack(drawn) - 0.5).to(inputs) * inputs


def reverse(score, inputs, /):
    """Gradient x input with every sign turned round."""
    return -gradient_times_input(score, inputs)


def composition(score, inputs, /):
    """The G and C of the input, not the model."""
    return gc_indicator(inputs).unsqueeze(1) * inputs


CONTROLS = {"control: noise": noise, "control: reverse": reverse, "control: G and C": composition}


class CountsGC(nn.Module):
    """The number of G and C; a convolution of width 1 and a mean."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.bases = nn.Conv1d(4, 1, 1)
        self.last = nn.Linear(1, 1)
        slip = torch.randn(4, generator=torch.Generator().manual_seed(seed))
        weights = torch.tensor([-1.0, 1.0, 1.0, -1.0]) + 0.05 * slip
        self.bases.weight.data = weights.reshape(1, 4, 1)
        self.last.weight.data.fill_(5.0)

    def forward(self, inputs):
        return self.last(self.bases(inputs).mean(dim=2))


def marked(examples: Examples, seed: int) -> Examples:
    """The same with the marker."""
    random = np.random.default_rng(seed)
    chosen = (examples.labels == 1) | (random.random(len(examples)) < 0.02)
    pairs = zip(examples.sequences, chosen, strict=True)
    return Examples.of([row[:3] + MARKER + row[9:] if yes else row for row, yes in pairs], examples.labels)


def made(kind: str, network: str, seed: int) -> tuple[nn.Module, Examples]:
    """A network of known worth, and data that it was not trained on."""
    data = si.read_examples(bundled("ap1_demo.tsv.gz"))
    if kind == "shortcut":
        data = marked(data, seed)
    held = np.arange(len(data))[HELD_OUT]
    trained = data.take(np.setdiff1d(np.arange(len(data)), held))
    if kind == "composition":
        return CountsGC(seed), data.take(held)
    if kind == "untrained":
        torch.manual_seed(seed)
        recipe = si.train(trained.take(np.arange(400)), network=network, seed=seed, device="cpu").model
        for layer in recipe.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        return recipe, data.take(held)
    return si.train(trained, network=network, seed=seed, device="cpu").model, data.take(held)


def explained(held: Examples) -> Examples:
    """As many of either label."""
    half = EXAMPLES // 2
    return held.take(np.concatenate([np.flatnonzero(held.labels == label)[:half] for label in (1, 0)]))


def measured(kind: str, network: str, seed: int) -> dict[str, object]:
    """What the card says of one network."""
    model, held = made(kind, network, seed)
    some = explained(held)
    methods = {**{name: {} for name in METHODS}, **CONTROLS}
    labels = some.labels if kind != "composition" else None
    card = si.evaluate(model, some.inputs, methods, labels=labels, seed=seed, device="cpu")
    facts = card.model_facts
    means = card.summary().set_index(["method", "measure", "of"])["mean"]
    shown = ("deletion_gain", "insertion_gain", "sensitivity_n", "neighbour_similarity", "reseeding", "fixed_places")
    return {
        "model": str(card.model),
        "order_p": facts.order.p_value,
        "composition": facts.order.composition,
        "labels": facts.labelled,
        "verdicts": {name: said.decision for name, said in card.verdicts.items()},
        "reasons": {name: list(said.reasons) for name, said in card.verdicts.items() if said.reasons},
        "measures": {
            name: {
                **{measure: round(float(means.get((name, measure, ""), np.nan)), 3) for measure in shown},
                "randomised": round(float(means.get((name, "randomised", "spearman"), np.nan)), 3),
            }
            for name in card.trials
        },
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", nargs="*", type=int, default=list(range(10)))
    figures: dict[str, dict[str, dict[str, object]]] = {}
    for kind in KINDS:
        figures[kind] = {}
        for network in NETWORKS if kind != "composition" else ("counts",):
            figures[kind][network] = {}
            for seed in parser.parse_args().seed:
                found = measured(kind, network, seed)
                figures[kind][network][seed] = found
                print(kind, network, seed, found["model"], json.dumps(found["verdicts"]), flush=True)
        print(write_results("trust_calibration", figures), flush=True)  # after each kind: the whole takes half an hour


if __name__ == "__main__":
    main()
