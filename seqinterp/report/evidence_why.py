"""The sections of an evidence page that say why: explanations, motifs, and what would change the call.

Each has what `sections` says of a section, and `source`: the public call that gives the numbers again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqinterp.attribution.per_place import place_map
from seqinterp.plot.evidence import Stretch, logos_figure, maps_figure
from seqinterp.plot.shown_window import shown_window
from seqinterp.report.evidence_contents import EvidenceContents, Explanations, MotifsPresent, Row, SmallestChange
from seqinterp.report.evidence_opening import opened
from seqinterp.report.evidence_words import edit_words, motifs_words
from seqinterp.report.images import Image, embedded
from seqinterp.report.marking import stretches as cut
from seqinterp.report.numbers import count, number, percent
from seqinterp.report.scorecard_words import readable
from seqinterp.sequence.alphabet import BASES

Section = dict[str, Any]
NAMES = 8  # of further matrices at one place
ARROWS = {"+": "→", "-": "←"}


def explanations(contents: EvidenceContents) -> Section:
    """Give the maps of every method, their certificates and how far they agree."""
    said = contents.explanations
    whole = opened(
        said,
        "explanations",
        short="Why",
        title="Which parts of the input speak for and against it",
        source="seqinterp.attribute, seqinterp.attribution_uncertainty",
    )
    if isinstance(said, str):
        return whole
    what = (
        "Letters above the line raise the score, letters below lower it"
        if contents.dna
        else "Orange raises the score, blue lowers it"
    )
    dots = " Dots under the last row mark bases that most methods name." if contents.dna and said.consensus else ""
    return {
        **whole,
        "lead": f"{what}; the larger, the more. Each method is a way of its own to share the score out, and each comes"
        f" with a certificate of what was checked. Where they agree, more may be believed.{dots}",
        "image": _maps(contents),
        "band_words": _band_words(said),
        "methods": [_method(row) for row in said.methods],
        "refused": [{"name": readable(name), "words": why} for name, why in said.refused.items()],
        "pairs": [
            {
                "names": f"{readable(row['one'])} and {readable(row['other'])}",
                "value": number(row["spearman"], digits=2) if row["spearman"] is not None else "undefined",
            }
            for row in said.pairs
        ],
        "agreement": _agreement_words(said, contents),
    }


def _window(contents: EvidenceContents) -> tuple[int, int]:
    """The stretch of a long sequence that is drawn: where all methods together see most."""
    weight = np.sum([_scaled(values) for values in contents.maps.values()], axis=0)
    return shown_window(weight)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Sizes of contributions, with a sum of 1."""
    sizes: np.ndarray = np.abs(values.sum(axis=0)).astype(np.float64)
    return sizes / (sizes.sum() or 1.0)


def _maps(contents: EvidenceContents) -> Image | None:
    """Logos one under the other, or maps beside the picture."""
    names = ", ".join(map(readable, contents.maps))
    maps = {readable(name): values for name, values in contents.maps.items()}
    if contents.dna:
        consensus = () if isinstance(contents.explanations, str) else contents.explanations.consensus
        name, band = _band(contents)
        if band is not None:
            maps[name] = contents.band["mean"]
        figure = logos_figure(maps, _stretches(contents.motifs), consensus, band=band, window=_window(contents))
        return embedded(figure, f"Contributions of every base by {names}, with the known motifs that stand there.")
    if contents.inputs.ndim != 3:
        return None
    shown = {readable(name): place_map(values, name) for name, values in contents.maps.items()}
    words = f"The picture, and the contributions of its places by {names}."
    return embedded(maps_figure(contents.inputs, shown), words)


def _stretches(said: MotifsPresent | str) -> list[Stretch]:
    """What is named above the logos."""
    if isinstance(said, str):
        return []
    known = [
        (row["start"], row["stop"], f"{row['label']} {ARROWS[row['strand']]}", bool(row["methods"]))
        for row in said.known
    ]
    return sorted([*known, *((row["start"], row["stop"], "unnamed", True) for row in said.unnamed)])


def _band(contents: EvidenceContents) -> tuple[str, tuple[str, np.ndarray, np.ndarray] | None]:
    """The band of one method, and the name of the logo that it lies behind."""
    said = contents.explanations
    if isinstance(said, str) or isinstance(said.band, str) or not contents.band:
        return "", None
    name = f"{readable(said.band['method'])}, mean of {said.band['repeats']} repeats over {said.band['over']}"
    return name, (name, contents.band["low"].sum(axis=0), contents.band["high"].sum(axis=0))


def _band_words(said: Explanations) -> str:
    """What the band shows."""
    band = said.band
    if isinstance(band, str):
        return f"How far the explanation would move is not known: {band.rstrip('.')}."
    over = {"members": "models trained from other seeds", "dropout": "networks thinned by dropout"}
    return (
        f"{readable(band['method']).capitalize()} explained again over {band['repeats']}"
        f" {over.get(band['over'], band['over'])}: {band['called']} of {band['places']:,} places contribute other than"
        f" 0 at a false discovery rate of 5 %, and the ten largest keep their sign in {percent(band['sign_agreement'])}"
        " of the repeats. The band holds what one more repeat would say with 95 % confidence."
    )


def _method(row: Row) -> dict[str, Any]:
    """A line of the table of methods."""
    sound = row["verdict"] == "ok"
    told = [
        {"name": name, "value": value}
        for name, value in row["certificate"].items()
        if name not in ("verdict", "method", "model", "computed on")
    ]
    return {
        "name": readable(row["method"]),
        "mark": "✓" if sound else "!",
        "kind": "use" if sound else "care",
        "decision": "in order" if sound else "doubtful",
        "words": "" if sound else row["verdict"].removeprefix("doubtful: "),
        "sum": number(row["sum"]),
        "certificate": told,
    }


def _agreement_words(said: Explanations, contents: EvidenceContents) -> str:
    """How far the methods agree."""
    if said.agreement is None:
        return "One method alone cannot be held against another."
    what = "bases" if contents.dna else "places"
    return (
        f"Rank correlation between methods: {number(said.agreement, digits=2)} on average (1 is the same order, 0 is"
        f" none). More than half of them name the same {count(len(said.consensus), what.removesuffix('s'), what)} among"
        f" their {said.top} largest."
    )


def motifs(contents: EvidenceContents) -> Section:
    """Give the known motifs that stand in the sequence, and stretches that match none."""
    said = contents.motifs
    whole = opened(
        said,
        "motifs",
        short="Motifs",
        title="Which known motifs stand there",
        source="seqinterp.motifs.scan.scan_sequences, seqinterp.api.seqlet_calls.calls",
    )
    if isinstance(said, str):
        return whole
    spans = _joined([(row["start"], row["stop"]) for row in said.known if row["methods"]])
    parts = cut(_letters(contents.inputs), spans)
    return {
        **whole,
        "lead": f"{motifs_words(said)[:1].upper()}{motifs_words(said)[1:]} A window says that a protein could bind"
        " there, not that it does. Marked are those where explanations look.",
        "parts": parts,
        "methods": [readable(method) for method in said.asked],
        "known": [_known(row, said) for row in said.known],
        "unnamed": [_known(row, said) for row in said.unnamed],
        "foot": f"Database: {said.database}, {said.matrices} matrices"
        + (
            f"; {said.left_out} say too little to be found at this p-value and were left out." if said.left_out else "."
        ),
    }


def _known(row: Row, said: MotifsPresent) -> dict[str, Any]:
    """A line of the table of motifs."""
    methods: Sequence[str] = row["methods"]
    also = list(row.get("also", ()))
    values: Mapping[str, float] = row["contributions"]
    return {
        "name": row.get("label", "unnamed"),
        "matrix": row.get("name", row.get("sequence", "")),
        "also": ", ".join(also[:NAMES]) + (f" and {len(also) - NAMES} more" if len(also) > NAMES else ""),
        "place": f"{row['start']}–{row['stop']}",
        "strand": row.get("strand", "").replace("-", "−"),
        "p": number(row["p_value"], digits=2) if "p_value" in row else "",
        "sums": [number(values[method], digits=2) for method in said.asked],
        "agree": f"{len(methods)} of {len(said.asked)}" if said.asked else "not asked",
        "looked": bool(methods),
    }


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans as one."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def _letters(inputs: np.ndarray) -> str:
    """The sequence; N where no base is known."""
    return "".join(BASES[int(column.argmax())] if column.max() == 1 else "N" for column in inputs.T)


def edit(contents: EvidenceContents) -> Section:
    """Give the smallest change that turns the call."""
    said = contents.edit
    whole = opened(
        said,
        "edit",
        short="Smallest edit",
        title="What would change the call",
        source="seqinterp.flip_prediction",
    )
    if isinstance(said, str):
        return whole
    if isinstance(said, SmallestChange):
        return {
            **whole,
            "source": "seqinterp.attack",
            "lead": "Changes that no eye sees can turn the call of many networks; the smaller the change, the less the"
            " call hangs on what is shown.",
            "sentence": edit_words(said),
            "edits": [],
        }
    return {
        **whole,
        "lead": "A call that one base can turn is fragile; where that base stands tells what the call hangs on."
        " Positions are 0-based.",
        "sentence": edit_words(said),
        "edits": [
            {**row, "letters": _around(_letters(contents.inputs), row["position"], row["alt"])} for row in said.edits
        ],
    }


def _around(sequence: str, position: int, alt: str) -> dict[str, str]:
    """A substitution with ten bases on both sides."""
    low, high = max(0, position - 10), position + 11
    return {"before": sequence[low:position], "after": sequence[position + 1 : high], "alt": alt}
