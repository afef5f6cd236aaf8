"""The page LEADERBOARD.md, made from the results of `leaderboard.py` alone."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

PAGE = Path(__file__).parent / "LEADERBOARD.md"
DRAWS = 2000  # of the bootstrap


class Board:
    """The tables of the results as frames, the methods in the order of their mean AUROC."""

    def __init__(self, results: dict[str, Any]) -> None:
        self.figures, self.machine = results["figures"], results["machine"]
        kinds = ("network", "method", "search")
        frames = {kind: pd.read_csv(StringIO("\n".join(self.figures[kind]))) for kind in kinds}
        self.networks, self.rows, self.searches = frames["network"], frames["method"], frames["search"]
        self.learned = self.networks[self.networks.whole >= self.figures["learned"]]
        self.auroc = self.rows.pivot(index="method", columns=["architecture", "grammar"], values="auroc")
        self.order = self.auroc.mean(axis=1).sort_values(ascending=False, kind="stable").index.tolist()
        everywhere = [method for method in self.order if self.auroc.loc[method].notna().sum() == len(self.learned)]
        self.first = everywhere[0]

    def mean(self, metric: str, **chosen: str) -> pd.Series:
        """The mean of a metric by method, of the rows that are chosen."""
        rows = self.rows
        for column, value in chosen.items():
            rows = rows[rows[column] == value]
        return rows.groupby("method")[metric].mean()

    def behind(self, method: str) -> tuple[float, float, float]:
        """How much a method is behind the first, over the networks that both explain, with its interval."""
        gaps = (self.auroc.loc[self.first] - self.auroc.loc[method]).dropna().to_numpy()
        return interval(gaps)


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """The mean and its 95 % interval, networks drawn with replacement."""
    drawn = np.random.default_rng(0).choice(values, (DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def page(results: dict[str, Any]) -> str:
    """The whole page."""
    board = Board(results)
    parts = (
        ("# Which attribution method is right on trained networks?", how),
        ("## Ranking", ranking),
        ("## By architecture", by_architecture),
        ("## By grammar", by_grammar),
        ("## Other questions", others),
        ("## The networks", networks),
        ("## What was refused", refused),
        ("## What it says", says),
        ("## What it does not say", silent),
    )
    return "\n\n".join(f"{title}\n\n{part(board)}" for title, part in parts) + "\n"


def how(board: Board) -> str:
    """How the page was made, and how to repeat it."""
    figures, machine = board.figures, board.machine
    slow = ", ".join(f"`{method}`" for method in figures["slow"])
    return (
        f"Made by `python benchmarks/leaderboard.py --cache FOLDER` and `--page`, on {machine['date']}, commit"
        f" {machine['commit']}, torch {machine['versions']['torch']}, {machine['threads']} thread. Small networks of"
        f" {board.networks.architecture.nunique()} kinds were trained on each of {board.networks.grammar.nunique()}"
        " motif grammars (sequences of 80 bases, motifs on either strand), by regression on what the exact network of"
        " the grammar says, half of the examples with a tenth of their bases replaced. "
        f"{len(board.learned)} of {len(board.networks)} networks explain at least {figures['learned']:.0%} of the"
        " variance of held-out examples; the others are left out of every mean. Each method explains, as it comes,"
        f" {figures['examples']} examples per network in which something matters ({slow}:"
        f" {figures['examples_of_slow_methods']}, because they take long). The truth is that of the grammar: Shapley"
        " values of the planted sites by enumeration on the exact network, spread evenly over the informative bases"
        " of a site; 12 or 24 of 80 bases matter. Results: `benchmarks/results/leaderboard--*.json`."
    )


def ranking(board: Board) -> str:
    """Mean AUROC with its interval, and how far behind the first."""
    lines = []
    for method in board.order:
        values = board.auroc.loc[method].dropna().to_numpy()
        gap, low, high = board.behind(method)
        tied = "is the first" if method == board.first else f"{gap:+.3f} ({low:+.3f} to {high:+.3f})"
        if method != board.first and low <= 0:
            tied += ", tied" if high >= 0 else ", ahead"
        mean, under, over = interval(values)
        lines.append([f"`{method}`", f"{mean:.3f} ({under:.3f}–{over:.3f})", str(len(values)), tied])
    head = ["method", "AUROC, mean of networks (95 % interval)", "networks", "behind the first, on the same networks"]
    note = (
        f"The first is the highest of the methods that explain all {len(board.learned)} networks. Intervals: networks"
        f" drawn with replacement, {DRAWS} times; those of the last column are of differences on the same networks, and"
        " a method whose interval includes 0 is tied with the first. Chance is 0.5."
    )
    return f"{note}\n\n{markdown(head, lines)}"


def by_architecture(board: Board) -> str:
    """Methods by architectures."""
    note = "AUROC, mean over the grammars that were learned ± standard deviation over them; – where it is refused."
    return f"{note}\n\n{crossed(board, 'architecture', spread=True)}"


def by_grammar(board: Board) -> str:
    """Methods by grammars."""
    return f"AUROC, mean over the architectures that learned the grammar.\n\n{crossed(board, 'grammar', spread=False)}"


def crossed(board: Board, column: str, *, spread: bool) -> str:
    """A table of the methods and what is in a column."""
    groups = board.rows.groupby(["method", column]).auroc
    means, spreads = groups.mean().unstack(), groups.std().unstack()
    heads = [name for name in board.networks[column].unique() if name in means]

    def cell(method: str, name: str) -> str:
        if np.isnan(means.loc[method, name]):
            return "–"
        return f"{means.loc[method, name]:.2f}" + (f" ± {spreads.loc[method, name]:.2f}" if spread else "")

    lines = [[f"`{method}`", *(cell(method, name) for name in heads)] for method in board.order]
    return markdown(["AUROC", *heads], lines)


def others(board: Board) -> str:
    """The other metrics by method."""
    metrics = ("average_precision", "signal_share", "sign", "position_error", "own_auroc", "seconds")
    means = {metric: board.mean(metric) for metric in metrics}
    motifs = board.searches.groupby("method")[["recovered", "strange"]].mean()
    lines = []
    for method in board.order:
        found = [
            f"{motifs.loc[method, key]:.2f}" if method in motifs.index else "–" for key in ("recovered", "strange")
        ]
        cells = [f"{means[metric][method]:.{1 if metric == 'position_error' else 2}f}" for metric in metrics[:-1]]
        lines.append([f"`{method}`", *cells, *found, f"{means['seconds'][method]:.3f}"])
    head = ["method", "average precision", "signal share", "sign", "position error (bases)"]
    head += ["AUROC, truth of the network", "motifs found", "strange patterns", "seconds per example"]
    searched = ", ".join(board.searches.grammar.unique())
    note = (
        "Signal share: of the size of all contributions, at bases that matter. Sign: share of the truth whose sign is"
        " right. Truth of the network: the same enumeration on the trained network, sites below a tenth of the largest"
        " counted as nothing. Position error: from the largest contributions to the nearest base that matters."
        " Motifs found: share of the planted motifs that `si.discover` finds in the attributions of"
        f" {board.figures['examples']} examples (grammars {searched}; named by q < 0.05 among the planted"
        f" words and {board.figures['jaspar']} of JASPAR);"
        " strange patterns: patterns per network that are nothing that matters. Seconds: one"
        " thread of a machine that was busy."
    )
    return f"{note}\n\n{markdown(head, lines)}"


def networks(board: Board) -> str:
    """What each network reached."""
    reached = board.networks.pivot(index="architecture", columns="grammar", values="whole")
    broken = board.networks.pivot(index="architecture", columns="grammar", values="broken")
    heads = board.networks.grammar.unique().tolist()
    size = board.networks.groupby("architecture").parameters.first()
    lines = [
        [name, f"{size[name]:,}", *(f"{reached.loc[name, one]:.2f} / {broken.loc[name, one]:.2f}" for one in heads)]
        for name in board.networks.architecture.unique()
    ]
    lost = board.networks[board.networks.whole < board.figures["learned"]]
    names = ", ".join(f"{row.architecture} on {row.grammar}" for row in lost.itertuples())
    note = (
        "Share of the variance of held-out examples explained: as they are drawn / with a tenth of the bases replaced."
        f" Training took {board.networks.seconds.sum() / 60:.0f} minutes in all. Not learned, and left out:"
        f" {names or 'none'}."
    )
    return f"{note}\n\n{markdown(['architecture', 'parameters', *heads], lines)}"


def refused(board: Board) -> str:
    """Which networks a method refuses, and why."""
    lines = []
    for method, reasons in board.figures["refused"].items():
        for reason, where in reasons.items():
            kinds = ", ".join(dict.fromkeys(one.split("/")[0] for one in where))
            lines.append(f"- `{method}`, {kinds} ({len(where)} networks): {reason}")
    return "\n".join(lines) or "Nothing."


def says(board: Board) -> str:
    """What follows from the numbers, each sentence with its own."""
    sentences = (
        of_the_first,
        of_the_last,
        of_single_edits,
        of_slopes,
        of_baselines,
        of_four_bases,
        of_networks,
        of_motifs,
        of_doubts,
    )
    return "\n".join(f"- {sentence(board)}" for sentence in sentences)


def of_the_first(board: Board) -> str:
    """Who is first, who is tied with it, and at what cost."""
    seconds, others = board.mean("seconds"), [one for one in board.order if one != board.first]
    tied = [one for one in others if board.behind(one)[1] <= 0]
    after = next(one for one in others if one not in tied)
    gap, low, high = board.behind(after)
    return (
        f"`{board.first}` is the first ({board.auroc.loc[board.first].mean():.3f}, {seconds[board.first]:.3f} s per"
        f" example); tied with it: {named(tied) or 'none'}. The best that is not tied is `{after}`"
        f" ({board.auroc.loc[after].mean():.3f}; {gap:.3f} behind, {low:.3f} to {high:.3f})."
    )


def of_the_last(board: Board) -> str:
    """Which methods are weak, and where they are worse than chance."""
    means = board.rows.groupby(["method", "architecture"]).auroc.mean()
    weak = [f"`{one}` ({board.auroc.loc[one].mean():.2f})" for one in board.order if board.auroc.loc[one].mean() < 0.8]
    below = [f"`{method}` on {kind} ({value:.2f})" for (method, kind), value in means.items() if value < 0.5]
    return f"Below 0.8 on average: {', '.join(weak) or 'none'}. Worse than chance: {', '.join(below) or 'nowhere'}."


def of_single_edits(board: Board) -> str:
    """Where methods that take one thing away at a time are at their lowest."""
    return lowest(board, ("mutagenesis", "occlusion"), "grammar")


def of_slopes(board: Board) -> str:
    """Where slopes at the input are at their lowest."""
    return lowest(board, ("gradient_times_input", "corrected_gradient", "integrated_gradients", "lrp"), "architecture")


def lowest(board: Board, methods: Sequence[str], column: str) -> str:
    """The group of networks on which each method is at its lowest, against all."""
    parts = []
    for method in methods:
        means = board.rows[board.rows.method == method].groupby(column).auroc.mean()
        parts.append(
            f"`{method}` on {means.idxmin()} ({means.min():.2f}, against {board.auroc.loc[method].mean():.2f})"
        )
    return f"By {column} these are at their lowest: {', '.join(parts)}."


def of_baselines(board: Board) -> str:
    """Where methods that compare with zeros as they come are at their lowest."""
    return (
        lowest(board, ("shapley", "kernel_shap", "lime"), "grammar") + " They compare with zeros unless told otherwise."
    )


def of_four_bases(board: Board) -> str:
    """Maps of all four bases, read at the base that stands there."""
    plain, present = board.mean("auroc"), board.mean("present_auroc")
    sign, present_sign = board.mean("sign"), board.mean("present_sign")
    gained = [one for one in board.order if present[one] - plain[one] > 0.02]
    parts = [
        f"`{one}` {plain[one]:.2f} to {present[one]:.2f} (sign {sign[one]:.2f} to {present_sign[one]:.2f})"
        for one in gained
    ]
    return (
        "Some methods give a number to all four bases, and their sum over bases, which is read here, is not what the"
        f" base that stands there does. Read times the input, AUROC rises: {', '.join(parts) or 'of none'}."
    )


def of_networks(board: Board) -> str:
    """How the truth of the networks differs from that of the grammar."""
    away, most = board.learned.away, board.learned.loc[board.learned.away.idxmax()]
    apart = (board.rows.own_auroc - board.rows.auroc).abs()
    return (
        "The exact site values of the trained networks differ from those of the grammar by"
        f" {away.median():.0%} of their size (median; most: {most.architecture} on {most.grammar}, {most.away:.0%})."
        f" AUROC against either truth differs by more than 0.01 in {int((apart > 0.01).sum())} of"
        f" {len(apart)} pairs of a method and a network (most: {apart.max():.3f}): the same sites matter, and AUROC"
        " does not ask how much."
    )


def of_motifs(board: Board) -> str:
    """What discovery makes of the attributions."""
    found = board.searches.groupby("method")[["recovered", "strange"]].mean()
    full = [one for one in board.order if one in found.index and found.recovered[one] >= 0.95]
    poor = [one for one in board.order if one in found.index and found.recovered[one] < 0.5]
    return (
        f"Motif discovery finds at least 95 % of the planted motifs in the maps of {named(full) or 'none'}, and fewer"
        f" than half in those of {named(poor) or 'none'}. Most strange patterns: `{found.strange.idxmax()}`"
        f" ({found.strange.max():.2f} per network)."
    )


def of_doubts(board: Board) -> str:
    """How often the certificates speak of doubt."""
    counts = {method: sum(kinds.values()) for method, kinds in board.figures["doubtful"].items()}
    shares = {method: count / board.auroc.loc[method].notna().sum() for method, count in counts.items()}
    parts = [f"`{method}` {share:.0%}" for method, share in sorted(shares.items(), key=lambda pair: -pair[1])]
    return f"Certificates that were not ok, share of networks: {', '.join(parts) or 'none'}."


def silent(board: Board) -> str:
    """What does not follow."""
    return (
        "The networks are small, their sequences short, the motifs clean words, and nothing else is to be found; on"
        " real data the figures, and the order, may be others. The truth spreads a site evenly over its"
        " informative bases; a network that uses some of them more is not wrong, but a map that shows it is marked down"
        " in signal share. The truth asks what is lost when a site gives way to background: methods that compare with"
        " shuffled references ask the same, slopes ask another question, so the order is no verdict on what slopes are"
        f" for. Of the slow methods {board.figures['examples_of_slow_methods']} examples per network are little: their"
        " places may change. The intervals treat networks as independent, though those of one grammar share their"
        " examples. Methods run with their defaults, on one set of trained weights each; more draws or another baseline"
        " change the sampled ones most. Methods that refuse some networks are compared on the rest."
    )


def named(methods: Sequence[str]) -> str:
    """Methods in a sentence."""
    return ", ".join(f"`{method}`" for method in methods)


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
