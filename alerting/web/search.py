"""Whom a nurse looks for: by names in any order, date of birth, CPR number or telephone number.

In: what was typed. Out: whether a row fits. Pure. Of a CPR number the date is compared and the rest
left out: the page holds no CPR number.
"""

import re
from typing import NamedTuple, Self

from alerting.web.worklist import Row

_CPR = re.compile(r"(\d{6})-?\d{4}")
_DATE = re.compile(r"\d{1,2}[-./]\d{1,2}(?:[-./]\d{0,4})?")
_COUNTRY = "45"


class Wanted(NamedTuple):
    """What was typed: words, all of which must be in the name, or digits of a date or telephone."""

    words: tuple[str, ...] = ()
    digits: str = ""
    date: str = ""

    @classmethod
    def of(cls, text: str) -> Self | None:
        """None when nothing is looked for.

        >>> Wanted.of("Fiktivsen, Karen").words, Wanted.of("161244-1234").digits
        (('fiktivsen', 'karen'), '161244')
        >>> Wanted.of("16-12-44").date, Wanted.of("+45 00 00 82 97").digits
        ('16.12.44', '00008297')
        """
        text = " ".join(text.casefold().replace(",", " ").split())
        if not text:
            return None
        if cpr := _CPR.fullmatch(text):
            return cls(digits=cpr[1])
        if _DATE.fullmatch(text):
            return cls(date=re.sub("[-/]", ".", text))
        digits = re.sub(r"[ +-]", "", text)
        if digits.isdecimal():
            return cls(digits=digits.removeprefix(_COUNTRY) if text.startswith("+") else digits)
        return cls(words=tuple(text.split()))

    def fits(self, row: Row) -> bool:
        """Whether this is whom is looked for."""
        born = row.birth_date
        if self.date:
            day, month, *rest = self.date.split(".")
            years = (f"{born:%Y}", f"{born:%y}")
            same_day = (born.day, born.month) == (int(day), int(month))
            return same_day and any(year.startswith("".join(rest)) for year in years)
        if self.digits:
            dates = (f"{born:%d%m%y}", f"{born:%d%m%Y}", f"{born:%Y}")
            phone = re.sub(r"\D", "", row.phone)
            national = phone.removeprefix(_COUNTRY) if row.phone.startswith("+") else phone
            return national.startswith(self.digits) or any(
                date.startswith(self.digits) for date in dates
            )
        name = row.name.casefold()
        return all(word in name for word in self.words)
