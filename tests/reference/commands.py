"""docs/reference/commands.md, from the command line and its exit codes."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from kgimport.cli import app, variables
from kgimport.errors import ExitCode, KgimportError
from tests.reference import markdown
from tests.reference.markdown import code, paragraphs, table, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.core import TyperCommand

_INTRODUCTION = """
Every command has `--help`. Results go to stdout, as a table or, with `--json`, as
[a record](records.md); progress and messages go to stderr. The variables are explained in
[environment.md](../environment.md).
"""
_CODES = """
Each kind of error has an exit code of its own, and a class in `kgimport.errors` for scripts. The
message ends with the next step.
"""
# Those that no class of errors stands for.
_OTHERS = {
    ExitCode.DONE: "Done.",
    ExitCode.UNEXPECTED: "A defect of kgimport: please report it.",
    ExitCode.INTERRUPTED: "Interrupted; nothing half-done was left behind, except for a job that "
    "goes on elsewhere, which the message names.",
}


def program() -> TyperGroup:
    """Return the command line."""
    made = typer.main.get_command(app)
    assert isinstance(made, TyperGroup)
    return made


def commands() -> Iterator[TyperCommand]:
    """Yield the commands in the order of the help."""
    for each in program().commands.values():
        assert isinstance(each, variables.Command)
        yield each


def page() -> str:
    """Return the page."""
    return markdown.page(
        "Commands",
        paragraphs(_INTRODUCTION.strip()),
        table(("command", "what it does"), map(_line, commands())),
        *map(_section, commands()),
        "## Exit codes",
        paragraphs(_CODES.strip()),
        table(("code", "class", "means"), _codes()),
    )


def value(option: TyperOption) -> str:
    """Return what an option takes: nothing for a switch."""
    if option.is_flag:
        return ""
    if option.metavar:
        return code(option.metavar)
    shown = (option.display_type_rich(ctx=typer.Context(program())) or "").strip("<>")
    return words(shown.split("|")) if "|" in shown else _TYPES.get(shown, shown)


_TYPES = {
    "str": "text",
    "path": "path",
    "int": "integer",
    "int range": "integer",
    "float": "number",
}
_TYPES |= {"float range": "number"}


def spelled(option: TyperOption) -> str:
    """Return an option as it is typed, with its negation if it has one."""
    return " / ".join(map(code, (*option.opts, *option.secondary_opts)))


def default(option: TyperOption) -> str:
    """Return an option's default value; nothing for a switch that is off."""
    if option.required:
        return "required"
    if option.is_flag:
        return code(option.opts[0]) if option.default else ""
    return "" if option.default in (None, "") else code(option.default)


def _line(command: TyperCommand) -> tuple[str, str]:
    name = command.name or ""
    summary = (command.help or "").partition("\n\n")[0]
    return f"[{code(f'kgimport {name}')}](#kgimport-{name})", summary


def _section(command: TyperCommand) -> str:
    arguments = [each for each in command.params if isinstance(each, TyperArgument)]
    options = [each for each in command.params if isinstance(each, TyperOption)]
    parts = (
        f"## kgimport {command.name}",
        paragraphs(command.help or ""),
        f"    {(command.epilog or '').removeprefix('Example: ')}",
        table(("argument", "meaning"), map(_argument, arguments)),
        table(("option", "value", "default", "meaning"), map(_option, options)),
    )
    return "\n\n".join(part for part in parts if part)


def _argument(argument: TyperArgument) -> tuple[str, str]:
    return code(argument.metavar or (argument.name or "").upper()), argument.help or ""


def _option(option: TyperOption) -> tuple[str, str, str, str]:
    return spelled(option), value(option), default(option), option.help or ""


def _codes() -> Iterator[tuple[str, str, str]]:
    classes = {each.exit_code: each for each in KgimportError.__subclasses__()}
    for number in ExitCode:
        kind = classes.get(number)
        meaning = inspect.getdoc(kind) if kind else _OTHERS[number]
        yield str(int(number)), code(kind.__name__) if kind else "", meaning or ""
