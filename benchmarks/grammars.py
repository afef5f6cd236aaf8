"""Which attribution methods are right? `python benchmarks/grammars.py [method ...]`.

Every method explains the networks of eight motif grammars (one motif, AND, OR, XOR, repression, spacing, cooperation,
decoys), whose weights are set by hand so that they compute the grammar exactly. The truth is exact: Shapley values of
the planted sites by enumeration, spread evenly over the informative bases of a site. Reported are means over the
examples in which anything matters: AUROC and average precision over bases, the share of all contributions that is at
true bases, and the share of the truth whose sign is right. Methods run as they come, against their own baseline.
"""

import argparse
import json
import time
import warnings

import torch
from measure import write_results

import seqinterp as si
from seqinterp.api.catalogue import METHODS
from seqinterp.evaluation.grammar_truth import exact_truth, sign_correctness, signal_share, truth_auprc, truth_auroc
from seqinterp.evaluation.grammars import GRAMMARS, grammar

EXAMPLES, LENGTH = 48, 100
METRICS = {
    "auroc": truth_auroc,
    "average_precision": truth_auprc,
    "signal_share": signal_share,
    "sign": sign_correctness,
}


def measured(method: str, name: str) -> dict[str, object]:
    """One method on one grammar."""
    drawn = grammar(name, count=EXAMPLES, length=LENGTH)
    with torch.no_grad():
        require_exact(drawn)
    truth = exact_truth(drawn.score, drawn.inputs, background=drawn.background, sites=drawn.sites)
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = si.attribute(drawn.model, drawn.inputs, method, device="cpu")
    row: dict[str, object] = {"seconds": round(time.perf_counter() - begun, 2)}
    for metric, function in METRICS.items():
        values = function(drawn.score, drawn.inputs, found.values, truth=truth)
        row[metric] = round(float(values.nanmean()), 4)
    return row


def require_exact(drawn: object) -> None:
    """Stop unless the network is the grammar."""
    reached = drawn.model(drawn.inputs)[:, 0]
    if not torch.allclose(reached, drawn.expected, atol=1e-4):
        raise SystemExit(f"stopped: the network of {drawn.name} is not the grammar")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", nargs="*", default=list(METHODS))
    figures: dict[str, dict[str, object]] = {}
    for method in parser.parse_args().method:
        figures[method] = {}
        for name in GRAMMARS:
            try:
                figures[method][name] = measured(method, name)
            except si.SeqinterpError as error:
                figures[method][name] = {"refused": str(error)}
        print(method, json.dumps(figures[method]), flush=True)
    print(write_results("grammars", figures))


if __name__ == "__main__":
    main()
