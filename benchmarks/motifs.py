"""Motif discovery beside modisco-lite: `python benchmarks/motifs.py [group ...] [--alone] [--noise N ...]`.

Groups: a number of planted motifs (1, 6, 20, 50; 6x30 is 6 motifs at 30 sites each), on which both tools get the same
hypothetical contributions and are judged alike (see planted_motifs.py); `calls`, seqlet calling beside tangermeme's
callers; `growth`, time and memory of ours against the number of seqlets. `--alone` leaves the other tool out. Results
are merged into one file of `benchmarks/results/` when they are of one commit.
"""

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from measure import RESULTS, machine, write_results
from planted_motifs import Planted, judge, plant
from real_data import DATA, JASPAR

from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.discovery import discover_motifs
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.seqlets import candidate_seqlets
from seqinterp.motifs.tracks import as_tracks

NOISE = (0.02, 0.05, 0.1)
THRESHOLD = 0.2  # false discovery rate of seqlets: the default of both tools
REPEATS = 7
GROWTH = (1000, 2000, 5000, 10_000, 20_000, 50_000, 120_000)  # sites


def ours(planted: Planted) -> list[Motif]:
    """The motifs that `discover` finds; names and hits are not asked for, since modisco-lite gives none."""
    tracks = as_tracks(planted.inputs, planted.attributions)
    candidates = candidate_seqlets(tracks.total, threads=torch.get_num_threads())
    seqlets = candidates.take(np.flatnonzero(candidates.q_value <= THRESHOLD))
    return [one.motif.trim() for one in discover_motifs(tracks, seqlets).found]


def modisco(planted: Planted) -> list[Motif]:
    """modisco-lite's patterns of both signs, at its defaults, trimmed as ours are."""
    from modiscolite.tfmodisco import TFMoDISco

    inputs, given = (held.transpose(0, 2, 1).astype(np.float32) for held in (planted.inputs, planted.attributions))
    found = TFMoDISco(one_hot=inputs, hypothetical_contribs=given)
    patterns = [pattern for group in found for pattern in group or []]
    return [
        Motif(f"pattern_{i}", np.asarray(pattern.sequence, np.float64).T * len(pattern.seqlets)).trim()
        for i, pattern in enumerate(patterns)
    ]


def race(count: int, sites: int, options: argparse.Namespace) -> dict[str, object]:
    """Both tools on the same simulations."""
    known = read_motifs(options.database)
    table: dict[str, object] = {}
    for noise in options.noise:
        planted = plant(known, count, sites=sites, noise=noise, seed=options.seed)
        rows = {"seqinterp": timed(ours, planted)}
        if not options.alone:
            rows["modisco-lite"] = timed(modisco, planted)
        table[f"noise {noise}"] = rows
        print(count, sites, noise, json.dumps(rows), flush=True)
    return table


def timed(tool: Callable[[Planted], list[Motif]], planted: Planted) -> dict[str, object]:
    """What a tool finds, and the seconds it takes; also of the processor, since the machine may not be quiet."""
    begun, spent = time.perf_counter(), time.process_time()
    found = tool(planted)
    seconds, processor = time.perf_counter() - begun, time.process_time() - spent
    return {**judge(planted, found), "seconds": round(seconds, 2), "processor_seconds": round(processor, 2)}


def calls(options: argparse.Namespace) -> dict[str, object]:
    """Seqlet calling of 1,000 sequences of 400 bases, in turns with tangermeme's two callers."""
    from tangermeme.seqlet import recursive_seqlets, tfmodisco_seqlets

    planted = plant(read_motifs(options.database), 6, sites=500, seed=options.seed)
    total = np.ascontiguousarray((planted.attributions * planted.inputs).sum(axis=1))
    given = torch.from_numpy(total)
    tools: dict[str, Callable[[], object]] = {
        "seqinterp": lambda: candidate_seqlets(total, threads=torch.get_num_threads()),
        "tfmodisco_seqlets": lambda: tfmodisco_seqlets(given),
        "recursive_seqlets": lambda: recursive_seqlets(given),
    }
    taken: dict[str, list[float]] = {name: [] for name in tools}
    for repeat in range(REPEATS + 1):
        for name, tool in tools.items():
            begun = time.perf_counter()
            tool()
            if repeat:  # the first compiles
                taken[name].append(time.perf_counter() - begun)
    return {
        "seconds": {name: median(times) for name, times in taken.items()},
        "times_faster": {
            name: sorted(there / here for here, there in zip(taken["seqinterp"], taken[name], strict=True))
            for name in taken
            if name != "seqinterp"
        },
    }


def growth(options: argparse.Namespace) -> list[dict[str, object]]:
    """Seconds and memory of ours against the number of seqlets: 20 motifs, ever more sites."""
    known, rows = read_motifs(options.database), []
    for sites in GROWTH:
        planted = plant(known, 20, sites=sites // 20, seed=options.seed)
        tracks = as_tracks(planted.inputs, planted.attributions)
        candidates = candidate_seqlets(tracks.total, threads=torch.get_num_threads())
        seqlets = candidates.take(np.flatnonzero(candidates.q_value <= THRESHOLD))
        row = {"seqlets": len(seqlets), **timed(ours, planted)}
        rows.append(row | {"peak_MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", default=["1", "6", "6x30", "20", "calls", "growth"])
    parser.add_argument("--database", type=Path, default=DATA / JASPAR)
    parser.add_argument("--alone", action="store_true", help="without modisco-lite")
    parser.add_argument("--noise", type=float, nargs="*", default=NOISE)
    parser.add_argument("--suite", default="motifs", help="name of the file of results")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    path = RESULTS / f"{options.suite}--{platform.machine()}-{options.threads}threads--cpu.json"
    written = json.loads(path.read_text()) if path.exists() else None
    same = written is not None and written["machine"]["commit"] == machine()["commit"]
    figures: dict[str, object] = written["figures"] if written is not None and same else {}
    ours(plant(read_motifs(options.database), 1, sites=60))  # compiles, or loads what was compiled
    for group in options.groups:
        if group in ("calls", "growth"):
            figures[group] = {"calls": calls, "growth": growth}[group](options)
        else:
            count, _, sites = group.partition("x")
            figures[f"planted {group}"] = race(int(count), int(sites or 200), options)
        print(group, json.dumps(figures.get(group, "")), flush=True)
        print("written to", write_results(options.suite, figures), flush=True)


if __name__ == "__main__":
    main()
