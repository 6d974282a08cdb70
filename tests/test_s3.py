"""S3 in both directions, against a server that answers for it and fails when told to."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kgimport import aws, files, lake, records, sources
from kgimport import s3 as store
from kgimport.builds import intact
from kgimport.builds.remote import fetched
from kgimport.commands.export import export
from kgimport.commands.land import land
from kgimport.errors import (
    AwsRefusedError,
    DeclarationError,
    DestinationError,
    ExitCode,
    KgimportError,
    SourceError,
    UsageError,
    ValueRefusedError,
)
from kgimport.graph import ColumnRule, NodeTable
from kgimport.locations import LocalPath, S3Path, parse, s3_folder
from kgimport.progress import silent
from kgimport.sources import listing
from tests.graphs import people
from tests.local_athena.faults import Fault

if TYPE_CHECKING:
    from kgimport.graph import Graph
    from tests.local_athena.running import LocalAws


def put(aws: LocalAws, folder: Path, uri: str) -> None:
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = file.relative_to(folder).as_posix()
        store.upload(file, s3_folder(uri) / name, files.sha256(file))


def arm(aws: LocalAws, fault: Fault) -> None:
    aws.faults.arm(**asdict(fault))


def names(uri: str) -> list[str]:
    return sorted(each.place.name_below(s3_folder(uri)) for each in store.below(s3_folder(uri)))


def contents(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


# What folders say is text, unless the declaration says otherwise.
SINCE = {"since": ColumnRule(type="long")}


@pytest.fixture
def remote_people(s3: LocalAws, tmp_path: Path) -> Graph:
    """The small graph of persons, its two tables in S3: one object, and a folder of partitions."""
    graph = people(tmp_path / "tables", columns=SINCE)
    place = S3Path(s3.fresh_bucket(), "tables")
    years = pl.read_parquet(tmp_path / "tables" / "knows.parquet")
    for year, rows in years.group_by("since"):
        folder = tmp_path / "parts" / "knows" / f"since={year[0]}"
        folder.mkdir(parents=True)
        rows.drop("since").write_parquet(folder / "part-0")
    (tmp_path / "parts" / "knows" / "_SUCCESS").write_text("no rows")
    put(s3, tmp_path / "tables", str(place))
    put(s3, tmp_path / "parts", str(place))
    return graph.relocated({"person": place / "person.parquet", "knows": place / "knows"})


def bucket(graph: Graph) -> str:
    place = graph.nodes[0].location
    assert isinstance(place, S3Path)
    return place.bucket


# Reading ----------------------------------------------------------------------------------------


def test_a_graph_in_s3_makes_the_build_that_the_same_rows_make_here(
    remote_people: Graph, tmp_path: Path
) -> None:
    graph = people(tmp_path / "again", columns=SINCE)
    here = export(graph, tmp_path / "here")
    there = export(remote_people, tmp_path / "there")

    assert there.build_id == here.build_id
    assert [(t.name, t.written, t.properties) for t in there.tables] == [
        ("person", 3, 5),
        ("knows", 2, 2),
    ]


def test_a_folder_a_glob_and_one_object_are_found_as_on_the_disk(
    s3: LocalAws, tmp_path: Path
) -> None:
    place = f"s3://{s3.fresh_bucket()}"
    for name in ("t/a", "t/x=1/b.parquet", "t/_SUCCESS", "t/.crc/a", "t/_tmp/a", "tt/a", "t2/a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"rows")
    put(s3, tmp_path, place)
    s3.client("s3").put_object(Bucket=s3_folder(place).bucket, Key="t/x=2/", Body=b"")

    def found(location: str) -> dict[str, str]:
        here, there = (
            listing.of(LocalPath(f"{tmp_path}{location}")),
            listing.of(parse(f"{place}{location}")),
        )
        assert [each.name for each in here] == [each.name for each in there]
        assert [each.size for each in here] == [each.size for each in there]
        return {each.name: str(each.place).removeprefix(f"{place}/") for each in there}

    whole = {"a": "t/a", "x=1/b.parquet": "t/x=1/b.parquet"}
    assert found("/t") == found("/t/") == whole
    assert found("/t/x=1/b.parquet") == {"b.parquet": "t/x=1/b.parquet"}
    assert found("/t*/a") == {each: each for each in ("t/a", "t2/a", "tt/a")}
    assert found("/t/*") == {"a": "t/a"}
    assert found("/t/x=[12]/*.parquet") == {"x=1/b.parquet": "t/x=1/b.parquet"}
    assert found("/?t/a") == {"tt/a": "tt/a"}
    assert found("/t?a") == found("/t/x=2") == found("/none") == {}
    assert found("/**/*") == {each: each for each in ("t/a", "t/x=1/b.parquet", "t2/a", "tt/a")}
    assert found("/t/**/*.parquet") == {"x=1/b.parquet": "t/x=1/b.parquet"}
    assert found("/t/_SUC*") == {"_SUCCESS": "t/_SUCCESS"}
    assert found("/t/_tmp/*") == found("/t/_tmp") == {"a": "t/_tmp/a"}
    assert list(found("")) == ["t/a", "t/x=1/b.parquet", "t2/a", "tt/a"]


def test_what_polars_would_change_or_pass_over_is_seen_in_s3_too(
    s3: LocalAws, tmp_path: Path
) -> None:
    far = pa.array([253_402_214_400_000_000, None], pa.timestamp("us"))
    rows = {"id": ["a", "b"], "at": far, "closes": pa.array([86_400, 1], pa.int32()).view(SECONDS)}
    wide = {f"column {at:04} with a name that is long": ["x", "y"] for at in range(1_500)}
    place = f"s3://{s3.fresh_bucket()}/t"
    options = {"use_deprecated_int96_timestamps": True, "write_page_checksum": True}
    for folder in ("01", "a%2Fb"):
        (tmp_path / f"m={folder}").mkdir()
        pq.write_table(pa.table({**rows, **wide}), tmp_path / f"m={folder}" / "part-0", **options)
    put(s3, tmp_path, place)
    table = NodeTable("t", s3_folder(place), ("T",), ("id",), "T")

    frame, schema = sources.scan(table)

    assert schema["at"] == pl.Datetime("us")
    assert frame.select("id", "m", pl.col("at").dt.year()).collect().rows() == [
        *(("a", "01", 9999), ("b", "01", None), ("a", "a/b", 9999), ("b", "a/b", None))
    ]
    assert [(each.columns, each.count) for each in sources.findings(table)] == [(("closes",), 2)]
    content = bytearray((tmp_path / "m=01" / "part-0").read_bytes())
    chunk = pq.read_metadata(tmp_path / "m=01" / "part-0").row_group(0).column(700)
    content[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    (tmp_path / "m=01" / "part-0").write_bytes(content)
    put(s3, tmp_path, place)
    with pytest.raises(SourceError, match="table t cannot be read: m=01/part-0 is damaged"):
        sources.findings(table)


SECONDS = pa.time32("s")


def test_the_log_of_a_delta_table_and_hidden_partitions_are_seen_in_s3_too(
    s3: LocalAws, tmp_path: Path
) -> None:
    place = f"s3://{s3.fresh_bucket()}"
    for name in ("t/_delta_log/0.json", "u/_year=1/part-0", "v/_temporary/_year=1/part-0"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    put(s3, tmp_path, place)

    with pytest.raises(SourceError, match="/t is a Delta Lake table"):
        listing.of(parse(f"{place}/t"))
    with pytest.raises(SourceError, match="/u has a folder _year=1"):
        listing.of(parse(f"{place}/u"))
    assert listing.of(parse(f"{place}/v")) == []


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "bucket/key"])
def test_what_is_no_place_in_s3_is_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="is not a place in S3"):
        s3_folder(uri)


def test_a_bucket_whose_requester_pays_is_asked_so(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str | None] = []

    class Bucket(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said.append(self.headers["x-amz-request-payer"])
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815  (the name is the library's)

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Bucket) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("KGIMPORT_REQUESTER_PAYS", "1")
        with pytest.raises(SourceError):
            listing.of(S3Path("theirs", "table"))
        options = aws.storage_options(aws.ENVIRONMENT)
        with pytest.raises(FileNotFoundError):
            pl.read_parquet("s3://theirs/table/a", storage_options=options)
        server.shutdown()

    assert set(said) == {"requester"}
    assert len(said) > 1


FAILURES: dict[str, tuple[Fault, type[KgimportError], str]] = {
    "no permission to list": (
        Fault("s3", "ListObjectsV2", "AccessDenied"),
        AwsRefusedError,
        "AWS denies permission to list s3://",
    ),
    "no permission to read": (
        Fault("s3", "GetObject", "AccessDenied", times=0),
        AwsRefusedError,
        "AWS denies permission to read the rows of table person",
    ),
    "an expired token, listing": (
        Fault("s3", "ListObjectsV2", "ExpiredToken"),
        AwsRefusedError,
        "AWS does not accept the credentials",
    ),
    "an expired token, reading": (
        Fault("s3", "GetObject", "ExpiredToken", times=0),
        AwsRefusedError,
        "AWS does not accept the credentials",
    ),
    "another region": (
        Fault("s3", "*", "moved", times=0),
        AwsRefusedError,
        "the region is wrong or not set",
    ),
    "an object that is gone": (
        Fault("s3", "GetObject", "NoSuchKey", times=0),
        SourceError,
        "person.parquet is gone",
    ),
    "an object that vanishes before its footer is read": (
        Fault("s3", "GetObject", "NoSuchKey", times=0, skip=2, key="*/knows/*"),
        SourceError,
        r"/knows/since=200\d/part-0 is gone",
    ),
    "an object that vanishes between two passes": (
        Fault("s3", "GetObject", "NoSuchKey", times=0, skip=9, key="*/knows/*"),
        SourceError,
        "is gone",
    ),
    "a bucket that does not exist": (
        Fault("s3", "ListObjectsV2", "NoSuchBucket"),
        SourceError,
        "NoSuchBucket",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_s3_refuses_is_told_and_nothing_is_left(
    s3: LocalAws,
    remote_people: Graph,
    tmp_path: Path,
    name: str,
) -> None:
    fault, kind, sentence = FAILURES[name]
    arm(s3, fault)

    with pytest.raises(kind, match=sentence) as caught:
        export(remote_people, tmp_path / "build" / "people")

    assert caught.value.hint
    assert not list((tmp_path / "build").glob("*"))
    assert not list((tmp_path / "build").glob(".*"))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("s3", "ListObjectsV2", "SlowDown", times=3),
        Fault("s3", "GetObject", "SlowDown", times=3),
        Fault("s3", "GetObject", "reset", times=2),
        Fault("s3", "GetObject", "truncate", times=1),
        Fault("s3", "GetObject", "SlowDown", times=3, skip=9),
        Fault("s3", "GetObject", "reset", times=2, skip=9),
        Fault("s3", "GetObject", "truncate", times=1, skip=9),
    ],
    ids=lambda each: f"{each.action} {each.code} {each.skip}",
)
def test_what_passes_is_tried_again(
    s3: LocalAws,
    remote_people: Graph,
    tmp_path: Path,
    fault: Fault,
) -> None:
    arm(s3, fault)

    assert export(remote_people, tmp_path / "build").nodes == 3


def test_truncated_parquet_is_a_defect_of_the_table(
    s3: LocalAws,
    remote_people: Graph,
    tmp_path: Path,
) -> None:
    whole = (tmp_path / "tables" / "person.parquet").read_bytes()
    s3.client("s3").put_object(
        Bucket=bucket(remote_people), Key="tables/person.parquet", Body=whole[:-30]
    )

    with pytest.raises(SourceError, match=r"^the rows of table person cannot be read: .*footer"):
        export(remote_people, tmp_path / "build")


def test_a_table_that_changes_meanwhile_is_not_exported(
    s3: LocalAws,
    remote_people: Graph,
    tmp_path: Path,
) -> None:
    other = people(tmp_path / "other", persons={"id": ["a", "b", "c"], "name": ["Bob", None, ""]})

    def tell(stage: str, _: float | None) -> None:
        if stage == "check knows":
            put(
                s3,
                Path(str(other.nodes[0].location)).parent,
                f"s3://{bucket(remote_people)}/tables",
            )

    with pytest.raises(SourceError, match="changed while they were exported: person"):
        export(remote_people, tmp_path / "build", progress=tell)
    assert not (tmp_path / "build").exists()


# Build directories ------------------------------------------------------------------------------


def test_a_build_directory_goes_to_s3_and_comes_back_byte_by_byte(
    s3: LocalAws, tmp_path: Path
) -> None:
    home = f"s3://{s3.fresh_bucket()}/builds/people"
    graph = people(tmp_path / "tables", persons={"id": ["a", "b", "c"], "name": ["x", "y", "z"]})
    export(graph, home)
    again = export(people(tmp_path / "tables"), home)

    local = export(people(tmp_path / "tables"), tmp_path / "local")
    with fetched(home, silent) as folder:
        there, here = contents(folder), contents(tmp_path / "local")
    del here["enterprise.cypher"]  # which is for people, so it is not fetched

    assert again.build_id == local.build_id
    assert there.keys() == here.keys()
    assert {n: b for n, b in there.items() if n != records.EXPORT_RECORD} == {
        n: b for n, b in here.items() if n != records.EXPORT_RECORD
    }


def test_what_the_new_build_does_not_have_is_taken_away(s3: LocalAws, tmp_path: Path) -> None:
    home = f"s3://{s3.fresh_bucket()}/people"
    export(people(tmp_path / "tables"), home)
    put(s3, tmp_path / "tables", f"{home}/csv/old")
    export(people(tmp_path / "tables"), home)

    assert not [name for name in names(home) if "old" in name]
    assert records.EXPORT_RECORD in names(home)


def test_a_build_directory_that_came_half_is_none(s3: LocalAws, tmp_path: Path) -> None:
    home = f"s3://{s3.fresh_bucket()}/people"
    export(people(tmp_path / "tables"), home)
    arm(s3, Fault("s3", "PutObject", "AccessDenied", times=0, skip=1))
    changed = people(tmp_path / "tables", persons={"id": ["a", "b", "c"], "name": ["x"] * 3})

    with pytest.raises(AwsRefusedError, match="AWS denies permission to write"):
        export(changed, home)

    s3.faults.clear()
    assert records.EXPORT_RECORD not in names(home)
    with (
        pytest.raises(DestinationError, match=r"is not a build directory: it has no export\.json"),
        fetched(home, silent),
    ):
        pytest.fail("half a build was fetched")
    assert export(changed, home).nodes == 3
    assert not [name for name in names(home) if "partial" in name]


@pytest.mark.parametrize(
    "key", ["../outside", "/{here}/outside", "csv/../../outside", "csv/", "csv//x", "rejects/x"]
)
def test_only_what_the_record_names_is_fetched(s3: LocalAws, tmp_path: Path, key: str) -> None:
    place = s3.fresh_bucket()
    export(people(tmp_path / "tables"), f"s3://{place}/people")
    s3.client("s3").put_object(
        Bucket=place, Key=f"people/{key}".format(here=tmp_path), Body=b"not ours"
    )

    with fetched(f"s3://{place}/people", silent) as folder:
        around = sorted(each.name for each in folder.parent.rglob("*") if each.is_file())
        assert not (tmp_path / "outside").exists()
        assert not (folder.parent.parent / "outside").exists()

    assert around == [
        ".kgimport-owned",  # by which the folder is swept, should its run be killed
        *("export.json", "header.csv", "header.csv", "import.args"),
        *("part-00000.csv", "part-00000.csv", "schema.cypher"),
    ]


def test_a_record_in_s3_that_names_other_places_is_damaged(s3: LocalAws, tmp_path: Path) -> None:
    place = s3.fresh_bucket()
    export(people(tmp_path / "tables"), f"s3://{place}/people")
    where = {"Bucket": place, "Key": "people/export.json"}
    text = s3.client("s3").get_object(**where)["Body"].read().decode()
    forged = text.replace("csv/person/header.csv", "../../outside/header.csv")
    s3.client("s3").put_object(**where, Body=forged.encode())

    with (
        pytest.raises(DestinationError, match=r"export\.json is damaged: tables\.0\.header\.path"),
        fetched(f"s3://{place}/people", silent),
    ):
        pytest.fail("it was followed")


def test_what_is_missing_in_s3_is_told_by_name(s3: LocalAws, tmp_path: Path) -> None:
    place = s3.fresh_bucket()
    record = export(people(tmp_path / "tables"), f"s3://{place}/people")
    s3.client("s3").delete_object(Bucket=place, Key="people/csv/knows/header.csv")

    with (
        fetched(f"s3://{place}/people", silent) as folder,
        pytest.raises(DestinationError, match=r"not as its export left it: csv/knows/header\.csv"),
    ):
        intact.admit(folder, record)


def test_two_exports_to_one_prefix_leave_no_build_that_is_half_of_each(
    s3: LocalAws, tmp_path: Path
) -> None:
    home = f"s3://{s3.fresh_bucket()}/people"

    def tell(stage: str, _: float | None) -> None:
        if stage == "upload schema.cypher":  # the last one; another export takes the first away
            store.delete_objects([s3_folder(home) / "csv/person/part-00000.csv"])

    with pytest.raises(DestinationError, match="another export writes to s3://"):
        export(people(tmp_path / "tables"), home, progress=tell)

    assert records.EXPORT_RECORD not in names(home)


def test_a_prefix_that_holds_something_else_is_left_alone(s3: LocalAws, tmp_path: Path) -> None:
    graph = people(tmp_path / "tables")
    home = f"s3://{s3.fresh_bucket()}/data"
    put(s3, tmp_path / "tables", home)

    with pytest.raises(DestinationError, match="holds something other than a build directory"):
        export(graph, home)
    assert names(home) == ["knows.parquet", "person.parquet"]


def test_the_command_line_takes_s3_where_it_takes_a_folder(s3: LocalAws, tmp_path: Path) -> None:
    people(tmp_path)
    place = f"s3://{s3.fresh_bucket()}"
    put(s3, tmp_path, f"{place}/tables")
    (tmp_path / "graph.yml").write_text(
        f"graph: people\ntables:\n  person:\n    location: {place}/tables/person.parquet\n"
        "    node: {labels: [Person], key: [id]}\n"
    )
    argv = ("export", "--graph", "graph.yml", "--out", f"{place}/builds/people")
    done = subprocess.run(
        (sys.executable, "-m", "kgimport", *argv),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        ExitCode.DONE,
        f"build directory: {place}/builds/people",
    ), done.stderr
    assert "upload import.args" in done.stderr
    assert "testing" not in done.stderr


# Landing ----------------------------------------------------------------------------------------


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    users = pl.DataFrame({"user_key": ["a"], "tags": [["x"]], "at": [1]})
    users = users.with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))
    for customer in ("acme", "bolt"):
        folder = data / customer / "users_details"
        folder.mkdir(parents=True)
        users.write_parquet(folder / "users.parquet")
    for month in ("2026-01", "2026-02"):
        folder = data / "acme" / "views_history" / f"event_month={month}"
        folder.mkdir(parents=True)
        pl.DataFrame({"user_key": ["a"], "n": [1.5]}).write_parquet(folder / "views.parquet")
    return data


def told(data: Path, to: str, *, delete: bool = False) -> list[tuple[str, int, int, int]]:
    return [
        (f"{each.table.customer}/{each.table.name}", each.written, each.same, len(each.stale))
        for each in land(data, to, "dev_", silent, delete=delete)
    ]


def test_what_is_there_already_is_not_carried_again(s3: LocalAws, raw: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"

    first, second = told(raw, to), told(raw, to)
    changed = raw / "acme" / "views_history" / "event_month=2026-02" / "views.parquet"
    pl.DataFrame({"user_key": ["b"], "n": [2.5]}).write_parquet(changed)
    third = told(raw, to)

    assert first == [
        ("acme/users_details", 1, 0, 0),
        ("acme/views_history", 2, 0, 0),
        ("bolt/users_details", 1, 0, 0),
    ]
    assert [each[1:3] for each in second] == [(0, 1), (0, 2), (0, 1)]
    assert [each[1:3] for each in third] == [(0, 1), (1, 1), (0, 1)]
    assert names(to) == sorted(f.relative_to(raw).as_posix() for f in raw.rglob("*.parquet"))


def test_glue_knows_the_columns_and_the_partitions(s3: LocalAws, raw: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"
    told(raw, to)
    glue = s3.client("glue")

    users = glue.get_table(DatabaseName="dev_acme", Name="users_details")["Table"]
    views = {"DatabaseName": "dev_acme", "TableName": "views_history"}
    partitions = glue.get_partitions(**views)["Partitions"]

    assert users["StorageDescriptor"]["Location"] == f"{to}/acme/users_details/"
    assert [(each["Name"], each["Type"]) for each in users["StorageDescriptor"]["Columns"]] == [
        ("user_key", "string"),
        ("tags", "array<string>"),
        ("at", "bigint"),
    ]
    assert [(each["Values"], each["StorageDescriptor"]["Location"]) for each in partitions] == [
        ([month], f"{to}/acme/views_history/event_month={month}/")
        for month in ("2026-01", "2026-02")
    ]


def test_what_has_no_file_any_more_stays_until_it_is_to_go(s3: LocalAws, raw: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"
    told(raw, to)
    (raw / "acme" / "views_history" / "event_month=2026-02" / "views.parquet").unlink()
    (raw / "acme" / "views_history" / "event_month=2026-02").rmdir()

    left, gone = told(raw, to), told(raw, to, delete=True)
    partitions = s3.client("glue").get_partitions(
        DatabaseName="dev_acme", TableName="views_history"
    )

    assert [each[3] for each in left] == [each[3] for each in gone] == [0, 1, 0]
    assert not [name for name in names(to) if "2026-02" in name]
    assert [each["Values"] for each in partitions["Partitions"]] == [["2026-01"]]


def test_landing_without_glue_asks_glue_nothing(s3: LocalAws, raw: Path) -> None:
    land(raw, f"s3://{s3.fresh_bucket()}/raw", None, silent)

    assert s3.faults.calls("glue") == []
    assert s3.faults.calls("s3", "PutObject")


def test_data_that_glue_could_not_show_whole_is_refused(s3: LocalAws, raw: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"
    other = raw / "bolt" / "users_details" / "more.parquet"
    pl.DataFrame({"user_key": [1]}).write_parquet(other)
    with pytest.raises(ValueRefusedError, match="bolt/users_details have different columns"):
        told(raw, to)
    assert names(to) == []
    other.unlink()

    (raw / "bolt" / "users_details" / "deep").mkdir()
    pl.DataFrame({"user_key": ["a"]}).write_parquet(raw / "bolt/users_details/deep/x.parquet")
    with pytest.raises(DeclarationError, match="do not name the same partition columns"):
        told(raw, to)
    with pytest.raises(DeclarationError, match=r"users\.parquet belongs to no table below"):
        told(raw / "acme" / "users_details", to)
    with pytest.raises(SourceError, match="no Parquet below"):
        told(raw / "nobody", to)


def loads(data: Path, *stamps: str) -> Path:
    """An initial load of two tables, increments of one, and a truth."""
    places = ["initial/person", "initial/visit", *(f"incremental/person/{at}" for at in stamps)]
    for place in (*places, "truth/person/initial"):
        folder = data / "shop" / place
        folder.mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"user-agent": [place]}).write_parquet(folder / "part-00000.parquet")
    return data


def partitions(aws: LocalAws, database: str, table: str) -> list[tuple[str, str]]:
    found = aws.client("glue").get_partitions(DatabaseName=database, TableName=table)
    return sorted((e["Values"][0], e["StorageDescriptor"]["Location"]) for e in found["Partitions"])


def test_loads_keep_their_prefixes_and_become_a_column(s3: LocalAws, tmp_path: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"
    landed = told(loads(tmp_path, "20260701_020000"), to)
    table = s3.client("glue").get_table(DatabaseName="dev_shop", Name="person")["Table"]

    assert landed == [("shop/person", 2, 0, 0), ("shop/visit", 1, 0, 0)]
    assert names(to) == [
        "shop/incremental/person/20260701_020000/part-00000.parquet",
        "shop/initial/person/part-00000.parquet",
        "shop/initial/visit/part-00000.parquet",
    ]
    assert [each["Name"] for each in table["PartitionKeys"]] == ["load_folder"]
    assert partitions(s3, "dev_shop", "person") == [
        ("20260701_020000", f"{to}/shop/incremental/person/20260701_020000/"),
        ("initial", f"{to}/shop/initial/person/"),
    ]


def test_an_increment_landed_alone_leaves_the_earlier_loads(s3: LocalAws, tmp_path: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"
    told(loads(tmp_path / "one", "20260702_020000"), to)
    shutil.rmtree(loads(tmp_path / "two", "20260701_020000") / "shop" / "initial")
    landed = told(tmp_path / "two", to)

    assert landed == [("shop/person", 1, 0, 2)]
    assert [load for load, _ in partitions(s3, "dev_shop", "person")] == [
        *("20260701_020000", "20260702_020000", "initial"),
    ]


def test_what_belongs_to_no_load_is_refused(s3: LocalAws, tmp_path: Path) -> None:
    to = f"s3://{s3.fresh_bucket()}/raw"
    data = loads(tmp_path, "20260701_020000")
    with pytest.raises(DeclarationError, match="has the loads of one customer"):
        told(data / "shop", to)
    (data / "shop" / "incremental" / "person" / "20260701_020000").rename(
        data / "shop" / "incremental" / "person" / "july"
    )
    with pytest.raises(DeclarationError, match=r"shop/incremental/person/july/.* to no load"):
        told(data, to)
    assert names(to) == []


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        (pl.Int8(), "tinyint"),
        (pl.Datetime("ms"), "timestamp"),
        (pl.Datetime("us", "UTC"), "bigint"),
        (pl.Decimal(10, 2), "decimal(10,2)"),
        (
            pl.List(pl.Struct({"a": pl.Int64, "b": pl.List(pl.Date)})),
            "array<struct<a:bigint,b:array<date>>>",
        ),
    ],
)
def test_types_have_the_names_that_athena_has_for_them(dtype: pl.DataType, name: str) -> None:
    assert lake.hive_type(dtype, "t.c") == name


def test_a_type_without_a_name_in_athena_is_refused() -> None:
    with pytest.raises(ValueRefusedError, match=r"t\.c is UInt64, for which Athena has no type"):
        lake.hive_type(pl.UInt64(), "t.c")
