"""Do explanations look the same under random labels? `python benchmarks/trust_labels.py [set ...]`.

The claim is that of a well-known figure (after Adebayo et al. 2018, arXiv:1810.03292). Here it is tried with proof
that the labels were random: `seqinterp.evaluation.label_randomisation` trains a new network on permuted labels until it
knows them by heart, and shows that its weights are others and that it is right about true labels no more often than by
chance. Networks are small and trained from 5 seeds, on X-rays (pneumoniamnist), digits (part of MNIST) and DNA (peaks
of GABPA against their dinucleotide shuffles, the network `jund`). Explained are test examples, the logit of pneumonia
or of GABPA, and for digits the largest logit. Beside the random labels stand
- the same labels from another seed: as alike as explanations of two good networks get,
- an untrained network,
- the mistake: the trained network explained once more, which is 1 by definition, and which the test refuses.
`spearman`, `ssim` and `top_k` (10 places) compare magnitudes, `spearman_signed` contributions with their signs, and
`spearman_with_input` magnitudes of the true network with |input|. Data are looked for as in real_data.py.
"""

import argparse
import copy
import gzip
import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from measure import write_results
from real_data import DATA, FACTORS
from torch import Tensor, nn

import seqinterp as si
from seqinterp.api.catalogue import METHODS
from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.attribution.targets import as_target
from seqinterp.errors import ModelError
from seqinterp.evaluation.label_randomisation import LabelRandomisation, label_randomisation, predicted_classes
from seqinterp.evaluation.similarity import contributions, magnitudes, spearman, ssim, top_k_overlap
from seqinterp.models.networks import build
from seqinterp.sequence.shuffle import dinucleotide_shuffle

SEEDS = range(5)
EXPLAINED = 200
TOP = 10
LEARNED = 0.99  # of the training labels: training ends there
EXPLAINERS: dict[str, Explainer] = {
    name: METHODS[name].explainer
    for name in ("gradient", "gradient_times_input", "integrated_gradients", "guided_backprop", "gradcam")
}
Pair = tuple[Tensor, Tensor]  # inputs and class numbers


@dataclass(frozen=True)
class Task:
    """What is learned and explained."""

    make: Callable[[], nn.Module]
    training: Pair
    test: Pair
    target: object
    occlusion: Explainer
    epochs: int = 150

    @property
    def explainers(self) -> dict[str, Explainer]:
        return EXPLAINERS | {"occlusion": self.occlusion}


def picture_network(channels: int, size: int, outputs: int) -> nn.Module:
    """A small convolutional network for square images whose size is a multiple of 4."""
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * (size // 4) ** 2, 64),
        nn.ReLU(),
        nn.Linear(64, outputs),
    )


def trained(make: Callable[[], nn.Module], inputs: Tensor, labels: Tensor, *, epochs: int) -> nn.Module:
    """A new network, trained until it is right about nearly all of its labels; random numbers are torch's own."""
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(epochs):
        model.train()
        for part in torch.randperm(len(inputs)).split(32):
            outputs = model(inputs[part])
            single = outputs.shape[1] == 1
            loss = (
                nn.functional.binary_cross_entropy_with_logits(outputs[:, 0], labels[part].float())
                if single
                else nn.functional.cross_entropy(outputs, labels[part])
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        if accuracy(model, inputs, labels) >= LEARNED:
            break
    return model.eval()


def accuracy(model: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    return float((predicted_classes(model, inputs) == labels).double().mean())


@contextmanager
def randomness(seed: int) -> Iterator[None]:
    """Torch's random state set for a while."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


class Once:
    """Training that is done once for the same labels, so that all methods explain the same network."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.done: dict[bytes, nn.Module] = {}
        self.right = 0.0

    def __call__(self, inputs: Tensor, labels: Tensor) -> nn.Module:
        key = labels.numpy().tobytes()
        if key not in self.done:
            self.done[key] = trained(self.task.make, inputs, labels, epochs=self.task.epochs)
            self.right = accuracy(self.done[key], inputs, labels)
        return copy.deepcopy(self.done[key])


def balanced(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """As many of each class, in a random order."""
    random = np.random.default_rng(seed)
    kinds = np.unique(labels)
    each = [random.permutation(np.flatnonzero(labels == kind))[: count // len(kinds)] for kind in kinds]
    return random.permutation(np.concatenate(each))


def digits() -> tuple[Tensor, Tensor]:
    """The test images of MNIST, `(10000, 1, 28, 28)` from 0 to 1, and their digits."""
    folder = DATA / "mnist_t10k"
    pixels = np.frombuffer(gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())[16:], np.uint8)
    labels = np.frombuffer(gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:], np.uint8)
    return torch.from_numpy(pixels.reshape(-1, 1, 28, 28) / np.float32(255)), torch.from_numpy(labels.astype(np.int64))


def largest(outputs: Tensor) -> Tensor:
    """The logit of the predicted class."""
    return outputs.amax(dim=1)


COVERED = partial(METHODS["occlusion"].explainer, window=4, stride=4)


def mnist() -> Task:
    inputs, labels = digits()
    order = balanced(labels.numpy(), 500 + EXPLAINED)
    rest, shown = order[EXPLAINED:], order[:EXPLAINED]
    pairs = ((inputs[rest], labels[rest]), (inputs[shown], labels[shown]))
    return Task(partial(picture_network, 1, 28, 10), *pairs, target=largest, occlusion=COVERED)


def pneumonia() -> Task:
    held = np.load(DATA / "pneumoniamnist" / "pneumoniamnist.npz")
    pairs = []
    for part, count in (("train", 500), ("test", EXPLAINED)):
        labels = held[f"{part}_labels"][:, 0].astype(np.int64)
        rows = balanced(labels, count)
        pixels = held[f"{part}_images"][rows][:, None] / np.float32(255)
        pairs.append((torch.from_numpy(pixels), torch.from_numpy(labels[rows])))
    return Task(partial(picture_network, 1, 28, 1), *pairs, target=0, occlusion=COVERED)


def dna() -> Task:
    bound = si.read_examples(DATA / f"deepbind_encode/{FACTORS['GABPA'][0]}_AC.seq.gz").take(np.arange(1000))
    shuffled = [draws[0] for draws in dinucleotide_shuffle(list(bound.sequences))]
    inputs = si.one_hot([*bound.sequences, *shuffled])
    labels = torch.tensor([1] * len(bound) + [0] * len(bound))
    shown = torch.arange(len(inputs)) % len(bound) < EXPLAINED // 2  # a sequence and its shuffle stay together
    pairs = ((inputs[~shown], labels[~shown]), (inputs[shown], labels[shown]))
    settings = {"length": inputs.shape[2], "dropout": 0.0}  # with dropout it never knows random labels by heart
    return Task(partial(build, "jund", settings), *pairs, target=0, occlusion=METHODS["occlusion"].explainer)


TASKS = {"pneumonia": pneumonia, "mnist": mnist, "dna": dna}


def alike(own: Tensor, other: Tensor) -> dict[str, float]:
    """Mean similarity over the examples in which it is defined."""
    one, two = magnitudes(own), magnitudes(other)
    found = {
        "spearman": spearman(one, two),
        "ssim": ssim(one, two),
        "top_k": top_k_overlap(one, two, top=TOP),
        "spearman_signed": spearman(contributions(own), contributions(other)),
    }
    return {name: float(values.nanmean()) for name, values in found.items()}


def under_random_labels(result: LabelRandomisation, own: Tensor, now: Tensor) -> dict[str, float]:
    """The same from the result of the test, and the share of examples whose maps have an order at all."""
    given = {"spearman": result.spearman, "ssim": result.ssim, "top_k": result.top_k}
    found = {name: float(values.nanmean()) for name, values in given.items()}
    again = alike(own, now)
    if any(abs(found[name] - again[name]) > 1e-6 for name in found):
        raise SystemExit("stopped: the test compared other maps than these")
    return again | {"defined": float((~result.spearman.isnan()).double().mean())}


def mistake_refused(score: Score, task: Task, own: Tensor, explainer: Explainer, seed: int) -> bool:
    """Whether the test refuses a train function that gives the trained network again."""
    inputs, labels = task.test
    again = copy.deepcopy(score.model)
    try:
        label_randomisation(
            score,
            inputs,
            own,
            explainer=explainer,
            train=lambda *_: again,
            labels=labels,
            training=task.training,
            seed=seed,
        )
    except ModelError:
        return True
    return False


def one_seed(task: Task, seed: int) -> dict[str, object]:
    """Networks of one seed and all methods."""
    inputs, labels = task.test
    with randomness(1000 + seed):
        model = trained(task.make, *task.training, epochs=task.epochs)
        other = trained(task.make, *task.training, epochs=task.epochs)
        untrained = task.make().eval()
    score, train = Score(model, as_target(task.target)), Once(task)
    row: dict[str, object] = {"methods": {}}
    for name, explainer in task.explainers.items():
        own, twin, raw = (explainer(Score(each, score.target), inputs).detach() for each in (model, other, untrained))
        given = {"explainer": explainer, "train": train, "labels": labels, "training": task.training}
        result = label_randomisation(score, inputs, own, **given, top=TOP, seed=seed)
        now = explainer(Score(result.model, score.target), inputs).detach()
        row["methods"][name] = {
            "random labels": under_random_labels(result, own, now),
            "same labels, other seed": alike(own, twin),
            "untrained": alike(own, raw),
            "mistake": alike(own, explainer(score, inputs).detach()),
            "mistake_refused": mistake_refused(score, task, own, explainer, seed),
        }
        if inputs.ndim == 4:
            like = spearman(magnitudes(own), inputs.abs().sum(dim=1))
            row["methods"][name]["spearman_with_input"] = float(like.nanmean())
    row["proof"] = {
        "proven": result.proven,
        "other_weights": result.fingerprint != result.model_fingerprint,
        "accuracy_true_labels": result.model_accuracy,
        "accuracy_after_random_labels": result.accuracy,
        "base_rate": result.base_rate,
        "p_value": result.p_value,
        "random_labels_known_by_heart": train.right,
    }
    return row


def summed_up(rows: list[dict]) -> dict[str, object]:
    """Mean and standard deviation over the seeds."""
    found: dict[str, object] = {}
    for method, first in rows[0]["methods"].items():
        mine: dict[str, object] = {}
        for against in ("random labels", "same labels, other seed", "untrained", "mistake"):
            mine[against] = {
                measure: _mean_sd([row["methods"][method][against][measure] for row in rows])
                for measure in first[against]
            }
        if "spearman_with_input" in first:
            mine["spearman_with_input"] = _mean_sd([row["methods"][method]["spearman_with_input"] for row in rows])
        mine["mistake_refused"] = all(row["methods"][method]["mistake_refused"] for row in rows)
        found[method] = mine
    return found


def _mean_sd(values: list[float]) -> list[float]:
    return [round(float(np.nanmean(values)), 4), round(float(np.nanstd(values, ddof=1)), 4)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(TASKS))
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    figures: dict[str, object] = {}
    for name in parser.parse_args().sets:
        task, begun, rows = TASKS[name](), time.perf_counter(), []
        for seed in SEEDS:
            rows.append(one_seed(task, seed))
            print(name, seed, json.dumps(rows[-1]["proof"]), round(time.perf_counter() - begun), flush=True)
        figures[name] = {
            "explained": len(task.test[0]),
            "trained_on": len(task.training[0]),
            "places": task.test[0][0, 0].numel(),
            "proofs": [row["proof"] for row in rows],
            "methods": summed_up(rows),
        }
        print(name, json.dumps(figures[name]["methods"]), flush=True)
    print("written to", write_results("trust_labels", figures))


if __name__ == "__main__":
    main()
