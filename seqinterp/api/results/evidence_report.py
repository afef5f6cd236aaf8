"""The result of `evidence`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from seqinterp.attribution.dna import is_dna
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.io.atomic import written_whole
from seqinterp.report.evidence_contents import (
    Calibrated,
    Cases,
    EvidenceContents,
    Explanations,
    Likeness,
    MotifsPresent,
    Prediction,
    SmallestChange,
    SmallestEdit,
    Spread,
    Trial,
)
from seqinterp.report.evidence_doubts import SURE, DoubtLimits, Parts, doubts, not_asked
from seqinterp.report.evidence_words import prediction_words, told
from seqinterp.shapes import Inputs

_KINDS: dict[str, type] = {
    "prediction": Prediction,
    "likeness": Likeness,
    "explanations": Explanations,
    "motifs": MotifsPresent,
    "edit": SmallestEdit,
    "cases": Cases,
    "trial": Trial,
}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for and against believing one prediction.

    inputs: `(1, *features)`. parts: `parts.prediction`, `.likeness`, `.explanations`, `.motifs`, `.edit`, `.cases` and
    `.trial`; each is a record of plain data, or a sentence why it was not asked. maps: attributions by method, `(1,
    *features)`; band: mean, low and high of the repeats, empty where nothing varies. nearest: the nearest training
    examples, `(count, *features)`, None where there are none. facts: model, seed, versions, options. limits: where a
    number becomes a reason to doubt; `judged(other)` gives the report with others.
    """

    inputs: Inputs
    parts: Parts
    maps: Mapping[str, Tensor]
    band: Mapping[str, Tensor]
    nearest: Tensor | None
    facts: Mapping[str, Any]
    limits: DoubtLimits = field(default_factory=DoubtLimits)

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """Reasons to doubt the prediction or its explanation; empty when nothing that was asked speaks against it."""
        return doubts(self.parts, self.limits)

    @cached_property
    def not_asked(self) -> tuple[tuple[str, str], ...]:
        """What was not asked, and why."""
        return not_asked(self.parts, self.limits)

    def judged(self, limits: DoubtLimits) -> "Evidence":
        """The same numbers with other thresholds."""
        return replace(self, limits=limits)

    def __str__(self) -> str:
        """The prediction, and the reasons to doubt it."""
        reasons = [f"- {reason}" for reason in self.doubts] or [f"- {SURE}"]
        lines = [prediction_words(self.parts.prediction), *told(self.parts), "Reasons to doubt this:", *reasons]
        if self.not_asked:
            lines += ["Not asked:", *(f"- {what}: {why}" for what, why in self.not_asked)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """All but the arrays, as JSON can hold it."""
        parts = {name: part if isinstance(part := getattr(self.parts, name), str) else asdict(part) for name in _KINDS}
        return {
            "parts": parts,
            "doubts": list(self.doubts),
            "not_asked": [list(pair) for pair in self.not_asked],
            "limits": asdict(self.limits),
            "facts": dict(self.facts),
        }

    def to_html(self, path: Path | str, *, force: bool = False) -> None:
        """Write one page that stands alone.

        Raises:
            FileError: the path exists and `force` is not set, or cannot be written.
        """
        from seqinterp.report.evidence import evidence_page  # draws figures, which most callers never need

        with written_whole(Path(path), force=force) as whole:
            whole.write_text(evidence_page(self.contents()), encoding="utf-8")

    def contents(self) -> EvidenceContents:
        """Everything that the page says.

        `facts` may hold what only a caller knows: "title", "created", "command", "name", "label", and "data" (names and
        hashes).
        """
        facts = self.facts
        example = {"model": f"{facts['model_hash']}, output {facts['output_kind']}", "device": str(facts["device"])}
        return EvidenceContents(
            title=facts.get("title") or "Why should this prediction be believed?",
            run_id=f"{facts['model_hash'][:8]}-s{facts['seed']}",
            seed=int(facts["seed"]),
            created=facts.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
            command=facts.get("command") or str(facts["call"]),
            versions=facts["versions"],
            data={**facts.get("data", {}), **example},
            name=facts.get("name") or "the example",
            label=facts.get("label"),
            inputs=self.inputs[0].numpy(),
            dna=is_dna(self.inputs),
            maps={name: values[0].numpy() for name, values in self.maps.items()},
            band={name: values[0].numpy() for name, values in self.band.items()},
            pictures=None if self.nearest is None else self.nearest.numpy(),
            **{name: getattr(self.parts, name) for name in _KINDS},
            doubts=self.doubts,
            not_asked=self.not_asked,
            limits=asdict(self.limits),
        )

    def save(self, path: Path | str) -> None:
        """Write everything to one safetensors file."""
        arrays = {"inputs": self.inputs} | {f"map {name}": values for name, values in self.maps.items()}
        arrays |= {f"band {name}": values for name, values in self.band.items()}
        arrays |= {} if self.nearest is None else {"nearest": self.nearest}
        save_arrays(path, "evidence", arrays, self.to_dict())

    @classmethod
    def load(cls, path: Path | str) -> "Evidence":
        """Read what `save` wrote."""
        arrays, told_ = load_arrays(path, "evidence", needed=("inputs",))
        parts = {name: _read(_kind(name, part), part) for name, part in told_["parts"].items()}
        return cls(
            arrays["inputs"],
            Parts(**parts),
            {name: arrays[f"map {name}"] for name in _explained(parts["explanations"])},
            {name.removeprefix("band "): values for name, values in arrays.items() if name.startswith("band ")},
            arrays.get("nearest"),
            told_["facts"],
            DoubtLimits(**told_["limits"]),
        )


def _kind(name: str, part: Any) -> type:
    """The record that a part was: what changes a call is of two kinds."""
    return SmallestChange if name == "edit" and "share" in part else _KINDS[name]


def _explained(part: Explanations | str) -> list[str]:
    """The methods that have a map, in the order they were asked."""
    return [] if isinstance(part, str) else [row["method"] for row in part.methods]


def _read(kind: type, part: Any) -> Any:
    """A part as it was before it became JSON, which knows lists only."""
    if isinstance(part, str):
        return part
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in part.items()}
    for name, inner in (("spread", Spread), ("calibrated", Calibrated)):
        if isinstance(values.get(name), dict):
            values[name] = _read(inner, values[name])
    return kind(**values)
