"""How every section of an evidence page begins, also one that was not asked."""

from typing import Any


def opened(said: object, name: str, *, short: str, title: str, source: str) -> dict[str, Any]:
    """Id, short name, title and the public call that gives the numbers; and why, where `said` is such a sentence."""
    empty = f"Not asked: {said}." if isinstance(said, str) else ""
    return {"id": name, "short": short, "title": title, "lead": "", "empty": empty, "source": source}
