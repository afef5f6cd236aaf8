"""Speed and memory of exact mutagenesis beside its peers: `python benchmarks/mutagenesis.py [group ...] [--quick]`.

A group is a network (M1 ... ChromBPNet): the effects of all substitutions, by the door that everything about edits goes
through and by `si.mutate`, against tangermeme at its best setting (its fast path forced on where that is faster, and
captured beforehand) and against forward passes in torch (edited sequences made beforehand). Or one of: pairs (all
double substitutions of 101 bases), cold (one sequence in a new Python), memory. Answers are checked against double
precision and the peer before anything is timed; all take turns in one process, on the same threads and with the same
settings of malloc. For long sequences everyone but `mutate` edits positions spread evenly over the sequence, and times
are scaled to all of them. Results are merged into one file of `benchmarks/results/` when they are of one commit;
`--quick` writes nothing.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

import peak
import torch
from measure import RESULTS, machine, write_results
from mutagenesis_course import REPEATS, SIZES, Course, against_double, agreement, check
from race import SHORTEST, at_best, seconds
from reference_networks import NETWORKS, network, sequences
from torch import Tensor

import seqinterp as si
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.mutagenesis.edit_lists import pairs, substitutions
from seqinterp.mutagenesis.edits import joined
from seqinterp.mutagenesis.effects import effects

MALLOC = {  # without these each large temporary of torch costs page faults; bytes
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
    "MALLOC_TOP_PAD_": "268435456",
}


def race_network(name: str, quick: bool) -> dict[str, object]:
    """All contestants in turns, after their answers were checked."""
    course = Course(name, quick)
    peers = [f"{way}, batches of {size}" for way in ("full passes", "fast path") for size in course.sizes]
    found = course.door()
    checked = check(course, found)
    usable, refused = [], {}
    for setting in peers:
        try:
            answer = course.tangermeme(setting)()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from this model
            refused[setting] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            continue
        checked |= {setting: agreement(course, found, answer)}
        usable.append(setting)
    tries = min(3, course.repeats)
    peer = at_best(course.tangermeme, usable, tries)
    passes = at_best(course.forward, course.sizes, tries)
    runs = {"door": course.door, "tangermeme": peer.run, "forward passes": passes.run, "mutate": course.mutate}
    times = in_turns({**runs, "peak": lambda: peak.registers(torch.get_num_threads())}, course.repeats)
    edits, everywhere = len(course.edits), 3 * course.inputs.shape[2] * len(course.inputs)
    each = {name: [one / (everywhere if name == "mutate" else edits) for one in taken] for name, taken in times.items()}
    rows = {f"{us} against {other}": _ratios(each, us, other) for us, other in _VERSUS}
    sequence = 3 * course.inputs.shape[2]
    figures: dict[str, object] = {
        "checked": checked,
        "times_faster": rows,
        "ms_per_sequence": {name: 1000 * sequence * median(each[name]) for name in runs},
        "settings": {"tangermeme": peer.batch_size, "forward passes": passes.batch_size, "refused": refused},
        "sequences": len(course.inputs),
        "positions": "all" if course.whole else len(course.positions or ()),
        "repeats": course.repeats,
    }
    return figures | _share(course, times)


_VERSUS = [(us, other) for us in ("door", "mutate") for other in ("tangermeme", "forward passes")]


def _ratios(each: Mapping[str, list[float]], us: str, other: str) -> dict[str, float]:
    ratios = [there / here for here, there in zip(each[us], each[other], strict=True)]
    return {"median": median(ratios), "lowest": min(ratios), "highest": max(ratios)}


def _share(course: Course, times: Mapping[str, list[float]]) -> dict[str, object]:
    """Operations per second of the door, and what part that is of the peak measured in the same turns."""
    count = course.operations()
    if count is None:
        return {"share_of_peak": None}
    rates = [count / here for here in times["door"]]
    peaks = times["peak"]  # operations per second already
    share = median(rate / highest for rate, highest in zip(rates, peaks, strict=True))
    return {
        "operations_per_sequence": count / len(course.edits) * 3 * course.inputs.shape[2],
        "GFLOP_per_second": median(rates) / 1e9,
        "peak_GFLOP_per_second": median(peaks) / 1e9,
        "share_of_peak": share,
    }


def in_turns(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of one run of each, `repeats` times; "peak" gives its own number. Who begins changes each time."""
    times = {name: max(1, round(SHORTEST / seconds(run))) for name, run in runs.items() if name != "peak"}
    taken: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    for repeat in range(repeats):
        shift = repeat % len(names)
        for name in names[shift:] + names[:shift]:
            run = runs[name]
            taken[name].append(run() if name == "peak" else seconds(run, times[name]))  # type: ignore[arg-type]
    return taken


def all_pairs(quick: bool) -> dict[str, object]:
    """All double substitutions of one sequence of 101 bases on M1."""
    course = Course("M1", quick)
    course.inputs = course.inputs[:1]
    edits = joined(list(pairs(course.inputs)))

    def ours() -> Tensor:
        return si.mutate_pairs(course.score.model, course.inputs, device="cpu").both

    where = torch.stack([edits.position, edits.columns.argmax(dim=1)]).view(2, -1, 2)
    found = ours()[0, where[0, :, 0], where[1, :, 0], where[0, :, 1], where[1, :, 1]]
    some = torch.unique(torch.cat([torch.linspace(0, len(edits) - 1, 96).long(), found.abs().topk(4).indices]))
    checked = against_double(course, edits.take(some), found[some], found)
    course.edits = edits
    passes = at_best(course.forward, (303, 1024, 4096), 1)
    times = in_turns({"mutate_pairs": ours, "forward passes": passes.run}, course.repeats)
    return {
        "checked": checked,
        "pairs": len(edits),
        "seconds": {name: median(taken) for name, taken in times.items()},
        "slowest": max(times["mutate_pairs"]),
        "times_faster": _ratios(times, "mutate_pairs", "forward passes"),
        "batch_size": passes.batch_size,
    }


COLD = """
import time; begun = time.perf_counter()
import torch; loaded = time.perf_counter()
torch.set_num_threads({threads})
import seqinterp as si
from reference_networks import network, sequences
model, one = network("M1"), sequences(1, 101); ready = time.perf_counter()
si.mutate(model, one, device="cpu")
done = time.perf_counter()
print(loaded - begun, ready - loaded, done - ready)
"""


def output_of(command: list[str]) -> str:
    """What another process writes, with malloc as it is by default."""
    usual = {name: value for name, value in os.environ.items() if name not in MALLOC}
    folder = Path(__file__).parent
    return subprocess.run(command, cwd=folder, env=usual, stdout=subprocess.PIPE, text=True, check=True).stdout


def cold(quick: bool) -> dict[str, object]:
    """All edits of one sequence of 101 bases in a new Python, machine code on disk: seconds."""
    command = [sys.executable, "-W", "ignore", "-c", COLD.format(threads=torch.get_num_threads())]
    rows = []
    for _ in range(3 if quick else REPEATS + 1):
        found: list[str] = []

        def start(found: list[str] = found) -> None:
            found.extend(output_of(command).split())

        whole = seconds(start)  # type: ignore[arg-type]
        rows.append((whole, *map(float, found)))
    names = ("in all", "import torch", "import seqinterp and make the model", "mutate")
    columns = zip(names, zip(*rows[1:], strict=True), strict=True)  # the first one fills the caches of files
    table = {name: {"median": median(column), "highest": max(column)} for name, column in columns}
    return {"seconds": table, "without torch": median(row[0] - row[1] for row in rows[1:]), "repeats": len(rows) - 1}


def memory(quick: bool) -> dict[str, object]:
    """Peak resident memory in MiB: a batch of 64 sequences of 2,114 bases on M4, in a process of its own."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).resolve()), "--peak-memory"]
    return json.loads(output_of([*command, "--threads", str(torch.get_num_threads()), *(["--quick"] if quick else [])]))


def print_peak_memory(quick: bool) -> None:
    """What `memory` starts: edits of every 33rd position of each sequence, by the kernels."""
    model, inputs = Score(network("M4"), output(0)), sequences(64, NETWORKS["M4"][1])
    edits = substitutions(inputs, positions=range(0, inputs.shape[2], 330 if quick else 33))
    effects(model, inputs[:1], substitutions(inputs[:1], positions=[0]), backend="kernels")  # loads what is loaded once
    pages = Path("/proc/self/statm").read_text().split()[1]
    before = int(pages) * resource.getpagesize() / 2**20
    effects(model, inputs, edits)
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    highest = int(line.split()[1]) / 2**10
    print(json.dumps({"peak": round(highest), "added": round(highest - before), "edits": len(edits), "sequences": 64}))


GROUPS: dict[str, Callable[[bool], dict[str, object]]] = {
    **{name: partial(race_network, name) for name in SIZES},
    "pairs": all_pairs,
    "cold": cold,
    "memory": memory,
}


def earlier(threads: int) -> dict[str, object]:
    """Figures that other runs have written at this commit."""
    path = RESULTS / f"mutagenesis--{platform.machine()}-{threads}threads--cpu.json"
    if not path.exists():
        return {}
    written = json.loads(path.read_text())
    return written["figures"] if written["machine"]["commit"] == machine()["commit"] else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help=f"all unless given: {', '.join(GROUPS)}")
    parser.add_argument("--quick", action="store_true", help="few sequences and repeats; nothing is written")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak-memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"unknown group {', '.join(unknown)}; there are {', '.join(GROUPS)}")
    torch.set_num_threads(options.threads)
    if options.peak_memory:
        print_peak_memory(options.quick)
        return
    if any(os.environ.get(name) != value for name, value in MALLOC.items()):  # read when a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | MALLOC)
    figures: dict[str, object] = {} if options.quick else earlier(options.threads)
    for name in options.groups or GROUPS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch tells how it pads
            figures[name] = GROUPS[name](options.quick)
        print(f"{name}\n{json.dumps(figures[name], indent=2)}", flush=True)
        if not options.quick:
            print("written to", write_results("mutagenesis", figures), flush=True)


if __name__ == "__main__":
    main()
