"""The templates of pages, which share one frame: header, contents bar, sections, and where the numbers come from."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def fill(template: str, **values: Any) -> str:
    """Put values into a template of this folder; all are escaped, and a misspelt name is an error, not a hole."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    """Give the templates of this folder."""
    return Environment(
        loader=PackageLoader("seqinterp.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
