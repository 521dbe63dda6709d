"""The corpus, what becomes of it, and its table in docs/CONFORMANCE.md, for `make golden`."""

from tests.documents.corpus import corpus
from tests.documents.outcome import GOLDEN, ROOT, documented, outcomes, told


def remake() -> None:
    """Write the files, their golden texts and the table anew."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    found = outcomes()
    for name, file in corpus().items():
        (GOLDEN / name).write_bytes(file.content)
        (GOLDEN / f"{name}.became.txt").write_text(told(found[name]), encoding="utf-8")
    page = ROOT / "docs" / "CONFORMANCE.md"
    page.write_text(documented(page.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    remake()
