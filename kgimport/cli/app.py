"""The program itself: its commands' registry, and errors turned into text and an exit code."""

from __future__ import annotations

import functools
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from kgimport.cli import streams
from kgimport.errors import (
    INTERRUPTED,
    DestinationError,
    ExitCode,
    KgimportError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="kgimport",
    help="Graph-shaped dbt tables in, a ready Neo4j store out: offline, checked, reconciled.",
    epilog="Begin with: kgimport run --dbt dbt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"auto_envvar_prefix": "KGIMPORT", "help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Return the program `kgimport`, loaded."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    streams.settle()
    try:
        _told(_program)()
    except (typer.Exit, SystemExit) as end:
        _end(getattr(end, "exit_code", getattr(end, "code", None)))


def _end(code: Any) -> NoReturn:
    """End with an exit code, and not by a signal.

    Where an interrupt went through Python that a library's C had called, Python would remember it,
    and `python -m` would end by SIGINT after all.
    """
    if _signalled and isinstance(code, int):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _program() -> None:
    _load_settings(Path(".env"))
    app()


def _load_settings(file: Path) -> None:
    from dotenv import load_dotenv

    # The one place that writes to the environment: the program's own, for its own process.
    try:
        load_dotenv(file)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "mend it, or take it away") from error


_signalled: list[int] = []


def _interrupt(number: int, _: object) -> NoReturn:
    _signalled.append(number)
    raise KeyboardInterrupt(signal.Signals(number).name)


def command(example: str, name: str | None = None) -> Callable[[Callable[..., None]], Any]:
    """Register a command with an example, and turn its errors into text and an exit code."""

    def register(function: Callable[..., None]) -> Any:
        return app.command(name, epilog=f"Example: {example}")(_told(function))

    return register


def _told(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def told(*args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except KgimportError as error:
            _stop(str(error), error.exit_code)
        except KeyboardInterrupt:
            _stop(INTERRUPTED, ExitCode.INTERRUPTED)
        except typer.Exit:
            raise
        except Exception as error:
            if _signalled:  # some library made another error of it
                _stop(INTERRUPTED, ExitCode.INTERRUPTED)
            if os.environ.get("KGIMPORT_DEBUG"):
                raise
            _stop(*_unexpected(error))

    return told


def _unexpected(error: Exception) -> tuple[str, ExitCode]:
    """Return what to say of an error that nobody has foreseen; the machine's own are no defects."""
    if isinstance(error, OSError) and error.strerror:
        place = error.filename or "a file"
        found = DestinationError(f"{place} cannot be used: {error.strerror}", _LOOK)
        return str(found), found.exit_code
    what = f"{type(error).__name__}: {error}"
    hint = "this is a defect: please report it, with the trace from KGIMPORT_DEBUG=1"
    return f"{what}\n→ {hint}", ExitCode.UNEXPECTED


_LOOK = "look at its disk and its permissions; KGIMPORT_DEBUG=1 shows what wanted it"


def _stop(text: str, code: ExitCode) -> NoReturn:
    typer.echo(f"kgimport: {text}", err=True)
    raise typer.Exit(code)
