"""`Constraints`: what every designed sequence must keep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seqinterp.api.design_parts import constraint_checks as checks
from seqinterp.api.design_parts.restriction_sites import word_and_label
from seqinterp.design.constraints.composition import GcShare, Homopolymer
from seqinterp.design.constraints.custom import Custom
from seqinterp.design.constraints.positions import Apart, EditBudget, Protected
from seqinterp.design.constraints.protein import Protein
from seqinterp.design.constraints.rules import Constraint, Rules
from seqinterp.design.constraints.words import Forbidden, Required, strands
from seqinterp.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What designed sequences must keep, checked when it is made; `Constraints(**mapping)` takes it from a file.

    Attributes:
        protect: half-open spans, 0-based, whose bases stay as in the start.
        edits: at most so many substitutions, insertions and deletions from the start. Bases that fall off or enter at
            the right end when others are inserted or deleted are no edits.
        gc: (lowest, highest) share of G and C among the known bases, both allowed.
        gc_window: the share is kept by every window of so many bases; None: by the whole sequence.
        homopolymer: longest run of one base.
        forbid: words of IUPAC letters, or names of restriction enzymes as REBASE writes them, found on neither strand.
            What is the name of an enzyme is not read as a word.
        require: words or enzymes, found at least once on either strand; a mapping gives how often. A place that both
            strands read counts once. N in a sequence is matched by the letter N alone.
        keep_protein: spans, read in frame from their start, whose codons keep their meaning, stops too; with a third
            entry "-" read on the other strand, from the end of the span.
        code: the genetic code, by its number at NCBI; 1 is the standard one.
        no_new_hits: motifs without a hit at a place and on a strand where the start has none.
        no_new_hits_p: p-value below which a window is a hit, as in a scan of uniform random bases.
        apart: edited positions are at least so many bases from each other.
        also: callables on a list of sequences that say of each whether it is kept; known by their `__name__`.

    Raises:
        InputError: an entry cannot be used; it is named.
    """

    # Any: what comes from a file or a person is checked below, with a sentence
    protect: Any = ()
    edits: Any = None
    gc: Any = None
    gc_window: Any = None
    homopolymer: Any = None
    forbid: Any = ()
    require: Any = ()
    keep_protein: Any = ()
    code: Any = 1
    no_new_hits: Any = ()
    no_new_hits_p: Any = 1e-4
    apart: Any = None
    also: Any = ()

    def __post_init__(self) -> None:
        checked: dict[str, Any] = {
            "protect": tuple(checks.span(each, "protect") for each in checks.several(self.protect, "protect")),
            "keep_protein": tuple(
                checks.protein_span(each) for each in checks.several(self.keep_protein, "keep_protein")
            ),
            "forbid": checks.several(self.forbid, "forbid"),
            "require": checks.counted(self.require),
            "also": tuple(checks.callable_(each) for each in checks.several(self.also, "also")),
            "no_new_hits": tuple(checks.motif(each) for each in checks.several(self.no_new_hits, "no_new_hits")),
            "gc": None if self.gc is None else checks.shares(self.gc),
            "code": checks.genetic_code(self.code),
            "no_new_hits_p": checks.p_value(self.no_new_hits_p),
        }
        for name, least in (("edits", 0), ("gc_window", 1), ("homopolymer", 1), ("apart", 1)):
            value = getattr(self, name)
            checked[name] = None if value is None else checks.whole_number(value, name, least=least)
        if self.gc_window is not None and self.gc is None:
            raise InputError("gc_window is given without gc; say gc=(0.4, 0.6) or other shares, lowest and highest")
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        for name in ("forbid", "require"):
            for text in getattr(self, name):
                word_and_label(text, name)

    def rules(self, length: int, *, indels: bool = True) -> Rules:
        """These constraints on sequences of `length` bases, those first that are quick to check.

        indels: whether bases can be inserted and deleted; if not, every position that differs counts as an edit.

        Raises:
            InputError: a span, window, word or motif does not fit.
        """
        for name in ("protect", "keep_protein"):
            for each in getattr(self, name):
                checks.inside(each, length, name)
        found: list[Constraint] = []
        if self.protect:
            found.append(Protected(tuple(self.protect)))
        if self.edits is not None:
            found.append(EditBudget(self.edits, indels))
        found += [Protein(start, stop, strand, self.code) for start, stop, strand in self.keep_protein]
        if self.apart is not None:
            found.append(Apart(self.apart, indels))
        if self.homopolymer is not None:
            found.append(Homopolymer(self.homopolymer))
        if self.gc is not None:
            checks.window(self.gc_window, length)
            found.append(GcShare(self.gc[0], self.gc[1], self.gc_window))
        found += [Forbidden(word, label) for word, label, _ in self._words("forbid", length)]
        found += [Required(word, count, label) for word, label, count in self._words("require", length)]
        found += [checks.no_new_hits(each, length, self.no_new_hits_p) for each in self.no_new_hits]
        return Rules((*found, *(Custom(each) for each in self.also)))

    def _words(self, name: str, length: int) -> Iterator[tuple[str, str, int]]:
        """Word, label and count of each entry; of those that mean the same sites the first."""
        seen: set[str] = set()
        given = getattr(self, name)
        for text in given:
            word, label = word_and_label(text, name)
            if len(word) > length:
                raise InputError(
                    f"{name}: {text} has {len(word)} bases, but the sequences have {length}; leave it out, or take"
                    " longer sequences"
                )
            if not seen & set(strands(word)):
                yield word, label, given[text] if isinstance(given, Mapping) else 1
            seen |= set(strands(word))
