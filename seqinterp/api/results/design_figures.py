"""The figures of designs, from what is known of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seqinterp.api.results.design import Design
from seqinterp.api.results.judgement import Judgement
from seqinterp.design.codes import columns_of
from seqinterp.design.judging.motif_content import leading_motifs
from seqinterp.plot.design_logos import edit_logos
from seqinterp.plot.design_strips import MARKS, Strip, sequence_strips
from seqinterp.plot.motif_shares import motif_shares
from seqinterp.plot.shown_window import shown_window
from seqinterp.sequence.alphabet import letter_codes
from seqinterp.shapes import BaseMap

COMMON = 0.2  # of the designs, or of the natural sequences, hold a motif that is drawn where there are many


def edits_figure(
    design: Design, number: int, judgement: Judgement | None, start: int | None, stop: int | None
) -> Figure:
    """The logo of the start above that of the design."""
    edits = design.edits
    places = (
        [step.position_in_start for step in edits if step.kind != "insertion"],
        [step.position_in_design for step in edits if step.kind != "deletion"],
    )
    length = len(design.sequence)
    low, high = shown_window(_weight([*places[0], *places[1]], length), start=start, stop=stop)
    shown = sum(low <= min(step.position_in_design, length - 1) < high for step in edits)
    titles = (
        f"start, score {design.start_score:.4g}",
        f"design {number}, score {design.score:.4g}, {len(edits)} edit{'s' * (len(edits) != 1)}"
        + (f" ({shown} of them in positions {low:,} to {high:,} of {length:,})" if high - low < length else ""),
    )
    if judgement is None or judgement.attributions is None or judgement.start_attributions is None:
        before, after, label = _plain(design.start), _plain(design.sequence), ""
    else:
        before = judgement.start_attributions[number].double().numpy()
        after = judgement.attributions[number].double().numpy()
        label = "contribution"
    return edit_logos(before[:, low:high], after[:, low:high], places, start=low, titles=titles, label=label)


def sequences_figure(designs: Sequence[Design], judgement: Judgement | None) -> Figure:
    """Rows of letters, with the motifs that most of these designs hold."""
    motifs: list[tuple[str, str]] = []
    sites = None
    if judgement is not None:
        sites = judgement.sites[judgement.sites["design"] < len(designs)]
        least = len(designs) / 3 if len(judgement.motifs) > len(MARKS) else 1  # of many some are there by chance
        chosen = leading_motifs(sites, len(MARKS), least=least)
        motifs = [(name, _label(name, judgement.motifs)) for name in chosen]
    named = {name for name, _ in motifs}
    strips = []
    for number, design in enumerate(designs):
        held: list[tuple[str, int, int]] = []
        if sites is not None:
            own = sites[(sites["design"] == number) & sites["motif"].isin(named)]
            held = list(zip(own["motif"], own["start"].tolist(), own["stop"].tolist(), strict=True))
        edited = [step.position_in_design for step in design.edits if step.kind != "deletion"]
        inside = [place for _, begin, end in held for place in range(begin, end)]
        low, high = shown_window(_weight([*edited, *inside], len(design.sequence)))
        label = f"{number}   score {design.score:.4g}"
        strips.append(Strip(label, design.sequence[low:high], low, held, edited))
    return sequence_strips(strips, motifs)


def motif_content_figure(content: pd.DataFrame, judgement: Judgement, designs: int, count: int) -> Figure:
    """Shares of designs and of natural sequences: motifs that most designs hold, then those that they lack."""
    table = content.set_index("motif")
    names = leading_motifs(judgement.sites, count, least=COMMON * designs if len(table) > count else 1)
    for name in judgement.facts.get("top_motifs", ()):
        usual, own = table.loc[name, ["top_share", "share"]]
        if name not in names and usual >= COMMON and 2 * own < usual:
            names.append(name)
    names = (names or list(table.index))[:count]
    rows = table.loc[names]
    legend = (f"{designs} designs", f"{judgement.facts.get('top', 0)} natural sequences that score highest")
    labels = [_label(name, judgement.motifs) for name in names]
    return motif_shares(labels, rows["share"].to_numpy(float), rows["top_share"].to_numpy(float), names=legend)


def _label(name: str, motifs: pd.DataFrame) -> str:
    """How a figure calls a motif: factor and accession where it has both."""
    label = str(motifs.loc[motifs["motif"] == name, "label"].iloc[0])
    return name if label == name else f"{label} {name}"


def _weight(places: Sequence[int], length: int) -> np.ndarray:
    """How often each position is meant."""
    return np.bincount(np.asarray(places, dtype=np.int64), minlength=length)[:length].astype(np.float64)


def _plain(sequence: str) -> BaseMap:
    """Letters of one height; N is left out."""
    codes = np.minimum(letter_codes(sequence, "the sequence"), 4)
    return columns_of(codes[None])[0].double().numpy()
