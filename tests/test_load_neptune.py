"""`kgimport load-neptune`, whole: from a build directory in S3 to a cluster that holds it.

The cluster is the stand-in of tests/neptune_server.py: nothing here was run against AWS.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from policy_sentry.querying.actions import get_action_data

from kgimport import files, records
from kgimport import s3 as store
from kgimport.builds import loads
from kgimport.commands.export import export
from kgimport.commands.load_neptune import NeptuneLoad, cancel, load_neptune
from kgimport.errors import (
    DestinationError,
    ExitCode,
    ImportFailedError,
    KgimportError,
    LeftRunning,
    ReconciliationError,
    ServerError,
    UsageError,
)
from kgimport.locations import S3Path, s3_folder
from kgimport.neo4j.private import private_driver
from kgimport.neptune import counts
from kgimport.neptune.cluster import Cluster
from kgimport.options import ExportOptions, LoadOptions
from kgimport.records import on_disk
from tests.conftest import ROOT
from tests.graphs import people
from tests.neptune_server import ROLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kgimport.choices import Dialect
    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.programs import Neo4j
    from tests.local_athena.running import LocalAws
    from tests.neptune_server import Neptune

KINDS: tuple[Any, ...] = ("label", "type")
DIALECTS: tuple[Dialect, ...] = ("neptune-gremlin", "neptune-opencypher")
PERSON = "vertices/person/part-00000.csv"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Dialect, Path]:
    """Build directories of persons who know each other, one for each dialect."""
    place = tmp_path_factory.mktemp("people")
    for dialect in DIALECTS:
        last = "" if dialect == "neptune-gremlin" else "Cy"  # openCypher's files hold no empty text
        graph = people(place / f"tables-{dialect}", {"id": [*"abc"], "name": ["Ann", None, last]})
        export(graph, place / dialect, options=ExportOptions(dialect=dialect))
    return {dialect: place / dialect for dialect in DIALECTS}


def built(
    s3: LocalAws, exported: Mapping[Dialect, Path], dialect: Dialect = "neptune-gremlin"
) -> S3Path:
    """A build directory in a bucket of its own."""
    home, folder = S3Path(s3.fresh_bucket(), "builds/people"), exported[dialect]
    for file in (each for each in folder.rglob("*") if each.is_file()):
        store.upload(file, home / file.relative_to(folder).as_posix(), files.sha256(file))
    return home


def edited(home: S3Path, old: str, new: str) -> S3Path:
    """Replace a text in the file of persons, as if it had been exported so."""
    content = (store.read(home / PERSON) or b"").replace(old.encode(), new.encode())
    store.write(home / PERSON, content)
    text = store.read(home / records.EXPORT_RECORD) or b""
    record = records.parse(records.ExportRecord, text.decode(), "")
    person, *others = record.tables
    digest = hashlib.sha256(content).hexdigest()
    file = replace(person.files[0], bytes=len(content), sha256=digest)
    tables = (replace(person, files=(file,)), *others)
    name = records.build_id(record.graph, tables, record.schema)
    text = records.dump(replace(record, tables=tables, build_id=name)).encode()
    store.write(home / records.EXPORT_RECORD, text)
    return home


def loaded(home: S3Path, neptune: Neptune, **options: Any) -> NeptuneLoad:
    return load_neptune(str(home), neptune.endpoint, role=ROLE, options=LoadOptions(**options))


def failed(home: S3Path, neptune: Neptune, kind: type[KgimportError], **options: Any) -> Any:
    with pytest.raises(kind) as caught:
        loaded(home, neptune, **options)
    return caught.value


def the_load(home: S3Path, neptune: Neptune) -> loads.Load:
    found = loads.read(home, Cluster(neptune.endpoint))
    assert found
    return found


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_build_directory_is_loaded_vertices_first_and_counted(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path], dialect: Dialect
) -> None:
    home = built(s3, exported, dialect)

    done = loaded(home, neptune)

    assert neptune.graph.vertices["Person:a"] == {"id": "a", "name": "Ann"}
    assert sorted(neptune.graph.ends.values()) == [
        ("KNOWS", "Person:a", "Person:b"),
        ("KNOWS", "Person:b", "Person:c"),
    ]
    assert sorted(each["since"] for each in neptune.graph.edges.values()) == [2001, 2002]
    sources = [each["source"] for each in neptune.started()]
    assert sources == [f"{home}/vertices/", f"{home}/edges/"]
    assert done.summary().rows == (("label Person", 3, 5), ("type KNOWS", 2, 2))
    assert done.fresh
    assert the_load(home, neptune) == done.load
    assert list(done.load.jobs.values()) == list(neptune.jobs)


def test_a_build_that_the_cluster_has_is_counted_and_not_loaded_again(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    loaded(home, neptune)

    again = loaded(home, neptune)
    assert (again.fresh, len(neptune.jobs)) == (False, 2)

    del neptune.graph.vertices["Person:c"]
    error = failed(home, neptune, ReconciliationError)
    assert "label Person: 2 instead of 3, 1 fewer" in error.message
    assert "--again" in error.hint

    assert loaded(home, neptune, again=True).fresh
    assert len(neptune.jobs) == 4


def test_another_build_at_the_same_place_is_loaded(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    loaded(home, neptune)
    edited(home, "Ann", "Bea")

    assert loaded(home, neptune).fresh
    assert neptune.graph.vertices["Person:a"]["name"] == "Bea"


def test_what_an_earlier_load_left_is_an_error_that_names_the_reason(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    neptune.graph.vertices["Person:z"] = {"id": "z"}
    neptune.graph.labels["Person:z"] = {"Person"}

    error = failed(built(s3, exported), neptune, ReconciliationError)

    assert error.message.splitlines()[1:] == [
        "  label Person: 4 instead of 3, 1 more",
        "  label Person, values of id: 4 instead of 3, 1 more",
    ]
    assert "kgimport diff" in error.hint


def test_a_value_that_the_loader_cannot_remove_is_an_error(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    neptune.graph.vertices["Person:b"] = {"name": "Bob"}

    error = failed(built(s3, exported), neptune, ReconciliationError)

    assert error.message.splitlines()[1:] == [
        "  label Person, values of name: 3 instead of 2, 1 more"
    ]


def test_values_that_would_stay_are_refused_unless_it_is_the_same_build(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    neptune.graph.vertices["Person:b"] = {"name": "Bob"}
    neptune.graph.labels["Person:b"] = {"Person"}
    home = built(s3, exported, "neptune-opencypher")

    error = failed(home, neptune, DestinationError)

    assert "already holds vertices (1 of label Person)" in error.message
    assert not neptune.jobs
    neptune.graph.vertices["Person:b"] = {}
    assert loaded(home, neptune, again=True).fresh


def test_another_graph_in_the_cluster_is_counted_apart(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    neptune.graph.vertices["Robot:1"] = {"id": "1"}
    neptune.graph.labels["Robot:1"] = {"Robot"}

    held = loaded(built(s3, exported), neptune).held

    assert (held.other_vertices, held.other_edges) == (1, 0)


def test_rows_that_the_loader_loses_are_noticed_by_its_own_count(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    neptune.loses = 1
    home = built(s3, exported)

    error = failed(home, neptune, ReconciliationError)

    assert "counted 5 labels and properties of vertices instead of 8" in error.message
    assert len(neptune.jobs) == 1

    neptune.loses = 0
    error = failed(home, neptune, ImportFailedError)  # the next call goes on with the edges
    assert "there is no vertex Person:c" in error.message


@pytest.mark.parametrize("mode", ["AUTO", "RESUME"])
def test_other_modes_skip_what_an_earlier_job_has_loaded(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path], mode: str
) -> None:
    home = built(s3, exported)
    loaded(home, neptune)

    assert loaded(home, neptune, again=True, mode=mode).fresh
    assert [job.counts.records for job in neptune.jobs.values()] == [8, 4, 0, 0]


# A build directory that is not one ----------------------------------------------------------------


def test_only_a_build_directory_for_neptune_is_loaded(
    s3: LocalAws, neptune: Neptune, tmp_path: Path
) -> None:
    home = f"s3://{s3.fresh_bucket()}/neo4j"
    export(people(tmp_path), home)

    with pytest.raises(UsageError, match="is a build directory for Neo4j"):
        loaded(s3_folder(home), neptune)
    with pytest.raises(DestinationError, match="is not a build directory"):
        loaded(s3_folder(f"{home}/nothing"), neptune)
    with pytest.raises(UsageError, match="is not a place in S3"):
        load_neptune("build/people", neptune.endpoint, role=ROLE)
    assert not neptune.calls


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vertices/person/part-00000.csv", "changed"),
        ("vertices/person/part-00000.csv", None),
        ("edges/knows/part-00001.csv", "one more"),
        ("vertices/_SUCCESS", ""),
    ],
)
def test_files_that_are_not_the_export_s_are_refused(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path], name: str, text: str | None
) -> None:
    home = built(s3, exported)
    if text is None:
        store.delete_objects([home / name])
    else:
        store.write(home / name, text.encode())

    error = failed(home, neptune, DestinationError)

    assert error.message == f"{home} is not as its export left it: {name}"
    assert not neptune.calls


def test_files_that_change_while_they_are_loaded_are_noticed(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)

    def change(stage: str, _: float | None) -> None:
        if stage.startswith("load edges"):
            store.write(home / PERSON, b"changed")

    with pytest.raises(DestinationError, match="changed while it was loaded: s3:"):
        load_neptune(str(home), neptune.endpoint, role=ROLE, progress=change)
    assert not the_load(home, neptune).complete


def test_a_role_is_an_arn(s3: LocalAws, neptune: Neptune) -> None:
    for role in ("", "neptune-s3", "arn:aws:iam::1:role/x"):
        with pytest.raises(UsageError, match="is not the ARN of a role"):
            load_neptune("s3://b/x", neptune.endpoint, role=role)


# Interrupted --------------------------------------------------------------------------------------


def interrupted(home: S3Path, neptune: Neptune) -> str:
    neptune.waits = 10**6

    def interrupt(stage: str, _: float | None) -> None:
        if "in progress" in stage:
            raise KeyboardInterrupt

    with pytest.raises(LeftRunning) as caught:
        load_neptune(str(home), neptune.endpoint, role=ROLE, progress=interrupt)
    return str(caught.value)


def test_an_interrupted_load_goes_on_and_the_next_call_follows_it(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)

    text = interrupted(home, neptune)

    (job,) = neptune.jobs
    assert text.startswith(f"interrupted; Neptune's loader goes on with job {job}\n→ ")
    assert neptune.jobs[job].status == "LOAD_IN_PROGRESS"
    neptune.waits = 1
    assert loaded(home, neptune).load.jobs["vertices"] == job
    assert len(neptune.jobs) == 2


def test_an_interrupted_load_is_cancelled_on_demand_and_then_begins_again(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    assert cancel(str(home), neptune.endpoint) == ()
    interrupted(home, neptune)
    (job,) = neptune.jobs

    assert cancel(str(home), neptune.endpoint) == (job,)
    assert cancel(str(home), neptune.endpoint) == ()

    assert neptune.jobs[job].status == "LOAD_CANCELLED_BY_USER"
    neptune.waits = 1
    assert loaded(home, neptune).fresh
    assert len(neptune.jobs) == 3


def test_a_failed_job_begins_again_and_one_that_was_done_does_not(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    neptune.ends = ["LOAD_COMMITTED_W_WRITE_CONFLICTS", "", "LOAD_UNEXPECTED_ERROR"]
    failed(home, neptune, ImportFailedError)
    first = the_load(home, neptune).jobs

    again = loaded(home, neptune).load.jobs

    assert first["vertices"] == again["vertices"]
    assert first["edges"] != again["edges"]


def test_a_job_that_takes_too_long_is_followed_by_the_next_call(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    neptune.waits = 10**6
    failed(home, neptune, ServerError, timeout_s=0)
    neptune.waits = 1

    loaded(home, neptune)

    assert len(neptune.jobs) == 2


def test_a_query_that_takes_too_long_does_not_load_again(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    neptune.refuses = [("/opencypher", "TimeLimitExceededException", "after 120 s")] * 2

    error = failed(home, neptune, ServerError)

    assert "neptune_query_timeout" in error.hint
    assert not loaded(home, neptune).fresh


def test_an_export_leaves_the_records_of_loads(s3: LocalAws, tmp_path: Path) -> None:
    home = f"s3://{s3.fresh_bucket()}/people"
    export(people(tmp_path), home)
    kept, other = s3_folder(home) / "loads/host-8182.json", s3_folder(home) / "other"
    for each in (kept, other):
        store.write(each, b"{}")

    export(people(tmp_path), home)

    assert (store.read(kept), store.read(other)) == (b"{}", None)


@pytest.mark.neo4j
def test_the_queries_are_those_that_another_database_runs(
    build_graph: Callable[[Graph], Path], neo4j: Neo4j, tmp_path: Path
) -> None:
    """The stand-in understands little of openCypher; Neo4j understands all of it."""
    store_of_people = build_graph(people(tmp_path))
    record = on_disk.read_export(store_of_people)

    with private_driver(neo4j, store_of_people / "data") as driver:
        for each in counts.expected(record.tables):
            row = driver.execute_query(counts.query(each)).records[0].data()
            assert list(counts.difference(each, row)) == []
        totals = [driver.execute_query(counts.total_query(k)).records[0]["c0"] for k in KINDS]

    assert totals == [3, 2]


# Permissions --------------------------------------------------------------------------------------

CALLS = {
    "neptune-db": {"start_loader_job", "get_loader_job_status", "cancel_loader_job"},
    "s3": {"list_bucket", "get_object", "put_object"},
}


def test_the_documented_permissions_are_iam_s_and_for_the_calls_that_are_made() -> None:
    page = (ROOT / "docs/neptune-load.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    statements = json.loads(block)["Statement"]
    actions = [
        a
        for each in statements
        for a in [each["Action"]]
        for a in (a if isinstance(a, list) else [a])
    ]

    for action in actions:
        service, _, name = action.partition(":")
        assert get_action_data(service, name), action
    named = {
        (service, "".join(part.title() for part in call.split("_")))
        for service, of in CALLS.items()
        for call in of
    }
    assert {tuple(each.split(":")) for each in actions} == {
        *named,
        ("neptune-db", "ReadDataViaQuery"),
    }


# The command line ---------------------------------------------------------------------------------


def argv(home: S3Path, neptune: Neptune, *more: str) -> list[str]:
    where = ["--endpoint", neptune.endpoint, "--role", ROLE]
    return [sys.executable, "-m", "kgimport", "load-neptune", str(home), *where, *more]


def called(home: S3Path, neptune: Neptune, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv(home, neptune, *more), capture_output=True, text=True, check=False)


def test_the_command_prints_counts_on_stdout_and_progress_on_stderr(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = built(s3, exported)
    neptune.graph.vertices["Robot:1"] = {}
    neptune.graph.labels["Robot:1"] = {"Robot"}

    first = called(home, neptune)
    second = called(home, neptune, "--json")

    assert first.returncode == ExitCode.DONE, first.stderr
    lines = first.stdout.splitlines()
    assert lines[0] == (
        f"graph people, build {the_load(home, neptune).build_id}, in {neptune.endpoint}"
    )
    assert [line.split() for line in lines[2:]] == [
        ["label", "Person", "3", "5"],
        ["type", "KNOWS", "2", "2"],
    ]
    assert "load vertices (in progress" in first.stderr
    assert "also holds 1 vertices and 0 edges that are not of this graph" in first.stderr
    assert "nothing loaded" in second.stderr
    assert json.loads(second.stdout)["complete"] is True


def test_what_the_loader_refuses_has_an_exit_code_of_its_own(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path]
) -> None:
    home = edited(built(s3, exported), '"Ann"', "Ann,more")

    done = called(home, neptune)

    assert done.returncode == ExitCode.IMPORT
    assert "(table person)" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_job_and_says_how_to_go_on(
    s3: LocalAws, neptune: Neptune, exported: Mapping[Dialect, Path], number: signal.Signals
) -> None:
    home = built(s3, exported)
    neptune.waits = 10**6
    with subprocess.Popen(
        argv(home, neptune), stderr=subprocess.PIPE, text=True, env=os.environ
    ) as child:
        ends = time.monotonic() + 300
        while not any(job.polls for job in neptune.jobs.values()) and time.monotonic() < ends:
            time.sleep(0.05)
        child.send_signal(number)
        _, errors = child.communicate()

    (job,) = neptune.jobs
    assert child.returncode == ExitCode.INTERRUPTED
    assert f"goes on with job {job}" in errors
    stopped = called(home, neptune, "--cancel")
    assert stopped.stdout == f"cancelled {job}; what it has loaded stays\n"
