"""Decimal texts between the catalogue's unit and PHMR's: the point moves, no digit is lost."""

from decimal import Context, Decimal

_EXACT = Context(prec=256)


def moved(text: str, shift: int) -> str:
    """The decimal text times ten to the power of `shift`, as precise as it was.

    >>> moved("97.0", -2), moved("0.970", 2), moved("36.50", 0)
    ('0.970', '97.0', '36.50')
    """
    return f"{Decimal(text).scaleb(shift, _EXACT):f}" if shift else text
