"""The result of `study_images`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from seqinterp.api.results.attribution import Attribution
from seqinterp.api.results.scorecard import Scorecard
from seqinterp.api.results.scorecard_page import gather
from seqinterp.attribution.certificate import Certificate
from seqinterp.images.image_set import ImageSet
from seqinterp.io.arrays import load_arrays, save_arrays
from seqinterp.io.atomic import written_whole
from seqinterp.report.image_study_contents import (
    NETWORK,
    Limits,
    Localisation,
    Noise,
    RandomLabels,
    StudyCase,
    StudyContents,
    StudyData,
    StudyTraining,
)
from seqinterp.report.image_study_words import readings, verdict_words

STUDY, TRIAL, PAGE, WEIGHTS = "image_study.safetensors", "trial", "study.html", "model.safetensors"
_KINDS: dict[str, type] = {
    "data": StudyData,
    "training": StudyTraining,
    "case": StudyCase,
    "labels": RandomLabels,
    "noise": Noise,
    "masks": Localisation,
}
_ARRAYS = ("inputs", "values", "score")


@dataclass(frozen=True)
class StudyParts:
    """What was found, part by part; see `report.image_study_contents`."""

    data: StudyData
    training: StudyTraining
    case: StudyCase
    labels: RandomLabels
    noise: Noise
    masks: Localisation | str


@dataclass(frozen=True, eq=False)
class ImageStudy:
    """A classifier of images, its explanations, and what speaks for and against them.

    parts: data, training, the case, random labels, noise, masks. samples: a few images of each class. maps: of the
    case, by network ("the network", "second network", "random labels") and method, each an `Attribution`. history: loss
    and accuracy by epoch. likeness: every comparison of maps, see `to_frame`. card: the `Scorecard` of the methods.
    weights: of the network, for `load_state_dict`. facts: where all this comes from. limits: for the readings.
    """

    parts: StudyParts
    samples: ImageSet
    maps: Mapping[str, Mapping[str, Attribution]]
    history: pd.DataFrame
    likeness: pd.DataFrame
    card: Scorecard
    weights: Mapping[str, Tensor]
    facts: Mapping[str, Any]
    limits: Limits = field(default_factory=Limits)

    @property
    def readings(self) -> dict[str, str]:
        """By method, what random labels and noise say of it, in a sentence."""
        return readings(list(self.maps[NETWORK]), self.likeness, self.parts.labels, self.limits)

    @property
    def verdict(self) -> str:
        """All of it in a few plain sentences."""
        return verdict_words(self.parts, self.likeness, self.card, self.limits)

    def __str__(self) -> str:
        own = [f"{name}: {said}" for name, said in self.readings.items()]
        return "\n".join([self.verdict, *own, str(self.card)])

    def to_frame(self) -> pd.DataFrame:
        """One row for each comparison of maps: question ("labels" or "noise"), method, other (the other network, or the
        level of noise), similarity (mean rank correlation of sizes), chance (with maps of other images), p_value,
        examples, and `more`: the p-value of the second network's maps being more alike than those of random labels.
        """
        return self.likeness.copy()

    def to_html(self, path: Path | str, *, force: bool = False) -> None:
        """Write one page that stands alone.

        Raises:
            FileError: the path exists and `force` is not set, or cannot be written.
        """
        from seqinterp.report.image_study import image_study_page  # draws figures, which most callers never need

        with written_whole(Path(path), force=force) as whole:
            whole.write_text(image_study_page(self.contents()), encoding="utf-8")

    def contents(self) -> StudyContents:
        """Everything that the page says. `facts` may hold "title", "created", "command" and "data", which only a caller
        knows.
        """
        facts, parts = self.facts, self.parts
        size = " x ".join(str(side) for side in parts.data.size)
        told = {
            "images": f"{parts.data.images}, {size} (channels, rows, columns)",
            "network": f"{facts['network']}, weights {facts['model_hash']}",
            "training": ", ".join(f"{name} {value}" for name, value in facts["settings"].items()),
            "device": str(facts["device"]),
        }
        return StudyContents(
            title=facts.get("title") or "Can the explanations of this classifier be believed?",
            run_id=f"{facts['model_hash'][:8]}-s{facts['seed']}",
            seed=int(facts["seed"]),
            created=facts.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
            command=facts.get("command") or f"seqinterp.study_images(images, seed={facts['seed']})",
            versions=facts["versions"],
            facts={**facts.get("data", {}), **told},
            **{name: getattr(parts, name) for name in _KINDS},
            likeness=self.likeness,
            history=self.history,
            samples=self.samples,
            maps=self.maps,
            verdict=self.verdict,
            readings=self.readings,
            card=gather(self.card),
        )

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write a folder: the study, the trial with its tables and page, the page of the study, the weights.

        Raises:
            FileError: the folder exists and `force` is not set, or cannot be written.
        """
        with written_whole(Path(path), force=force) as folder:
            folder.mkdir()
            save_arrays(folder / STUDY, "image study", self._arrays(), self._facts())
            save_arrays(folder / WEIGHTS, "weights", self.weights, {"network": self.facts["network"]})
            self.card.save(folder / TRIAL)
            self.to_html(folder / PAGE)

    @classmethod
    def load(cls, path: Path | str) -> "ImageStudy":
        """Read what `save` wrote.

        Raises:
            FileError: there is no study in the folder, or it is damaged.
        """
        folder = Path(path)
        arrays, told = load_arrays(folder / STUDY, "image study", needed=("samples",))
        weights, _ = load_arrays(folder / WEIGHTS, "weights")
        parts = {name: _read(_KINDS[name], part) for name, part in told["parts"].items()}
        maps = {
            network: {method: _map(arrays, network, method, certificate) for method, certificate in own.items()}
            for network, own in told["certificates"].items()
        }
        about = told["samples"]
        samples = ImageSet(arrays["samples"], np.array(about["labels"]), tuple(about["classes"]), tuple(about["names"]))
        return cls(
            StudyParts(**parts),
            samples,
            maps,
            pd.DataFrame(told["history"]),
            pd.DataFrame(told["likeness"]),
            Scorecard.load(folder / TRIAL),
            weights,
            told["facts"],
            Limits(**told["limits"]),
        )

    def _arrays(self) -> dict[str, Tensor]:
        """All arrays, by a name for a file."""
        own = {
            f"{network}\t{method}\t{name}": getattr(one, name)
            for network, maps in self.maps.items()
            for method, one in maps.items()
            for name in _ARRAYS
        }
        return {"samples": self.samples.inputs, **own}

    def _facts(self) -> dict[str, Any]:
        """All else, as JSON can hold it."""
        return {
            "parts": {
                each.name: part if isinstance(part := getattr(self.parts, each.name), str) else asdict(part)
                for each in fields(self.parts)
            },
            "certificates": {
                network: {method: one.certificate.to_dict() for method, one in maps.items()}
                for network, maps in self.maps.items()
            },
            "samples": {
                "labels": self.samples.labels.tolist(),
                "classes": list(self.samples.classes),
                "names": list(self.samples.names),
            },
            "history": self.history.to_dict("list"),
            "likeness": self.likeness.to_dict("list"),
            "facts": dict(self.facts),
            "limits": asdict(self.limits),
        }


def _map(arrays: Mapping[str, Tensor], network: str, method: str, certificate: Mapping[str, Any]) -> Attribution:
    """One map of the case as it was."""
    inputs, values, score = (arrays[f"{network}\t{method}\t{name}"] for name in _ARRAYS)
    return Attribution(inputs, values, None, score, None, Certificate(**certificate))


def _read(kind: type, part: Any) -> Any:
    """A part as it was before it became JSON, which knows lists only."""
    if isinstance(part, str):
        return part
    return kind(**{name: _tuples(value) for name, value in part.items()})


def _tuples(value: Any) -> Any:
    """Lists as tuples, also within one another."""
    if isinstance(value, list):
        return tuple(_tuples(one) for one in value)
    if isinstance(value, dict):
        return {name: _tuples(one) for name, one in value.items()}
    return value
