"""What tests fetch from Maven and npm at first use, in up to some minutes, and keep.

In: a `pom.xml` and a folder to remember in. Out: a class path; `Unavailable` says what is missing.
Nothing is fetched once it is there.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

FETCH_SECONDS_MAX: Final = 600


class Unavailable(Exception):  # noqa: N818  nothing is wrong with what we test
    """Something that is not here, and what to install."""


def classpath(pom: Path, cache: Path) -> str:
    """The jars of `pom`, from Maven's own store, or fetched into it."""
    need("javac", "a JDK", 17)
    listed = cache / f"maven-{digest(pom)}.classpath"
    if listed.is_file():
        jars = listed.read_text(encoding="utf-8")
        if all(Path(jar).is_file() for jar in jars.split(os.pathsep)):
            return jars
    need("mvn", "Maven", 3)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        fresh = Path(folder) / "classpath"
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:build-classpath"]
        command.append(f"-Dmdep.outputFile={fresh}")
        if not (succeeds([*command, "-o"], cache) or succeeds(command, cache)):
            raise Unavailable(f"Maven cannot fetch the artifacts of {pom}")
        fresh.replace(listed)
    return listed.read_text(encoding="utf-8")


def need(program: str, what: str, oldest: int) -> None:
    """The program in this or a later major version, or `Unavailable`."""
    if shutil.which(program) is None:
        raise Unavailable(f"{program} is not installed: install {what} {oldest} or later")
    said = subprocess.run(
        [program, "--version"], check=False, capture_output=True, text=True
    ).stdout
    major = re.search(r"(?:^|[ v])(\d+)", said)
    if major is None or int(major[1]) < oldest:
        raise Unavailable(f"{program} is too old: install {what} {oldest} or later")


def succeeds(command: list[str], folder: Path) -> bool:
    """Run in this folder; whether it ended well and in time."""
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, cwd=folder, timeout=FETCH_SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def digest(path: Path) -> str:
    """A short name for what a file says."""
    return hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()
