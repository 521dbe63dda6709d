"""The validators: each reads every file of a folder and says what it finds.

In: a folder. Out: a list of `Message`. What Maven and npm have is fetched at first use, in up to
some minutes; `Unavailable` says what is missing. Nothing is fetched once it is there.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from lxml import etree

from tests.conformance.samples import EXAMPLES, ROOT
from tests.fetching import Unavailable, classpath, digest, need, succeeds

HERE: Final = Path(__file__).parent
CACHE: Final = ROOT / "var" / "conformance"
DK_CORE: Final = EXAMPLES / "dk-core"
DEFINITIONS: Final = HERE / "definitions"
POM: Final = HERE / "maven" / "pom.xml"
PACKAGE: Final = HERE / "medplum" / "package.json"
KIH_SCHEMA: Final = EXAMPLES / "kih" / "xsd" / "1.0.1" / "CitizenMonitoringDataset.xsd"
CDA_JAR: Final = "ipf-modules-cda-mdht-"
CDA_SCHEMA: Final = "schema/cdar2/infrastructure/cda/CDA.xsd"
RUN_SECONDS_MAX: Final = 240


class Message(NamedTuple):
    """What a validator said of one file; `severity` is error, warning or information."""

    file: str
    severity: str
    location: str
    text: str


@dataclass(frozen=True, slots=True)
class Validator:
    """One validator: `run` waits for its process, and raises `Unavailable` where it cannot run.

    `suffix` says which files of the folder it reads.
    """

    name: str
    version: str
    suffix: str
    run: Callable[[Path], list[Message]]


def _run_hapi(folder: Path) -> list[Message]:
    jars = classpath(POM, CACHE)
    command = ["java", "-Xmx2g", "-XX:TieredStopAtLevel=1", str(HERE / "maven" / "Validate.java")]
    return _messages([*command, str(folder), *_definitions()], {"CLASSPATH": jars})


def _run_medplum(folder: Path) -> list[Message]:
    script = _medplum() / "validate.mjs"
    return _messages(["node", str(script), str(folder), *_definitions()], {})


def _run_kih(folder: Path) -> list[Message]:
    if not KIH_SCHEMA.is_file():
        raise Unavailable(f"{KIH_SCHEMA} is missing: set HJEMMEPULS_EXAMPLES")
    return _schema_errors(KIH_SCHEMA, folder, ".kih.xml")


def _run_cda(folder: Path) -> list[Message]:
    jar = next(
        jar for jar in classpath(POM, CACHE).split(os.pathsep) if Path(jar).name.startswith(CDA_JAR)
    )
    with tempfile.TemporaryDirectory(prefix="conformance-") as unpacked:
        with zipfile.ZipFile(jar) as archive:
            names = archive.namelist()
            archive.extractall(unpacked, [name for name in names if name.endswith(".xsd")])
        return _schema_errors(Path(unpacked) / CDA_SCHEMA, folder, ".phmr.xml")


def _schema_errors(schema_file: Path, folder: Path, suffix: str) -> list[Message]:
    schema = etree.XMLSchema(etree.parse(schema_file))
    found = []
    for path in sorted(folder.rglob(f"*{suffix}")):
        name = path.relative_to(folder).as_posix()
        try:
            schema.validate(etree.parse(path))
        except etree.XMLSyntaxError as error:
            found.append(Message(name, "error", "", str(error)))
        else:
            found += [
                Message(name, "error", f"line {entry.line}", entry.message)
                for entry in schema.error_log
            ]
    return found


def _medplum() -> Path:
    """A folder with `package.json`, its packages and the script that uses them."""
    need("node", "Node.js", 20)
    script = HERE / "medplum" / "validate.mjs"
    home = CACHE / f"medplum-{digest(PACKAGE)}"
    if not home.is_dir():
        need("npm", "npm", 8)
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            fresh = Path(folder) / "medplum"
            fresh.mkdir()
            shutil.copy(PACKAGE, fresh)
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
            if not succeeds([*command, "--no-package-lock", "--omit=peer"], fresh):
                raise Unavailable(f"npm cannot fetch the packages of {PACKAGE}")
            fresh.rename(home)
    shutil.copy(script, home)
    return home


def _definitions() -> list[str]:
    """Ours first, so that HL7 Denmark's replace what stands in for them."""
    if not DK_CORE.is_dir():
        raise Unavailable(f"{DK_CORE} is missing: set HJEMMEPULS_EXAMPLES")
    return [str(DEFINITIONS), str(DK_CORE)]


def _messages(command: list[str], environment: Mapping[str, str]) -> list[Message]:
    """What a validator printed, each message once."""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=RUN_SECONDS_MAX,
        env=os.environ | environment,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    lines = (json.loads(line) for line in done.stdout.splitlines())
    said = (
        Message(line["file"], line["severity"], line["location"], line["message"]) for line in lines
    )
    return list(dict.fromkeys(said))


def _version(path: Path, pattern: str) -> str:
    found = re.search(pattern, path.read_text(encoding="utf-8"))
    assert found, path
    return found[1]


VALIDATORS: Final = (
    Validator("HAPI", _version(POM, "<hapi.version>(.+)</hapi.version>"), ".json", _run_hapi),
    Validator("Medplum", _version(PACKAGE, '"@medplum/core": "(.+)"'), ".json", _run_medplum),
    Validator("KIH schema", "1.0.1", ".kih.xml", _run_kih),
    Validator("CDA schema", "R2", ".phmr.xml", _run_cda),
)
"""A further checker is a further row."""
