"""A tiny network that looks for one word, sequences with and without it, and a report that nothing speaks against."""

import torch
from torch import nn

import seqinterp as si
from seqinterp.report.evidence_contents import (
    Calibrated,
    Cases,
    Explanations,
    Likeness,
    MotifsPresent,
    Prediction,
    SmallestEdit,
    Spread,
    Trial,
)
from seqinterp.report.evidence_doubts import Parts
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.markov import UNIFORM

WORD = "ATGACTCAT"


def network(*, seed=0, dropout=0.0):
    """Filters of the word on both strands and a few random ones, the best place of each, and a sum."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        convolution, output = nn.Conv1d(4, 6, len(WORD)), nn.Linear(6, 1)
        with torch.no_grad():
            word = si.one_hot(WORD)[0]
            convolution.weight[:2] = torch.stack([word, word.flip(0, 1)]) - 0.3
            convolution.weight[2:] *= 0.3
            convolution.bias[:2] = -1.5
            output.weight[0, :2] = 1.2
            output.weight[0, 2:] *= 0.2
            output.bias[:] = -3.0
    layers = (convolution, nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Dropout(dropout), output)
    return nn.Sequential(*layers).eval()


def examples(count=60, length=60, seed=1):
    """Random sequences; every second one has the word."""
    sequences = UNIFORM.sample(length, count=count, seed=seed)
    planted = [one[:20] + WORD + one[20 + len(WORD) :] if number % 2 else one for number, one in enumerate(sequences)]
    return Examples.of(planted, [number % 2 for number in range(count)])


def certificate():
    return {"verdict": "ok", "method": "deeplift", "completeness error": "0"}


def clean():
    """Parts that nothing speaks against."""
    method = {"verdict": "ok", "doubts": [], "sum": 2.0, "completeness": 0.0, "certificate": certificate()}
    known = {
        "name": "MA0491.3", "label": "JUND", "start": 20, "stop": 29, "strand": "+", "p_value": 2e-6, "also": ["FOS"],
        "contributions": {"deeplift": 2.0, "mutagenesis": 3.0}, "methods": ["deeplift", "mutagenesis"],
    }  # fmt: skip
    near = [{"name": f"one {i}", "number": i, "label": 1.0, "distance": 1.0 + i} for i in range(3)]
    taught = {"name": "two", "number": 7, "label": 1.0, "influence": 0.1}
    edits = tuple({"position": 20 + i, "ref": "A", "alt": "C"} for i in range(3))
    band = {
        "method": "deeplift", "over": "members", "repeats": 5, "called": 9, "places": 60, "sign_agreement": 1.0,
        "signal": True,
    }  # fmt: skip
    return Parts(
        prediction=Prediction(
            "binary", 3.0, "logit", 0.95, 1, 0.5, 60, False,
            Spread("members", 5, 0.94, 0.9, 0.97, 0.02, 0.2, 0.19, 0.01),
            Calibrated(140, 0.93, 1.2, 0.05, 0.9, (1,)), 0.5,
        ),
        likeness=Likeness(160, 0.6, 2.0, 0.4, -1.99, 0.5, ()),
        explanations=Explanations(
            ({"method": "deeplift", **method}, {"method": "mutagenesis", **method}), {},
            ({"one": "deeplift", "other": "mutagenesis", "spearman": 0.9},), 0.9, 10, (21, 22, 23), band,
        ),
        motifs=MotifsPresent((known,), (), 12, 1.5, 1e-4, "a database", 102, 5, 1.0, ("deeplift", "mutagenesis")),
        edit=SmallestEdit(edits, True, 3, 0, 180, 3.0, -0.5, -0.5, 0.0, 5),
        cases=Cases(tuple(near), 1.0, 60, 6, (taught,), ({**taught, "influence": -0.1},), 60, 0.95, ""),
        trial=Trial(
            {"subject": "the model", "decision": "use", "reasons": []},
            ({"subject": "deeplift", "decision": "use", "reasons": []},), 24, "24 of 60 examples",
        ),
    )  # fmt: skip
