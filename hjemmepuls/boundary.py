"""Where every command ends: an error as one line that says what is wrong, and the right exit code.

In: whatever a command raises. Out: a line on standard error; 2 for wrong usage, 1 for a bad world,
130 for Ctrl-C, 70 for a fault of ours. Every way into the commands (the installed script, `-m`, the
tests) goes through `Guarded.main`. A traceback is shown to whoever sets HJEMMEPULS_TRACEBACK.
"""

import fcntl
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

USAGE, WORLD, FAULT, INTERRUPTED = 2, 1, 70, 130
_PREFIXES = {"DeliverSettings": "HJEMMEPULS_DELIVER_"}
_Usage: Any = typer.BadParameter.__mro__[1]
_Told: Any = typer.BadParameter.__mro__[2]
"""The bases of what is wrong with a command line; their home differs between releases."""
_SECRET = ("password", "secret", "token", "url")


class Guarded(TyperGroup):
    """A group of commands behind the boundary."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and leave with its exit code."""
        try:
            code = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except (Exception, KeyboardInterrupt) as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                sys.exit(USAGE)  # it has shown its help
            if os.environ.get("HJEMMEPULS_TRACEBACK"):
                traceback.print_exc()
            text, code = explained(error)
            name = prog_name or Path(sys.argv[0]).name
            typer.echo(f"{name}: {' '.join(text.split())}", err=True)
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)


def explained(error: BaseException) -> tuple[str, int]:
    """What went wrong in one sentence, and the exit code."""
    if isinstance(error, _Usage):
        command = error.ctx.command_path if error.ctx else "hjemmepuls"
        return f"{error.format_message()} See: {command} --help", USAGE
    if isinstance(error, _Told):
        return error.format_message(), error.exit_code
    if isinstance(error, (typer.Abort, KeyboardInterrupt)):
        return "interrupted", INTERRUPTED
    return _of_settings(error) or _of_the_world(error) or _of_ours(error)


def _of_settings(error: BaseException) -> tuple[str, int] | None:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return None
    told = []
    for one in error.errors():
        name = str(one["loc"][0]) if one["loc"] else ""
        if name and not name.startswith("HJEMMEPULS_"):
            name = f"{_PREFIXES.get(error.title, 'HJEMMEPULS_')}{name.upper()}"
        value = one.get("input")
        plain = isinstance(value, (str, int, float, Path))
        shown = plain and not any(word in name.lower() for word in _SECRET)
        told.append(f"{name or 'settings'}{f' is {str(value)!r}' if shown else ''}: {one['msg']}")
    return f"{'; '.join(told)}. Give another by option or environment.", USAGE


def _of_the_world(error: BaseException) -> tuple[str, int] | None:
    from hjemmepuls.processes import ChildFailed
    from ingest.store.port import StoreUnavailable

    if isinstance(error, StoreUnavailable):
        return f"a store is not available: {error}", WORLD
    if isinstance(error, ChildFailed):
        lines = str(error).splitlines() or [""]
        return f"{lines[0]}{f' … {lines[-1]}' if len(lines) > 1 else ''}", WORLD
    if isinstance(error, UnicodeDecodeError):
        return f"a file is no text in UTF-8: {error}", WORLD
    if isinstance(error, OSError):
        return f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}", WORLD
    return None


def _of_ours(error: BaseException) -> tuple[str, int]:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    text = f"a fault of ours, {type(error).__name__}: {error}{place}. Please report it"
    return f"{text}; HJEMMEPULS_TRACEBACK=1 tells more", FAULT


class AlreadyRunning(OSError):  # noqa: N818  it is the world that is bad, not the code
    """Another process does the same work on the same store."""


@contextmanager
def the_only_one(store: Path, work: str) -> Iterator[None]:
    """Hold the lock of this work on this store; AlreadyRunning while another process has it.

    The lock is the process's own: it ends with it, however it ends.
    """
    path = store.with_name(f"{store.name}.{work}.lock")
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(
                f"another {work} process works on {store}: stop it first, or give this one another "
                "store"
            ) from error
        yield
