"""A plan as a person reads it."""

import numpy as np

from seqinterp.mutagenesis.plan import Plan

_HEADER = ("operation", "rows", "window", "how", "operations per edit", "of a whole pass")


def table(plan: Plan) -> str:
    """One line per step: torch's name, rows of the layer, rows that an edit in the middle reaches, rule, cost."""
    middle = np.array([plan.length // 2])
    windows = plan.windows(middle, middle + 1)
    reached = {layer: float(high[0] - low[0]) for layer, (low, high) in windows.items()}
    whole = {number: float(layer.length) for number, layer in enumerate(plan.layers)}
    lines = [_HEADER]
    for step, some, everything in zip(plan.steps, plan.work(reached), plan.work(whole), strict=True):
        rows, window = plan.layers[step.target].length, int(reached[step.target])
        how = (
            type(step).__name__.lower() if window < rows or rows == 1 else f"{type(step).__name__.lower()} of all rows"
        )
        share = f"{100 * some / everything:.1f} %" if everything else ""
        lines.append((step.word, str(rows), str(window), how, f"{some:,.0f}", share))
    for number in sorted(plan.in_full):
        call = plan.trace.calls[number]
        lines.append(
            (call.word, "x".join(map(str, call.shapes[0][1:])) or "1", "all", "recomputed in full", "", "100 %")
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
