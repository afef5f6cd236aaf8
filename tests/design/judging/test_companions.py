"""What scores lose with all sites of a motif, and the words that maximisers share."""

import numpy as np
import pandas as pd
import pytest
import torch

from naive import companions as naive, motif_questions as questions
from seqinterp.attribution.dna_baselines import dinucleotide_shuffle
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.judging import companions as module
from seqinterp.design.judging.companion_table import Evidence, enrichment, motif_table, pair_table, verdicts
from seqinterp.design.judging.companion_words import common_words, greater_p_values, places_of
from seqinterp.design.judging.companions import Sites, removals
from seqinterp.errors import ModelError
from seqinterp.mutagenesis import effects

SEQUENCES = questions.random_sequences(3, 40, seed=3)
INPUTS = questions.stacked(SEQUENCES)
# motif, example, start, stop; two sites of motif 0 overlap, motif 2 lies partly under motif 0, motif 3 wholly
ROWS = [(0, 0, 4, 10), (0, 0, 8, 13), (0, 0, 25, 30), (1, 0, 18, 22), (1, 2, 5, 9), (2, 0, 11, 16), (3, 0, 5, 8)]
SITES = Sites(*(torch.tensor(column) for column in zip(*ROWS, strict=True)))


def found(model, inputs=INPUTS, sites=SITES, enriched=(False,) * 4, seed=0):
    with torch.no_grad():
        score = Score(model, output(0)).eval()
        return removals(score, inputs, sites, len(enriched), np.array(enriched, dtype=bool), seed=seed)


def drop(model, example, positions, seed=0):
    """By a forward pass for every fill: the columns become those of a shuffle of the whole."""
    positions = sorted(positions)
    rows = INPUTS[example].repeat(module.DRAWS, 1, 1)
    references = dinucleotide_shuffle(INPUTS[example : example + 1], draws=module.DRAWS, seed=seed)[0]
    rows[:, :, positions] = references[:, :, positions]
    with torch.no_grad():
        return float((model(INPUTS[example : example + 1]) - model(rows))[:, 0].double().mean())


class Weighted(torch.nn.Module):
    """Random numbers at positions: most at the sites of the first motif."""

    def __init__(self):
        super().__init__()
        self.inner = questions.Additive(40, seed=4)
        with torch.no_grad():
            weights = self.inner.head.weight.view(4, 40)
            weights[:, 4:13] += 5 * INPUTS[0, :, 4:13]

    def forward(self, inputs):
        return self.inner(inputs)


def test_all_sites_of_a_motif_are_emptied_at_once_and_leading_ones_left_alone():
    model = Weighted()
    result = found(model, seed=3)
    first = {*range(4, 13), *range(25, 30)}
    assert float(result.drops[0, 0]) == pytest.approx(drop(model, 0, first, 3), abs=1e-4)
    assert float(result.drops[1, 0]) == pytest.approx(drop(model, 0, range(18, 22), 3), abs=1e-4)
    assert float(result.drops[1, 2]) == pytest.approx(drop(model, 2, range(5, 9), 3), abs=1e-4)
    assert float(result.drops[2, 0]) == pytest.approx(drop(model, 0, range(13, 16), 3), abs=1e-4)
    told = torch.isfinite(result.drops)
    assert told.nonzero().tolist() == [[0, 0], [1, 0], [1, 2], [2, 0]]
    assert torch.equal(torch.isfinite(result.controls).any(dim=2), told)


@pytest.mark.parametrize("enriched", [(False, False, False, False), (False, True, True, False)])
def test_controls_are_other_places_of_the_same_widths(enriched):
    model = Weighted()
    result = found(model, enriched=enriched, seed=1)
    for motif, example, width in ((1, 0, 4), (1, 2, 4), (2, 0, 3)):
        closed = [row for row in ROWS if row[1] == example and (row[0] in (0, motif) or enriched[row[0]])]
        taken = {p for _, _, low, high in closed for p in range(low, high)}
        free = [low for low in range(41 - width) if not taken & set(range(low, low + width))]
        possible = np.array([drop(model, example, range(low, low + width), 1) for low in free])
        there = result.controls[motif, example]
        there = there[there.isfinite()].numpy()
        assert len(there) == min(module.CONTROLS, len(free)) or len(there) > 0.7 * len(free)
        distance = np.abs(there[:, None] - possible)
        assert distance.min(axis=1).max() < 1e-4
        assert len(set(distance.argmin(axis=1))) == len(there)


def test_several_windows_keep_apart():
    """With nine and five columns to place, all emptied at once, every control moves fourteen different columns."""

    class Count(torch.nn.Module):
        def forward(self, inputs):
            return inputs.sum(dim=(1, 2))[:, None]

    taken = np.zeros(30, dtype=bool)
    taken[10:14] = True
    places = list(module._free_places(torch.zeros(4, 30), taken, np.array([5, 9]), 0))
    assert 0 < len(places) <= module.CONTROLS
    for starts in places:
        columns = [*range(starts[0], starts[0] + 5), *range(starts[1], starts[1] + 9)]
        assert len(set(columns)) == 14
        assert not taken[columns].any()
    assert list(module._free_places(torch.zeros(4, 30), taken, np.array([17]), 0)) == []


def test_other_examples_pieces_and_calls_change_nothing(monkeypatch):
    among = found(Weighted(), seed=2)
    again = found(Weighted(), seed=2)
    torch.testing.assert_close(among.controls, again.controls, rtol=0, atol=1e-5, equal_nan=True)
    few = Sites(*(column[SITES.example == 2] for column in (SITES.motif, SITES.example - 2, SITES.start, SITES.stop)))
    alone = found(Weighted(), INPUTS[2:], few, seed=2)
    torch.testing.assert_close(alone.drops[1, 0], among.drops[1, 2], rtol=0, atol=1e-5)
    monkeypatch.setattr(module, "GROUPS", 3)
    torch.testing.assert_close(found(Weighted(), seed=2).controls, among.controls, rtol=0, atol=1e-5, equal_nan=True)
    assert not torch.equal(found(Weighted(), seed=5).drops, among.drops)
    assert found(Weighted(), enriched=()).drops.shape == (0, 3)


def test_what_is_recomputed_and_forward_passes_agree(monkeypatch):
    results = []
    for worth in (0, 1e18):
        monkeypatch.setattr(effects, "WORTH_A_PLAN", worth)
        results.append(found(questions.Network(), seed=2))
    torch.testing.assert_close(results[0].drops, results[1].drops, rtol=0, atol=1e-6, equal_nan=True)
    torch.testing.assert_close(results[0].controls, results[1].controls, rtol=0, atol=1e-6, equal_nan=True)


def test_odd_scores_are_refused():
    class Odd(torch.nn.Module):
        def forward(self, inputs):
            return torch.log(inputs[:, :, 4:13].mul(INPUTS[0, :, 4:13]).sum(dim=(1, 2)) - 8.5)[:, None]

    with pytest.raises(ModelError, match="what motifs do cannot be told"):
        found(Odd())


@pytest.mark.parametrize("word", ["ACG", "TGASTCA", "GAATTC", "NCCN", "tgaca"])
def test_places_of_words(word):
    sets = {"S": "CG", "N": "ACGT"}
    sequences = [*questions.random_sequences(4, 300, seed=5), "TGACTCANTGAGTCATGTCA", "A"]

    def fits(letters):
        return all(own in sets.get(letter, letter) for own, letter in zip(letters, word.upper(), strict=True))

    expected = []
    for example, sequence in enumerate(sequences):
        for start in range(len(sequence) - len(word) + 1):
            here = sequence[start : start + len(word)]
            if fits(here) or fits(questions.turned(here)):
                expected.append((example, start, start + len(word), "+" if fits(here) else "-"))
    found = [(at.example, at.start, at.stop, at.strand) for at in places_of(word, sequences)]
    assert found == expected
    assert len(found) > 0


def test_p_values_are_fishers():
    counts = [(0, 10, 3, 50), (10, 10, 0, 50), (7, 10, 5, 50), (3, 10, 50, 50), (1, 1, 0, 1)]
    for own, size, other, other_size in counts:
        found = greater_p_values(np.array([own]), size, np.array([other]), other_size)
        assert found[0] == pytest.approx(naive.fisher_greater(own, size, other, other_size))


def test_shared_words_are_found_whole():
    """Of nine bases, on either strand, in nine of ten; a word of the background is not, nor one of seven of ten."""
    sequences = questions.random_sequences(10, 80, seed=1)
    sequences = [questions.put(one, 8, "GCGGGTCGA") if i else one for i, one in enumerate(sequences)]
    sequences = [questions.put(one, 30, "TTGCGGAC" if i % 2 else "GTCCGCAA") for i, one in enumerate(sequences)]
    sequences = [questions.put(one, 50, "CATATTGG") if i > 2 else one for i, one in enumerate(sequences)]
    background = [questions.put(one, 20, "GTCCGCAA") for one in questions.random_sequences(60, 80, seed=2)]
    words = common_words(sequences, questions.random_sequences(60, 80, seed=2))
    assert sorted(words) == ["GCGGGTCGA", "GTCCGCAA"]
    assert common_words(sequences, background) == ["GCGGGTCGA"]
    assert common_words(questions.random_sequences(10, 80, seed=7), background) == []
    assert common_words(["ACGTACGTAC", "NNNNNNNN", "AC"], background) == []


HOLDS = np.array([[1, 1, 0, 1], [1, 1, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1], [1, 1, 0, 1], [1, 0, 1, 1]], bool)
OTHERS = np.zeros((40, 4), bool)
OTHERS[:4, 0] = OTHERS[2:3, 1] = OTHERS[:9, 2] = OTHERS[:3, 3] = True


def evidence(drops, noise=0.1):
    """Motif 3 lies where motif 0 does; drops per motif, and controls around zero."""
    chance = np.random.default_rng(0)
    sites = pd.DataFrame(
        [(m, e, 10 * (m % 3), 10 * (m % 3) + 8) for m in range(4) for e in range(6) if HOLDS[e, m]],
        columns=["motif", "example", "start", "stop"],
    )
    own = np.where(HOLDS.T, np.array(drops)[:, None], np.nan) + noise * chance.normal(size=(4, 6))
    controls = np.where(HOLDS.T[:, :, None], noise * chance.normal(size=(4, 6, 20)), np.nan)
    return Evidence(("a", "b", "c", "d"), ("", "Bee", "", ""), HOLDS, OTHERS, sites, own, controls, np.ones(6), 1e-7)


def test_shares_are_counts():
    table = enrichment(HOLDS, OTHERS)
    assert table["holders"].tolist() == [6, 4, 2, 6]
    np.testing.assert_allclose(table["background_share"], [0.1, 0.025, 0.225, 0.075])
    expected = [naive.fisher_greater(own, 6, other, 40) for own, other in ((6, 4), (4, 1), (2, 9), (6, 3))]
    np.testing.assert_allclose(table["p_value"], expected)
    np.testing.assert_allclose(table["q_value"], questions.benjamini_hochberg(expected))
    assert table["odds_ratio"][1] == pytest.approx(4.5 / 2.5 * 39.5 / 1.5)
    assert table["enriched"].tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("drops", "roles"),
    [
        ((3, 1, 0, 0), ["main", "companion, used", "", "same sites"]),
        ((3, 0, 0, 0), ["main", "companion, carried along", "", "same sites"]),
        ((1, 3, 0, 0), ["companion, used", "main", "", "same sites"]),
        ((0, 0, 0, 0), ["same sites", "companion, carried along", "", "companion, carried along"]),
        ((3, -1, 0, 0), ["main", "companion, carried along", "", "same sites"]),
        ((0, 1, 0, 3), ["same sites", "companion, used", "", "main"]),
    ],
)
def test_roles(drops, roles):
    table = motif_table(evidence(drops))
    assert table["role"].tolist() == roles
    assert table["sites"].tolist() == [1, 4 / 6, 2 / 6, 1]
    assert np.isnan(table["drop_p_value"][2])
    np.testing.assert_allclose(table["drop"], drops, atol=0.15)
    np.testing.assert_allclose(table["control"], 0, atol=0.1)
    sentences = verdicts(table, 6)
    companions = sum(role.startswith("companion") for role in roles)
    assert len(sentences) == 1 + max(1, companions)


def test_sentences():
    said = verdicts(motif_table(evidence((3, 1, 0, 0), noise=1e-9)), 6)
    assert said == [
        "every one of 6 maximisers carries a (background 10 %), removing it lowers the score by 3, random windows by"
        f" {said[0].split('windows by ')[1].split(':')[0]}: the model responds to a, or to one of 1"
        " more motif(s) with the same sites",
        "4 of 6 maximisers also carry Bee (b), which 2 % of the background does, removing it lowers the score by 1,"
        f" random windows by {said[1].split('windows by ')[1].split(':')[0]}: a companion feature that the model uses;"
        " it may not tell it from a",
    ]
    said = verdicts(motif_table(evidence((0, 0, 0, 0))), 6)
    assert "none is what the model responds to" in said[0]
    assert all("carried along" in sentence for sentence in said[1:])


def test_pairs():
    table = pair_table(evidence((0, 0, 0, 0))).set_index(["first", "second"])
    assert len(table) == 6
    row = table.loc[("b", "c")]
    assert (row["together"], row["share"], row["expected_share"]) == (1, 1 / 6, 4 * 2 / 36)
    assert row["background_share"] == 1 / 40
    # of the 15 ways to choose two of six, one has none of the four that hold b
    assert row["independence_p_value"] == pytest.approx(14 / 15)
    assert row["p_value"] == pytest.approx(naive.fisher_greater(1, 6, 1, 40))
    assert table.loc[("a", "d"), "independence_p_value"] == 1
    assert table.loc[("a", "d"), "p_value"] == pytest.approx(naive.fisher_greater(6, 6, 3, 40))
    np.testing.assert_allclose(table["q_value"], questions.benjamini_hochberg(table["p_value"].tolist()))
