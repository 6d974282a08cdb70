"""Whatever is wrong ends in one message that names it, a next step, and the documented exit code.

Each case below makes one thing wrong in a good project; the real command line has to say so. What
is wrong in the rows themselves stands in tests/broken.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml

from kgimport import declaration
from kgimport.commands import export as pipeline
from kgimport.errors import ExitCode
from kgimport.neo4j.runtime.jar_cache import DEFAULT_VERSION, locked
from kgimport.records import EXPORT_FORM, STORE_FORM

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Make = Callable[[Path], AbstractContextManager[object] | None]

GRAPH = """\
graph: people
tables:
  person:
    location: person.parquet
    node: {labels: [Person], key: [id]}
  city:
    location: city.parquet
    node: {labels: [City], key: [code]}
  lives_in:
    location: lives_in.parquet
    relationship:
      type: LIVES_IN
      start: {node: person, key: [person]}
      end: {node: city, key: [city]}
"""
TABLES: dict[str, dict[str, Any]] = {
    "person": {"id": [1, 2, 3], "name": ["Ada", "Bo", "Cy"]},
    "city": {"code": ["lund", "umeå"]},
    "lives_in": {"person": [1, 2], "city": ["lund", "umeå"], "since": [1999, 2004]},
}
EXPORT = ("export", "--graph", "graph.yml", "--out", "out")
BUILD = ("build-db", "build", "--stores", "stores")
SERVE = ("serve", "stores/people")
# A record as an older or a damaged kgimport would leave it: enough to be looked at.
STORE = {
    "graph": "people",
    "build_id": "0" * 12,
    "kgimport": "0",
    "neo4j": DEFAULT_VERSION,
    "database": "neo4j",
    "labels": {},
    "types": {},
    "schema": [],
    "compared": 0,
    "bytes": 0,
    "seconds": {},
    "version": STORE_FORM,
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What makes a good project wrong, and what has to come of it."""

    # What it returns is held while the command runs.
    make: Make
    code: ExitCode
    sentence: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


CASES: dict[str, Wrong] = {}


def wrong(
    code: ExitCode, sentence: str, *arguments: str, **environment: str
) -> Callable[[Make], None]:
    """Registers a case by the name of the function that makes it."""

    def register(make: Make) -> None:
        name = make.__name__.replace("_", " ")
        given = tuple(environment.items())
        CASES[name] = Wrong(make, code, sentence, arguments or EXPORT, given)

    return register


def good(place: Path) -> None:
    """A project in which nothing is wrong yet."""
    (place / "graph.yml").write_text(GRAPH, encoding="utf-8")
    for name, columns in TABLES.items():
        pl.DataFrame(columns).write_parquet(place / f"{name}.parquet")


def declare(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the tables of the declaration."""
    path = place / "graph.yml"
    graph = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(graph["tables"])
    path.write_text(yaml.safe_dump(graph, sort_keys=False), encoding="utf-8")


def export(place: Path, **changes: object) -> None:
    """Leaves a build directory whose record has other values for some keys."""
    graph = declaration.load_yaml(place / "graph.yml")
    pipeline.export(graph, place / "build", progress=lambda _, __: None)
    record = place / "build" / "export.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps({**content, **changes}), encoding="utf-8")


def store(place: Path) -> None:
    """Leaves what is taken for a store until a server starts on it."""
    folder = place / "stores" / "people"
    (folder / "data").mkdir(parents=True)
    (folder / "store.json").write_text(json.dumps(STORE), encoding="utf-8")


def kgimport(
    arguments: tuple[str, ...], place: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "kgimport", *arguments),
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


# The declaration --------------------------------------------------------------------------------


@wrong(ExitCode.SOURCE, "graph.yml cannot be read: No such file or directory")
def no_declaration(place: Path) -> None:
    (place / "graph.yml").unlink()


@wrong(ExitCode.USAGE, "there is no dbt project here, and none in dbt", "export")
def no_declaration_named_and_no_dbt_project(_: Path) -> None:
    """Nothing more is needed."""


@wrong(ExitCode.DECLARATION, "graph.yml is not YAML: while parsing a flow")
def bad_yaml(place: Path) -> None:
    (place / "graph.yml").write_text("graph: people\ntables: {person: [", encoding="utf-8")


@wrong(ExitCode.DECLARATION, "graph.yml has 1 mistake:\n  the file: should be a mapping")
def an_empty_declaration(place: Path) -> None:
    (place / "graph.yml").write_text("", encoding="utf-8")


@wrong(
    ExitCode.DECLARATION,
    """\
graph.yml has 5 mistakes:
  tables.city.node.key: field required
  tables.city.colums: unknown key; did you mean columns? \
(there is: location, node, relationship, relationships, properties, columns, defaults)
  tables.lives_in.relationship.start.node: field required
  tables.lives_in.relationship.start.nodes: unknown key; did you mean node? (there is: node, key)
  tables.lives_in.relationship.on_missing: input should be 'error' or 'skip'
→""",
)
def several_mistakes_are_told_in_one_go(place: Path) -> None:
    def change(tables: dict[str, Any]) -> None:
        del tables["city"]["node"]["key"]
        tables["city"]["colums"] = {}
        start(tables)["nodes"] = start(tables).pop("node")
        tables["lives_in"]["relationship"]["on_missing"] = "ignore"

    declare(place, change)


@wrong(ExitCode.DECLARATION, "graph.yml is not YAML: city occurs twice in one mapping")
def two_tables_of_one_name(place: Path) -> None:
    with (place / "graph.yml").open("a", encoding="utf-8") as file:
        file.write("  city:\n    location: person.parquet\n    node: {labels: [C], key: [id]}\n")


@wrong(
    ExitCode.DECLARATION,
    "tables.lives_in.relationship.start.node: no node table persom; did you mean person? "
    "(there is: person, city)",
)
def an_unknown_node_table(place: Path) -> None:
    declare(place, lambda tables: start(tables).update(node="persom"))


def start(tables: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = tables["lives_in"]["relationship"]["start"]
    return found


@wrong(
    ExitCode.DECLARATION,
    "tables.lives_in.relationship.start.key: has 2 columns, but the key of person has 1 (id)",
)
def an_end_with_more_columns_than_the_key(place: Path) -> None:
    declare(place, lambda tables: start(tables).update(key=["person", "since"]))


@wrong(ExitCode.DECLARATION, "tables.person.columns: two columns become the property label")
def two_columns_renamed_to_one_property(place: Path) -> None:
    columns = {"id": {"property": "label"}, "name": {"property": "label"}}
    declare(place, lambda tables: tables["person"].update(columns=columns))


# The declaration and its tables -----------------------------------------------------------------


@wrong(ExitCode.SOURCE, "no Parquet file at {place}/city.parquet")
def a_missing_file(place: Path) -> None:
    (place / "city.parquet").unlink()


@wrong(
    ExitCode.DECLARATION,
    "lives_in.relationship.start.key: no column persons; did you mean person? "
    "(there is: person, city, since)",
)
def a_missing_column(place: Path) -> None:
    declare(place, lambda tables: start(tables).update(key=["persons"]))


@wrong(ExitCode.DECLARATION, "person: no property nmae to index; did you mean name?")
def an_index_over_no_property(place: Path) -> None:
    indexes = [{"kind": "range", "properties": ["nmae"]}]
    declare(place, lambda tables: tables["person"]["node"].update(indexes=indexes))


@wrong(
    ExitCode.SOURCE,
    "the rows of table city cannot be read: cut off, without a footer: city.parquet",
)
def a_truncated_file(place: Path) -> None:
    content = (place / "city.parquet").read_bytes()
    (place / "city.parquet").write_bytes(content[: len(content) // 2])


@wrong(
    ExitCode.SOURCE,
    "the files of table city differ: code is String in a.parquet, but Int64 in b.parquet",
)
def files_of_one_table_that_differ(place: Path) -> None:
    (place / "city").mkdir()
    pl.DataFrame({"code": ["lund"]}).write_parquet(place / "city" / "a.parquet")
    pl.DataFrame({"code": [1]}).write_parquet(place / "city" / "b.parquet")
    declare(place, lambda tables: tables["city"].update(location="city"))


# Places -----------------------------------------------------------------------------------------


@wrong(
    ExitCode.DESTINATION,
    "{place}/full holds something other than a build directory",
    *("export", "--graph", "graph.yml", "--out", "{place}/full"),
)
def an_out_folder_that_holds_something_else(place: Path) -> None:
    (place / "full").mkdir()
    (place / "full" / "thesis.odt").touch()


@wrong(
    ExitCode.DESTINATION,
    "cannot be written: Not a directory",
    *("export", "--graph", "graph.yml", "--out", "city.parquet/out"),
)
def an_out_folder_below_a_file(_: Path) -> None:
    """Nothing more is needed."""


@wrong(
    ExitCode.DESTINATION,
    "/proc/kgimport/people cannot be written: ",
    *("build-db", "build", "--stores", "/proc/kgimport"),
)
def a_stores_folder_that_cannot_be_made(place: Path) -> None:
    export(place)


@wrong(ExitCode.DESTINATION, "there is no store at stores/people", *SERVE)
def a_store_that_does_not_exist(_: Path) -> None:
    """Nothing more is needed."""


@wrong(ExitCode.DESTINATION, "build/export.json cannot be read: No such file or directory", *BUILD)
def a_build_directory_without_its_record(place: Path) -> None:
    export(place)
    (place / "build" / "export.json").unlink()


@wrong(ExitCode.DESTINATION, "export.json is damaged: ", *BUILD)
def a_record_cut_short(place: Path) -> None:
    export(place)
    record = place / "build" / "export.json"
    record.write_text(record.read_text(encoding="utf-8")[:-100], encoding="utf-8")


@wrong(ExitCode.DESTINATION, "export.json is damaged: build_id: ", *BUILD)
def a_record_with_a_value_of_another_type(place: Path) -> None:
    export(place, build_id=None)


@wrong(
    ExitCode.DESTINATION,
    f"export.json has form {EXPORT_FORM + 1}, this kgimport reads forms "
    f"{', '.join(map(str, range(4, EXPORT_FORM)))} and {EXPORT_FORM}\n",
    *BUILD,
)
def a_record_of_a_newer_form(place: Path) -> None:
    export(place, version=EXPORT_FORM + 1)


@wrong(ExitCode.DESTINATION, "another build is writing to {place}/stores/people", *BUILD)
def another_build_at_work(place: Path) -> AbstractContextManager[object]:
    export(place)
    (place / "stores" / "people").mkdir(parents=True)
    held = (place / "stores" / "people" / ".lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


@wrong(ExitCode.DESTINATION, "another export is writing to out")
def another_export_at_work(place: Path) -> AbstractContextManager[object]:
    held = (place / ".out.exporting").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


@wrong(ExitCode.DESTINATION, "export.json is damaged: graph: String should match", *BUILD)
def a_record_that_names_a_place_outside(place: Path) -> None:
    export(place, graph="../../outside")


@wrong(ExitCode.DESTINATION, "build is not as its export left it: csv/city/header.csv", *BUILD)
def a_header_that_was_touched(place: Path) -> None:
    export(place)
    (place / "build" / "csv" / "city" / "header.csv").write_text(":ID,nome:string\n")


# Neo4j ------------------------------------------------------------------------------------------


@wrong(ExitCode.USAGE, "there is no lock for Neo4j 4.4", *BUILD, "--neo4j", "4.4")
def an_unknown_neo4j(place: Path) -> None:
    export(place)


@wrong(ExitCode.USAGE, "NEO4J_HOME is not set", *BUILD, "--runtime", "installed", NEO4J_HOME="")
def no_installed_neo4j_named(place: Path) -> None:
    export(place)


@wrong(
    ExitCode.RUNTIME,
    "{place} is not an installed Neo4j",
    *(*BUILD, "--runtime", "installed"),
    NEO4J_HOME="{place}",
)
def an_installed_neo4j_that_is_none(place: Path) -> None:
    export(place)


@wrong(
    ExitCode.RUNTIME,
    "{place}/java cannot be run: it is missing, or not executable",
    *BUILD,
    KGIMPORT_JAVA="{place}/java",
)
def no_java(place: Path) -> None:
    export(place)


@wrong(
    ExitCode.RUNTIME,
    "differs from its lock: expected SHA-256 ",
    *BUILD,
    KGIMPORT_CACHE="{place}/cache",
)
def a_jar_that_was_tampered_with(place: Path) -> None:
    export(place)
    jars = Path(os.environ["KGIMPORT_CACHE"]).absolute() / "jars"
    shutil.copytree(jars, place / "cache" / "jars", copy_function=os.symlink)
    jar = place / "cache" / "jars" / locked(DEFAULT_VERSION)[0].path
    content = jar.read_bytes()
    jar.unlink()
    jar.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@wrong(
    ExitCode.SERVER,
    "port 17687 of 127.0.0.1 is taken, or may not be used",
    *(*SERVE, "--bolt-port", "17687", "--http-port", "0"),
)
def a_port_that_is_taken(place: Path) -> AbstractContextManager[object]:
    store(place)
    return socket.create_server(("127.0.0.1", 17687))


def needs_jars(case: Wrong) -> bool:
    """Whether the command has its Neo4j before it finds out what is wrong."""
    return case.arguments[0] == "build-db" or "--bolt-port" in case.arguments


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.neo4j if needs_jars(case) else ())
        for name, case in CASES.items()
    ],
)
def test_it_ends_in_one_message_a_next_step_and_its_exit_code(name: str, tmp_path: Path) -> None:
    def here(text: str) -> str:
        return text.replace("{place}", str(tmp_path))

    case = CASES[name]
    good(tmp_path)
    with case.make(tmp_path) or nullcontext():
        before = sorted(tmp_path.iterdir())
        done = kgimport(
            tuple(map(here, case.arguments)),
            tmp_path,
            **{key: here(value) for key, value in case.environment},
        )

    message = done.stderr[done.stderr.find("kgimport: ") :]
    assert "Traceback" not in done.stderr
    assert here(case.sentence) in message, done.stderr
    assert len(re.findall("^kgimport: ", done.stderr, re.M)) == 1, done.stderr
    assert len(re.findall("^→ .+$", message, re.M)) == 1, done.stderr
    assert message.splitlines()[-1].startswith("→ "), done.stderr
    assert (done.returncode, done.stdout) == (case.code, ""), done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_the_project_that_the_cases_make_wrong_is_good(tmp_path: Path) -> None:
    good(tmp_path)

    done = kgimport(EXPORT, tmp_path)

    assert done.returncode == ExitCode.DONE, done.stderr
