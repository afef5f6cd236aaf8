"""Every measure of a scorecard: which question it answers, which way is better, what it is in words."""

from dataclasses import dataclass

QUESTIONS = {
    "complete": "Is it complete?",
    "faithful": "Is it faithful?",
    "stable": "Is it stable?",
    "model": "Does it depend on the model?",
    "input": "Is it more than the input?",
    "right": "Is it right?",
    "agreement": "Do the methods agree?",
    "neighbours": "Do similar inputs get similar explanations?",
    "shortcuts": "Does the model look where it should?",
}


@dataclass(frozen=True)
class Measure:
    """question: a key of QUESTIONS. better: "larger", "smaller", or "" for what is shown and not judged by itself."""

    question: str
    better: str
    words: str


MEASURES: dict[str, Measure] = {
    "completeness_error": Measure(
        "complete", "smaller", "what the attributions miss of the score difference, over its size (the certificate)"
    ),
    "deletion_gain": Measure(
        "faithful", "larger", "area between the deletion curves of random orders and its own; 1 is the whole score"
    ),
    "insertion_gain": Measure(
        "faithful", "larger", "the same area for insertion, where the largest are put back first; 1 is the whole score"
    ),
    "aopc": Measure("faithful", "larger", "mean fall of the score over the first fifth taken away"),
    "sensitivity_n": Measure(
        "faithful", "larger", "correlation of summed contributions of a tenth of the positions with the fall"
    ),
    "faithfulness_correlation": Measure(
        "faithful", "larger", "correlation of summed contributions of a fifth of the positions with the fall"
    ),
    "infidelity": Measure(
        "faithful", "smaller", "squared error of what is foretold, at the best scale; 1 foretells nothing"
    ),
    "perturbation_shift": Measure(
        "faithful", "", "bits of likelihood a base that taking the first fifth away costs: how odd the inputs become"
    ),
    "size": Measure("faithful", "", "sum of the sizes of all contributions, by which likenesses count"),
    "deletion_curve": Measure("faithful", "", "score after the share of positions was taken away"),
    "insertion_curve": Measure("faithful", "", "score when only the share of positions is there"),
    "neighbour_similarity": Measure(
        "stable", "larger", "Spearman with explanations of inputs next to it that score the same"
    ),
    "max_sensitivity": Measure("stable", "smaller", "largest relative change of the explanation over these neighbours"),
    "local_lipschitz": Measure("stable", "smaller", "largest change of the explanation by distance of the neighbour"),
    "strand_consistency": Measure("stable", "larger", "Spearman with the explanation of the other strand, turned back"),
    "shift_consistency": Measure("stable", "larger", "Spearman with the explanation of the input moved by one place"),
    "reseeding": Measure("stable", "larger", "Spearman between runs with different seeds"),
    "members": Measure("stable", "larger", "Spearman between members of an ensemble, or dropout masks"),
    "setting_similarity": Measure("stable", "", "Spearman with the same method under another setting"),
    "always_top": Measure("stable", "", "share of the ten top places that are at the top under every setting"),
    "randomised": Measure(
        "model", "smaller", "likeness to explanations of copies with all weights random; 1 ignores the model"
    ),
    "cascade": Measure("model", "", "likeness to explanations of copies whose layers are random from the output down"),
    "null_similarity": Measure("input", "", "Spearman of sizes with a map of the input alone"),
    "null_p_value": Measure(
        "input", "", "p-value: is the explanation like the null map of its own example, or of any?"
    ),
    "truth_auroc": Measure("right", "larger", "chance that a place that matters outranks one that does not"),
    "truth_average_precision": Measure("right", "larger", "average precision of places ranked by size"),
    "truth_share": Measure("right", "larger", "share of all contributions that is at places that matter"),
    "pointing_game": Measure("right", "larger", "whether the largest contribution is at a place that matters"),
    "position_error": Measure("right", "smaller", "bases from the largest contributions to the nearest that matters"),
    "agreement": Measure("agreement", "larger", "Spearman with the explanations of the other methods, their mean"),
    "word_neighbours": Measure("neighbours", "larger", "correlation of likeness in words with that of explanations"),
    "latent_neighbours": Measure(
        "neighbours", "larger", "correlation of likeness in the last layer with that of explanations"
    ),
    "word_neighbours_p_value": Measure("neighbours", "", "p-value of as large a correlation"),
    "latent_neighbours_p_value": Measure("neighbours", "", "p-value of as large a correlation"),
    "fixed_places": Measure(
        "shortcuts", "", "share of all contributions at the same twentieth of the places in every example"
    ),
    "fixed_places_chance": Measure("shortcuts", "", "what that is when every map is moved by a random step"),
    "fixed_places_p_value": Measure("shortcuts", "", "p-value of as large a share"),
    "outside": Measure("shortcuts", "smaller", "share of all contributions outside the declared region"),
    "outside_chance": Measure("shortcuts", "", "the share of places outside"),
    "outside_p_value": Measure("shortcuts", "", "p-value of as large a share outside"),
}
