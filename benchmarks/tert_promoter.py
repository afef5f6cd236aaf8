"""Predicted against measured effects of single substitutions: `python benchmarks/tert_promoter.py DATA [--quick]`.

DATA holds `satmut_mpra` (saturation mutagenesis of 21 regulatory elements by reporter assay, Kircher et al. 2019,
doi:10.1038/s41467-019-11526-w) and `deepbind_params` (released DeepBind models, Alipanahi et al. 2015). Two mutations
of the TERT promoter that recur in cancer, 5:1295228 G>A and 5:1295250 G>A (GRCh37), each make a site of the ETS family;
1295250 G>A must be among the five substitutions of 777 that raise the score of the ETS factor GABPA (ChIP-seq) most.
Spearman correlations with the measured effects are told for all elements and models; a single factor's binding says
little about expression, so these are low by nature and not a test.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from measure import write_results

import seqinterp as si
from seqinterp.io.deepbind_format import read_deepbind
from seqinterp.models.deepbind import DeepBind

MODELS = {  # of proteins that bind DNA
    "GABPA ChIP-seq": "D00409.004",
    "GABPA SELEX": "D00409.003",
    "CTCF SELEX": "D00328.003",
    "CTCF ChIP-seq": "D00328.018",
    "CTCFL ChIP-seq": "D00753.001",
    "GATA1 ChIP-seq": "D00765.001",
    "GATA3 SELEX": "D00410.003",
    "JUND ChIP-seq": "D00776.005",
    "MYC ChIP-seq": "D00785.001",
    "REST ChIP-seq": "D00799.001",
    "SPI1 ChIP-seq": "D00655.006",
    "USF1 SELEX": "D00700.001",
    "USF1 ChIP-seq": "D00700.006",
}
ETS = ("GABPA ChIP-seq", "GABPA SELEX")
GATED, ELEMENT, TOP = "GABPA ChIP-seq", "TERT-GBM", 5
RELEASE = "GRCh37"
RECURRENT = (1295250, 1295228)  # G>A, counted from 1


@dataclass(frozen=True)
class Element:
    """A sequence, the position of its first base counted from 1, and its measured substitutions.

    variants: position (in the sequence, from 0), reference, alternative, measured (log2 change of expression).
    """

    name: str
    sequence: str
    start: int
    variants: pd.DataFrame


def elements(path: Path) -> list[Element]:
    """The elements of the file; a position that was never seen mutated is N."""
    table = pd.read_csv(path, sep="\t", dtype={"Chrom": str})
    table = table[table["Release"] == RELEASE].dropna(subset=["Pos"]).astype({"Pos": int})
    return [_element(str(name), rows) for name, rows in table.groupby("Element")]


def _element(name: str, rows: pd.DataFrame) -> Element:
    bases: Mapping[int, str] = dict(zip(rows["Pos"], rows["Ref"], strict=True))
    start, stop = min(bases), max(bases) + 1
    single = rows[rows["Alt"] != "-"]
    columns = {"position": single["Pos"] - start, "reference": single["Ref"], "alternative": single["Alt"]}
    variants = pd.DataFrame({**columns, "measured": single["Coefficient"]}).reset_index(drop=True)
    return Element(name, "".join(bases.get(place, "N") for place in range(start, stop)), start, variants)


def over_the_element(model: DeepBind, element: Element) -> pd.Series:
    """The effect of each variant on the score of the whole element: that of its best window, as published."""
    effects = si.mutate(model, si.one_hot(element.sequence), device="cpu").effects[0]
    base = ["ACGT".index(letter) for letter in element.variants["alternative"]]
    return pd.Series(effects.numpy()[base, element.variants["position"]])


def around_the_variant(model: DeepBind, element: Element) -> pd.Series:
    """The effect of each variant on the windows that hold it, whatever there is elsewhere in the element."""
    length = 2 * model.settings.width - 1
    table = si.variant_effects(model, [element.sequence], element.variants, length=length, device="cpu")
    return table["effect"]


def ranks(element: Element, effects: pd.Series) -> dict[str, object]:
    """The places of the recurrent mutations among all substitutions, the largest rise of the score first."""
    places = effects.rank(ascending=False, method="max")  # of equal ones the worst place
    found: dict[str, object] = {"of": len(effects)}
    for position in RECURRENT:
        here = (element.variants["position"] == position - element.start) & (element.variants["alternative"] == "A")
        found[f"5:{position} G>A"] = int(places[here].item())
    return found


def recurrent_mutations(folder: Path, element: Element) -> dict[str, dict[str, object]]:
    """Where each ETS model puts the recurrent mutations, by the whole element and by windows around each variant."""
    found = {}
    for name in ETS:
        model = _model(folder, name)
        found[f"{name}, score of the element"] = ranks(element, over_the_element(model, element))
        found[f"{name}, windows around the variant"] = ranks(element, around_the_variant(model, element))
    return found


def correlations(folder: Path, shown: list[Element], names: list[str]) -> pd.DataFrame:
    """Spearman correlation of predicted and measured effects, a row per element and a column per model.

    Models read a window around each variant once, as they were trained, which is much quicker than window by window.
    """
    found: dict[str, dict[str, float]] = {}
    for name in names:
        model, effects = _model(folder, name, scan=False), {}
        for element in shown:  # several assays are of one sequence, but not of the same variants
            key = (element.sequence, *(tuple(element.variants[column]) for column in ("position", "alternative")))
            if key not in effects:
                effects[key] = around_the_variant(model, element)
            value = effects[key].corr(element.variants["measured"], method="spearman")
            found.setdefault(name, {})[element.name] = round(float(value), 3)
    return pd.DataFrame(found)


def _model(folder: Path, name: str, *, scan: bool = True) -> DeepBind:
    return read_deepbind(folder / "deepbind_params" / "params" / f"{MODELS[name]}.txt", scan=scan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--quick", action="store_true", help="the TERT promoter and the ETS models only; not written")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    everything = elements(options.data / "satmut_mpra" / "elements.tsv.gz")
    promoter = next(element for element in everything if element.name == ELEMENT)
    mutations = recurrent_mutations(options.data, promoter)
    print(pd.DataFrame(mutations).T.to_string(), flush=True)
    shown = [element for element in everything if not options.quick or element.name.startswith("TERT")]
    table = correlations(options.data, shown, list(ETS) if options.quick else list(MODELS))
    print("\nSpearman correlation of predicted and measured effects\n" + table.to_string())
    figures = {"recurrent mutations of the TERT promoter": mutations, "spearman": table.T.to_dict()}
    if not options.quick:
        print("written to", write_results("tert_promoter", figures))
    place = mutations[f"{GATED}, score of the element"][f"5:{RECURRENT[0]} G>A"]
    if place > TOP:
        raise SystemExit(f"5:{RECURRENT[0]} G>A is number {place} of its element; it should be among the first {TOP}")


if __name__ == "__main__":
    main()
