"""Rebuild the files of this folder: `python data/make.py [--jaspar JASPAR2024_..._transfac.txt]`.

Without --jaspar the demo sequences are drawn anew from jaspar_subset.meme; with it the subset is selected anew first.
"""

import argparse
import hashlib
from pathlib import Path

from seqinterp.errors import InputError
from seqinterp.io.motif_files import read_motifs, write_meme
from seqinterp.io.tables import write_examples
from seqinterp.sequence.simulate import simulate

HERE = Path(__file__).parent

# Every matrix of the release with one of these labels is taken, but for those wider than WIDEST: these are two
# half-sites with an empty middle (extended CTCF), which diffuse motifs resemble by chance.
WIDEST = 30
LABELS = [
    "FOS::JUN", "JUND", "JUN", "FOSL1", "FOSL2", "FOS", "FOSB::JUNB", "BATF", "JDP2", "CREB1", "ATF3", "ATF4",
    "CEBPB", "HNF4A", "HNF1A", "FOXA1", "FOXA2", "GATA1", "GATA3", "GATA1::TAL1", "SPI1", "GABPA", "ELF1", "ELK4",
    "ETS1", "SP1", "KLF4", "NRF1", "NFYA", "YY1", "CTCF", "CTCFL", "REST", "USF1", "USF2", "MYC", "MAX", "MITF",
    "TFE3", "ZBTB33", "RFX5", "ZNF143", "EGR1", "E2F1", "TEAD1", "STAT3", "IRF1", "RELA", "TP53", "NFE2L2", "MAFK",
    "MEF2A", "SRF", "RUNX1", "PAX5", "POU2F1", "SOX2", "HIF1A", "ARNT", "ARNT::HIF1A", "NR3C1", "ESR1", "PPARG::RXRA",
    "TCF7L2", "HLF", "CEBPG", "XBP1", "ONECUT1", "NR2F1", "NR5A2", "ESRRA", "NR1H4", "PPARA::RXRA", "GATA4", "TEAD4",
    "KLF5", "SREBF1", "TBP", "THAP11", "NFIC", "E2F4", "TFAP2A", "ATF1", "ATF7", "FOSL1::JUND",
]  # fmt: skip

# The AP-1 family: TGACTCA and TGAGTCA, and the longer TGACGTCA.
PLANTED = ("MA0099.4", "MA0491.3", "MA0478.2", "MA1634.2", "MA1126.2", "MA0656.2")


def make_subset(release: Path, path: Path) -> None:
    """Select the matrices of LABELS from a JASPAR release."""
    motifs = [motif for motif in read_motifs(release) if motif.label.upper() in LABELS and motif.width <= WIDEST]
    missing = set(LABELS) - {motif.label.upper() for motif in motifs}
    if missing:
        raise InputError(f"{release} has no matrix for {', '.join(sorted(missing))}")
    write_meme(path, sorted(motifs, key=lambda motif: motif.name), force=True)


def make_demo(subset: Path, path: Path) -> None:
    """Draw the demo sequences: AP-1 sites against half-sites and broken sites."""
    known = {motif.name: motif for motif in read_motifs(subset)}
    examples = simulate(
        {name: known[name].pwm for name in PLANTED},
        count=4000,
        length=101,
        seed=1,
        sites=(1, 1),
        decoys=("TGAC", "TGACTGAC"),
        decoy_copies=(0, 3),
        broken=0.8,
    )
    write_examples(path, examples, force=True)


def main() -> None:
    """Read the command line, rebuild, and print the checksums for README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jaspar", type=Path, help="a JASPAR 2024 CORE vertebrates file to select the matrices from")
    release = parser.parse_args().jaspar
    if release:
        make_subset(release, HERE / "jaspar_subset.meme")
    make_demo(HERE / "jaspar_subset.meme", HERE / "ap1_demo.tsv.gz")
    for name in ("jaspar_subset.meme", "ap1_demo.tsv.gz"):
        print(f"{hashlib.sha256((HERE / name).read_bytes()).hexdigest()}  {name}")


if __name__ == "__main__":
    main()
