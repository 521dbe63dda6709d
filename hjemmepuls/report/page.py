"""A report's page: the template filled in, with its style inside.

In: the name of a template in this folder and what it shows. Out: HTML in one piece, which asks
nothing of any other file or machine.
"""

from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined

from hjemmepuls.report.plots import Say, number

_FOLDER: Final = resources.files("hjemmepuls.report")


def _template(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"Say": Say}
    made.filters |= {"said": said, "share": share, "times": times}
    return made


def said(value: float | None, decimals: int = 2) -> Say:
    """A number in both languages, a dash where there is none.

    >>> said(None), said(1.25, 1)
    (Say(da='-', en='-'), Say(da='1,2', en='1.2'))
    """
    return Say("-", "-") if value is None else number(value, decimals)


def share(value: float | None, decimals: int = 0) -> Say:
    """A share in per cent.

    >>> share(0.756)
    Say(da='76 %', en='76 %')
    """
    if value is None:
        return Say("-", "-")
    percent = number(100 * value, decimals)
    return Say(f"{percent.da} %", f"{percent.en} %")


def times(value: float | None, factor: float) -> float | None:
    """A multiple, or None of None."""
    return None if value is None else value * factor


def page(name: str, **shown: Any) -> str:
    """The page; jinja2.UndefinedError when the template asks for what is not given."""
    return _environment().get_template(name).render(**shown)
