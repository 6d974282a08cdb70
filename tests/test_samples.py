from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from kgimport.errors import DestinationError, UsageError
from kgimport.samples import NAMES, Name, find, writing
from kgimport.samples.columns import keys
from kgimport.samples.draws import Draws
from kgimport.samples.lms import SAMPLE
from kgimport.samples.sample import Sample, declared
from kgimport.samples.writing import Generated, TableFiles

COMMITTED = Path(__file__).parents[1] / "data"
MOMENT = pl.Datetime("us", "UTC")
STRINGS = pl.List(pl.String())

SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "users_details": {
        "user_key": pl.String(),
        "role": pl.String(),
        "department": pl.String(),
        "languages": STRINGS,
        "skills": STRINGS,
        "is_active": pl.Boolean(),
        "hired_on": pl.Date(),
        "created_at": MOMENT,
        "last_login_at": MOMENT,
    },
    "courses_details": {
        "course_key": pl.String(),
        "title": pl.String(),
        "category": pl.String(),
        "level": pl.String(),
        "language": pl.String(),
        "duration_minutes": pl.Int32(),
        "price": pl.Decimal(10, 2),
        "is_published": pl.Boolean(),
        "tags": STRINGS,
        "created_at": MOMENT,
        "published_on": pl.Date(),
    },
    "courses_assets": {
        "course_key": pl.String(),
        "asset_key": pl.String(),
        "position": pl.Int32(),
    },
    "assets_details": {
        "asset_key": pl.String(),
        "kind": pl.String(),
        "title": pl.String(),
        "language": pl.String(),
        "size_bytes": pl.Int64(),
        "duration_seconds": pl.Int32(),
        "rating": pl.Decimal(3, 2),
        "tags": STRINGS,
        "is_downloadable": pl.Boolean(),
        "created_at": MOMENT,
    },
    "assets_history": {
        "user_key": pl.String(),
        "asset_key": pl.String(),
        "session_key": pl.String(),
        "event_at": MOMENT,
        "action": pl.String(),
        "seconds": pl.Int32(),
    },
    "courses_history": {
        "user_key": pl.String(),
        "course_key": pl.String(),
        "session_key": pl.String(),
        "event_at": MOMENT,
        "status": pl.String(),
        "progress": pl.Float64(),
        "score": pl.Decimal(5, 2),
    },
}
NULLABLE = {
    "users_details": {"department", "skills", "hired_on", "last_login_at"},
    "courses_details": {"category", "price", "tags", "published_on"},
    "courses_assets": set[str](),
    "assets_details": {"duration_seconds", "rating", "tags"},
    "assets_history": {"seconds"},
    "courses_history": {"score"},
}
ROWS = {
    ("customer_1", "users_details"): 800,
    ("customer_1", "courses_details"): 100,
    ("customer_1", "courses_assets"): 660,
    ("customer_1", "assets_details"): 450,
    ("customer_1", "assets_history"): 59_742,
    ("customer_1", "courses_history"): 19_514,
    ("customer_2", "users_details"): 450,
    ("customer_2", "courses_details"): 60,
    ("customer_2", "courses_assets"): 418,
    ("customer_2", "assets_details"): 250,
    ("customer_2", "assets_history"): 34_363,
    ("customer_2", "courses_history"): 10_980,
    ("customer_3", "users_details"): 250,
    ("customer_3", "courses_details"): 40,
    ("customer_3", "courses_history"): 5_991,
}
HISTORIES = ("assets_history", "courses_history")
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")


def generate(out: Path, **options: Any) -> Generated:
    """The sample of the learning platform."""
    return writing.generate(SAMPLE, out, **options)


def whose(part: TableFiles) -> tuple[str, str]:
    """A table's customer and its name."""
    customer, _, name = part.table.partition("/")
    return customer, name


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """The sample of scale 1, as committed."""
    return generate(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """A sample of a few thousand rows."""
    return generate(tmp_path_factory.mktemp("small"), scale=0.02)


@pytest.fixture(params=["small", "sample"])
def any_size(request: pytest.FixtureRequest) -> Generated:
    """The properties hold at every scale."""
    generated: Generated = request.getfixturevalue(request.param)
    return generated


def table(generated: Generated, customer: str, name: str) -> pl.DataFrame:
    """One customer's table, without the month that is in the path only."""
    return pl.read_parquet(
        generated.out / customer / name / "**/*.parquet", hive_partitioning=False
    )


def everywhere(generated: Generated, name: str) -> pl.DataFrame:
    """A table of all customers that have it."""
    customers = [whose(part)[0] for part in generated.tables if whose(part)[1] == name]
    return pl.concat(
        [
            table(generated, customer, name).with_columns(customer=pl.lit(customer))
            for customer in customers
        ],
        how="diagonal",
    )


def digests(out: Path) -> dict[str, str]:
    """The SHA-256 of every Parquet file below a directory."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*.parquet")
    }


def test_the_rows_of_every_table_are_counted(sample: Generated) -> None:
    assert {whose(part): part.rows for part in sample.tables} == ROWS
    assert sample.rows == sum(ROWS.values())
    assert sum(ROWS[each] for each in ROWS if each[1] in HISTORIES) >= 105_000


def test_what_is_reported_is_what_was_written(small: Generated) -> None:
    written = tuple(
        TableFiles(
            table=part.table,
            files=len(paths),
            rows=table(small, *whose(part)).height,
            bytes=sum(path.stat().st_size for path in paths),
        )
        for part in small.tables
        for paths in [list((small.out / part.table).rglob("*"))]
        for paths in [[path for path in paths if path.is_file()]]
    )

    assert small.tables == written
    assert small.bytes == sum(part.bytes for part in written)


def test_every_table_has_its_columns_and_nulls_only_where_they_may_be(
    any_size: Generated,
) -> None:
    for part in any_size.tables:
        customer, name = whose(part)
        expected = dict(SCHEMAS[name])
        if (customer, name) == ("customer_2", "users_details"):
            del expected["skills"]
        frame = table(any_size, customer, name)

        assert dict(frame.schema) == expected, part
        assert {c for c in frame.columns if frame[c].null_count()} <= NULLABLE[name], part


def test_every_nullable_column_has_nulls_and_values(sample: Generated) -> None:
    for name, nullable in NULLABLE.items():
        frame = everywhere(sample, name)
        counts = {column: frame[column].null_count() for column in nullable}

        assert all(0 < count < frame.height for count in counts.values()), (name, counts)


def test_the_customers_have_different_tables(
    any_size: Generated,
) -> None:
    tables = {
        customer.name: {folder.name for folder in customer.iterdir()}
        for customer in any_size.out.iterdir()
    }

    assert tables == {
        "customer_1": set(SCHEMAS),
        "customer_2": set(SCHEMAS),
        "customer_3": {"users_details", "courses_details", "courses_history"},
    }


def test_histories_lie_in_the_folder_of_their_month(sample: Generated) -> None:
    for part in sample.tables:
        if whose(part)[1] not in HISTORIES:
            continue
        folder = sample.out / part.table
        frame = pl.read_parquet(folder / "**/*.parquet", hive_partitioning=True)
        months = frame["event_at"].dt.strftime("%Y-%m")

        assert {path.name for path in folder.iterdir()} == {f"event_month={m}" for m in MONTHS}
        assert frame["event_month"].to_list() == months.to_list()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    small: Generated, tmp_path: Path
) -> None:
    again = generate(tmp_path / "again", scale=0.02, seed=7)
    other = generate(tmp_path / "other", scale=0.02, seed=8)

    assert digests(again.out) == digests(small.out)
    assert digests(other.out).keys() == digests(small.out).keys()
    assert not set(digests(other.out).values()) & set(digests(small.out).values())


def test_the_committed_sample_is_the_generated_one(sample: Generated) -> None:
    # Values and not bytes: another version of pyarrow may encode the same values differently.
    mine = {path for path in digests(COMMITTED) if path.startswith("customer_")}
    assert mine == digests(sample.out).keys()
    for path in digests(sample.out):
        assert_frame_equal(
            pl.read_parquet(COMMITTED / path, hive_partitioning=False),
            pl.read_parquet(sample.out / path, hive_partitioning=False),
        )
    assert sum(path.stat().st_size for path in COMMITTED.rglob("*.parquet")) < 3_000_000


def test_the_readme_tells_the_true_row_counts() -> None:
    cells = {
        line.split("|")[1].strip(" `"): [cell.strip() for cell in line.split("|")[3:6]]
        for line in (COMMITTED / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    }

    assert cells == {
        name: [
            f"{ROWS[customer, name]:,}" if (customer, name) in ROWS else "none"
            for customer in ("customer_1", "customer_2", "customer_3")
        ]
        for name in SCHEMAS
    }


@pytest.mark.parametrize(
    ("many", "one", "key"),
    [
        ("assets_history", "users_details", "user_key"),
        ("assets_history", "assets_details", "asset_key"),
        ("courses_history", "users_details", "user_key"),
        ("courses_history", "courses_details", "course_key"),
        ("courses_assets", "courses_details", "course_key"),
        ("courses_assets", "assets_details", "asset_key"),
    ],
)
def test_every_key_exists(many: str, one: str, key: str, any_size: Generated) -> None:
    on = ["customer", key]
    dangling = everywhere(any_size, many).join(everywhere(any_size, one), on=on, how="anti")

    assert dangling.to_dicts() == []


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("users_details", ["user_key"]),
        ("courses_details", ["course_key"]),
        ("assets_details", ["asset_key"]),
        ("courses_assets", ["course_key", "asset_key"]),
        ("courses_assets", ["course_key", "position"]),
    ],
)
def test_keys_are_unique_within_a_customer(name: str, key: list[str], sample: Generated) -> None:
    frame = everywhere(sample, name)

    assert frame.filter(pl.struct("customer", *key).is_duplicated()).to_dicts() == []


def test_some_keys_occur_at_several_customers(sample: Generated) -> None:
    users, courses = everywhere(sample, "users_details"), everywhere(sample, "courses_details")

    assert 0 < users["user_key"].is_duplicated().sum() < users.height // 10
    assert courses.filter(pl.col("course_key") == "c-000001")["customer"].to_list() == [
        "customer_1",
        "customer_2",
        "customer_3",
    ]


def test_positions_count_from_one_within_each_course(sample: Generated) -> None:
    positions = (
        everywhere(sample, "courses_assets").group_by("customer", "course_key").agg("position")
    )

    assert positions.filter(
        pl.col("position").list.sort() != pl.int_ranges(1, pl.col("position").list.len() + 1)
    ).is_empty()


def test_a_few_assets_courses_and_users_have_most_of_the_events(sample: Generated) -> None:
    def top_tenth(name: str, key: str, of: int) -> float:
        events: list[int] = table(sample, "customer_1", name)[key].value_counts()["count"].to_list()
        return sum(sorted(events, reverse=True)[: of // 10]) / sum(events)

    assert top_tenth("assets_history", "asset_key", 450) > 0.4
    assert top_tenth("courses_history", "course_key", 100) > 0.4
    assert top_tenth("assets_history", "user_key", 800) > 0.35


def test_users_come_back_to_the_same_asset(sample: Generated) -> None:
    pairs = everywhere(sample, "assets_history").group_by("customer", "user_key", "asset_key").len()

    assert sum(pairs["len"].to_list()) > 2 * pairs.height


def test_a_session_is_one_user_within_two_hours(sample: Generated) -> None:
    events = pl.concat(
        everywhere(sample, name).select("customer", "session_key", "user_key", "event_at")
        for name in HISTORIES
    )
    sessions = events.group_by("customer", "session_key").agg(
        users=pl.col("user_key").n_unique(),
        lasted=pl.col("event_at").max() - pl.col("event_at").min(),
    )

    assert sessions["users"].unique().to_list() == [1]
    assert sessions.filter(pl.col("lasted") > pl.duration(hours=2)).is_empty()
    assert sessions.height * 3 < events.height


def test_most_events_are_on_workdays_at_office_hours(sample: Generated) -> None:
    at = everywhere(sample, "assets_history")["event_at"].dt
    workdays, office = at.weekday() <= 5, at.hour().is_between(7, 16)

    assert 0.9 < workdays.sum() / workdays.len() < 1
    assert 0.8 < office.sum() / office.len() < 1


def test_timestamps_carry_microseconds(sample: Generated) -> None:
    for name in HISTORIES:
        assert (everywhere(sample, name)["event_at"].dt.microsecond() % 1000).n_unique() == 1000


def test_progress_never_falls_on_a_way_through_a_course(sample: Generated) -> None:
    order = {"enrolled": 0, "started": 1, "progressed": 2, "completed": 3, "dropped": 3}
    way = ["customer", "user_key", "course_key"]
    steps = (
        everywhere(sample, "courses_history")
        .with_columns(rank=pl.col("status").replace_strict(order))
        .sort(*way, "event_at")
        .with_columns(
            later=pl.col("event_at").diff().over(way) > pl.duration(),
            further=pl.col("progress").diff().over(way),
            onward=pl.col("rank").diff().over(way),
            before=pl.col("rank").shift().over(way),
        )
    )

    assert set(steps["status"]) == set(order)
    assert steps.filter(pl.col("before").is_null())["status"].unique().to_list() == ["enrolled"]
    assert steps.filter(
        ~pl.col("later")
        | (pl.col("further") < 0)
        | (pl.col("onward") < 0)
        | (pl.col("before") == 3)
    ).is_empty()
    assert steps["progress"].is_between(0, 1).all()
    assert steps.filter((pl.col("progress") == 1) != (pl.col("status") == "completed")).is_empty()
    assert steps.filter(pl.col("score").is_not_null())["status"].unique().to_list() == ["completed"]


def test_most_assets_are_opened_within_a_course_that_the_user_takes(sample: Generated) -> None:
    history = everywhere(sample, "assets_history")
    taken = everywhere(sample, "courses_history").join(
        everywhere(sample, "courses_assets"), on=["customer", "course_key"]
    )
    inside = history.join(taken, on=["customer", "user_key", "asset_key"], how="semi")

    assert 0.7 < inside.height / history.height < 0.95


def test_only_downloadable_assets_are_downloaded(sample: Generated) -> None:
    downloads = everywhere(sample, "assets_history").filter(pl.col("action") == "downloaded")
    assets = everywhere(sample, "assets_details")
    on = ["customer", "asset_key"]

    assert not downloads.is_empty()
    assert downloads.join(assets, on=on)["is_downloadable"].all()


def test_nobody_was_active_after_the_last_login(sample: Generated) -> None:
    users = everywhere(sample, "users_details").select("customer", "user_key", "last_login_at")
    sessions = pl.concat(
        everywhere(sample, name)
        .group_by("customer", "user_key", "session_key")
        .agg(pl.col("event_at").min())
        .select("customer", "user_key", "event_at")
        for name in HISTORIES
    )
    late = sessions.join(users, on=["customer", "user_key"]).filter(
        pl.col("last_login_at").is_null()
        | (pl.col("event_at") - pl.col("last_login_at") > pl.duration(hours=2))
    )

    assert late.is_empty()


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param('"', id="double quote"),
        pytest.param("'", id="single quote"),
        pytest.param(",", id="comma"),
        pytest.param(";", id="semicolon"),
        pytest.param(r"\|", id="bar"),
        pytest.param(r"[^\r]\n", id="LF"),
        pytest.param(r"\r\n", id="CRLF"),
        pytest.param(r"\t", id="tab"),
        pytest.param(r"\\$", id="backslash at the end"),
        pytest.param(r'^\\"', id="backslash before a quote"),
        pytest.param(r"^[ \t]", id="blank at the start"),
        pytest.param(r"[ \t\n]$", id="blank at the end"),
        pytest.param(r"[\x{10000}-\x{10FFFF}]", id="astral"),
        pytest.param(r"\x{200D}", id="zero width joiner"),
        pytest.param(r"\p{Mn}", id="combining character"),
        pytest.param(r"[\x{200E}\x{200F}]", id="mark of direction"),
        pytest.param(r"[åäöÅÄÖ]", id="Swedish"),
        pytest.param(r"[ßü]", id="German"),
        pytest.param(r"[éèœ]", id="French"),
        pytest.param(r"[ąęłżŻ]", id="Polish"),
        pytest.param(r"\p{Greek}", id="Greek"),
        pytest.param(r"\p{Arabic}", id="Arabic"),
        pytest.param(r"\p{Hebrew}", id="Hebrew"),
        pytest.param(r"\p{Devanagari}", id="Hindi"),
        pytest.param(r"\p{Han}", id="Chinese"),
        pytest.param(r"[\p{Hiragana}\p{Katakana}]", id="Japanese"),
        pytest.param(r"\p{Hangul}", id="Korean"),
    ],
)
def test_titles_hold_what_breaks_careless_formats(pattern: str, any_size: Generated) -> None:

    assert table(any_size, "customer_1", "assets_details")["title"].str.contains(pattern).any()


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("users_details", "languages"),
        ("users_details", "skills"),
        ("courses_details", "tags"),
        ("assets_details", "tags"),
    ],
)
def test_lists_hold_one_to_three_different_strings(
    name: str, column: str, sample: Generated
) -> None:
    lists = everywhere(sample, name)[column].drop_nulls()
    entries = lists.explode()

    assert set(lists.list.len()) == {1, 2, 3}
    assert lists.list.n_unique().to_list() == lists.list.len().to_list()
    assert entries.null_count() == 0
    assert not entries.str.contains("\x1f").any()


def test_every_word_of_a_fixed_set_occurs_and_no_other(sample: Generated) -> None:
    def values(name: str, column: str) -> set[str]:
        return set(everywhere(sample, name)[column])

    assert values("users_details", "role") == {"learner", "manager", "author", "admin"}
    assert values("courses_details", "level") == {"beginner", "intermediate", "advanced"}
    assert values("assets_history", "action") == {"opened", "viewed", "completed", "downloaded"}
    assert values("assets_details", "kind") == {
        "video",
        "document",
        "spreadsheet",
        "pdf",
        "text",
        "image",
        "audio",
        "interactive",
    }


def test_users_and_interactions_grow_with_the_scale_and_catalogues_with_its_root(
    sample: Generated, tmp_path: Path
) -> None:
    quadruple = {whose(t): t.rows for t in generate(tmp_path, scale=4).tables}
    growth = {key: quadruple[key] / rows for key, rows in ROWS.items()}

    assert {growth[key] for key in ROWS if key[1] == "users_details"} == {4}
    assert {growth[key] for key in ROWS if key[1] in {"courses_details", "assets_details"}} == {2}
    assert all(3.6 < growth[key] < 4.6 for key in ROWS if key[1] in HISTORIES)


def test_progress_is_told_table_by_table(tmp_path: Path) -> None:
    told: list[str] = []
    generated = generate(tmp_path, scale=0.01, progress=told.append)

    assert told == [part.table for part in generated.tables]


def test_an_earlier_sample_is_replaced_and_its_readme_stays(tmp_path: Path) -> None:
    generate(tmp_path, scale=0.02, seed=1)
    (tmp_path / "README.md").write_text("about this", encoding="utf-8")
    (tmp_path / ".gitattributes").write_text("*.parquet binary", encoding="utf-8")
    (tmp_path / "customer_1/users_details/part-0.parquet.tmp").write_bytes(b"of a run that died")
    generate(tmp_path, scale=0.01, seed=2)
    fresh = generate(tmp_path / ".fresh", scale=0.01, seed=2)

    left = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    written = digests(fresh.out)
    assert left == {"README.md", ".gitattributes"} | {
        f"{prefix}{path}" for path in written for prefix in ("", ".fresh/")
    }
    assert {path: digests(tmp_path)[path] for path in written} == written


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "customer_1/notes.txt",
        "customer_1/users_details/part-1.parquet",
        "customer_1/users_details/part-0.parquet",
    ],
)
def test_other_peoples_files_are_left_alone(path: str, tmp_path: Path) -> None:
    stranger = tmp_path / path
    stranger.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"user_key": ["a real one"]}).write_parquet(stranger)
    before = stranger.read_bytes()

    with pytest.raises(DestinationError) as refusal:
        generate(tmp_path, scale=0.01)

    assert str(refusal.value) == (
        f"{tmp_path} holds something that is not sample data: {path}\n"
        "→ name a new or an empty directory"
    )
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == {stranger: before}


def test_a_file_in_the_way_is_reported(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", encoding="utf-8")

    with pytest.raises(DestinationError, match=r"out cannot be written: File exists"):
        generate(tmp_path / "out", scale=0.01)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 100_001.0])
def test_a_scale_without_meaning_is_refused(scale: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the scale .* is not between 0 and 100000"):
        generate(tmp_path, scale=scale)


def test_a_seed_below_zero_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the seed -1 is below zero"):
        generate(tmp_path, seed=-1)


def test_draws_are_the_same_on_every_machine() -> None:
    assert Draws(7, (1, 2, 3, 4)).below(1000, 5).tolist() == [250, 375, 185, 776, 187]
    assert Draws(7, (1, 2, 3, 0)).below(1000, 5).tolist() == [389, 205, 553, 991, 52]


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_found_by_its_name(name: Name) -> None:
    assert find(name).name == name


def test_a_table_may_be_declared_by_its_columns_alone(tmp_path: Path) -> None:
    rows = 40_000  # more than one block
    shelves = {
        "book": lambda _, numbers: keys("b", numbers),
        "copies": lambda draws, numbers: pa.array(draws.below(9, numbers.size)),
        "lent": lambda draws, numbers: pa.array(draws.below(9, numbers.size)),
    }
    books = Sample("books", 10, lambda _, seed: iter([declared(1, seed, "books", rows, shelves)]))

    made = [writing.generate(books, tmp_path / str(seed), seed=seed) for seed in (7, 7, 8)]

    assert made[0].tables == (TableFiles("books", 1, rows, made[0].bytes),)
    read = [pl.read_parquet(each.out / "books/part-0.parquet") for each in made]
    assert read[0]["book"].n_unique() == rows
    assert_frame_equal(read[0], read[1])
    assert not read[0]["copies"].equals(read[2]["copies"])
    assert not read[0]["copies"].equals(read[0]["lent"])
    assert not read[0]["copies"][:7_000].equals(read[0]["copies"][32_768:39_768])
