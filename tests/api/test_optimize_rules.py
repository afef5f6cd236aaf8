"""No method ever gives a sequence that breaks a rule, whatever rules there are, and starts may break them."""

import torch
from hypothesis import HealthCheck, given, settings, strategies as st

import seqinterp as si
from naive import constraints as naive
from seqinterp.api.design_parts.methods import DESIGN_METHODS
from seqinterp.errors import InfeasibleError

LENGTH = 18
QUICK = {"hill_climb": 30, "anneal": 30, "straight_through": 6, "seq_prop": 6}
KINDS = ["substitution", "insertion", "deletion"]


def network():
    torch.manual_seed(0)
    layers = [torch.nn.Conv1d(4, 6, 4), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(6 * (LENGTH - 3), 1)]
    return torch.nn.Sequential(*layers)


@st.composite
def asked(draw):
    """Some of the rules, and the same as a function of strings."""
    rules, laws = {}, []
    if draw(st.booleans()):
        begin = draw(st.integers(0, LENGTH - 4))
        spans = [(begin, begin + draw(st.integers(1, 4)))]
        rules["protect"] = spans
        laws.append(lambda start, end: naive.protects(end, start, spans))
    if draw(st.booleans()):
        most = draw(st.integers(3, 8))
        rules["edits"] = most
        laws.append(lambda start, end: naive.edits(start, end)[0] <= most)
    if draw(st.booleans()):
        low, window = draw(st.sampled_from([(0.2, 0.8), (0.3, 0.7)])), draw(st.sampled_from([None, 10]))
        rules |= {"gc": low, "gc_window": window}
        laws.append(lambda start, end: naive.gc(end, *low, window))
    if draw(st.booleans()):
        longest = draw(st.integers(2, 4))
        rules["homopolymer"] = longest
        laws.append(lambda start, end: naive.longest_run(end) <= longest)
    if draw(st.booleans()):
        word = draw(st.sampled_from(["GAT", "ACGT", "TTN", "CAYRTG"]))
        rules["forbid"] = [word]
        laws.append(lambda start, end: not naive.places(end, word))
    if draw(st.booleans()):
        wanted = draw(st.sampled_from(["CAC", "GGA", "TGAS"]))
        rules["require"] = [wanted]
        laws.append(lambda start, end: bool(naive.places(end, wanted)))
    return rules, laws


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    asked=asked(),
    start=st.text("ACGT", min_size=LENGTH, max_size=LENGTH),
    method=st.sampled_from(sorted(DESIGN_METHODS)),
    indels=st.booleans(),
    seed=st.integers(0, 5),
)
def test_no_design_breaks_a_rule(asked, start, method, indels, seed):
    rules, laws = asked
    options = {"steps": QUICK.get(method, 3), "seed": seed}
    if indels and DESIGN_METHODS[method].indels:
        options["kinds"] = KINDS
    if method == "insert_motifs":
        options["motifs"] = ["CACGTG", "GGA"]
    if method == "evolve":
        options["population"] = 6
    begun = {"start": start} if method != "screen" else {"length": LENGTH, "count": 2}
    try:
        found = si.optimize(
            network(), method=method, constraints=si.Constraints(**rules), device="cpu", **begun, **options
        )
    except InfeasibleError as error:
        assert error.constraints
        return
    for design in found:
        assert all(law(design.start, design.sequence) for law in laws), (design.start, design.sequence)
    assert bool(found.rules["kept"].all())


def test_protected_bases_are_those_that_are_named():
    """Ledidi's and tangermeme's masks mean opposite things; spans say what stays."""
    start = "ACGTACGTACGTACGTAC"
    found = si.optimize(
        network(), start, method="greedy", constraints=si.Constraints(protect=[(0, 9)]), steps=30, device="cpu"
    )
    assert found[0].sequence[:9] == start[:9]
    assert found[0].sequence[9:] != start[9:]
