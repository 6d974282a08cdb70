"""Books: the sample, its cleaning on two warehouses, and the questions that its graph answers."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from adbc_driver_postgresql import dbapi

from kgimport import build_db, export, load_graph
from kgimport.commands.land import load
from kgimport.commands.load_graph import Origin
from kgimport.commands.run import Known, Project, dbt_arguments
from kgimport.errors import DeclarationError, DestinationError, SourceError
from kgimport.neo4j.private import private_driver
from kgimport.progress import silent
from kgimport.records.on_disk import read_export
from kgimport.samples import find, writing
from tests import raw_books
from tests.conftest import environment
from tests.postgres_server import Database
from tests.test_dbt_project import DATA, PROJECT, ROOT, execute
from tests.test_queries import (
    approximately,
    documented,
    markdown,
    operators,
    parameters,
    rows,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j

ALL_OF_BOOKS = (
    *("--select", "+config.meta.kgimport.graph:books"),
    *("--indirect-selection", "cautious"),
)
BOTH = {"KGIMPORT_GRAPHS": "lms books"}
ROWS = {"books": 678, "readers": 697, "ratings": 2874}


def generate(out: Path, **options: Any) -> Path:
    writing.generate(find("books"), out, **options)
    return out


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "books").iterdir()}


# The sample


def test_the_committed_files_are_those_of_the_generator(tmp_path: Path) -> None:
    assert files(generate(tmp_path)) == files(DATA)


def test_another_seed_gives_other_books(tmp_path: Path) -> None:
    made = files(generate(tmp_path, seed=8))

    assert not set(made.values()) & set(files(DATA).values())


def test_a_larger_sample_begins_with_the_same_books_and_readers(tmp_path: Path) -> None:
    larger = files(generate(tmp_path, scale=3))

    for name in ("Books.csv", "Users.csv"):
        assert larger[name].startswith(files(DATA)[name])


def test_the_files_have_the_shape_and_the_dirt_of_the_published_ones() -> None:
    ratings, books = (raw_books.rows(DATA, name) for name in ("Ratings", "Books"))
    readers = raw_books.rows(DATA, "Users")
    isbns = [row["ISBN"] for row in (*books, *ratings)]
    implicit = sum(row["Book-Rating"] == "0" for row in ratings) / len(ratings)

    assert {"books": len(books), "readers": len(readers), "ratings": len(ratings)} == ROWS
    assert 0.60 < implicit < 0.65
    assert 0.35 < sum(not row["Age"] for row in readers) / len(readers) < 0.45
    for shape in (r"\d{9}x", r"978\d{10}", r".*<90", r"\d{7,9}", r" .*", r"\".*", r"\d{10} \d{10}"):
        assert any(re.fullmatch(shape, isbn) for isbn in isbns), shape
    assert {"0", "2050"} <= {row["Year-Of-Publication"] for row in books}
    assert sum(row["Image-URL-L"] == "" for row in books) == 2
    assert {row["Location"].count(",") for row in readers} == {1, 2, 3, 4}


def test_a_sample_replaces_itself_and_nothing_else(tmp_path: Path) -> None:
    writing.generate(find("lms"), tmp_path, scale=0.02)
    generate(tmp_path)
    (tmp_path / "books" / "Books.csv.tmp").touch()

    generate(tmp_path, scale=0.1)
    writing.generate(find("lms"), tmp_path, scale=0.01)

    assert set(files(tmp_path)) == {"Books.csv", "Users.csv", "Ratings.csv", "books.sha256"}
    assert len(raw_books.rows(tmp_path, "Books")) == 68


def test_real_files_in_its_place_are_never_replaced(tmp_path: Path) -> None:
    generate(tmp_path)
    real = tmp_path / "books" / "Books.csv"
    real.write_bytes(real.read_bytes().replace(b"Harbor", b"Penguin"))

    with pytest.raises(DestinationError, match=r"not sample data: books/Books\.csv"):
        generate(tmp_path)

    assert b"Penguin" in real.read_bytes()


def test_the_checksums_are_those_that_sha256sum_checks() -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "books.sha256"],
        cwd=DATA / "books",
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


# The two warehouses


@dataclass(frozen=True, slots=True)
class Warehouse:
    """What dbt has made of the books: the build directory, and a way to ask for the rest.

    `target` is the folder of dbt's artifacts.
    """

    build: Path
    target: Path
    ask: Callable[[str], list[tuple[Any, ...]]]


def dbt_build(into: Path, *arguments: str, **settings: str) -> None:
    done = execute(
        [
            *("--warn-error", "build", *ALL_OF_BOOKS, *arguments),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(into / "target"), "--log-path", str(into / "logs")),
        ],
        ROOT,
        **(BOTH | settings),
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """DuckDB, which reads the CSV files where they are."""
    place = tmp_path_factory.mktemp("books")
    settings = {
        "KGIMPORT_DATA": str(DATA),
        "KGIMPORT_TABLES": str(place / "tables"),
        "KGIMPORT_WAREHOUSE": str(place / "warehouse.duckdb"),
    }
    dbt_build(place, **settings)
    with environment({"DBT_TARGET_PATH": str(place / "target"), **settings}):
        export(load_graph(PROJECT, name="books"), place / "build")

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(place / "warehouse.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return Warehouse(place / "build", place / "target", ask)


@pytest.fixture(scope="module")
def postgres(postgres_socket: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A real PostgreSQL, into which `kgimport land` has loaded the same files."""
    pytest.importorskip("dbt.adapters.postgres")
    database = empty(postgres_socket, "books")
    place = tmp_path_factory.mktemp("books-postgres")
    settings = {**database.environment, "KGIMPORT_SCHEMA": "graph"}
    with environment({"DBT_TARGET_PATH": str(place / "target"), **settings}):
        load(DATA, "postgres://", "", silent)
        dbt_build(place, "--target", "postgres", **settings, KGIMPORT_GRAPHS="books")
        export(load_graph(PROJECT, target="postgres"), place / "build")
    return Warehouse(place / "build", place / "target", lambda sql: asked(database, sql, "graph"))


def empty(socket: Path, name: str) -> Database:
    """A database of its own."""
    Database(socket, "postgres").run(f"CREATE DATABASE {name} STRATEGY file_copy")
    return Database(socket, name)


def asked(database: Database, sql: str, schema: str = "public") -> list[tuple[Any, ...]]:
    with (
        environment(database.environment),
        dbapi.connect("client_encoding='UTF8'") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET search_path = {schema}")
        cursor.execute(sql)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@pytest.fixture(scope="module")
def raw() -> raw_books.Cleaned:
    """The same files, cleaned row by row."""
    return raw_books.cleaned(DATA)


def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    found: Warehouse = request.getfixturevalue(request.param)
    return found


either = pytest.fixture(params=["local", "postgres"], name="either")(warehouse)


@pytest.mark.dbt
def test_both_warehouses_give_the_same_build(local: Warehouse, postgres: Warehouse) -> None:
    builds = [read_export(each.build).build_id for each in (local, postgres)]

    assert builds[0] == builds[1]


@pytest.mark.dbt
@pytest.mark.parametrize("table", ["books", "readers", "ratings"])
def test_every_raw_row_is_kept_or_rejected_for_a_reason(
    either: Warehouse, raw: raw_books.Cleaned, table: str
) -> None:
    kept = either.ask(f"select count(*) from {table}")
    reasons = dict(either.ask(f"select reason, count(*) from {table}_rejected group by reason"))

    assert kept == [(len(getattr(raw, table)),)]
    assert reasons == raw.rejected[table]
    assert kept[0][0] + sum(reasons.values()) == ROWS[table]


@pytest.mark.dbt
def test_what_is_kept_is_what_a_reader_of_the_raw_rows_keeps(
    either: Warehouse, raw: raw_books.Cleaned
) -> None:
    known = raw_books.tables(raw)

    for ours, theirs in KEPT.items():
        assert sorted(either.ask(ours), key=repr) == sorted(
            known.execute(theirs).fetchall(), key=repr
        )


KEPT = {
    """
    select isbn, title, a.name, p.name, year from books
    left join authors a using (author_key) left join publishers p using (publisher_key)
    """: "select * from book",
    "select reader_id, age, country, region, city from readers": "select * from reader",
    "select reader_id, isbn, rating from ratings where rating is not null": "select * from rated",
    "select reader_id, isbn from ratings where rating is null": "select * from took_up",
}


@pytest.mark.dbt
def test_an_age_that_is_missing_stays_missing(either: Warehouse) -> None:
    ((missing, zero),) = either.ask(
        "select count(*) - count(age), sum(case when age = 0 then 1 else 0 end) from readers"
    )

    assert (missing > 200, zero) == (True, 0)


@pytest.mark.dbt
def test_both_graphs_of_the_project_are_offered_by_name(
    local: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(local.target))

    with pytest.raises(DeclarationError, match="declares several graphs: books, lms") as refused:
        load_graph(PROJECT, built=False)

    assert refused.value.hint == "choose one with --name"


@pytest.mark.parametrize(
    ("name", "arguments", "file", "built"),
    [
        ("books", (), None, ALL_OF_BOOKS),
        ("books", ("--full-refresh",), None, (*ALL_OF_BOOKS, "--full-refresh")),
        (None, ("--full-refresh",), None, ("--full-refresh",)),
        ("books", ("--select", "books"), None, ("--select", "books")),
        ("books", ("--selector=nightly",), None, ("--selector=nightly",)),
        ("books", ("-s", "books"), None, ("-s", "books")),
        ("all *", (), None, ()),
        ("books", (), Path("graph.yml"), ()),
    ],
)
def test_a_run_for_a_graph_has_dbt_build_what_that_needs_unless_the_user_chose(
    name: str | None, arguments: tuple[str, ...], file: Path | None, built: tuple[str, ...]
) -> None:
    project = Project(PROJECT, DATA, Path(), Path(), name=name, arguments=arguments)
    settings: Any = None

    assert dbt_arguments(Known(project, Origin(file, PROJECT), settings)) == built


def test_a_graph_of_a_file_in_the_project_is_built_with_all_models(tmp_path: Path) -> None:
    (tmp_path / "graph.yml").touch()
    project = Project(tmp_path, DATA, Path(), Path(), name="books")
    settings: Any = None

    assert dbt_arguments(Known(project, Origin(None, tmp_path), settings)) == ()


@pytest.mark.dbt
def test_a_build_for_one_graph_has_all_of_it_and_nothing_of_the_other(local: Warehouse) -> None:
    content = json.loads((local.target / "run_results.json").read_text(encoding="utf-8"))
    built = Counter(each["unique_id"].split(".")[0] for each in content["results"])
    models = {each.stem for each in (PROJECT / "models" / "books").rglob("*.sql")}

    assert models == {
        each["unique_id"].split(".")[2]
        for each in content["results"]
        if each["unique_id"].startswith("model.")
    }
    assert built == {"model": 26, "seed": 1, "test": 98, "unit_test": 7, "operation": 1}


# The original dump


def test_the_original_dump_becomes_the_other_form_as_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "books.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    dumped = {"Books": "BX-Books", "Users": "BX-Users", "Ratings": "BX-Book-Ratings"}
    for name, file in dumped.items():
        (tmp_path / f"{file}.csv").write_bytes(as_dump(raw_books.rows(DATA, name)))
    (tmp_path / "real" / "books").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    exec(code, {})

    for name in dumped:
        assert raw_books.rows(tmp_path / "real", name) == raw_books.rows(DATA, name)


def as_dump(found: list[raw_books.Row]) -> bytes:
    """The rows in Latin-1, with semicolons, backslashes before quotes, and NULL."""
    lines = [list(found[0]), *(list(row.values()) for row in found)]
    return "".join(f"{';'.join(map(dumped_cell, line))}\r\n" for line in lines).encode("latin-1")


def dumped_cell(cell: str) -> str:
    escaped = cell.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if cell else "NULL"


# Loading CSV into Postgres


def test_every_cell_arrives_in_postgres_as_it_is_and_again(
    postgres_database: Database, tmp_path: Path
) -> None:
    cells = ['say ""hi""', "a\\b", " x ", "", "é\r\nline", "NULL", "007", "\u2028"]
    write(tmp_path, "Odd", "A b,C", *(f'"{cell}",{at}' for at, cell in enumerate(cells)), ",8")
    with environment(postgres_database.environment):
        load(tmp_path, "postgres://", "raw_", silent)
        ((_, count),) = load(tmp_path, f"postgres://{postgres_database.name}", "raw_", silent)

    found = asked(postgres_database, 'SELECT "A b" FROM raw_inbox.odd ORDER BY "C"')

    assert count == len(cells) + 1
    assert [cell for (cell,) in found] == [*(cell.replace('""', '"') for cell in cells), None]


def test_a_view_on_a_raw_table_outlives_a_second_load(
    postgres_database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "T", "a", "1", "2")
    with environment(postgres_database.environment):
        load(tmp_path, "postgres://", "", silent)
        postgres_database.run("CREATE VIEW v AS SELECT * FROM inbox.t")
        write(tmp_path, "T", "a", "3")
        load(tmp_path, "postgres://", "", silent)

    assert asked(postgres_database, "SELECT a FROM v") == [("3",)]


def test_a_load_that_fails_leaves_every_table_as_it_was(
    postgres_database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "A", "a", "1")
    write(tmp_path, "B", "b", "1")
    with environment(postgres_database.environment):
        load(tmp_path, "postgres://", "", silent)
        write(tmp_path, "A", "a", "2")
        (tmp_path / "inbox" / "B.csv").write_bytes(b"b\n\xff\n")
        with pytest.raises(SourceError, match=r"B\.csv cannot be read: "):
            load(tmp_path, "postgres://", "", silent)

    assert asked(postgres_database, "SELECT a FROM inbox.a") == [("1",)]


def test_a_table_with_other_columns_is_refused(postgres_database: Database, tmp_path: Path) -> None:
    write(tmp_path, "T", "a", "1")
    with environment(postgres_database.environment):
        load(tmp_path, "postgres://", "", silent)
        write(tmp_path, "T", "b", "1")
        with pytest.raises(
            SourceError, match=r"the table inbox\.t has other columns than .*T\.csv"
        ):
            load(tmp_path, "postgres://", "", silent)


def test_a_text_that_postgres_cannot_hold_is_refused(
    postgres_database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "T", "a", "x\0y")

    with (
        environment(postgres_database.environment),
        pytest.raises(SourceError, match=r"Postgres does not take the rows: .*0x00"),
    ):
        load(tmp_path, "postgres://", "", silent)


def test_a_password_that_is_wrong_is_refused_without_repeating_it(
    postgres_database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "T", "a", "1")

    with (
        environment({**postgres_database.environment, "PGPASSWORD": "hunter2"}),
        pytest.raises(SourceError, match="password authentication failed") as refused,
    ):
        load(tmp_path, "postgres://", "", silent)

    assert "hunter2" not in str(refused.value)


def test_two_files_for_one_table_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "T", "a", "1")
    write(tmp_path, "t", "a", "1")

    with pytest.raises(DeclarationError, match=r"two files would fill inbox\.t"):
        load(tmp_path, "postgres://", "", silent)


def test_a_folder_without_csv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no CSV in the folders of"):
        load(tmp_path, "postgres://", "", silent)


def write(data: Path, name: str, *lines: str) -> None:
    """A CSV file in the folder `inbox`."""
    (data / "inbox").mkdir(exist_ok=True)
    (data / "inbox" / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8", newline="")


# The queries of docs/queries/books.md

QUERIES = dict(documented("queries/books.md"))

ANSWERS = {
    "Readers like me": """
        select b.reader, count(*) as shared, round(avg(abs(a.rating - b.rating)), 2) as apart
        from rated a join rated b on a.isbn = b.isbn and a.reader <> b.reader
        where a.reader = $reader
        group by b.reader
        having shared >= $least
        order by shared desc, apart, b.reader""",
    "The next book": """
        with touched as (select reader, isbn from rated union all select * from took_up),
        mine as (select isbn from touched where reader = $reader),
        alike as (
            select t.reader,
                count(*) filter (t.isbn in (from mine))
                    / (count(*) filter (t.isbn not in (from mine)) + (select count(*) from mine))
                    as alike
            from touched t
            where t.reader <> $reader
            group by t.reader
            having alike > 0
        )
        select isbn, title, count(*), round(sum(alike), 3) as score
        from rated join alike using (reader) join book using (isbn)
        where rating >= 7 and isbn not in (from mine)
        group by isbn, title
        order by score desc, isbn""",
    "A new reader": """
        select isbn, title, count(*), round((sum(rating) + 14.0) / (count(*) + 2), 2) as score
        from rated join reader using (reader) join book using (isbn)
        where $region = 'region:' || country || ',' || region
        group by isbn, title
        order by score desc, isbn""",
    "Authors across taste": """
        with likes as (
            select distinct reader, author from rated join book using (isbn)
            where rating >= 7
        ),
        admirers as (select reader from likes where upper(author) = $author),
        counts as (
            select author, count(*) as others, count(*) filter (reader in (from admirers)) as shared
            from likes where upper(author) <> $author group by author
        )
        select author, others, shared,
            round(shared * (select count(distinct reader) from rated where rating >= 7)
                / ((select count(*) from admirers) * others), 2) as lift
        from counts
        where shared >= $least
        order by lift desc, author""",
    "The most divisive books": """
        select isbn, title, count(*) as readers, min(rating), max(rating),
            round(stddev_pop(rating), 2) as spread
        from rated join book using (isbn)
        group by isbn, title
        having readers >= $least
        order by spread desc, isbn""",
    "Hidden gems": """
        with marks as (
            select isbn, title, author, count(*) as ratings, avg(rating) as mean,
                sum(count(*)) over (partition by author) as known
            from rated join book using (isbn)
            where author is not null
            group by isbn, title, author
        )
        select isbn, title, author, ratings, round(mean, 2) as mean
        from marks
        where ratings > 1 and ratings <= $most and marks.mean >= 8 and known >= $known
        order by mean desc, ratings desc, isbn""",
    "Taken up and not rated": """
        with counts as (
            select isbn, count(*) filter (silent) as silent, count(*) as every
            from (
                select isbn, true as silent from took_up
                union all
                select isbn, false from rated
            )
            group by isbn
            having every >= $least
        )
        select isbn, title, silent, every - silent, round(100 * silent / every, 1) as percent
        from counts join book using (isbn)
        order by percent desc, silent desc, isbn""",
    "Search in titles": r"""
        with words as (select replace(lower($words), ' or ', '|') as pattern)
        select isbn, title, author, count(reader) as ratings
        from book left join rated using (isbn)
        -- Lucene takes "dragon's" for another word than "dragon".
        where regexp_matches(
            lower(title), '(^|[^\w''])(' || (select pattern from words) || ')($|[^\w''])'
        )
        group by isbn, title, author
        order by ratings desc, isbn""",
    "Publishers by decade": """
        with counts as (
            select year // 10 * 10 as decade, publisher, count(distinct isbn) as books,
                count(rating) as ratings, sum(rating) as points
            from book left join rated using (isbn)
            where publisher is not null and year is not null
            group by decade, publisher
        )
        select decade, publisher, books, ratings, round(points / nullif(ratings, 0), 2)
        from counts
        qualify row_number() over (partition by decade order by books desc, publisher) = 1
        order by decade desc""",
    "Where an author is read": """
        with touched as (select reader, isbn from rated union all select * from took_up)
        select country, count(distinct reader) as readers
        from touched join book using (isbn) join reader using (reader)
        where upper(author) = $author and country is not null
        group by country
        order by readers desc, country""",
    "Ratings by age": """
        select age // 10 * 10 as ages, count(distinct reader), count(*), round(avg(rating), 2)
        from rated join reader using (reader)
        where age is not null
        group by ages
        order by ages""",
}


def chains(raw: raw_books.Cleaned, one: int, other: int) -> list[tuple[Any, ...]]:
    """All shortest chains of readers who rated the same books, by breadth-first search."""
    books, readers = defaultdict(set), defaultdict(set)
    for (reader, isbn), mark in raw.ratings.items():
        if mark:
            books[reader].add(isbn)
            readers[isbn].add(reader)
    found: list[tuple[Any, ...]] = []
    waiting: deque[tuple[list[int], list[str]]] = deque([([one], [])])
    depth = {one: 0}
    while waiting and not (found and len(waiting[0][1]) >= len(found[0][2])):
        met, through = waiting.popleft()
        for isbn in books[met[-1]]:
            for reader in readers[isbn]:
                if depth.setdefault(reader, len(met)) < len(met):
                    continue
                chain = ([*met, reader], [*through, isbn])
                waiting.append(chain)
                if reader == other:
                    found.append((len(chain[1]), *chain))
    return sorted(found)


SEARCHED = "What connects two readers"
every_query = pytest.mark.parametrize("title", QUERIES)


@pytest.fixture(scope="module")
def books(
    local: Warehouse, neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Driver]:
    """A driver to a server on the published store."""
    store = build_db(local.build, tmp_path_factory.mktemp("stores"), neo4j=neo4j).path
    with private_driver(neo4j, store / "data") as driver:
        yield driver


def test_every_section_is_a_query_with_an_independent_answer() -> None:
    text = (ROOT / "docs" / "queries" / "books.md").read_text(encoding="utf-8")

    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == list(QUERIES)
    assert set(QUERIES) == {*ANSWERS, SEARCHED}


@pytest.mark.neo4j
@pytest.mark.dbt
@every_query
def test_the_documented_rows_are_real_and_found_by_the_index_that_is_named(
    books: Driver, title: str
) -> None:
    query = QUERIES[title]
    given = parameters(books, query)

    found = run(books, query.cypher, given)
    plan = run(books, f"EXPLAIN {query.cypher}", given).summary.plan

    assert markdown(found) == query.table
    assert [status.gql_status for status in found.summary.gql_status_objects] == ["00000"]
    assert plan
    used = list(operators(plan))
    if query.plan:
        assert [name for name, of in used if name == query.plan[0] and query.plan[1] in of]
    else:
        assert not [name for name, _ in used if "Index" in name]


@pytest.mark.neo4j
@pytest.mark.dbt
@every_query
def test_the_whole_answer_is_the_one_of_the_raw_files(
    books: Driver, raw: raw_books.Cleaned, title: str
) -> None:
    query = QUERIES[title]
    given = parameters(books, query)
    if title == SEARCHED:
        expected = chains(raw, **given)
    else:
        asked = raw_books.tables(raw).execute(ANSWERS[title], given or None)
        expected = asked.fetchall()

    found = rows(run(books, query.unlimited, given))

    assert found == approximately(expected)
    assert found
