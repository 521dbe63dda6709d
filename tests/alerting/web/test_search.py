"""Whom a nurse looks for is found however she writes it."""

from datetime import date

import msgspec
import pytest

from alerting.web.search import Wanted
from tests.alerting.web.test_worklist import rows


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ("karen", True), ("fiktivsen", True), ("KAREN  fik", True), ("Fiktivsen, Karen", True),
        ("16.12", True), ("16-12-1944", True), ("16/12/44", True), ("161244", True),
        ("16121944", True), ("161244-1234", True), ("1612441234", True), ("1944", True),
        ("00008297", True), ("00 00 82 97", True), ("+45 00 00 82 97", True), ("0000", True),
        ("karen syntesen", False), ("16.1", False), ("6.12", False), ("1612", True),
        ("17.12.1944", False), ("8297", False), ("1945", False), ("zzz", False),
        ("99999999999999", False), ("0.0", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("phone", ["+45 00008297", "00 00 82 97"])
def test_by_name_birth_date_and_telephone(typed: str, fits: bool, phone: str) -> None:
    (row,) = rows("a")
    row = msgspec.structs.replace(
        row, name="Karen Fiktivsen", birth_date=date(1944, 12, 16), phone=phone
    )
    wanted = Wanted.of(typed)
    assert wanted is not None
    assert wanted.fits(row) is fits


def test_nothing_typed_looks_for_nobody() -> None:
    assert Wanted.of("  ") is None
