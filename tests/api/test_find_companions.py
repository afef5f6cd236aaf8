"""`find_companions`: a planted shortcut is found, and what is none is not."""

import numpy as np
import pandas as pd
import pytest
import torch

from naive import companions as naive, motif_questions as questions
from planted import sharp
from seqinterp.api.find_companions import find_companions
from seqinterp.api.results.companions import Companions
from seqinterp.api.results.designs import Design, Designs
from seqinterp.errors import AlphabetError, InputError, ShapeError
from seqinterp.motifs.motif import Motif

MOTIF, ARM, BYSTANDER, OTHER = naive.MOTIF, naive.ARM, naive.BYSTANDER, "CACGTG"
WORDS = [MOTIF, ARM, BYSTANDER, OTHER]
WITH_ARM, WITHOUT = naive.Dumbbell(**{MOTIF: 2.0, ARM: 0.5}), naive.Dumbbell(**{MOTIF: 2.0})
BACKGROUND = [
    questions.put(one, 10, MOTIF if i % 2 else questions.turned(MOTIF)) if i % 10 == i % 2 else one
    for i, one in enumerate(questions.random_sequences(150, 60, seed=9))
]


@pytest.fixture(scope="module")
def maximisers():
    return naive.maximisers(WITH_ARM)


@pytest.fixture(scope="module")
def found(maximisers):
    return find_companions(WITH_ARM, maximisers, WORDS, background=BACKGROUND, device="cpu")


def test_the_arm_is_found_beside_the_dumbbell(found):
    table = found.to_frame().set_index("motif")
    assert table["role"].to_dict() == {
        MOTIF: "main", ARM: "companion, used", BYSTANDER: "companion, carried along", OTHER: "",
    }  # fmt: skip
    assert set(found.companions) == {ARM, BYSTANDER}
    assert table["drop"][MOTIF] > table["drop"][ARM] > 1 > table["drop"][BYSTANDER]
    main, *others = found.verdicts
    assert main.startswith(f"every one of 10 maximisers carries {MOTIF} (background ")
    assert main.endswith(f"the model responds to {MOTIF}")
    assert any(ARM in sentence and "that the model uses" in sentence for sentence in others)
    assert any(BYSTANDER in sentence and "carried along" in sentence for sentence in others)


def test_shares_are_those_of_a_count_on_strings(found, maximisers):
    table = found.to_frame()
    for number, word in enumerate(WORDS):
        row = table.loc[number]
        own = [naive.holds(one, word) for one in maximisers]
        others = [naive.holds(one, word) for one in BACKGROUND]
        assert (row["share"], row["background_share"]) == (np.mean(own), np.mean(others))
        assert found.holds[:, number].tolist() == own
        assert found.background_holds[:, number].tolist() == others
        assert row["p_value"] == pytest.approx(naive.fisher_greater(sum(own), 10, sum(others), 150))
    assert 0.1 < table["background_share"][0] < 0.3
    for row in found.sites.itertuples():
        here = maximisers[row.example][row.start : row.stop]
        assert (here if row.strand == "+" else questions.turned(here)) == row.motif
    together = found.pairs.set_index(["first", "second"]).loc[(MOTIF, ARM)]
    assert together["together"] == sum(naive.holds(one, MOTIF) and naive.holds(one, ARM) for one in maximisers)


def test_a_model_without_the_arm_has_none():
    result = find_companions(WITHOUT, naive.maximisers(WITHOUT), WORDS, background=BACKGROUND, device="cpu")
    assert ARM not in result.companions
    assert result.to_frame().set_index("motif")["role"][[MOTIF, BYSTANDER]].tolist() == [
        "main",
        "companion, carried along",
    ]
    assert not any(ARM in sentence for sentence in result.verdicts)


def test_the_shortcut_is_found_without_knowing_it(maximisers):
    result = find_companions(WITH_ARM, maximisers, background=BACKGROUND, device="cpu")
    table = result.to_frame()
    arms = [name in ARM or name in questions.turned(ARM) or ARM in name for name in table["motif"]]
    assert table["role"][arms].tolist() == ["companion, used"]
    assert MOTIF in table["motif"][table["role"] == "main"].iloc[0]
    nothing = find_companions(WITH_ARM, BACKGROUND[:8], background=BACKGROUND[8:], device="cpu")
    assert (len(nothing), len(nothing.to_frame()), nothing.companions) == (0, 0, ())
    assert "no word of 6 bases or more" in nothing.verdicts[0]


def test_motifs_are_scanned_on_both_strands(maximisers):
    motifs = [Motif(name, 100 * sharp(word, 0.97)) for name, word in (("A", MOTIF), ("B", questions.turned(ARM)))]
    result = find_companions(
        WITH_ARM, maximisers, [*motifs, OTHER], background=BACKGROUND, threshold=2e-5, device="cpu"
    )
    table = result.to_frame().set_index("motif")
    assert table["role"].to_dict() == {"A": "main", "B": "companion, used", OTHER: ""}
    for name, word in (("A", MOTIF), ("B", ARM)):
        assert table["share"][name] >= np.mean([naive.holds(one, word) for one in maximisers])
    same = [motifs[0], Motif("A again", motifs[0].pfm[:, 1:])]
    again = find_companions(WITH_ARM, maximisers, same, background=BACKGROUND, device="cpu").to_frame()
    assert sorted(again["role"]) == ["main", "same sites"]
    assert again["same_as"][again["role"] == "same sites"].tolist() == again["motif"][again["role"] == "main"].tolist()


def test_designs_arrays_and_another_order_give_the_same(found, maximisers):
    design = [Design(one, 0.0, np.zeros(1), one, 0.0) for one in maximisers]
    others = torch.from_numpy(questions.stacked(BACKGROUND).numpy())
    same = find_companions(WITH_ARM, Designs(tuple(design), {}), WORDS, background=others, device="cpu")
    pd.testing.assert_frame_equal(same.to_frame(), found.to_frame())
    turned = find_companions(WITH_ARM, maximisers[::-1], WORDS, background=BACKGROUND, device="cpu")
    torch.testing.assert_close(turned.drops.flip(1), found.drops, equal_nan=True)
    torch.testing.assert_close(turned.controls.flip(1), found.controls, equal_nan=True)


def test_save_and_load(found, tmp_path):
    found.save(tmp_path / "c.safetensors")
    again = Companions.load(tmp_path / "c.safetensors")
    pd.testing.assert_frame_equal(again.to_frame(), found.to_frame())
    pd.testing.assert_frame_equal(again.pairs, found.pairs)
    pd.testing.assert_frame_equal(again.sites, found.sites)
    assert (again.verdicts, again.origin, len(again)) == (found.verdicts, found.origin, 4)
    with pytest.raises(ShapeError, match="drops has shape"):
        parts = {name: getattr(found, name) for name in Companions.__dataclass_fields__}
        Companions(**{**parts, "drops": found.drops[:2]})


def test_refusals(maximisers):
    def call(motifs=WORDS, own=maximisers, background=BACKGROUND, **options):
        return find_companions(WITH_ARM, own, motifs, background=background, device="cpu", **options)

    with pytest.raises(InputError, match="the maximisers have 60 bases and the background 50; longer sequences"):
        call(background=[one[:50] for one in BACKGROUND])
    with pytest.raises(InputError, match="two motifs are called CACGTG"):
        call(["CACGTG", "cacgtg"])
    with pytest.raises(InputError, match="there are no motifs"):
        call([])
    with pytest.raises(InputError, match="motifs must be Motif objects or words, but a ndarray came"):
        call([np.zeros((4, 5))])
    with pytest.raises(InputError, match="the word 'NN' says nothing"):
        call(["NN"])
    with pytest.raises(AlphabetError, match="the word 'AXA' has 'X' at position 2"):
        call(["AXA"])
    with pytest.raises(InputError, match="seed must be 0 or more"):
        call(seed=-1)
    with pytest.raises(InputError, match="threshold is a p-value"):
        call([Motif("m", sharp(MOTIF))], threshold=2.0)
