"""Is the input like what the model knows?"""

from seqinterp.api.evidence_parts.question import Question
from seqinterp.api.out_of_distribution import out_of_distribution
from seqinterp.errors import InputError
from seqinterp.report.evidence_contents import Likeness

MOST = 500  # training examples that it is held against: the last layer's covariance is the square of its width


def likeness(question: Question) -> Likeness:
    """The example beside the training examples.

    Raises:
        InputError: there are no training examples, or fewer than 20.
    """
    if question.training is None:
        raise InputError("no training examples were given; pass training=(inputs, labels)")
    same = (question.training.inputs == question.inputs).flatten(1).all(dim=1).nonzero().flatten().tolist()
    shown = question.training.some(MOST)
    found = out_of_distribution(
        question.model,
        question.inputs,
        shown.inputs,
        layer=question.layer,
        seed=question.seed,
        device=question.device,
    )
    row = found.table.iloc[0]
    sequence = "sequence_p_value" in found.table
    return Likeness(
        examples=len(shown),
        p_value=float(row["p_value"]),
        latent_distance=float(row["latent_distance"]),
        latent_p_value=float(row["latent_p_value"]),
        log_likelihood=float(row["log_likelihood"]) if sequence else None,
        sequence_p_value=float(row["sequence_p_value"]) if sequence else None,
        seen=tuple(question.training.names[number] for number in same),
    )
