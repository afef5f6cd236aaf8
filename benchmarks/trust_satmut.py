"""Do methods say what an experiment measures? `python benchmarks/trust_satmut.py`.

Saturation mutagenesis of regulatory elements by reporter assay (Kircher et al. 2019, doi:10.1038/s41467-019-11526-w)
against what released DeepBind models (Alipanahi et al. 2015) expect of each substitution. The exact expectation is the
change of the score; a method that says what another base would contribute gives one too: that of the alternative base
less that of the reference base. All read the window around each variant whose every part can feel it, and only variants
with whole windows count. gradient_times_input and corrected_gradient say the same of substitutions as gradient and are
left out. Told, not demanded: one factor's binding says little about expression. Pairs of element and model were
chosen by the cells of the assay before anything was measured; beside them stand models that nothing speaks for. Known
variants are ranked by size too, as the sign of rs12740374 in the assay (G>T lowers expression) is not that of the
literature. Data are looked for as in real_data.py.
"""

import json
import time
import warnings

import numpy as np
import pandas as pd
import torch
from measure import write_results
from real_data import DATA
from scipy.stats import spearmanr
from tert_promoter import MODELS, Element, elements
from torch import Tensor, nn

import seqinterp as si
from seqinterp.io.deepbind_format import read_deepbind

METHODS = (
    "mutagenesis",
    "gradient",
    "smoothgrad",
    "discrete_smoothgrad",
    "integrated_gradients",
    "exact_integrated_gradients",
    "expected_gradients",
    "deeplift",
)
ETS, ERYTHROID, LIVER = ("GABPA ChIP-seq", "GABPA SELEX"), ("GATA1 ChIP-seq",), ("JUND ChIP-seq", "USF1 ChIP-seq")
FITTING = {
    # the recurrent mutations of TERT make a site of GABPA (Bell et al. 2015, doi:10.1126/science.aab0015)
    **dict.fromkeys(("TERT-GBM", "TERT-GAa", "TERT-GSc", "TERT-HEK"), ETS),
    # erythroid cells: HEL 92.1.7 and K562
    **dict.fromkeys(("HBB", "HBG1", "BCL11A", "GP1BA", "PKLR-24h", "PKLR-48h"), ERYTHROID),
    # HepG2: JUND's model was trained there
    **dict.fromkeys(("SORT1", "SORT1.2", "SORT1-flip", "LDLR", "LDLR.2", "F9"), LIVER),
}
UNFITTING = ("CTCF ChIP-seq", "REST ChIP-seq")  # nothing speaks for them: what any model gets
KNOWN = {  # counted from 1, GRCh37: what each is known for
    "TERT": {"recurrent, C228T": (1295228, "A"), "recurrent, C250T": (1295250, "A")},
    "SORT1": {"rs12740374, LDL cholesterol (a site of C/EBP)": (109817590, "T")},
}


def expected(model: nn.Module, sequence: str, method: str) -> tuple[np.ndarray, int]:
    """What each base would change at every place with a whole window, `(place, 4)`, and the first such place."""
    reach = model.settings.width - 1
    places = range(reach, len(sequence) - reach)
    windows = si.one_hot([sequence[place - reach : place + reach + 1] for place in places])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = si.attribute(model, windows, method, device="cpu").hypothetical
    here, own = found[:, :, reach].double(), windows[:, :, reach].double()
    return (here - (here * own).sum(dim=1, keepdim=True)).numpy(), reach


def require_exact(model: nn.Module, element: Element, effects: np.ndarray, first: int) -> None:
    """Stop unless exact mutagenesis is what scoring the variants one by one gives."""
    values = looked_up(element, effects, first)
    some = np.flatnonzero(~np.isnan(values))[::40]
    length = 2 * model.settings.width - 1
    table = si.variant_effects(model, [element.sequence], element.variants.iloc[some], length=length, device="cpu")
    if not np.allclose(values[some], table["effect"], atol=1e-4):
        raise SystemExit("stopped: mutagenesis is not the change of the score")


def looked_up(element: Element, effects: np.ndarray, first: int) -> np.ndarray:
    """The expected effect of each variant; NaN without a whole window."""
    place = element.variants["position"].to_numpy() - first
    base = np.array(["ACGT".index(letter) for letter in element.variants["alternative"]])
    inside = (place >= 0) & (place < len(effects))
    return np.where(inside, effects[np.clip(place, 0, len(effects) - 1), base], np.nan)


def known_ranks(element: Element, values: np.ndarray) -> dict[str, object]:
    """Places of known variants: among rises, and among sizes, the largest first; of equal ones the worst place."""
    found: dict[str, object] = {}
    wanted = next((variants for name, variants in KNOWN.items() if element.name.startswith(name)), {})
    usable = pd.Series(values)[~np.isnan(values)]
    for name, (position, base) in wanted.items():
        row = (element.variants["position"] == position - element.start) & (element.variants["alternative"] == base)
        number = int(np.flatnonzero(row)[0])
        if np.isnan(values[number]):
            continue
        found[name] = {
            "value": round(float(values[number]), 3),
            "among_rises": int(usable.rank(ascending=False, method="max")[number]),
            "by_size": int(usable.abs().rank(ascending=False, method="max")[number]),
            "of": len(usable),
        }
    return found


def on_element(element: Element, model_name: str, methods: tuple[str, ...], cache: dict) -> dict[str, object]:
    """Methods, the exact one first, on one element by one model."""
    model = read_deepbind(DATA / "deepbind_params" / "params" / f"{MODELS[model_name]}.txt", scan=False)
    measured = element.variants["measured"].to_numpy(float)
    rows: dict[str, object] = {}
    exact = None
    for method in methods:
        key = (model_name, element.sequence, method)
        if key not in cache:
            cache[key] = expected(model, element.sequence, method)
        values = looked_up(element, *cache[key])
        usable = ~np.isnan(values) & ~np.isnan(measured)
        if method == "mutagenesis":
            require_exact(model, element, *cache[key])
            exact = values
            within = np.where(usable, measured, np.nan)
            rows["measured"] = {"variants": int(usable.sum()), "known": known_ranks(element, within)}
        rows[method] = {
            "spearman": round(_spearman(values[usable], measured[usable]), 3),
            "spearman_with_mutagenesis": round(_spearman(values[usable], exact[usable]), 3),
            "known": known_ranks(element, values),
        }
    return rows


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    return float(spearmanr(one, other).statistic)


def summary(figures: dict[str, dict[str, dict]]) -> dict[str, dict[str, float]]:
    """Mean correlations of each method over all pairs of element and model."""
    pairs = [rows for by_model in figures.values() for rows in by_model.values()]
    found = {}
    for method in METHODS:
        with_assay = [rows[method]["spearman"] for rows in pairs]
        with_exact = [rows[method]["spearman_with_mutagenesis"] for rows in pairs]
        found[method] = {
            "mean_spearman_with_the_assay": round(float(np.mean(with_assay)), 3),
            "lowest": min(with_assay),
            "highest": max(with_assay),
            "mean_spearman_with_mutagenesis": round(float(np.mean(with_exact)), 3),
        }
    return found


def main() -> None:
    torch.set_num_threads(1)
    figures: dict[str, dict[str, dict]] = {}
    controls: dict[str, dict[str, float]] = {}
    cache: dict[tuple[str, str, str], tuple[Tensor, int]] = {}
    for element in elements(DATA / "satmut_mpra" / "elements.tsv.gz"):
        for model_name in FITTING.get(element.name, ()):
            begun = time.perf_counter()
            rows = on_element(element, model_name, METHODS, cache)
            figures.setdefault(element.name, {})[model_name] = rows
            print(element.name, model_name, round(time.perf_counter() - begun, 1), json.dumps(rows), flush=True)
        if element.name in FITTING:
            controls[element.name] = {
                name: on_element(element, name, METHODS[:1], cache)["mutagenesis"]["spearman"] for name in UNFITTING
            }
            print(element.name, controls[element.name], flush=True)
    whole = {"mean over pairs": summary(figures), "models that nothing speaks for": controls, "elements": figures}
    strange = [value for row in controls.values() for value in row.values()]
    whole["mean over pairs"]["mutagenesis, models that nothing speaks for"] = {
        "mean_spearman_with_the_assay": round(float(np.mean(strange)), 3),
        "lowest": min(strange),
        "highest": max(strange),
    }
    print(json.dumps(whole["mean over pairs"], indent=1))
    print("written to", write_results("trust_satmut", whole))


if __name__ == "__main__":
    main()
