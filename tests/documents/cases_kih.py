"""The corpus' KIH files."""

from tests.documents.corpus import At, case
from tests.documents.kih import (
    MC102,
    created,
    dataset,
    deletion,
    fetched,
    number,
    report,
)

CUFF, OXIMETER, SPIROMETER = "MCI00012", "MCI00013", "MCI00014"


def weight(at: At, value: str = "77.5", **more: str) -> str:
    return report("NPU03804", value, more.pop("unit", "kg"), created=at.iso, **more)  # type: ignore[arg-type]


def pressure(at: At, high: str = "134", low: str = "82", first: int = 0, unit: str = "mmHg") -> str:
    return "".join(
        report(code, value, unit, created=at.iso, instrument=CUFF, uuid=number(first + place))
        for place, (code, value) in enumerate((("DNK05472", high), ("DNK05473", low)))
    )


@case("01-kih-weight-typed.xml", "a weight in Kg that a citizen typed, without an instrument")
def _(at: At) -> bytes:
    return dataset(weight(at, unit="Kg", by="typed", instrument=""))


@case("02-kih-weight.xml", "a weight in kg by a scale with MedCom's number")
def _(at: At) -> bytes:
    return dataset(weight(at))


@case("03-kih-home-codes.xml", "a blood pressure under the retired home codes, in mm Hg")
def _(at: At) -> bytes:
    parts = (("MCS88020", "82"), ("MCS88019", "134"))
    return dataset(
        *(report(code, value, "mm Hg", created=at.iso, instrument=CUFF) for code, value in parts)
    )


@case("04-kih-pressure-and-pulse.xml", "a blood pressure in two reports, and the cuff's pulse")
def _(at: At) -> bytes:
    pulse = report("NPU21692", "70", "Slag/min", created=at.iso, instrument=CUFF)
    return dataset(pulse, pressure(at, first=40))


@case("05-kih-saturation-percent.xml", "a saturation in per cent")
def _(at: At) -> bytes:
    return dataset(report("NPU03011", "97", "%", created=at.iso, instrument=OXIMETER))


@case("06-kih-saturation-fraction.xml", "a saturation as a fraction, without a unit")
def _(at: At) -> bytes:
    return dataset(report("NPU03011", "0.97", "", created=at.iso, instrument=OXIMETER))


@case("07-kih-fev1-as-flow.xml", "FEV1 in Liter/sekund, as an older exporter labels the volume")
def _(at: At) -> bytes:
    return dataset(
        report("MCS88015", "1.32", "Liter/sekund", created=at.iso, instrument=SPIROMETER)
    )


@case("08-kih-1.0.2.xml", "a dataset 1.0.2 with author and custodian")
def _(at: At) -> bytes:
    more = "<v:Author><v:Identifier>241301000016007</v:Identifier></v:Author>"
    return dataset(weight(at), version=MC102, more=more)


@case("09-kih-soap-create.xml", "CreateMonitoringDataset in its SOAP envelope")
def _(at: At) -> bytes:
    return created(weight(at))


@case("10-kih-soap-get-1.0.2.xml", "the answer of GetMonitoringDataset 1.0.2 in its SOAP envelope")
def _(at: At) -> bytes:
    return fetched(weight(at))


@case("11-kih-notes-and-ranges.xml", "a note, and the limits of a range")
def _(at: At) -> bytes:
    return dataset(weight(at, comment="Efter morgenmad", limits=("70", "80")))  # type: ignore[arg-type]


@case("12-kih-by-a-nurse-at-a-ward.xml", "typed by a professional, at an institution")
def _(at: At) -> bytes:
    return dataset(weight(at, by="typedbyhcprof", location="institution", instrument=""))


@case("13-kih-unscheduled.xml", "an exporter's word `unscheduled`, and a CPR number with a hyphen")
def _(at: At) -> bytes:
    return dataset(weight(at, scheduled="unscheduled"), cpr="710548-0001", phone="+45 65 12 34 56")


@case("14-kih-bound.xml", "a result that is only a bound (less_than)")
def _(at: At) -> bytes:
    return dataset(weight(at, operator="less_than"))


@case("15-kih-unknown-code.xml", "a code that is not known, beside a weight")
def _(at: At) -> bytes:
    return dataset(report("NPU01423", "7", "mg/L", created=at.iso), weight(at))


@case("16-kih-pounds.xml", "a weight in lb")
def _(at: At) -> bytes:
    return dataset(weight(at, "171", unit="lb"))


@case("17-kih-half-a-pressure.xml", "a systolic pressure without its diastolic")
def _(at: At) -> bytes:
    return dataset(report("DNK05472", "134", "mmHg", created=at.iso, instrument=CUFF))


@case("18-kih-upside-down.xml", "a diastolic pressure above the systolic")
def _(at: At) -> bytes:
    return dataset(pressure(at, "80", "120", first=180))


@case("19a-kih-to-be-deleted.xml", "a blood pressure that is deleted later")
def _(at: At) -> bytes:
    return dataset(pressure(at, first=190))


@case("19b-kih-deletion.xml", "DeleteMonitoringDataset with the numbers of its two reports")
def _(at: At) -> bytes:
    return deletion(number(190), number(191))


@case("19c-kih-created-again.xml", "the same measurement created again with another value")
def _(at: At) -> bytes:
    return dataset(pressure(at, "130", "80", first=192))


@case("20a-kih-to-be-corrected.xml", "a weight that is corrected later")
def _(at: At) -> bytes:
    return dataset(weight(at, uuid=number(200)))


@case("20b-kih-corrected.xml", "the same report with another value")
def _(at: At) -> bytes:
    return dataset(weight(at, "75.5", uuid=number(200)))


@case("21a-kih-exported.xml", "a weight that is exported twice")
def _(at: At) -> bytes:
    return dataset(weight(at, uuid=number(210)))


@case("21b-kih-exported-again.xml", "the same weight under another number, with a note")
def _(at: At) -> bytes:
    return dataset(weight(at, uuid=number(211), comment="sendt igen"))


@case("21c-kih-another-value.xml", "another value of one instant, under another number")
def _(at: At) -> bytes:
    return dataset(weight(at, "80.0", uuid=number(212)))


@case("22-kih-stranger.xml", "a citizen whom nobody has enrolled")
def _(at: At) -> bytes:
    return dataset(weight(at), cpr="7105480002")


@case("23-kih-future.xml", "a weight of the year 2099, beside one of now")
def _(at: At) -> bytes:
    future = report("NPU03804", "78.0", "kg", created="2099-03-01T07:00:00+01:00")
    return dataset(future, weight(at))


@case("24-kih-2006.xml", "a weight of the year 2006")
def _(at: At) -> bytes:
    return dataset(report("NPU03804", "77.5", "kg", created="2006-05-04T18:13:51Z"))


@case("25-kih-one-bad-report.xml", "a report that the schema does not allow, beside a good one")
def _(at: At) -> bytes:
    return dataset(weight(at, encoding="text"), report("NPU03011", "97", "%", created=at.iso))


@case("26-kih-wrapped-text.xml", "words with white space around them, as a printer wraps them")
def _(at: At) -> bytes:
    return dataset(weight(at)).replace(b">home<", b">\n      home\n    <")
