"""The program itself: the registry of its commands; errors become text and an exit code."""

from __future__ import annotations

import functools
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer

from kgimport.cli import streams, variables
from kgimport.errors import (
    INTERRUPTED,
    DestinationError,
    ExitCode,
    KgimportError,
    LeftRunning,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.core import TyperGroup

app = typer.Typer(
    name="kgimport",
    help="Graph-shaped dbt tables in, a ready Neo4j store out: offline, checked, reconciled.",
    epilog="Begin with: kgimport run --dbt dbt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_LOOK = "check its disk and its permissions; KGIMPORT_DEBUG=1 shows which code needed it"
_signalled: list[int] = []


def main() -> None:
    """Run the program `kgimport`, and end the process with its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    streams.settle()
    try:
        _reporting(_program)()
    except (typer.Exit, SystemExit) as end:
        _end(getattr(end, "exit_code", getattr(end, "code", None)))


def _end(code: Any) -> NoReturn:
    """End with an exit code, and not by a signal.

    If an interrupt passed through Python code that a library's C code had called, Python remembers
    it, and `python -m` would end by SIGINT after all.
    """
    if _signalled and isinstance(code, int):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _itself(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v", "--verbose", help="With --version: also those of Python, packages and Neo4j."
        ),
    ] = False,
) -> None:
    if version or (verbose and context.invoked_subcommand is None):
        from kgimport.commands import versions

        found = versions.everything() if verbose else versions.own()
        for name, number in found.items():
            typer.echo(f"{name} {number}")
        raise typer.Exit


def _program() -> None:
    program = cast("TyperGroup", typer.main.get_command(app))
    _load_settings(Path(".env"), program)
    if "_KGIMPORT_COMPLETE" not in os.environ:  # a shell asks for completions, and shows stderr
        for sentence in variables.ignored(program, os.environ):
            typer.echo(f"warning: {sentence}", err=True)
    program()


def _load_settings(file: Path, program: TyperGroup) -> None:
    from dotenv import load_dotenv

    before = {name for name, value in os.environ.items() if value}
    # The one place that writes to the environment: the program does so for its own process.
    try:
        load_dotenv(file)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "fix it, or remove it") from error
    for name in variables.outranked(program, before, {*os.environ} - before):
        del os.environ[name]


def _interrupt(number: int, _: object) -> NoReturn:
    _signalled.append(number)
    raise KeyboardInterrupt(signal.Signals(number).name)


def command(example: str, name: str | None = None) -> Callable[[Callable[..., None]], Any]:
    """Register a command with an example, and turn its errors into text and an exit code."""

    def register(function: Callable[..., None]) -> Any:
        return app.command(name, cls=variables.Command, epilog=f"Example: {example}")(
            _reporting(function)
        )

    return register


def _reporting(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def reporting(*args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except KgimportError as error:
            _stop(str(error), error.exit_code)
        except KeyboardInterrupt as interrupt:
            _stop(_left(interrupt), ExitCode.INTERRUPTED)
        except typer.Exit:
            raise
        except Exception as error:
            if _signalled:  # a library has turned the interrupt into another error
                _stop(INTERRUPTED, ExitCode.INTERRUPTED)
            if os.environ.get("KGIMPORT_DEBUG"):
                raise
            _stop(*_unexpected(error))

    return reporting


def _left(interrupt: KeyboardInterrupt) -> str:
    """Return what an interrupt has left running; mostly that is nothing."""
    return str(interrupt) if isinstance(interrupt, LeftRunning) else INTERRUPTED


def _unexpected(error: Exception) -> tuple[str, ExitCode]:
    """Return the text and the exit code for an unforeseen error; the system's are not defects."""
    if isinstance(error, OSError) and error.strerror:
        place = error.filename or "a file"
        found = DestinationError(f"{place} cannot be used: {error.strerror}", _LOOK)
        return str(found), found.exit_code
    hint = "this is a defect: please report it, with the trace from KGIMPORT_DEBUG=1"
    return f"{type(error).__name__}: {error}\n→ {hint}", ExitCode.UNEXPECTED


def _stop(text: str, code: ExitCode) -> NoReturn:
    typer.echo(f"kgimport: {text}", err=True)
    raise typer.Exit(code)
