"""The program itself: its commands' registry, and errors turned into text and an exit code."""

from __future__ import annotations

import functools
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from kgimport.errors import ExitCode, KgimportError

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
    """The program `kgimport`."""
    from dotenv import load_dotenv

    load_dotenv(Path(".env"))
    signal.signal(signal.SIGTERM, _interrupt)
    app()


def _interrupt(number: int, _: object) -> NoReturn:
    raise KeyboardInterrupt(signal.Signals(number).name)


def command(example: str, name: str | None = None) -> Callable[[Callable[..., None]], Any]:
    """Registers a command with an example, and turns its errors into text and an exit code."""

    def register(function: Callable[..., None]) -> Any:
        @functools.wraps(function)
        def told(*args: Any, **options: Any) -> None:
            try:
                function(*args, **options)
            except KgimportError as error:
                _stop(str(error), error.exit_code)
            except KeyboardInterrupt:
                _stop("interrupted; nothing half-done was left behind", ExitCode.INTERRUPTED)
            except typer.Exit:
                raise
            except Exception as error:
                if os.environ.get("KGIMPORT_DEBUG"):
                    raise
                what = f"{type(error).__name__}: {error}"
                hint = "this is a defect: please report it, with the trace from KGIMPORT_DEBUG=1"
                _stop(f"{what}\n→ {hint}", ExitCode.UNEXPECTED)

        return app.command(name, epilog=f"Example: {example}")(told)

    return register


def _stop(text: str, code: ExitCode) -> NoReturn:
    typer.echo(f"kgimport: {text}", err=True)
    raise typer.Exit(code)
