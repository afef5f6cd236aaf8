"""Words as people write them: IUPAC letters, or the name of a restriction enzyme."""

from difflib import get_close_matches
from functools import cache

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import LETTERS


@cache
def enzyme_sites() -> dict[str, str]:
    """The site of each restriction enzyme that biopython knows (REBASE), by name; IUPAC letters."""
    from Bio.Restriction.Restriction_Dictionary import rest_dict  # thousands of entries: only when a word is read

    return {name: str(entry["site"]).upper() for name, entry in rest_dict.items()}


def word_and_label(text: object, what: str) -> tuple[str, str]:
    """A word in upper-case letters, and the enzyme's name, empty where a word was given.

    A name wins over a word of the same letters; in other case than REBASE's it is understood where it is no word.

    Raises:
        InputError: it is neither; names like it are given.
    """
    if not isinstance(text, str) or not text:
        raise InputError(f"{what}: an entry is a word of IUPAC letters or the name of an enzyme, not {text!r}")
    sites = enzyme_sites()
    if text in sites:
        return _known(sites[text], text, what)
    word = text.upper()
    if set(word) <= set(LETTERS):
        if set(word) == {"N"}:
            raise InputError(f"{what}: {text!r} stands for any sequence; give at least one other letter")
        return word, ""
    folded = {name.casefold(): name for name in sites}
    if text.casefold() in folded:
        name = folded[text.casefold()]
        return _known(sites[name], name, what)
    near = [folded[name] for name in get_close_matches(text.casefold(), folded, n=3, cutoff=0.6)]
    hint = f"; enzymes with such a name are {', '.join(near)}" if near else ""
    raise InputError(
        f"{what}: {text!r} is neither a word of IUPAC letters ({LETTERS}) nor the name of a restriction enzyme{hint}"
    )


def _known(site: str, name: str, what: str) -> tuple[str, str]:
    """The site of an enzyme, where REBASE has one."""
    if not site or not set(site) <= set(LETTERS):
        raise InputError(f"{what}: the site of {name} is not known; give the word itself")
    return site, name
