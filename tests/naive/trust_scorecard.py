"""Slow oracles of what a scorecard asks beside the metrics."""

import numpy as np
import torch


def fixed_mass(attributions, count):
    """The largest mean share of all |contributions| that `count` places can hold, by trying them one by one."""
    size = attributions.sum(dim=1).abs().double().numpy()
    total, means = size.sum(axis=1), []
    for place in range(size.shape[1]):
        means.append(np.mean([size[row, place] / total[row] for row in range(len(size)) if total[row] > 0]))
    return sum(sorted(means)[-count:])


def paired_t(own, others):
    """The t statistic of own less the mean of its others, written out."""
    gaps = [one - sum(row) / len(row) for one, row in zip(own, others, strict=True)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1)
    return mean / (variance / len(gaps)) ** 0.5


def surviving(own, others):
    """Of the calls (start, stop, sign) of one example, the share that every other list has, by overlap of a half."""

    def same(one, other):
        shared = min(one[1], other[1]) - max(one[0], other[0])
        return one[2] == other[2] and 2 * shared >= min(one[1] - one[0], other[1] - other[0])

    kept = [all(any(same(call, other) for other in rest) for rest in others) for call in own]
    return sum(kept) / len(kept) if kept else float("nan")


def thinned_linear(weight, inputs, mask):
    """A linear layer after a mask of dropout."""
    return torch.stack([sum(weight[i] * row[i] * mask[i] for i in range(len(weight))) for row in inputs])
