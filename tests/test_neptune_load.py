"""Files in S3 are loaded into Neptune: against a stand-in that reads them, and fails when it is to.

Nothing here was run against AWS; tests/neptune_server.py states what the stand-in is.
"""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from kgimport import s3 as store
from kgimport.builds import loads
from kgimport.commands.export import export
from kgimport.errors import (
    AwsRefusedError,
    DestinationError,
    ImportFailedError,
    KgimportError,
    ServerError,
    UsageError,
)
from kgimport.locations import S3Path
from kgimport.neptune import counts, jobs
from kgimport.neptune.cluster import Cluster, cluster
from kgimport.neptune.jobs import Order, Watch
from tests.graphs import people
from tests.neptune_files import Fault
from tests.neptune_server import ROLE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local_athena.running import LocalAws
    from tests.neptune_server import Neptune

GREMLIN = {
    "format": "csv",
    "failOnError": True,
    "parserConfiguration": {"allowEmptyStrings": "true"},
    "updateSingleCardinalityProperties": True,
}
PERSONS = (
    '~id,~label,name:String(single),age:Int(single)\nP:a,Person,"Ann, ""A""",3\nP:b,Person,"",\n'
)
KNOWS = "~id,~from,~to,~label,since:Int\ne1,P:a,P:b,KNOWS,2001\n"


def put(s3: LocalAws, **files: str) -> S3Path:
    """Write files, named FOLDER_TABLE, to a bucket of their own; returns the place of all."""
    home = S3Path(s3.fresh_bucket(), "build")
    for name, text in files.items():
        store.write(home / f"{name.replace('_', '/')}/part-00000.csv", text.encode())
    return home


def order(home: S3Path, what: str = "vertices", **changes: Any) -> Order:
    return replace(Order(home / what, GREMLIN, ROLE, "us-east-1"), **changes)


def loaded(
    neptune: Neptune, wanted: Order, *, seconds: float | None = None, running: str | None = None
) -> tuple[jobs.Loaded, list[str], list[str]]:
    """Load; returns how it ended, the jobs that were started, and the stages."""
    started: list[str] = []
    stages: list[str] = []
    until = None if seconds is None else monotonic() + seconds
    watch = Watch(started.append, lambda stage, _: stages.append(stage), until)
    tables = {str(wanted.prefix / "person/part-00000.csv"): "person"}
    return jobs.load(Cluster(neptune.endpoint), wanted, watch, running, tables), started, stages


def failed(neptune: Neptune, wanted: Order, kind: type[KgimportError]) -> KgimportError:
    with pytest.raises(kind) as caught:
        loaded(neptune, wanted)
    return caught.value


# Jobs ---------------------------------------------------------------------------------------------


def test_a_prefix_is_loaded_and_followed_to_its_end(s3: LocalAws, neptune: Neptune) -> None:
    home = put(s3, vertices_person=PERSONS, edges_knows=KNOWS, vertices2_other="not loaded")
    neptune.waits = 2

    first, started, stages = loaded(neptune, order(home))
    second, _, _ = loaded(neptune, order(home, "edges"))

    assert neptune.graph.vertices == {"P:a": {"name": 'Ann, "A"', "age": 3}, "P:b": {"name": ""}}
    assert neptune.graph.ends == {"e1": ("KNOWS", "P:a", "P:b")}
    assert (first.status.job, first.status.records, first.resumed) == (started[0], 5, False)
    assert second.status.name == "LOAD_COMPLETED"
    assert [stage.split(" s)")[0] for stage in stages] == [
        "load vertices (in progress, 0 values, 0"
    ] * 2


def test_what_a_job_is_asked_for_is_where_and_how_and_what_the_files_need() -> None:
    wanted = order(S3Path("b", "x"), parallelism="LOW", parameters={"format": "csv", "mode": "NEW"})

    assert jobs.request(replace(wanted, mode="RESUME")) == {
        "source": "s3://b/x/vertices/",
        "format": "csv",
        "s3BucketRegion": "us-east-1",
        "iamRoleArn": ROLE,
        "mode": "RESUME",
        "parallelism": "LOW",
        "queueRequest": True,
    }


def test_loading_again_replaces_values_and_keeps_what_has_vanished(
    s3: LocalAws, neptune: Neptune
) -> None:
    loaded(neptune, order(put(s3, vertices_person=PERSONS)))
    loaded(
        neptune,
        order(put(s3, vertices_person=PERSONS.replace(",3\n", ",4\n").replace("P:b", "P:c"))),
    )

    assert neptune.graph.vertices["P:a"]["age"] == 4
    assert sorted(neptune.graph.vertices) == ["P:a", "P:b", "P:c"]


def test_a_job_waits_in_the_queue_for_others(s3: LocalAws, neptune: Neptune) -> None:
    jobs.start(Cluster(neptune.endpoint), order(put(s3, vertices_person=PERSONS)))

    _, _, stages = loaded(neptune, order(put(s3, vertices_person=PERSONS)))

    assert stages[0].startswith("load vertices (in queue, ")


def test_a_job_that_runs_is_followed_and_no_other_started(s3: LocalAws, neptune: Neptune) -> None:
    wanted = order(put(s3, vertices_person=PERSONS))
    running = jobs.start(Cluster(neptune.endpoint), wanted)

    done, _, _ = loaded(neptune, wanted, running=running)

    assert done.status.job == running
    assert list(neptune.jobs) == [running]


def test_a_job_is_started_once_even_if_the_call_fails(s3: LocalAws, neptune: Neptune) -> None:
    neptune.refuses += [("/loader", "InternalFailureException", "try later")] * 2

    error = failed(neptune, order(put(s3, vertices_person=PERSONS)), ServerError)

    assert error.message.endswith(": try later")
    assert len(neptune.calls) == 1


def test_a_look_at_a_job_that_fails_is_made_again(s3: LocalAws, neptune: Neptune) -> None:
    neptune.refuses += [("/loader/", "ThrottlingException", "slower")]

    assert loaded(neptune, order(put(s3, vertices_person=PERSONS)))[0].status.is_well


@pytest.mark.parametrize("times", [1, 3])
def test_write_conflicts_are_resumed(s3: LocalAws, neptune: Neptune, times: int) -> None:
    neptune.ends = ["LOAD_COMMITTED_W_WRITE_CONFLICTS"] * times

    done, started, _ = loaded(neptune, order(put(s3, vertices_person=PERSONS)))

    assert done.resumed
    assert len(started) == times + 1
    assert [each["mode"] for each in neptune.started()] == ["NEW", *["RESUME"] * times]


def test_write_conflicts_that_do_not_end_are_an_error(s3: LocalAws, neptune: Neptune) -> None:
    neptune.ends = ["LOAD_COMMITTED_W_WRITE_CONFLICTS"] * 9

    error = failed(neptune, order(put(s3, vertices_person=PERSONS)), ImportFailedError)

    assert len(neptune.jobs) == 4
    assert error.message.endswith("ended with LOAD_COMMITTED_W_WRITE_CONFLICTS")
    assert "when nothing else writes" in error.hint


@pytest.mark.parametrize(
    ("first", "second"), [("OVERSUBSCRIBE", "HIGH"), ("HIGH", "MEDIUM"), ("MEDIUM", "LOW")]
)
def test_a_deadlock_is_resumed_once_with_fewer_threads(
    s3: LocalAws, neptune: Neptune, first: Any, second: str
) -> None:
    home = put(s3, vertices_person=PERSONS)
    neptune.ends = ["LOAD_DATA_DEADLOCK"]
    assert loaded(neptune, order(home, parallelism=first))[0].resumed
    assert [each["parallelism"] for each in neptune.started()] == [first, second]

    neptune.ends = ["LOAD_DATA_DEADLOCK"] * 2
    error = failed(neptune, order(home, parallelism=first), ImportFailedError)

    assert len(neptune.jobs) == 4
    assert "--parallelism LOW" in error.hint


def test_a_deadlock_with_the_fewest_threads_is_an_error(s3: LocalAws, neptune: Neptune) -> None:
    neptune.ends = ["LOAD_DATA_DEADLOCK"]

    failed(neptune, order(put(s3, vertices_person=PERSONS), parallelism="LOW"), ImportFailedError)

    assert len(neptune.jobs) == 1


@pytest.mark.parametrize(
    "status",
    [
        "LOAD_FAILED",
        "LOAD_CANCELLED_BY_USER",
        "LOAD_CANCELLED_DUE_TO_ERRORS",
        "LOAD_UNEXPECTED_ERROR",
        "LOAD_S3_READ_ERROR",
        "LOAD_S3_ACCESS_DENIED_ERROR",
        "LOAD_DATA_FAILED_DUE_TO_FEED_MODIFIED_OR_DELETED",
        "LOAD_FAILED_BECAUSE_DEPENDENCY_NOT_SATISFIED",
        "LOAD_FAILED_INVALID_REQUEST",
        "LOAD_A_STATUS_OF_NEXT_YEAR",
    ],
)
def test_every_other_status_is_an_error(s3: LocalAws, neptune: Neptune, status: str) -> None:
    neptune.ends = [status]

    error = failed(neptune, order(put(s3, vertices_person=PERSONS)), ImportFailedError)

    (job,) = neptune.jobs
    assert error.message == f"Neptune's loader job {job} for vertices/ ended with {status}"
    assert error.hint.endswith("; what was loaded before stays in the cluster")


def test_a_job_that_is_not_done_in_time_goes_on_and_is_named(
    s3: LocalAws, neptune: Neptune
) -> None:
    neptune.waits = 10**6

    with pytest.raises(ServerError) as caught:
        loaded(neptune, order(put(s3, vertices_person=PERSONS)), seconds=0.05)

    (job,) = neptune.jobs
    assert caught.value.message == f"Neptune's loader job {job} for vertices/ has not ended in time"
    assert neptune.jobs[job].status == "LOAD_IN_PROGRESS"


def test_a_job_that_neptune_has_forgotten_is_none(neptune: Neptune) -> None:
    assert jobs.status(Cluster(neptune.endpoint), "gone") is None


def test_a_job_is_cancelled(s3: LocalAws, neptune: Neptune) -> None:
    job = jobs.start(Cluster(neptune.endpoint), order(put(s3, vertices_person=PERSONS)))

    jobs.cancel(Cluster(neptune.endpoint), job)

    assert neptune.jobs[job].status == "LOAD_CANCELLED_BY_USER"


# Errors in files ----------------------------------------------------------------------------------


def test_a_row_that_neptune_refuses_is_named_with_its_table(s3: LocalAws, neptune: Neptune) -> None:
    home = put(s3, vertices_person=PERSONS.replace(",3\n", ",many\n"))

    error = failed(neptune, order(home), ImportFailedError)

    (job,) = neptune.jobs
    file = f"{home}/vertices/person/part-00000.csv (table person)"
    assert error.message == (
        f"Neptune's loader job {job} for vertices/ ended with LOAD_FAILED: 1 error\n"
        f"  {file}: LOAD_FAILED\n"
        f"  1 x PARSING_ERROR, first at record 1 of {file}: not a int: many"
    )
    assert "is a defect" in error.hint


def test_an_edge_without_its_vertex_and_one_with_other_ends_are_refused(
    s3: LocalAws, neptune: Neptune
) -> None:
    home = put(s3, vertices_person=PERSONS, edges_knows=KNOWS)
    missing = failed(neptune, order(home, "edges"), ImportFailedError)
    loaded(neptune, order(home))
    loaded(neptune, order(home, "edges"))
    turned = put(s3, edges_knows=KNOWS.replace("P:a,P:b", "P:b,P:a"))

    moved = failed(neptune, order(turned, "edges"), ImportFailedError)

    assert "FROM_OR_TO_VERTEX_ARE_MISSING" in missing.message
    assert "--again" in missing.hint
    assert "ID_ASSIGNED_TO_MULTIPLE_EDGES" in moved.message
    assert "delete that edge" in moved.hint


def test_errors_are_counted_by_code_over_all_pages(s3: LocalAws, neptune: Neptune) -> None:
    wanted = order(put(s3, vertices_person=PERSONS))
    job = jobs.start(Cluster(neptune.endpoint), wanted)
    fault = Fault("parsing", "PARSING_ERROR", "x" * 1000, "s3://b/f.csv", 7)
    other = replace(fault, code="SINGLE_CARDINALITY_VIOLATION", text="2 values")
    neptune.jobs[job].status = "LOAD_FAILED"
    neptune.jobs[job].faults = [*[fault] * 150, other]

    with pytest.raises(ImportFailedError) as caught:
        loaded(neptune, wanted, running=job)

    first, *lines = caught.value.message.splitlines()
    assert first.endswith("LOAD_FAILED: 151 errors")
    assert lines[0].startswith("  150 x PARSING_ERROR, first at record 7 of s3://b/f.csv: xxx")
    assert lines[1].startswith("  1 x SINGLE_CARDINALITY_VIOLATION, first at record 7")
    assert max(map(len, lines)) < 500


def test_a_completed_job_with_errors_has_not_loaded_everything(
    s3: LocalAws, neptune: Neptune
) -> None:
    wanted = order(put(s3, vertices_person=PERSONS))
    job = jobs.start(Cluster(neptune.endpoint), wanted)
    neptune.jobs[job].status = "LOAD_COMPLETED"
    neptune.jobs[job].faults = [Fault("datatype", "PARSING_ERROR", "no", "s3://b/f.csv", 1)]

    with pytest.raises(ImportFailedError, match="ended with LOAD_COMPLETED: 1 error"):
        loaded(neptune, wanted, running=job)


def test_a_role_that_cannot_read_the_bucket_is_the_reason(s3: LocalAws, neptune: Neptune) -> None:
    home = put(s3, vertices_person=PERSONS)
    neptune.denies = True

    late = failed(neptune, order(home), ImportFailedError)
    early = failed(neptune, order(home, role="arn:aws:iam::123456789012:role/x"), ServerError)

    assert "LOAD_S3_ACCESS_DENIED_ERROR" in late.message
    assert early.message.endswith(": the role is not attached")
    for error in (late, early):
        assert error.hint.startswith("attach the role to the cluster, let it read the bucket")


# Clusters -----------------------------------------------------------------------------------------


def test_an_endpoint_has_neptune_s_port_unless_it_names_another(s3: LocalAws) -> None:
    found = [cluster(f"https://Host.example{port}") for port in ("", ":9", "/")]

    assert [each.endpoint for each in found] == [
        "https://host.example:8182",
        "https://host.example:9",
        "https://host.example:8182",
    ]
    assert found[0].name == "host.example-8182"


@pytest.mark.parametrize(
    "endpoint", ["host:8182", "https://", "https://host/loader", "https://host:port", "wss://host"]
)
def test_what_is_not_an_endpoint_is_refused(s3: LocalAws, endpoint: str) -> None:
    with pytest.raises(UsageError, match="is not the endpoint of a cluster"):
        cluster(endpoint)


def test_a_cluster_of_another_region_is_refused(s3: LocalAws) -> None:
    host = "my.cluster-abc123.{}.neptune.amazonaws.com"

    assert cluster(f"https://{host.format('us-east-1')}").name
    with pytest.raises(AwsRefusedError, match="is in eu-west-1, but the region is us-east-1"):
        cluster(f"https://{host.format('eu-west-1')}")


def test_a_cluster_that_cannot_be_reached_is_looked_for_in_its_vpc(
    monkeypatch: pytest.MonkeyPatch, s3: LocalAws
) -> None:
    monkeypatch.setattr("kgimport.aws.ATTEMPTS", 1)
    there = Cluster("http://127.0.0.1:9")

    with pytest.raises(ServerError) as caught:
        jobs.start(there, order(S3Path("b", "x")))

    assert "within its VPC alone" in caught.value.hint


# Counts -------------------------------------------------------------------------------------------


def test_what_is_expected_is_counted_by_label_type_and_property(tmp_path: Path) -> None:
    record = export(people(tmp_path / "tables"), tmp_path / "build")

    found = counts.expected(record.tables)

    assert [(each.kind, each.name, each.rows, dict(each.values)) for each in found] == [
        ("label", "Person", 3, {"id": 3, "name": 2}),
        ("type", "KNOWS", 2, {"since": 2}),
    ]
    assert [counts.query(each) for each in found] == [
        "MATCH (n:`Person`) RETURN count(n) AS c0, count(n.`id`) AS c1, count(n.`name`) AS c2",
        "MATCH ()-[n:`KNOWS`]->() RETURN count(n) AS c0, count(n.`since`) AS c1",
    ]
    assert counts.cells(record.tables) == (8, 8)


def test_values_are_not_counted_where_only_some_rows_have_the_label(tmp_path: Path) -> None:
    record = export(people(tmp_path / "tables"), tmp_path / "build")
    (person, knows) = record.tables
    some = replace(person, counts={"Person": 3, "Old`": 1})

    found = counts.expected([some, knows])

    assert [(each.name, each.rows, len(each.values)) for each in found] == [
        ("Person", 3, 2),
        ("Old`", 1, 0),
        ("KNOWS", 2, 1),
    ]
    assert counts.query(found[1]) == "MATCH (n:`Old```) RETURN count(n) AS c0"
    assert counts.cells([some]) == (8, 9)


def test_each_count_that_differs_has_a_line() -> None:
    wanted = counts.Expected("label", "Person", 3, {"id": 3, "name": 2})

    assert list(counts.difference(wanted, {"c0": 3, "c1": 3, "c2": 2})) == []
    assert list(counts.difference(wanted, {"c0": 1004, "c1": 3, "c2": 0})) == [
        "label Person: 1,004 instead of 3, 1,001 more",
        "label Person, values of name: 0 instead of 2, 2 fewer",
    ]


# The record of a load -----------------------------------------------------------------------------


def test_a_load_is_read_back_as_it_was_written(s3: LocalAws) -> None:
    home, there = S3Path(s3.fresh_bucket(), "build"), Cluster("https://host:1")
    load = loads.Load("0123456789ab", there.endpoint, {}).with_job("vertices", "a-1")

    assert loads.read(home, there) is None
    loads.write(home, there, load)

    assert loads.read(home, there) == load
    assert loads.read(home, Cluster("https://host:2")) is None
    assert str(loads.place(home, there)) == f"{home}/loads/host-1.json"


@pytest.mark.parametrize("text", [b"{}", b"not JSON", b'{"jobs": {"vertices": "../status"}}'])
def test_a_damaged_record_of_a_load_is_refused(s3: LocalAws, text: bytes) -> None:
    home, there = S3Path(s3.fresh_bucket(), "build"), Cluster("https://host:1")
    store.write(loads.place(home, there), text)

    with pytest.raises(DestinationError, match="is damaged"):
        loads.read(home, there)


# Objects in S3 ------------------------------------------------------------------------------------


def test_an_object_that_others_wrote_is_hashed(s3: LocalAws) -> None:
    place = S3Path(s3.fresh_bucket(), "x")
    store.write(place, b"abc")

    assert store.digest(place) == (
        3,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    )
    assert store.digest(place / "none") is None
    assert store.read(place / "none") is None
