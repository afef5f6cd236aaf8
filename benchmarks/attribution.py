"""Speed and memory of the attribution core beside its peers: `python benchmarks/attribution.py [--networks M1 ...]`.

For the reference networks: DeepLIFT with 20 given references against tangermeme; integrated gradients against captum
at 50 steps, at equal error and with the default tolerance; the gradient against captum. Every answer is checked before
it is timed, and both sides start from inputs on the CPU and end there. Figures are written to `benchmarks/results/`.
"""

import argparse
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from device_copies import copies_within_the_loop
from measure import write_results
from race import Run, at_best, race, require
from reference_networks import NETWORKS, network, sequences
from torch import Tensor

from seqinterp.attribution import run
from seqinterp.attribution.baselines import given
from seqinterp.attribution.deeplift import hypothetical_deeplift
from seqinterp.attribution.gradient import gradient
from seqinterp.attribution.integrated_gradients import integrated_gradients
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.targets import output

SMALL = ("M1", "M2")
REFERENCES = 20
STEPS = 50  # captum's default
CONVERGED, MIDPOINTS = 512, 1000  # pieces of ours, and points of a plain sum, that are as good as the integral
ROUNDING = 1e-4  # largest difference from a peer, relative to the largest attribution, that rounding explains


class Course:
    """A network, its sequences, and how often each side runs."""

    def __init__(self, name: str, device: str, repeats: int | None) -> None:
        self.name, self.device = name, device
        self.small = name in SMALL
        self.repeats = repeats or (9 if self.small else 5)
        self.model = network(name).to(device)
        self.score = Score(self.model, output(0))
        length = NETWORKS[name][1]
        count = 64 if self.small else 4
        self.inputs = sequences(count, length)
        self.judged = self.inputs[: 16 if self.small else 2]  # those that the error of integrated gradients is read off
        self.references = sequences(count * REFERENCES, length, seed=1).view(count, REFERENCES, 4, length)

    def ours(self, explainer: Explainer, size: int | None = None, inputs: Tensor | None = None) -> Run:
        """Our side: what a user calls."""
        shown = self.inputs if inputs is None else inputs
        return partial(run.explain, explainer, self.score, shown, batch_size=size, device=self.device)

    def race(
        self, ours: Callable[[int | None], Run], theirs: Callable[[int | None], Run], *sizes: tuple[int | None, ...]
    ):
        """Time both sides, each at the best of its batch sizes."""
        tries = min(3, self.repeats)
        best, best_there = (at_best(side, tried, tries) for side, tried in zip((ours, theirs), sizes, strict=True))
        return race(best, best_there, len(self.inputs), self.repeats)


def difference(found: Tensor, expected: Tensor) -> float:
    """Largest difference of an example relative to its largest expected number; the mean over examples."""
    apart = (found.double() - expected.double()).flatten(1).abs().amax(1)
    return float((apart / expected.double().flatten(1).abs().amax(1)).mean())


def deeplift(course: Course) -> dict[str, object]:
    """DeepLIFT over 20 references of each sequence, the hypothetical one times the sequence, as tangermeme has it."""
    from tangermeme.deep_lift_shap import deep_lift_shap

    explainer = partial(hypothetical_deeplift, baseline=given(course.inputs, course.references))
    options = {"references": course.references, "warning_threshold": 1e9, "device": course.device}

    def ours(size: int | None) -> Run:
        explain = course.ours(explainer, size)
        return lambda: explain() * course.inputs

    def theirs(size: int | None) -> Run:
        return partial(deep_lift_shap, course.model, course.inputs, batch_size=size or 32, **options)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tangermeme says where it is not complete; the figures say so, too
        checked = _checked_deeplift(course, ours(None)(), theirs(None)())
        sizes = (21, 84, 336, 1344, None) if course.small else (11, 21, 42, None)
        sizes_there = (20, 64, 160, 640) if course.small else (10, 20, 32, 64)
        return {"checked": checked, **course.race(ours, theirs, sizes, sizes_there)}


def _checked_deeplift(course: Course, values: Tensor, peer: Tensor) -> str:
    """Ours adds up, and is equal to the peer's where that adds up, too."""
    score = partial(run.scores, course.score, device=course.device)
    before = score(course.references.flatten(0, 1)).view(-1, REFERENCES)
    owed = score(course.inputs) - before.mean(1)
    missing, missing_there = (
        float((found.sum((1, 2)) - owed).abs().max() / owed.abs().max()) for found in (values, peer)
    )
    require(missing < ROUNDING, f"our DeepLIFT on {course.name} misses {missing:.0e} of the difference of scores")
    if missing_there > ROUNDING:
        return f"complete to {missing:.0e}; tangermeme is not: it misses {missing_there:.0%} of the score difference"
    apart = difference(values, peer)
    require(apart < ROUNDING, f"our DeepLIFT on {course.name} differs from tangermeme's by {apart:.0e}")
    return f"complete to {missing:.0e}, and tangermeme's to {apart:.0e}"


def integrated(course: Course) -> dict[str, object]:
    """Integrated gradients against captum at 50 steps: as many pieces as equal error needs, and the default."""
    from captum.attr import IntegratedGradients

    peer = IntegratedGradients(course.model)

    def theirs(size: int | None, inputs: Tensor = course.inputs, **options: object) -> Run:
        asked = {"target": 0, "n_steps": STEPS, "internal_batch_size": size, **options}
        return lambda: peer.attribute(inputs.to(course.device), **asked).detach().cpu()

    def error(run: Run) -> float:
        return difference(run(), converged)

    many = 2048 if course.small else 64
    converged = course.ours(partial(integrated_gradients, steps=CONVERGED), None, course.judged)()
    doubt = error(theirs(many, course.judged, n_steps=MIDPOINTS, method="riemann_middle"))
    error_there = error(theirs(many, course.judged))
    require(
        doubt < error_there / 5,
        f"on {course.name} {CONVERGED} pieces and {MIDPOINTS} points differ by {doubt:.1e}, too much to judge"
        f" captum's error of {error_there:.1e}",
    )
    errors = _errors_by_pieces(course, error, error_there)
    default = error(course.ours(integrated_gradients, None, course.judged))
    require(default < 0.01, f"the default on {course.name} errs by {default:.1e} where it promises 0.01")
    sizes = (64, 256, 1024, None) if course.small else (8, 16, 32, None)
    sizes_there = (256, 1024, 3200, None) if course.small else (8, 16, 32, 64)
    rows: dict[str, object] = {"converged_answers_differ_by": doubt, "errors_by_pieces": errors}
    for name, explainer, reached in (
        (f"{len(errors)} pieces", partial(integrated_gradients, steps=len(errors)), errors[-1]),
        ("default tolerance", integrated_gradients, default),
    ):
        timed = course.race(partial(course.ours, explainer), theirs, sizes, sizes_there)
        rows[name] = {"error": {"ours": reached, "theirs": error_there}, **timed}
    return rows


def _errors_by_pieces(course: Course, error: Callable[[Run], float], enough: float) -> list[float]:
    """The errors of 1, 2, ... pieces up to the first that is at most `enough`."""
    errors: list[float] = []
    while not errors or errors[-1] > enough:
        require(len(errors) < 256, f"256 pieces do not reach captum's error of {enough:.1e} on {course.name}")
        explainer = partial(integrated_gradients, steps=len(errors) + 1)
        errors.append(error(course.ours(explainer, None, course.judged)))
    return errors


def slope(course: Course) -> dict[str, object]:
    """The signed gradient against captum."""
    from captum.attr import Saliency

    peer = Saliency(course.model)

    def theirs(size: int | None) -> Run:
        def attribute() -> Tensor:
            parts = course.inputs.split(size or len(course.inputs))
            return torch.cat([peer.attribute(part.to(course.device), target=0, abs=False).cpu() for part in parts])

        return attribute

    ours = partial(course.ours, gradient)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum warns that it asks the inputs for gradients
        apart = difference(ours()(), theirs(None)())
        require(apart < ROUNDING, f"our gradient on {course.name} differs from captum's by {apart:.0e}")
        sizes = (16, 32, None) if course.small else (1, 2, None)
        return {"checked": f"captum's to {apart:.0e}", **course.race(ours, theirs, sizes, sizes)}


def memory_growth(method: str, size: int) -> int:
    """Peak resident memory in MiB that one call on M4 adds, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("peak_memory.py")), method, str(size)]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


METHODS = {
    "deeplift": ("DeepLIFT, 20 references, against tangermeme", deeplift),
    "integrated_gradients": ("integrated gradients against captum", integrated),
    "gradient": ("gradient against captum", slope),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="*", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--repeats", type=int, help="9 for the small networks and 5 for the large ones unless given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--no-memory", action="store_true", help="leave the peak memory out")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    figures: dict[str, object] = {}

    def tell(title: str, found: object) -> None:
        figures[title] = found
        print(f"{title}\n  {found}", flush=True)

    if options.device == "cuda":
        tell("device-to-host copies within the loop", copies_within_the_loop("cuda"))
    for name in options.networks:
        for method in options.methods:
            title, measure = METHODS[method]
            tell(f"{name}: {title}", measure(Course(name, options.device, options.repeats)))
    if options.device == "cpu" and not options.no_memory:
        for method in ("deeplift", "integrated_gradients"):
            growth = {f"batch_size {size}": memory_growth(method, size) for size in (8, 32, 128)}
            tell(f"M4: peak memory of {method} in MiB", growth)
    print("written to", write_results("attribution", figures))


if __name__ == "__main__":
    main()
