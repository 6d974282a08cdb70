"""The environment variables of kgimport: which there are, and which option each of them sets.

An option is set by KGIMPORT_<COMMAND>_<OPTION>, in the words in which it is typed; some options can
also be set for all commands at once, by a shared variable. A command line takes precedence over
the option's own variable, that over the shared one, and the environment over the file `.env`.

What deletes, opens a store for writing, or leaves out a proof has no variable: nobody wants that
because of a line that was written last year. Such an option is declared with
`allow_from_autoenv=False`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup, TyperOption

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

PREFIX = "KGIMPORT_"

# Variables that set no option: the name, and what it is for.
SETTINGS = {
    "KGIMPORT_CACHE": "Where Neo4j's jars and Java's caches are kept; default: the user's cache "
    "folder.",
    "KGIMPORT_DEBUG": "Any value: show the trace of an unexpected error.",
    "KGIMPORT_JAVA": "The `java` program to use, and no other.",
    "KGIMPORT_PASSWORD": "The password of the user `neo4j` of `kgimport serve`; without one, "
    "anyone on this machine may read.",
    "KGIMPORT_REDSHIFT_RESULTS": "The prefix in S3 to which Redshift unloads, s3://….",
    "KGIMPORT_REDSHIFT_ROLE": "The ARN of the cluster's role that may write there; default: its "
    "default role.",
    "KGIMPORT_REDSHIFT_SECRET": "The ARN of a secret with user and password, instead of IAM.",
    "KGIMPORT_REDSHIFT_CLUSTER": "For a graph.yml: the cluster.",
    "KGIMPORT_REDSHIFT_WORKGROUP": "For a graph.yml: the serverless workgroup.",
    "KGIMPORT_REDSHIFT_DATABASE": "For a graph.yml: the database.",
    "KGIMPORT_REDSHIFT_USER": "For a graph.yml: as whom the cluster runs statements.",
    "KGIMPORT_REQUESTER_PAYS": "1: you pay for reading from S3 buckets that want that.",
}
# What the dbt project in `dbt/` reads by itself. `kgimport run` sets KGIMPORT_DATA for it.
SAMPLE = {
    "KGIMPORT_DATA": "The folder of the raw tables; default: `../data`.",
    "KGIMPORT_TABLES": "The folder of the graph tables; default: `target/tables`.",
    "KGIMPORT_WAREHOUSE": "The DuckDB file; default: `target/warehouse.duckdb`.",
    "KGIMPORT_GRAPHS": "Which of its graphs it has, such as `lms books`; default: those whose raw "
    "tables the target has.",
    "KGIMPORT_RAW_FORMAT": "What the raw files of identity are, `parquet` or `csv`; default: "
    "`parquet`.",
    "KGIMPORT_SCHEMA": "Postgres and Redshift: the schema of what dbt makes; default: "
    "`books_graph`.",
    "KGIMPORT_RAW_SCHEMA": "Postgres and Redshift: the schema of the raw tables; default: `books`.",
    "KGIMPORT_REDSHIFT_HOST": "The host of the Redshift cluster.",
    "KGIMPORT_ATHENA_DATA": "Where Athena keeps the graph tables, s3://….",
    "KGIMPORT_ATHENA_SCHEMA": "The Glue database of the graph tables; default: `lms`.",
}
# What docker/compose.yaml reads, and the container of infra/.
CONTAINERS = {
    "KGIMPORT_GRAPH": "The image that `docker/compose.yaml` serves.",
    "KGIMPORT_REPLICAS": "How many replicas it starts; default: 3.",
    "KGIMPORT_HEAP": "Java's heap in each replica; default: 512m.",
    "KGIMPORT_PAGECACHE": "Neo4j's page cache in each replica; default: 256m.",
    "KGIMPORT_BIND": "Where the balancer listens; default: 127.0.0.1:7687.",
    "KGIMPORT_BALANCER": "The balancer's image; default: haproxy:lts.",
    "KGIMPORT_BOOKS_POSTGRES": "The image of Postgres in `dbt/books.compose.yaml`.",
    "KGIMPORT_BOOKS_ADMINER": "The image that shows its tables there.",
    "KGIMPORT_BOOKS_GRAPH": "The image that serves the graph there.",
    "KGIMPORT_HANDOVER": "Where the loader of `infra/` uploads the store, s3://…/….",
    "KGIMPORT_STORE": "The store that it uploads.",
    "KGIMPORT_DBT_TARGET": "In which target the loader of `infra/` first has dbt build the tables.",
}
OTHERS = {**SAMPLE, **CONTAINERS}
# What only the tests of kgimport itself read.
TESTS = ("KGIMPORT_TEST_", "KGIMPORT_REQUIRE_", "KGIMPORT_FUZZ_", "KGIMPORT_SOAK_")


class Names(tuple[str, ...]):
    """The variables of an option, its own first; typer shows them in messages as text."""

    __slots__ = ()

    def __str__(self) -> str:
        return ", ".join(self)


class Command(TyperCommand):
    """A command whose options can be set by variables of their names."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        for option in _options(self):
            if option.allow_from_autoenv:
                shared = option.envvar or ()
                shared = (shared,) if isinstance(shared, str) else shared
                option.envvar = Names((own_name(self, option), *shared))


def own_name(command: TyperCommand, option: TyperOption) -> str:
    """Return the name of an option's own variable."""
    word = max(option.opts, key=len).lstrip("-")
    return f"{PREFIX}{command.name}_{word}".replace("-", "_").upper()


def of_options(program: TyperGroup) -> Iterator[tuple[TyperCommand, TyperOption]]:
    """Yield each option of each command, except for `--help`."""
    for command in program.commands.values():
        if isinstance(command, TyperCommand):
            yield from ((command, option) for option in _options(command))


def _options(command: TyperCommand) -> Iterator[TyperOption]:
    return (each for each in command.params if isinstance(each, TyperOption))


def names(option: TyperOption) -> tuple[str, ...]:
    """Return the variables that set an option, its own first; none for one that has none."""
    return tuple(option.envvar or ())


def outranked(program: TyperGroup, environment: Collection[str], file: Collection[str]) -> set[str]:
    """Return the variables of a file that a shared variable of the environment outranks."""
    every = (names(option) for _, option in of_options(program))
    return {
        own for own, *shared in filter(None, every) if own in file and {*shared} & {*environment}
    }


def ignored(program: TyperGroup, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable that looks like kgimport's, and that nothing reads."""
    pairs = list(of_options(program))
    typed = {own_name(*each): each[1].opts[0] for each in pairs if not names(each[1])}
    known = {name for _, option in pairs for name in names(option)} | {*SETTINGS, *OTHERS}
    for name in sorted(each for each, value in environment.items() if value):
        if name.startswith(PREFIX) and name not in known and not name.startswith(TESTS):
            yield f"{name} is ignored: {_reason(name, typed, known)}"


def _reason(name: str, typed: Mapping[str, str], known: Iterable[str]) -> str:
    if name in typed:
        return f"{typed[name]} is taken from the command line alone"
    words = sorted(each.removeprefix(PREFIX) for each in known)
    near = get_close_matches(name.removeprefix(PREFIX), words, n=1, cutoff=0.75)
    meant = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"kgimport has no such variable{meant}"
