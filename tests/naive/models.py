"""Slow and obvious versions of what seqinterp.models computes, written from the formulas."""

import itertools


def auroc(logits, labels):
    """The share of pairs of a positive and a negative in the right order; a tie is half right."""
    positives = [logit for logit, label in zip(logits, labels, strict=True) if label == 1]
    negatives = [logit for logit, label in zip(logits, labels, strict=True) if label == 0]
    right = sum(
        1.0 if one > other else 0.5 if one == other else 0.0 for one, other in itertools.product(positives, negatives)
    )
    return right / (len(positives) * len(negatives))


def average_precision(logits, labels):
    """sum_n (R_n - R_{n-1}) P_n over the distinct thresholds, from the highest down."""
    total, recall = 0.0, 0.0
    for threshold in sorted(set(logits), reverse=True):
        called = [label for logit, label in zip(logits, labels, strict=True) if logit >= threshold]
        now = sum(called) / sum(labels)
        total += (now - recall) * sum(called) / len(called)
        recall = now
    return total


def calibration_error(probabilities, labels, bins):
    """Expected calibration error over bins of equally many examples, for distinct probabilities."""
    order = sorted(range(len(labels)), key=lambda i: -probabilities[i])
    edges = [bin_ * len(labels) // bins for bin_ in range(bins + 1)]
    error = 0.0
    for start, stop in itertools.pairwise(edges):
        members = order[start:stop]
        if members:
            mean = sum(probabilities[i] for i in members) / len(members)
            observed = sum(labels[i] for i in members) / len(members)
            error += len(members) / len(labels) * abs(mean - observed)
    return error


def deepbind(numbers, sequence):
    """The score of one sequence by a DeepBind model given as {name: number or list}, as deepbind 0.1 computes it."""
    strands = [sequence]
    if numbers["reverse_complement"]:
        strands.append("".join({"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}[base] for base in sequence[::-1]))
    width = numbers["detector_len"]
    scores = []
    for strand in strands:
        if len(strand) <= width:
            scores.append(_apply(numbers, strand))
        else:
            # The last window, start = len(strand) - width, is forgotten by version 0.1.
            scores.extend(_apply(numbers, strand[start : start + width]) for start in range(len(strand) - width))
    return max(scores)


def _apply(numbers, sequence):
    count, width = numbers["num_detectors"], numbers["detector_len"]
    pooled = []
    for detector in range(count):
        activations = []
        for shift in range(len(sequence) + width - 1):
            value = numbers["thresholds"][detector]
            for position in range(width):
                at = shift - width + 1 + position
                letter = sequence[at] if 0 <= at < len(sequence) else "N"
                column = [numbers["detectors"][detector + count * (base + 4 * position)] for base in range(4)]
                value += sum(column) / 4 if letter == "N" else column["ACGT".index(letter)]
            activations.append(max(value, 0.0))
        pooled.append(max(activations))
        if numbers["has_avg_pooling"]:
            pooled.append(sum(activations) / len(activations))
    units = numbers["num_hidden"] or 1
    hidden = [
        numbers["biases1"][unit] + sum(numbers["weights1"][i * units + unit] * value for i, value in enumerate(pooled))
        for unit in range(units)
    ]
    if not numbers["num_hidden"]:
        return hidden[0]
    return numbers["biases2"][0] + sum(
        weight * max(value, 0.0) for weight, value in zip(numbers["weights2"], hidden, strict=True)
    )
