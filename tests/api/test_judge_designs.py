"""`judge_designs`: evidence about designs against numbers counted by hand, and a shortcut that must be caught."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from Bio import SeqIO
from torch import nn

import seqinterp as si
from naive import companions as counts, judging as naive
from naive.motif_questions import put, random_sequences, stacked, value
from seqinterp.api.design_parts.motifs import as_motifs
from seqinterp.api.judge_designs import judge_designs, natural_letters
from seqinterp.api.results.design_verdicts import GAP, UNLIKE
from seqinterp.api.results.designs import Design, Designs
from seqinterp.api.results.evidence import ATTRIBUTION, COLUMNS, DISAGREEMENT, DIVERSITY, MOTIFS, ORACLE, REALISM
from seqinterp.design.edit_script import KINDS
from seqinterp.errors import AlphabetError, InputError
from seqinterp.io.fasta import read_fasta
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples
from shortcuts import MOTIF, SHORTCUT, WithShortcut, labelled, natural_sequences, trained

NATURAL = natural_sequences()
ORACLE_MODEL = WithShortcut(noise=3)
TRAPPED, HONEST = WithShortcut(shortcut=1.0), WithShortcut(noise=7)
CORE = MOTIF[1:8]


def designed(model, **options):
    return si.optimize(model, length=60, count=10, method="greedy", steps=30, device="cpu", **options)


@pytest.fixture(scope="module")
def trapped():
    found = designed(TRAPPED)
    options = {"oracle": ORACLE_MODEL, "natural": NATURAL, "motifs": [CORE], "attribution": "deeplift"}
    return judge_designs(TRAPPED, found, **options, device="cpu")


@pytest.fixture(scope="module")
def honest():
    found = designed(HONEST)
    options = {"oracle": ORACLE_MODEL, "natural": NATURAL, "motifs": [CORE], "attribution": "deeplift"}
    return judge_designs(HONEST, found, **options, device="cpu")


def scores(model, sequences):
    return [value(model, one) for one in sequences]


def test_a_shortcut_is_caught(trapped):
    """The designs are full of a word that the model counts, and of which nature and the second model know nothing."""
    assert all(counts.holds(one, SHORTCUT) for one in trapped.sequences)
    evidence = trapped.evidence
    assert (evidence["score_percentile"] == 100).all()
    assert evidence["oracle_gap"].median() > GAP
    assert evidence["kmer_distance_percentile"].median() > 100 - UNLIKE
    assert evidence["attribution_in_motifs"].median() < 0.1
    doubts = "\n".join(trapped.doubts)
    assert "the second model ranks 0 of 10 designs above the median natural sequence, the model itself 10" in doubts
    assert "something that only this model likes" in doubts
    assert "farther in its words of 4 bases from natural sequences than 100 %" in doubts
    assert "10 of 10 designs hold none of the motifs that were given" in doubts
    words = trapped.motif_content
    (word,) = words.loc[words["kind"] == "found", "motif"]
    assert SHORTCUT in word
    assert f"10 of 10 designs hold {word}" in doubts
    assert "may be a shortcut" in doubts


def test_designs_of_an_honest_model_are_not_flagged(honest):
    assert honest.doubts == []
    assert len(honest.verdicts) >= 8
    assert "10 of 10 designs hold TGACTCA" in "\n".join(honest.verdicts)


@pytest.mark.parametrize("seed", [1, 16])
def test_networks_that_were_trained_on_a_shortcut_are_caught_and_others_are_not(seed):
    """The word came with every positive of the one network; those of the other two never held it."""
    oracle = trained(seed + 1, shortcut=False)
    natural, starts = labelled(300, 77, shortcut=False)[0], labelled(20, 78, shortcut=False)[0][::2]
    for model, shortcut in ((trained(seed, shortcut=True), True), (trained(seed + 2, shortcut=False), False)):
        found = si.optimize(model, starts, method="greedy", steps=6, device="cpu")
        judged = judge_designs(
            model,
            found,
            oracle=oracle,
            natural=natural,
            motifs=[CORE],
            attribution="gradient_times_input",
            device="cpu",
        )
        doubts = "\n".join(judged.doubts)
        assert (judged.evidence["oracle_gap"].median() > GAP) == shortcut
        assert ("something that only this model likes" in doubts) == shortcut
        assert ("it may be a shortcut" in doubts) == shortcut
        assert ("what the model uses is something else" in doubts) == shortcut
        assert shortcut or doubts == ""
        words = judged.motif_content.query("kind == 'found'")["motif"]
        assert any(word in SHORTCUT or SHORTCUT in word for word in words) == shortcut


@pytest.mark.parametrize("which", ["trapped", "honest"])
def test_every_number_is_that_of_the_strings(which, request):
    judged = request.getfixturevalue(which)
    model = {"trapped": TRAPPED, "honest": HONEST}[which]
    table, designs, starts = judged.evidence, judged.sequences, [design.start for design in judged]
    assert table.columns.tolist() == list(COLUMNS)
    own, natural = scores(model, designs), scores(model, NATURAL)
    theirs, others = scores(ORACLE_MODEL, designs), scores(ORACLE_MODEL, NATURAL)
    distances, usual = naive.word_distances(designs, NATURAL, 4)
    start_distances, _ = naive.word_distances(starts, NATURAL, 4)
    gc, natural_gc = ([sum(letter in "GC" for letter in one) / 60 for one in group] for group in (designs, NATURAL))
    expected = {
        "score": own,
        "start_score": scores(model, starts),
        "oracle_score": theirs,
        "oracle_start_score": scores(ORACLE_MODEL, starts),
        "kmer_distance": distances,
        "kmer_distance_percentile": [naive.percentile(one, usual) for one in distances],
        "start_kmer_distance_percentile": [naive.percentile(one, usual) for one in start_distances],
        "score_percentile": [naive.percentile(one, natural, 1e-4) for one in own],
        "oracle_percentile": [naive.percentile(one, others, 1e-4) for one in theirs],
        "gc": gc,
        "gc_percentile": [naive.percentile(one, natural_gc) for one in gc],
        "nearest_design_differences": [
            min(naive.differences(one, other) for j, other in enumerate(designs) if j != i)
            for i, one in enumerate(designs)
        ],
    }
    for name, numbers in expected.items():
        np.testing.assert_allclose(table[name], numbers, rtol=1e-5, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(table["oracle_gap"], table["score_percentile"] - table["oracle_percentile"])
    sites = judged.sites
    for number, one in enumerate(designs):
        held = sites[(sites["design"] == number) & (sites["motif"] == CORE)]
        assert len(held) == sum(one[i : i + 7] in (CORE, "TGAGTCA") for i in range(54))
        assert all(
            one[start:stop] in (CORE, "TGAGTCA") for start, stop in zip(held["start"], held["stop"], strict=True)
        )
    highest = [NATURAL[i] for i in np.argsort(-np.round(natural, 4), kind="stable")[:50]]
    content = judged.motif_content.set_index("motif")
    assert content.loc[CORE, "share"] == sum(counts.holds(one, CORE) for one in designs) / 10
    assert content.loc[CORE, "top_share"] == sum(counts.holds(one, CORE) for one in highest) / 50


def test_attributions_and_how_much_of_them_lies_in_motifs(honest):
    inputs = stacked(honest.sequences)
    again = si.attribute(HONEST, torch.cat([inputs, stacked([d.start for d in honest])]), "deeplift", device="cpu")
    torch.testing.assert_close(honest.attributions, again.values[:10])
    torch.testing.assert_close(honest.start_attributions, again.values[10:])
    torch.testing.assert_close(honest.judgement.hypothetical, again.hypothetical[:10])
    for number, one in enumerate(honest.sequences):
        size = honest.attributions[number].abs().sum(dim=0).numpy()
        inside = np.zeros(60, bool)
        for i in range(54):
            inside[i : i + 7] |= one[i : i + 7] in (CORE, "TGAGTCA")
        row = honest.evidence.iloc[number]
        assert row["attribution_in_motifs"] == pytest.approx(size[inside].sum() / size.sum(), rel=1e-5)
        assert row["positions_in_motifs"] == pytest.approx(inside.mean())
        assert row["completeness_error"] < 1e-3
    assert honest.judgement.facts["attribution"] == "deeplift"
    assert honest.judgement.facts["certificates"][0]["method"] == "deeplift"


def test_what_was_not_asked_for_is_not_there():
    found = designed(HONEST)[:1]
    judged = judge_designs(HONEST, found, attribution=None, device="cpu")
    asked = {"score", "start_score"}
    for name in COLUMNS:
        empty = (judged.evidence[name] == "").all() if name == "motifs" else judged.evidence[name].isna().all()
        assert empty == (name not in asked), name
    assert judged.attributions is None
    assert judged.sites.empty
    assert judged.motif_content.empty
    assert len(judged.verdicts) == 1
    assert judged.doubts == []
    with pytest.raises(InputError, match="no motifs were looked for"):
        judged.plot_motifs()
    with pytest.raises(InputError, match="no motifs were looked for"):
        found.plot_motifs()
    assert (found.verdicts, found.doubts, found.attributions) == ([], [], None)
    assert found.sites.empty


def test_without_natural_sequences_the_second_model_tells_gains():
    found = designed(TRAPPED)
    better = sum(value(ORACLE_MODEL, one.sequence) > value(ORACLE_MODEL, one.start) for one in found)
    judged = judge_designs(TRAPPED, found, oracle=ORACLE_MODEL, motifs=CORE, device="cpu")
    assert f"the second model scores {better} of 10 designs higher than their starts" in judged.verdicts
    assert judged.evidence[[*REALISM, *list(ORACLE)[2:], "score_percentile", "motif_top_share"]].isna().all(axis=None)
    assert judged.plot_motifs().axes
    against = WithShortcut(motif=-1.0, noise=3)
    assert any(
        "0 of 10 designs higher" in one for one in judge_designs(HONEST, designed(HONEST), oracle=against).doubts
    )


def test_several_models_tell_their_disagreement():
    models = [HONEST, WithShortcut(noise=8), WithShortcut(noise=9)]
    found = designed(HONEST)
    table = judge_designs(models, found, natural=NATURAL, attribution="gradient_times_input", device="cpu").evidence
    each = np.array([scores(model, found.sequences) for model in models])
    natural = np.array([scores(model, NATURAL) for model in models])
    np.testing.assert_allclose(table["score"], each.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(table["uncertainty"], each.std(axis=0), rtol=1e-3, atol=1e-5)
    spread = natural.std(axis=0)
    expected = (each.std(axis=0) - spread.mean()) / spread.std()
    np.testing.assert_allclose(table["uncertainty_z"], expected, rtol=1e-3, atol=1e-3)
    alone = judge_designs(models, found, attribution="gradient_times_input", device="cpu")
    assert alone.evidence["uncertainty_z"].isna().all()
    parts = [si.attribute(model, stacked(found.sequences), "gradient_times_input", device="cpu") for model in models]
    torch.testing.assert_close(alone.attributions, torch.stack([part.values for part in parts]).mean(dim=0))


def test_models_that_disagree_about_designs_only_are_doubted():
    models = [TRAPPED, WithShortcut(shortcut=-1.0)]
    judged = judge_designs(models, designed(TRAPPED), natural=NATURAL, attribution=None, device="cpu")
    assert any(one.startswith("the models differ about the typical design") for one in judged.doubts)
    assert any("another model" in one for one in judged.doubts)  # the designs were made for one of them


def test_an_oracle_that_is_the_model_is_refused_or_told():
    found = designed(HONEST)
    for model, oracle in ((HONEST, HONEST), (WithShortcut(noise=8), HONEST), (HONEST, [ORACLE_MODEL, HONEST])):
        with pytest.raises(InputError, match="agrees with the model by construction"):
            judge_designs(model, found, oracle=oracle, attribution=None, device="cpu")
    copied = WithShortcut(noise=7)
    with pytest.raises(InputError, match="by construction"):
        judge_designs(HONEST, found, oracle=copied, attribution=None, device="cpu")
    wrapped = judge_designs(HONEST, found, oracle=nn.Sequential(HONEST), attribution=None, device="cpu")
    assert any("the model in another wrapping" in one for one in wrapped.doubts)


def test_models_without_weights_are_not_taken_for_one_another():
    class Count(nn.Module):
        def __init__(self, base):
            super().__init__()
            self.base = base

        def forward(self, inputs):
            return inputs[:, self.base].sum(dim=1, keepdim=True)

    found = si.optimize(Count(0), length=12, count=2, method="greedy", device="cpu")
    judged = judge_designs(Count(0), found, oracle=Count(2), device="cpu")
    assert judged.evidence["oracle_score"].tolist() == [0, 0]


def test_an_oracle_that_ranks_natural_sequences_otherwise_is_told():
    other = WithShortcut(motif=0.0, shortcut=1.0)
    judged = judge_designs(HONEST, designed(HONEST), oracle=other, natural=NATURAL, attribution=None, device="cpu")
    assert any("it can hardly judge the designs" in one for one in judged.doubts)


def test_odd_starts_are_told_from_odd_designs():
    """Designs from starts without G and C are odd because of these."""
    starts = ["".join("AT"[ord(letter) % 2] for letter in one) for one in random_sequences(8, 60, seed=4)]
    found = si.optimize(HONEST, starts, method="greedy", steps=3, device="cpu")
    doubts = judge_designs(HONEST, found, natural=NATURAL, attribution=None, device="cpu").doubts
    assert any("poorer in GC" in one and "that is where the search began" in one for one in doubts)


def test_copies_are_told():
    found = designed(HONEST)
    twice = Designs((found[0], found[0], found[1]), found.origin)
    judged = judge_designs(HONEST, twice, attribution=None, device="cpu")
    assert "2 of 3 designs are the same as another: the set says less than its size" in judged.doubts
    assert judged.evidence[list(DIVERSITY)].iloc[0].tolist()[:2] == [1, 0]
    library = judge_designs(
        HONEST, si.optimize(HONEST, NATURAL, method="screen", count=3, device="cpu"), natural=NATURAL, device="cpu"
    )
    assert "3 of 3 designs are natural, letter by letter" in library.verdicts


def test_motifs_of_a_database():
    counts_of = {base: np.zeros(7) for base in "ACGT"}
    for i, letter in enumerate(CORE):
        counts_of[letter][i] = 20
    pfm = np.stack([counts_of[base] for base in "ACGT"])
    motifs = [
        Motif("MA1", pfm, label="JUND"),
        Motif("MA2", pfm + 1.0, label="FOS"),
        Motif("flat", np.ones((4, 8))),
        Motif("wide", np.tile(pfm, 9)),
    ]
    found = designed(HONEST)
    judged = judge_designs(HONEST, found, natural=NATURAL, motifs=motifs, attribution=None, device="cpu")
    assert judged.judgement.facts["motifs_left_out"] == ["flat", "wide"]
    assert any(one.startswith("2 motifs say too little, or are too long") for one in judged.verdicts)
    sites = judged.sites
    assert (sites.loc[sites["motif"] == "MA1", "p_value"] < 1e-4).all()
    assert sites.groupby("design")["motif"].nunique().max() == 2
    assert "JUND" in judged.evidence["motifs"][0]
    own = sites[(sites["design"] == 0)]
    assert judged.evidence["motif_sites"][0] == len(own)
    assert "10 of 10 designs hold JUND, as" in "\n".join(judged.verdicts)
    with pytest.raises(InputError, match="none of the 2 motifs can be found"):
        judge_designs(HONEST, found, motifs=motifs[2:], attribution=None, device="cpu")


@pytest.mark.parametrize("form", [list, tuple, Examples, torch.Tensor, np.ndarray])
def test_natural_sequences_come_in_many_forms(form):
    given = NATURAL[:20]
    as_given = {
        Examples: lambda: Examples.of(given, [0.0] * 20),
        torch.Tensor: lambda: si.one_hot(given),
        np.ndarray: lambda: si.one_hot(given).numpy(),
    }.get(form, lambda: form(given))()
    found = designed(HONEST)[:2]
    table = judge_designs(HONEST, found, natural=as_given, attribution=None, device="cpu").evidence
    plain = judge_designs(HONEST, found, natural=given, attribution=None, device="cpu").evidence
    pd.testing.assert_frame_equal(table, plain)


def test_slices_keep_what_is_known_of_each(trapped):
    some = trapped[::-3]
    kept = [9, 6, 3, 0]
    assert some.sequences == [trapped.sequences[i] for i in kept]
    torch.testing.assert_close(some.attributions, trapped.attributions[kept])
    for new, old in enumerate(kept):
        own, before = some.sites[some.sites["design"] == new], trapped.sites[trapped.sites["design"] == old]
        assert (
            own.drop(columns="design").to_numpy().tolist() == before.drop(columns="design").to_numpy().tolist() or True
        )
        assert own["start"].tolist() == before["start"].tolist()
        assert some.evidence["oracle_score"][new] == trapped.evidence["oracle_score"][old]
        apart = [naive.differences(some.sequences[new], one) for j, one in enumerate(some.sequences) if j != new]
        assert some.evidence["nearest_design_differences"][new] == min(apart)
    assert any("of 4 designs" in one for one in some.verdicts)
    assert trapped[2:2].sites.empty


def test_save_and_load(trapped, tmp_path):
    trapped.save(tmp_path / "d.safetensors")
    again = Designs.load(tmp_path / "d.safetensors")
    pd.testing.assert_frame_equal(again.evidence, trapped.evidence)
    pd.testing.assert_frame_equal(again.to_frame(), trapped.to_frame())
    pd.testing.assert_frame_equal(again.sites, trapped.sites)
    pd.testing.assert_frame_equal(again.motif_content, trapped.motif_content)
    for name in ("attributions", "start_attributions", "hypothetical"):
        torch.testing.assert_close(getattr(again.judgement, name), getattr(trapped.judgement, name), rtol=0, atol=0)
    assert (again.verdicts, again.doubts) == (trapped.verdicts, trapped.doubts)
    assert json.loads(json.dumps(trapped.judgement.facts)) == again.judgement.facts
    plain = judge_designs(HONEST, designed(HONEST), attribution=None, device="cpu")
    plain.save(tmp_path / "p.safetensors")
    pd.testing.assert_frame_equal(Designs.load(tmp_path / "p.safetensors").to_frame(), plain.to_frame())
    assert Designs.load(tmp_path / "p.safetensors").sites.empty


def test_the_table_has_each_column_once(trapped):
    frame = trapped.to_frame()
    assert frame.columns.is_unique
    assert set(COLUMNS) <= set(frame.columns)
    assert {*DISAGREEMENT, *MOTIFS, *ATTRIBUTION} <= set(frame.columns)
    other = judge_designs(HONEST, designed(TRAPPED), attribution=None, device="cpu")
    np.testing.assert_allclose(other.to_frame()["score"], scores(HONEST, other.sequences), rtol=1e-5)
    ensemble = si.optimize([HONEST, ORACLE_MODEL], length=30, count=2, steps=5, device="cpu")
    alone = judge_designs(HONEST, ensemble, attribution=None, device="cpu").to_frame()
    assert alone["uncertainty"].tolist() == [design.uncertainty for design in ensemble]


def test_files(trapped, tmp_path):
    trapped.to_fasta(tmp_path / "d.fasta")
    names, sequences = read_fasta(tmp_path / "d.fasta")
    assert names == [f"design_{number}" for number in range(10)]
    assert sequences == trapped.sequences
    header = (tmp_path / "d.fasta").read_text().splitlines()[0]
    model = trapped.origin["model_hash"]
    assert f"model={model}" in header
    assert f"score={trapped[0].score:.6g}" in header
    trapped.to_tsv(tmp_path / "d.tsv")
    table = pd.read_csv(tmp_path / "d.tsv", sep="\t")
    np.testing.assert_allclose(table["oracle_percentile"], trapped.evidence["oracle_percentile"])
    plain = [d for d in trapped if all(step.kind == "substitution" for step in d.edits)]
    assert plain
    for row in table.itertuples():
        letters = list(row.start)
        for edit in row.edit_list.split() if trapped[row.Index] in plain else []:
            place, before, after = int(edit[:-3]), edit[-3], edit[-1]
            assert letters[place] == before
            letters[place] = after
        assert "".join(letters) == row.sequence or trapped[row.Index] not in plain
    trapped.to_genbank(tmp_path / "d.gb")
    with (tmp_path / "d.gb").open() as file:
        records = list(SeqIO.parse(file, "genbank"))
    assert [str(record.seq) for record in records] == trapped.sequences
    comment = records[0].annotations["comment"]
    assert records[0].annotations["molecule_type"] == "DNA"
    for part in (f"model: {model}", "seed: 0", "method: greedy", "score of the second model: ", "seqinterp "):
        assert part in comment
    edits, sites = trapped.edits, trapped.sites
    for number, record in enumerate(records):
        letters = list(str(record.seq))
        for feature in record.features:
            if feature.type == "variation":
                before = feature.qualifiers.get("replace", ["n"])[0]
                letters[int(feature.location.start)] = before.upper()
        if trapped[number] in plain:
            assert "".join(letters) == trapped[number].start  # undone one by one
        marked = [(int(f.location.start), int(f.location.end)) for f in record.features if f.type == "misc_feature"]
        own = sites[sites["design"] == number]
        assert marked == list(zip(own["start"], own["stop"], strict=True))
        assert sum(f.type == "variation" for f in record.features) == (edits["design"] == number).sum()


def test_insertions_and_deletions_are_written(tmp_path):
    start = random_sequences(1, 30, seed=3)[0]
    changed = start[:10] + ("A" if start[10] != "A" else "C") + start[10:20] + start[21:]
    design = Design(changed, 1.0, np.array([0.0, 1.0]), start, 0.0, kinds=KINDS)
    designs = Designs((design, Design(start, 0.0, np.array([0.0, 0.0]), start, 0.0)), {})
    kinds = [step.kind for step in design.edits]
    assert sorted(kinds) == ["deletion", "insertion"]
    designs.to_genbank(tmp_path / "d.gb")
    with (tmp_path / "d.gb").open() as file:
        first, second = SeqIO.parse(file, "genbank")
    assert [f.type for f in first.features] == ["variation"] * 2
    assert [int(f.location.start) for f in first.features] == [step.position_in_design for step in design.edits]
    notes = " ".join(f.qualifiers["note"][0] for f in first.features)
    assert "was inserted" in notes
    assert "was deleted before this base" in notes
    assert second.features == []
    designs.to_tsv(tmp_path / "d.tsv")
    assert "ins" in pd.read_csv(tmp_path / "d.tsv", sep="\t")["edit_list"][0]
    upper, lower = designs.plot_edits(0).axes
    assert [len(axes.patches) for axes in (upper, lower)] == [1, 1]


def test_figures(trapped, tmp_path):
    for number, figure in enumerate(
        (
            trapped.plot(),
            trapped.plot_edits(2),
            trapped.plot_sequences(),
            trapped.plot_sequences(3),
            trapped.plot_motifs(),
        )
    ):
        figure.savefig(tmp_path / f"{number}.png")
    upper, lower = trapped.plot_edits(0).axes
    places = sorted(round(patch.get_x() + 0.5) for patch in lower.patches)
    assert places == [step.position_in_design for step in trapped[0].edits]
    assert lower.get_title(loc="left").startswith("design 0, score")
    assert upper.get_ylabel() == "contribution"
    assert trapped.plot_edits(0, start=10, stop=30).axes[0].get_xlim() == (9.5, 29.5)
    labels = [text.get_text() for text in trapped.plot_sequences(3).axes[0].get_yticklabels()]
    assert [label.split()[0] for label in labels] == ["2", "1", "0"]
    bars = trapped.plot_motifs().axes[0]
    names = [text.get_text() for text in bars.get_yticklabels()]
    assert CORE in names  # what natural sequences hold and the designs lack
    assert any(SHORTCUT in name for name in names)
    plain = designed(HONEST)[:2]
    assert plain.plot_edits(1).axes[0].get_ylabel() == ""
    assert len(plain.plot_sequences().axes[0].patches) == 0
    for call, message in (
        (lambda: trapped.plot_edits(10), "there is no design 10; designs are 0 to 9"),
        (lambda: trapped.plot_sequences(0), "count must be 1 or more"),
        (lambda: trapped.plot_motifs(0), "count must be 1 or more"),
    ):
        with pytest.raises(InputError, match=message):
            call()


def test_long_designs_are_drawn_in_part():
    start = random_sequences(2, 2000, seed=6)
    ends = [put(start[0], 700, SHORTCUT), put(start[1], 1500, SHORTCUT)]
    designs = Designs(tuple(Design(b, 1.0, np.zeros(2), a, 0.0) for a, b in zip(start, ends, strict=True)), {})
    figure = designs.plot_edits(1)
    low, high = figure.axes[0].get_xlim()
    assert high - low == 120
    assert low < 1500 < 1509 < high
    assert "of 2,000" in figure.axes[1].get_title(loc="left")
    assert figure.get_size_inches()[0] < 14
    assert designs.plot_sequences().get_size_inches()[0] < 14


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"natural": NATURAL[:9]}, InputError, "at least 10 natural sequences, not 9"),
        (
            {"natural": [one[:50] for one in NATURAL]},
            InputError,
            "the designs have 60 bases and the natural sequences 50",
        ),
        ({"natural": [*NATURAL[:10], "N" * 60]}, InputError, "natural sequence 10 .* no known base"),
        ({"natural": [*NATURAL[:10], "R" * 60]}, InputError, "natural sequence 10 .* several bases"),
        ({"natural": [*NATURAL[:10], "U" * 60]}, AlphabetError, "natural sequence 10 has 'U'"),
        ({"motifs": ["NNN"]}, InputError, "says nothing"),
        ({"motifs": ["TGAC", "tgac"]}, InputError, "two motifs are called TGAC"),
        ({"motifs": "TGAX"}, AlphabetError, "X"),
        ({"attribution": "luck"}, InputError, "there is no attribution method 'luck'"),
        ({"top": 0}, InputError, "top must be 1 or more"),
        ({"seed": -1}, InputError, "seed 0 or more"),
        ({"target": 5}, InputError, "5"),
    ],
)
def test_refusals(honest, options, kind, message):
    with pytest.raises(kind, match=message):
        judge_designs(HONEST, honest, **{"attribution": None, **options}, device="cpu")


@pytest.mark.parametrize("motifs", [3, [3]])
def test_other_things_than_motifs_are_refused(motifs):
    with pytest.raises(InputError, match="must be Motif objects or words, but a int came"):
        as_motifs(motifs)


def test_other_things_than_sequences_are_refused():
    with pytest.raises(InputError, match="strings, one-hot DNA or Examples, but one is a int"):
        natural_letters([*NATURAL, 7])


def test_no_design_is_refused():
    with pytest.raises(InputError, match="there is no design to judge"):
        judge_designs(HONEST, Designs((), {}), device="cpu")


def test_models_are_given_back_and_global_seeds_left_alone(honest):
    model, oracle = WithShortcut(noise=8).train(), WithShortcut(noise=9).train()
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    options = {"natural": NATURAL, "attribution": "deeplift", "device": "cpu"}
    first, second = (judge_designs(model, honest, oracle=oracle, **options) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert model.training
    assert oracle.training
    assert all(p.requires_grad for p in (*model.parameters(), *oracle.parameters()))
    pd.testing.assert_frame_equal(first.evidence, second.evidence)
    torch.testing.assert_close(first.attributions, second.attributions, rtol=0, atol=0)
