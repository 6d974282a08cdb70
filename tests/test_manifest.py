"""Which tables of a dbt project are read is what dbt says of them, and nothing is guessed."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kgimport import dbt
from kgimport.commands import load_graph
from kgimport.commands.load_graph import Origin, load_known
from kgimport.errors import DeclarationError, KgimportError, SourceError, UsageError
from kgimport.graph import ColumnRule, End, Graph, NodeTable, RelationshipTable
from kgimport.locations import LocalPath, Relation, S3Path
from tests.projects import people, settings_of
from tests.test_dbt_project import execute

if TYPE_CHECKING:
    from kgimport.dbt import Settings

TARGETS: dict[str, dict[str, Any]] = {
    "dev": {"type": "duckdb", "path": "shop.duckdb", "external_root": "made"},
    "lake": {"type": "athena", "work_group": "wg", "region_name": "eu-north-1"},
    "pg": {"type": "postgres", "host": "nowhere", "database": "shop"},
    "ch": {"type": "clickhouse"},
    "memory": {"type": "duckdb", "path": ":memory:"},
    "duck": {"type": "duckdb", "path": "md:shop?motherduck_token=123"},
    "more": {
        "type": "duckdb",
        "path": "main.duckdb",
        "attach": [
            {"path": "more/shop.duckdb"},
            {"path": "x.sqlite", "type": "sqlite", "alias": "lite"},
            {"path": "lake.ducklake", "is_ducklake": True, "alias": "frozen"},
        ],
    },
}
BEGAN = "2026-01-01T00:00:00.000000Z"
UNKNOWN = "it is not known whether dbt made the tables of the graph: "
HERE = {"project_dir": ".", "profiles_dir": "."}
LONG_AGO = 1_700_000_000  # before that
REFRESHED = "it was with --full-refresh and --event-time-…, so they lack rows: knows, person"
PERSON, KNOWS = "model.shop.person", "model.shop.knows"


def model(name: str, becomes: dict[str, Any], **config: Any) -> dict[str, Any]:
    """A model as dbt-core 1.11 writes it, as far as anybody here reads it."""
    meta = {"kgimport": {"graph": "people", **becomes}}
    made = {"materialized": "external", "location": None, "format": None}
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "database": "shop",
        "schema": "main",
        "unique_id": f"model.shop.{name}",
        "meta": meta,
        "config": {
            **made,
            "options": {"compression": "zstd"},
            "meta": copy.deepcopy(meta),
            **config,
        },
        "columns": {
            "id": {
                "name": "id",
                "meta": {},
                "config": {"meta": {"kgimport": {"property": "personId"}}, "tags": []},
            },
            "name": {"name": "name", "meta": {}, "config": {"meta": {}, "tags": []}},
        },
    }


NODE = {"node": {"labels": ["Person"], "key": ["id"]}}
EDGE = {
    "relationship": {
        "type": "KNOWS",
        "start": {"node": "person", "key": ["a"]},
        "end": {"node": "person", "key": ["b"]},
    }
}


def manifest() -> dict[str, Any]:
    """A manifest of two models that are in a graph, and one that is in none."""
    knows = model("knows", EDGE)
    knows["columns"] = {}
    other = model("other", {})
    other["meta"] = other["config"]["meta"] = {"owner": "us"}
    seed = {"resource_type": "seed", "name": "raw", "config": {"materialized": "seed", "meta": {}}}
    return {
        "metadata": {"adapter_type": "duckdb", "invocation_id": "1-2", "dbt_version": "1.11.16"},
        "nodes": {KNOWS: knows, "model.shop.other": other, PERSON: model("person", NODE)}
        | {"seed.shop.raw": seed},
        "sources": {"source.shop.a.b": {"resource_type": "source", "meta": {}, "config": {}}},
        "exposures": {},
    }


def results(**statuses: str) -> dict[str, Any]:
    """What a build says that made all models, or not those that are named."""
    fates = {"knows": "success", "other": "success", "person": "success", **statuses}
    return {
        "metadata": {"invocation_id": "1-2", "invocation_started_at": BEGAN},
        "args": {"which": "build", "target": None},
        "results": [
            {"unique_id": f"model.shop.{name}", "status": status, "timing": []}
            for name, status in fates.items()
            if status
        ],
    }


def project(
    folder: Path,
    declared: Any = None,
    ran: Any = None,
    files: tuple[str, ...] = ("made/person.parquet", "made/knows.parquet"),
) -> Path:
    """What a dbt run leaves of a project; `ran` is an empty string where it left no results."""
    for name in ("target", "made"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    write(folder / "target" / "manifest.json", manifest() if declared is None else declared)
    if ran != "":
        write(folder / "target" / "run_results.json", results() if ran is None else ran)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


def settings(folder: Path, target: str = "dev") -> Settings:
    found = settings_of(folder, target, **{"external_root": "."} | TARGETS[target])
    return replace(found, default_target="dev")


def load(folder: Path, *, target: str = "dev", name: str | None = None, **more: Any) -> Graph:
    """The graph of a project, or of its `graph.yml`, whose settings need no dbt."""
    if "tables" in more:
        return load_graph.load_graph(folder, name=name, **more)
    return load_known(Origin(None, folder), settings(folder, target), name=name, **more)


def ran_with(**arguments: Any) -> dict[str, Any]:
    """What a build says that was started with other arguments."""
    ran = results()
    return {**ran, "args": {**ran["args"], **arguments}}


def write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The manifest with something else in it."""
    altered = manifest()
    change(altered)
    return altered


def config(unique_id: str, **said: Any) -> dict[str, Any]:
    """The manifest where a model's configuration says something else."""
    return changed(lambda whole: whole["nodes"][unique_id]["config"].update(said))


def aliased(alias: str, **said: Any) -> dict[str, Any]:
    """The manifest where the persons' model has an alias."""
    altered = config(PERSON, **said)
    altered["nodes"][PERSON]["alias"] = alias
    return altered


def location(graph: Graph, folder: Path) -> str:
    """Where the persons lie, seen from a folder."""
    return os.path.relpath(str(graph.node("person").location), folder)


def told(caught: pytest.ExceptionInfo[KgimportError]) -> list[str]:
    """The lines of a message below its first."""
    return caught.value.message.split("\n  ")[1:]


def test_the_models_of_a_project_become_a_graph(tmp_path: Path) -> None:
    person = NodeTable(
        name="person",
        location=LocalPath(str(tmp_path / "made" / "person.parquet")),
        labels=("Person",),
        key=("id",),
        id_space="Person",
        columns={"id": ColumnRule(property="personId")},
    )
    knows = RelationshipTable(
        name="knows",
        location=LocalPath(str(tmp_path / "made" / "knows.parquet")),
        type="KNOWS",
        start=End("person", ("a",)),
        end=End("person", ("b",)),
    )

    assert load(project(tmp_path)) == Graph("people", (person,), (knows,))


@pytest.mark.parametrize(
    ("declared", "place"),
    [
        (aliased("humans"), "made/humans.parquet"),
        (config(PERSON, location="made/there.parquet"), "made/there.parquet"),
        (config(PERSON, location="made/There.PARQUET"), "made/There.PARQUET"),
        (aliased("humans", location="made/there.parquet"), "made/there.parquet"),
        (config(PERSON, format="parquet", options=None), "made/person.parquet"),
        (config(PERSON, options={"partition_by": "year"}), "made/person"),
        (aliased("humans", options={"partition_by": "y, m", "format": "parquet"}), "made/humans"),
    ],
)
def test_an_external_model_is_read_from_where_dbt_wrote_it(
    tmp_path: Path, declared: Any, place: str
) -> None:
    written = project(tmp_path, declared, files=(place, "made/knows.parquet", "made/old.parquet"))
    (tmp_path / "made" / "person.parquet").touch()  # what the model wrote when it had its own name

    assert location(load(written), tmp_path) == place


def test_a_location_may_be_absolute_or_in_s3(tmp_path: Path) -> None:
    elsewhere = tmp_path / "else.parquet"
    elsewhere.touch()
    here = project(tmp_path / "a", config(PERSON, location=str(elsewhere)))
    there = project(tmp_path / "b", config(PERSON, location="s3://lake/person.parquet"))

    assert load(here).node("person").location == LocalPath(str(elsewhere))
    assert load(there).node("person").location == S3Path("lake", "person.parquet")


@pytest.mark.parametrize("made", ["table", "incremental", "view", "materialized_view", "my_own"])
def test_a_model_that_is_no_file_is_read_from_the_duckdb_file(tmp_path: Path, made: str) -> None:
    declared = config(PERSON, materialized=made)
    declared["nodes"][PERSON] |= {"alias": "hu/mans", "relation_name": '"shop"."main"."hu/mans"'}
    files = ("shop.duckdb", "made/knows.parquet", "made/person.parquet")

    found = load(project(tmp_path, declared, files=files)).node("person").location

    assert isinstance(found, Relation)
    assert found.names == (str(tmp_path / "shop.duckdb"), "main", "hu/mans")
    assert found.sql == '"shop"."main"."hu/mans"'


@pytest.mark.parametrize("kind", ["seed", "snapshot"])
def test_seeds_and_snapshots_are_read_like_models(tmp_path: Path, kind: str) -> None:
    unique_id = f"{kind}.shop.town"
    thing = {**model("town", NODE, materialized=kind), "resource_type": kind}
    declared = changed(lambda whole: whole["nodes"].update({unique_id: thing}))
    ran = results()
    ran["results"].append({"unique_id": unique_id, "status": "success"})
    built = project(tmp_path, declared, ran)
    (tmp_path / "shop.duckdb").touch()

    assert str(load(built).node("town").location) == f"duckdb://{tmp_path}/shop.duckdb/main/town"


@pytest.mark.parametrize(
    ("target", "database", "where"),
    [
        ("memory", "memory", "which was in memory and ended with dbt"),
        ("duck", "shop", "which is at md:…, not in a file"),
        ("more", "lite", "which is of type sqlite"),
        ("more", "frozen", "which is a DuckLake"),
        ("more", "nothing", "which the target's profile does not name"),
    ],
)
def test_rows_of_a_duckdb_that_is_no_file_are_out_of_reach(
    tmp_path: Path, target: str, database: str, where: str
) -> None:
    declared = config(PERSON, materialized="table")
    declared["nodes"][PERSON]["database"] = database

    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, declared, ran_with(target=target)), target=target)

    hint = "write materialized: external, or put it into a DuckDB file"
    assert told(caught) == [f"{PERSON}: is in the database {database}, {where}; {hint}"]
    assert "123" not in str(caught.value)


def test_a_database_that_the_target_attaches_is_read_from_its_file(tmp_path: Path) -> None:
    declared = config(PERSON, materialized="table")
    built = project(tmp_path, declared, ran_with(target="more"), files=("more/shop.duckdb",))
    (tmp_path / "knows.parquet").touch()

    found = load(built, target="more").node("person").location

    assert str(found) == f"duckdb://{tmp_path}/more/shop.duckdb/main/person"


def test_what_is_ephemeral_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, config(PERSON, materialized="ephemeral")))

    assert told(caught) == [
        f"{PERSON}: is ephemeral, so it has no table; write materialized: table"
    ]


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ({"format": "csv"}, "csv"),
        ({"format": "json", "options": {"format": "parquet"}}, "json"),
        ({"options": {"format": "CSV"}}, "csv"),
        ({"location": "made/person.csv"}, "csv"),
        ({"location": "s3://lake/person.json"}, "json"),
    ],
)
def test_a_format_other_than_parquet_is_refused_by_name(
    tmp_path: Path, said: dict[str, Any], form: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, config(PERSON, **said)))

    assert told(caught) == [f"{PERSON}: is written as {form}; write format: parquet"]


@pytest.mark.parametrize("template", ["{{ env_var('PLACE') }}", "{% if target %}made{% endif %}"])
def test_a_location_that_only_dbt_can_render_is_refused(tmp_path: Path, template: str) -> None:
    declared = config(PERSON, location=f"{template}/person.parquet")

    with pytest.raises(DeclarationError, match=f"{PERSON}: its location is a template"):
        load(project(tmp_path, declared))


@pytest.mark.parametrize(
    ("ran", "lines"),
    [
        (results(person="error"), ["failed: person"]),
        (results(knows="skipped", person="error"), ["skipped: knows", "failed: person"]),
        (results(person=""), ["not selected: person"]),
        (results(person="partial success"), ["partial success: person"]),
        (ran_with(target="prod"), ["it was for the target prod, not dev: knows, person"]),
        (ran_with(profile="x"), ["it was with the profile x, not people: knows, person"]),
        (ran_with(empty=True), ["it was with --empty, so they have no rows: knows, person"]),
        (
            ran_with(sample={"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-02"}),
            ["it was with --sample, so they have a part of their rows: knows, person"],
        ),
        (ran_with(full_refresh=True, event_time_start="2026-01-01T00:00:00"), [REFRESHED]),
        (ran_with(full_refresh=True, event_time_end="2026-01-01T00:00:00"), [REFRESHED]),
        ({**results(), "results": []}, ["not selected: knows, person"]),
    ],
)
def test_models_that_the_last_run_did_not_make_are_told_with_the_reason(
    tmp_path: Path, ran: Any, lines: list[str]
) -> None:
    with pytest.raises(SourceError) as caught:
        load(project(tmp_path, ran=ran))

    assert told(caught) == lines
    assert "dbt build" in caught.value.hint
    assert "--tables" in caught.value.hint


@pytest.mark.parametrize(
    ("ran", "reason"),
    [
        ("", "there is no run_results.json"),
        (ran_with(which="generate"), "its last command was `dbt docs generate`"),
        (ran_with(which="test"), "its last command was `dbt test`"),
        (ran_with(which="compile"), "its last command was `dbt compile`"),
        (
            {**results(), "metadata": {"invocation_id": "3-4"}},
            "manifest.json was written after its last run, as by `dbt parse`",
        ),
    ],
)
def test_whether_the_last_run_made_the_tables_may_not_be_known(
    tmp_path: Path, ran: Any, reason: str
) -> None:
    with pytest.raises(SourceError) as caught:
        load(project(tmp_path, ran=ran))

    assert caught.value.message.startswith(UNKNOWN + reason)
    assert "dbt build" in caught.value.hint


@pytest.mark.parametrize(
    "arguments",
    [
        {"event_time_start": "2026-01-01T00:00:00", "event_time_end": "2026-01-02T00:00:00"},
        {"full_refresh": True, "sample": None, "empty": False},
        {"profile": "people", "vars": {"a": 1}},
    ],
)
def test_arguments_that_leave_all_rows_are_fine(tmp_path: Path, arguments: dict[str, Any]) -> None:
    assert load(project(tmp_path, ran=ran_with(**arguments))).name == "people"


def test_the_profile_that_the_project_names_is_not_the_one_of_the_environment(
    tmp_path: Path,
) -> None:
    found = replace(settings(project(tmp_path)), profile="other")

    with pytest.raises(SourceError, match="it was with the profile people, not other"):
        load_known(Origin(None, tmp_path), found)
    found = replace(found, default_profile=None)  # dbt must have got one
    assert load_known(Origin(None, tmp_path), found).name == "people"


@pytest.mark.parametrize("which", ["run", "retry", "build"])
def test_any_command_that_makes_tables_counts(tmp_path: Path, which: str) -> None:
    assert load(project(tmp_path, ran=ran_with(which=which))).name == "people"


def test_the_target_that_dbt_takes_by_itself_is_not_another(tmp_path: Path) -> None:
    declared = changed(athena)
    built = project(tmp_path, declared, ran_with(target="lake"), files=())
    by_default = project(tmp_path / "other", declared, files=())

    assert load(built, target="lake").name == "people"
    with pytest.raises(SourceError, match="it was for the target dev, not lake"):
        load(by_default, target="lake")


def test_a_result_that_is_bad_counts_before_another_of_the_same_model(tmp_path: Path) -> None:
    ran = results(person="error")
    ran["results"].append({"unique_id": PERSON, "status": "success"})

    with pytest.raises(SourceError, match="failed: person"):
        load(project(tmp_path, ran=ran))


def test_what_other_models_did_does_not_matter(tmp_path: Path) -> None:
    ran = results(other="error")

    assert load(project(tmp_path, ran=ran | {"args": {"which": "run"}})).name == "people"


def test_a_declaration_alone_needs_no_run(tmp_path: Path) -> None:
    assert load(project(tmp_path, ran="", files=()), built=False).name == "people"
    with pytest.raises(DeclarationError, match="is ephemeral"):
        load(project(tmp_path, config(PERSON, materialized="ephemeral")), built=False)


def test_a_file_that_is_missing_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        load(project(tmp_path, files=("made/knows.parquet",)))

    place = tmp_path / "made" / "person.parquet"
    assert told(caught) == [f"person: there is no {place}: No such file or directory"]


def test_a_file_that_is_older_than_the_run_is_not_what_it_wrote(tmp_path: Path) -> None:
    built = project(tmp_path, config(KNOWS, options={"partition_by": "y"}))
    place = tmp_path / "made" / "person.parquet"
    (tmp_path / "made" / "knows" / "y=1").mkdir(parents=True)
    for file in (place, tmp_path / "made" / "knows" / "y=1" / "old.parquet"):
        file.touch()
        os.utime(file, (LONG_AGO, LONG_AGO))
    (tmp_path / "made" / "knows" / "y=1" / "new.parquet").touch()
    os.utime(tmp_path / "made" / "knows", (LONG_AGO, LONG_AGO))  # no time of a table

    with pytest.raises(SourceError) as caught:
        load(built)

    assert told(caught) == [f"person: {place} is older than that run"]


@pytest.mark.parametrize(
    ("materialized", "started", "is_stale"),
    [
        ("table", {"project_dir": "."}, True),
        ("incremental", HERE, False),
        (
            "snapshot",
            {"project_dir": "/shop", "profiles_dir": "/shop", "invocation_command": "dbt build"},
            False,
        ),
        ("incremental", {"project_dir": "shop", "invocation_command": "dbt build"}, True),
        ("incremental", {"project_dir": "/s", "invocation_command": "dbt --project-dir /s"}, True),
        ("incremental", {}, True),
        ("incremental", HERE | {"vars": {}}, False),
        ("incremental", HERE | {"vars": {"db": "old.duckdb"}}, True),
        ("incremental", HERE | {"profiles_dir": "sub/.."}, False),
        ("incremental", HERE | {"profiles_dir": "old"}, True),
        ("snapshot", HERE | {"profiles_dir": "/old"}, True),
        ("incremental", HERE | {"profiles_dir": None}, True),
    ],
)
def test_a_duckdb_file_that_is_older_than_the_run_may_have_had_no_new_rows(
    tmp_path: Path, materialized: str, started: dict[str, Any], *, is_stale: bool
) -> None:
    declared = config(PERSON, materialized=materialized)
    built = project(tmp_path, declared, ran_with(**started))
    (tmp_path / "shop.duckdb").touch()
    os.utime(tmp_path / "shop.duckdb", (LONG_AGO, LONG_AGO))

    if is_stale:
        with pytest.raises(SourceError, match=r"person: .*shop.duckdb is older than that run"):
            load(built)
        (tmp_path / "shop.duckdb.wal").touch()  # what is not yet in the file itself
    assert load(built).name == "people"


def test_variables_that_kgimport_has_as_well_do_not_make_another_path(tmp_path: Path) -> None:
    ran = ran_with(**HERE, vars={"db": "shop.duckdb"})
    built = project(tmp_path, config(PERSON, materialized="incremental"), ran)
    (tmp_path / "shop.duckdb").touch()
    os.utime(tmp_path / "shop.duckdb", (LONG_AGO, LONG_AGO))
    found = replace(settings(built), variables={"db": "shop.duckdb"})

    assert load_known(Origin(None, built), found).name == "people"


@pytest.mark.parametrize(
    ("section", "unique_id", "kind"),
    [
        ("nodes", "analysis.shop.looks", "analysis"),
        ("nodes", "test.shop.unique_id", "test"),
        ("sources", "source.shop.raw.users", "source"),
        ("exposures", "exposure.shop.board", "exposure"),
        ("sources", "source.shop.raw.users", "model"),
    ],
)
def test_what_is_no_model_is_refused_by_name(
    tmp_path: Path, section: str, unique_id: str, kind: str
) -> None:
    thing = {**model("thing", NODE), "resource_type": kind}
    declared = changed(lambda whole: whole[section].update({unique_id: thing}))

    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, declared))

    assert told(caught) == [
        f"{unique_id}: is not a model, a seed or a snapshot, so it has no rows of its own"
    ]


def test_a_seed_of_another_graph_does_not_matter(tmp_path: Path) -> None:
    seed = {"resource_type": "seed", "meta": {"kgimport": {"graph": "maps"}}}
    declared = changed(lambda whole: whole["nodes"].update({"seed.shop.countries": seed}))

    assert load(project(tmp_path, declared), name="people").name == "people"


@pytest.mark.parametrize("twin", ["model.other.person", "model.shop.person.v2"])
def test_two_models_of_one_name_are_refused_with_their_ids(tmp_path: Path, twin: str) -> None:
    second = {**model("person", NODE), "alias": "person_too"}
    declared = changed(lambda whole: whole["nodes"].update({twin: second}))

    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, declared))

    assert told(caught) == [f"{', '.join(sorted((PERSON, twin)))}: have the same name, person"]


def test_two_models_that_write_one_file_are_refused_with_their_ids(tmp_path: Path) -> None:
    """Of two schemas dbt takes two relations of one alias, whose files are one."""
    declared = config("model.shop.other", location="./made/../made/person.parquet")

    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, declared))

    place = tmp_path / "made" / "person.parquet"
    assert told(caught) == [f"model.shop.other, {PERSON}: have the same place, {place}"]


@pytest.mark.parametrize("ran", ["", {**results(), "args": {"which": "parse"}}])
def test_with_tables_the_user_says_where_the_parquet_lies(tmp_path: Path, ran: Any) -> None:
    declared = aliased("humans", materialized="table", format="csv")
    built = project(
        tmp_path, declared, ran, files=("given/humans.parquet", "given/knows/0.parquet")
    )

    graph = load(built, tables=str(tmp_path / "given"))

    assert [os.path.relpath(str(table.location), tmp_path) for table in graph.tables] == [
        "given/humans.parquet",
        "given/knows",
    ]
    there = load(built, tables="s3://lake/g")
    assert there.node("person").location == S3Path("lake", "g/humans.parquet")


def test_a_file_and_a_folder_of_one_name_are_not_chosen_from(tmp_path: Path) -> None:
    built = project(tmp_path, files=("given/person.parquet", "given/person/0.parquet"))

    with pytest.raises(
        DeclarationError, match=f"{PERSON}: is in .*person.parquet and in .*person; "
    ):
        load(built, tables=str(tmp_path / "given"))


@pytest.mark.parametrize(
    ("becomes", "line"),
    [
        (
            {"location": "x.parquet"},
            "names a location, but dbt knows where a model is; remove it",
        ),
        (
            {"columns": {"id": {"property": "other"}}},
            "declares twice what column id becomes; keep the one below the column",
        ),
    ],
)
def test_nothing_is_said_twice(tmp_path: Path, becomes: dict[str, Any], line: str) -> None:
    declared = config(PERSON, meta={"kgimport": {"graph": "people", **NODE, **becomes}})

    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, declared))

    assert told(caught) == [f"{PERSON}: {line}"]


def test_columns_may_be_told_of_in_one_place_for_all(tmp_path: Path) -> None:
    more = {"columns": {"name": {"skip": True}}}
    declared = config(PERSON, meta={"kgimport": {"graph": "people", **NODE, **more}})

    assert load(project(tmp_path, declared)).node("person").columns == {
        "id": ColumnRule(property="personId"),
        "name": ColumnRule(skip=True),
    }


def athena(whole: dict[str, Any]) -> None:
    whole["metadata"]["adapter_type"] = "athena"
    for node in whole["nodes"].values():
        node["config"]["materialized"] = "view"


def test_athena_s_relations_are_read_unless_there_are_none(tmp_path: Path) -> None:
    declared = changed(athena)
    ran = ran_with(target="lake")
    graph = load(project(tmp_path, declared, ran, files=()), target="lake")
    declared["nodes"][PERSON]["config"]["materialized"] = "ephemeral"
    declared["nodes"][KNOWS]["database"] = None

    assert str(graph.node("person").location) == "athena://shop/main/person"
    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, declared, ran), target="lake")
    assert told(caught) == [
        f"{KNOWS}: has no database and schema in the manifest; run `dbt build` again",
        f"{PERSON}: is ephemeral, so it has no table; write materialized: table",
    ]
    failed = ran_with(target="lake") | {"results": results(person="error")["results"]}
    with pytest.raises(SourceError, match="failed: person"):
        load(project(tmp_path, changed(athena), failed), target="lake")


def test_a_manifest_of_another_warehouse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="is for a dbt target of type athena, not duckdb"):
        load(project(tmp_path, changed(athena)))
    with pytest.raises(DeclarationError, match="clickhouse, and kgimport does not read ClickHouse"):
        load(project(tmp_path), target="ch")


@pytest.mark.parametrize("variable", ["DBT_TARGET_PATH", "DBT_ENGINE_TARGET_PATH", None])
@pytest.mark.parametrize("absolute", [False, True])
def test_where_the_artifacts_are_is_known_without_dbt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, *, absolute: bool
) -> None:
    built = project(tmp_path)
    elsewhere = str(tmp_path / "out" / "dbt") if absolute else "out/dbt"
    if variable:
        monkeypatch.setenv(variable, elsewhere)
    else:
        with (tmp_path / "dbt_project.yml").open("a") as file:
            file.write(f"target-path: {elsewhere}\n")

    assert dbt.artifacts(built) == tmp_path / "out" / "dbt"


def leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a value that a file could have something else at."""
    yield at
    inner = dict(enumerate(value)) if isinstance(value, list) else value
    for key, part in inner.items() if isinstance(inner, dict) else ():
        yield from leaves(part, (*at, key))


def with_at(whole: Any, at: tuple[str | int, ...], value: Any) -> Any:
    """A copy of a value with another one at a place."""
    if not at:
        return value
    altered = copy.deepcopy(whole)
    place = altered
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = value
    return altered


WRONG: tuple[Any, ...] = (None, True, 7, "x", [], {}, "\ud800", "a\x00b")


def misshapen(good: Any) -> list[tuple[tuple[str | int, ...], Any]]:
    return [(at, value) for at in leaves(good) for value in WRONG]


def outcome(built: Path, **options: Any) -> KgimportError | None:
    """How a project is taken; anything but an error that a user can act on fails the test."""
    try:
        load(built, **options)
    except KgimportError as error:
        return error
    return None


@pytest.mark.parametrize("good", [manifest(), changed(athena)], ids=["duckdb", "athena"])
def test_no_manifest_ends_in_a_defect_whatever_its_shape(tmp_path: Path, good: Any) -> None:
    target = "lake" if good["metadata"]["adapter_type"] == "athena" else "dev"
    built = project(tmp_path, good, ran_with(target=target))
    file, seen = built / "target" / "manifest.json", []
    for at, value in misshapen(good):
        write(file, with_at(good, at, value))
        seen.append(outcome(built, target=target))
        seen += [outcome(built, tables=str(built / "made"))] if target == "dev" else []

    assert len(seen) > 500
    assert {type(error) for error in seen} == {DeclarationError, SourceError, type(None)}
    assert max(len(str(error)) for error in seen) < 4_000


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (("nodes",), None),
        (("nodes", PERSON), True),
        (("nodes", PERSON, "config"), 7),
        (("nodes", PERSON, "config", "meta"), "x"),
        (("nodes", PERSON, "config", "meta", "kgimport"), True),
        (("nodes", PERSON, "config", "meta", "kgimport", "graph"), None),
        (("nodes", PERSON, "config", "materialized"), []),
        (("nodes", PERSON, "config", "location"), {}),
        (("nodes", PERSON, "config", "options"), "x"),
        (("nodes", PERSON, "alias"), None),
        (("nodes", PERSON, "columns"), []),
        (("nodes", PERSON, "columns", "id", "config", "meta", "kgimport"), 7),
        (("nodes", "model.shop.other", "meta", "kgimport"), True),
        (("sources", "source.shop.a.b", "meta"), []),
        (("metadata", "invocation_id"), {}),
    ],
)
def test_a_manifest_of_the_wrong_shape_is_refused_with_the_place(
    tmp_path: Path, at: tuple[str, ...], value: Any
) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(project(tmp_path, with_at(manifest(), at, value)))

    assert told(caught)[0].startswith(".".join(at) + ": ")


def test_no_results_of_another_shape_are_taken(tmp_path: Path) -> None:
    good = results()
    built = project(tmp_path, ran=good)
    of_another = [("args", "target"), ("results", 1), ("results", 0, "timing")]
    read = [at for at in leaves(good) if not any(at[: len(n)] == n for n in of_another)]
    read.remove(("results", 2, "timing"))
    taken = []
    for at, value in ((at, value) for at in read for value in WRONG):
        write(built / "target" / "run_results.json", with_at(good, at, value))
        error = outcome(built)
        taken += [] if error else [(at, value)]
        assert len(str(error)) < 4_000

    # Older dbt does not say when it began.
    assert taken == [(("metadata", "invocation_started_at"), None)]


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{", "\xff", "null", "7", "[]", "NaN"])
@pytest.mark.parametrize("name", ["manifest.json", "run_results.json"])
def test_a_file_that_is_none_of_dbt_s_is_refused(tmp_path: Path, name: str, text: str) -> None:
    built = project(tmp_path)
    (built / "target" / name).write_text(text, encoding="latin-1")

    with pytest.raises(DeclarationError, match=name):
        load(built)


LONG = "n" * 5_000_000


@pytest.mark.parametrize(
    "declared",
    [
        config(PERSON, meta={"kgimport": {"graph": LONG}}),
        config(PERSON, meta={"kgimport": {"graph": "people", LONG: 1}}),
        config(PERSON, meta={"kgimport": {"graph": "people", "node": {LONG: 1}}}),
        config(PERSON, materialized=LONG),
        config(PERSON, location=f"{LONG}.{LONG}"),
        config(PERSON, location=LONG),
        aliased(LONG),
        changed(lambda whole: whole["nodes"].update({LONG: 7})),
        changed(lambda whole: whole["nodes"].update({LONG: model(LONG, NODE)})),
        changed(lambda whole: whole["metadata"].update(adapter_type=LONG)),
        changed(
            lambda whole: whole["nodes"].update(
                {f"model.shop.m{n}": model(f"m{n}", {"graph": f"g{n}"}) for n in range(2_000)}
            )
        ),
        changed(
            lambda whole: whole["nodes"].update(
                {f"model.shop.m{n}": model(f"m{n}", {"nood": 1}) for n in range(2_000)}
            )
        ),
        changed(
            lambda whole: whole["nodes"].update(
                {f"model.shop.m{n}": model(f"m{n}", NODE) for n in range(2_000)}
            )
        ),
    ],
    ids=range(13),
)
def test_a_message_stays_short_whatever_is_in_the_manifest(tmp_path: Path, declared: Any) -> None:
    with pytest.raises(KgimportError) as caught:
        load(project(tmp_path, declared))

    assert len(str(caught.value)) < 4_000


def test_many_models_that_were_not_made_are_counted(tmp_path: Path) -> None:
    more = {f"model.shop.m{n:04}": model(f"m{n:04}", NODE) for n in range(4_340)}
    declared = changed(lambda whole: whole["nodes"].update(more))

    with pytest.raises(SourceError) as caught:
        load(project(tmp_path, declared))

    first = ", ".join(f"m{n:04}" for n in range(20))
    assert told(caught) == [f"not selected: {first} … and 4,320 more"]
    odd = results()
    odd["results"] = [{"unique_id": each, "status": each} for each in more]
    with pytest.raises(SourceError) as caught:
        load(project(tmp_path, declared, odd))
    assert len(str(caught.value)) < 4_000


@pytest.mark.dbt
def test_what_dbt_itself_leaves_is_read_by_the_same_rules(tmp_path: Path) -> None:
    built = people(tmp_path)
    models = built / "models" / "models.yml"
    plain = models.read_text()

    def ran(*arguments: str, **variables: str) -> None:
        data = str(tmp_path / "data")
        done = execute([*arguments, "--profiles-dir", "."], built, KGIMPORT_DATA=data, **variables)
        assert done.returncode == 0, done.stdout

    ran("build")
    assert location(load_graph.load_graph(built), built) == "made/person.parquet"

    models.write_text(plain.replace("config:\n", "config:\n      alias: humans\n", 1))
    ran("run", "--select", "person")
    with pytest.raises(SourceError, match="not selected: knows"):
        load_graph.load_graph(built)
    ran("run")
    assert location(load_graph.load_graph(built), built) == "made/humans.parquet"

    ran("docs", "generate")
    with pytest.raises(SourceError, match=r"is not known .* was `dbt docs generate`"):
        load_graph.load_graph(built)
    ran("build")
    ran("parse")
    with pytest.raises(SourceError, match=r"is not known .* as by `dbt parse`"):
        load_graph.load_graph(built)

    models.write_text(plain.replace("materialized: external", "materialized: table", 1))
    ran("build")
    assert (built / "made" / "person.parquet").exists()  # what the model left before
    assert str(load_graph.load_graph(built).node("person").location) == (
        f"duckdb://{built}/people.duckdb/main/person"
    )


def over(folder: Path, *tables: str) -> Path:
    """A `graph.yml` over the project, whose tables are nodes and say nothing of where they are."""
    lines = "".join(f"  {name}: {{node: {{labels: [Thing], key: [id]}}}}\n" for name in tables)
    file = folder / "graph.yml"
    file.write_text(f"graph: things\ndbt: .\ntables:\n{lines}")
    return file


def of_file(file: Path, **more: Any) -> Graph:
    """The graph of a `graph.yml` in the folder of its project."""
    return load_known(Origin(file, file.parent), settings(file.parent), **more)


def test_tables_of_a_file_are_models_by_name_and_need_no_meta(tmp_path: Path) -> None:
    built = project(tmp_path, files=("made/other.parquet",))

    assert str(of_file(over(built, "other")).node("other").location) == str(
        tmp_path / "made" / "other.parquet"
    )


def test_a_file_in_the_project_counts_if_no_model_declares_a_graph(tmp_path: Path) -> None:
    built = project(tmp_path / "with", files=("made/person.parquet", "made/knows.parquet"))
    over(built, "other")
    bare = manifest()
    bare["nodes"] = {"model.shop.other": bare["nodes"]["model.shop.other"]}
    plain = project(tmp_path / "without", bare, files=("made/other.parquet",))
    over(plain, "other")

    assert load(built).name == "people"
    assert load(plain).name == "things"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("othr", "dbt has no model, seed or snapshot othr; did you mean other"),
        ("gone", "is disabled in the dbt project"),
        ("twin", "may be model.a.twin or model.b.twin; write one of these names"),
    ],
)
def test_a_name_that_dbt_does_not_have_once_is_refused(
    tmp_path: Path, name: str, line: str
) -> None:
    def change(whole: dict[str, Any]) -> None:
        whole["disabled"] = {"model.shop.gone": [model("gone", NODE)]}
        for package in ("a", "b"):
            whole["nodes"][f"model.{package}.twin"] = model("twin", NODE, alias=package)

    with pytest.raises(DeclarationError) as caught:
        of_file(over(project(tmp_path, changed(change)), name))

    assert told(caught)[0].startswith(f"tables.{name}: {line}")


def test_of_two_models_of_one_name_the_unique_id_chooses(tmp_path: Path) -> None:
    declared = changed(
        lambda whole: whole["nodes"].update(
            {"model.a.other": {**model("other", NODE), "alias": "a"}}
        )
    )
    file = over(project(tmp_path, declared), "model.shop.other")

    (table,) = of_file(file, built=False).tables
    assert (table.name, str(table.location)) == (
        "model.shop.other",
        str(tmp_path / "made" / "other.parquet"),
    )


def test_tables_of_a_file_must_be_built_like_others(tmp_path: Path) -> None:
    file = over(project(tmp_path, ran=results(other="error")), "other")

    with pytest.raises(SourceError, match="failed: other"):
        of_file(file)


def test_a_table_without_a_place_is_refused_where_there_is_no_project(tmp_path: Path) -> None:
    file = tmp_path / "graph.yml"
    file.write_text("graph: g\ntables: {t: {node: {labels: [T], key: [id]}}}\n")

    with pytest.raises(DeclarationError, match=r"tables\.t: needs a location"):
        load_graph.load_graph(file)


def test_a_project_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "graph.yml"
    file.write_text("graph: g\ndbt: nowhere\ntables: {t: {node: {labels: [T], key: [id]}}}\n")

    with pytest.raises(UsageError, match=r"nowhere, which has no dbt_project\.yml"):
        load_graph.load_graph(file)
