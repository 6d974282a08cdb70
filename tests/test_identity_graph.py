"""The identity graph: what dbt makes of all loads, what is never lost, and the page of queries."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import csv

from kgimport import build_db, export, load_graph
from kgimport.neo4j.private import private_driver
from kgimport.records.on_disk import read_export
from kgimport.samples import identity, writing
from tests import raw_identity
from tests.conftest import environment
from tests.test_dbt_project import PROJECT, ROOT, execute
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
    from collections.abc import Iterator
    from pathlib import Path

    from neo4j import Driver

    from kgimport.neo4j.runtime.programs import Neo4j

RECORDS = 600
SETS = {
    "first_party": ("users_checked", "user_name"),
    "transactional": ("purchases_checked", "purchase_id"),
    "cookie": ("cookies_checked", "(cookie_id, session_id)"),
    "clickstream": ("sessions_checked", "session_id"),
}


@dataclass(frozen=True, slots=True)
class Made:
    """What dbt has made of the raw files: its tables, the export's build, and its settings."""

    place: Path
    settings: dict[str, str]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.place / "warehouse.duckdb", read_only=True) as connection:
            return connection.execute(sql).fetchall()


def made(place: Path, data: Path, *commands: str, **more: str) -> Made:
    """Run dbt on the raw files."""
    settings = {
        "KGIMPORT_GRAPHS": "identity",
        "KGIMPORT_DATA": str(data),
        "KGIMPORT_TABLES": str(place / "tables"),
        "KGIMPORT_WAREHOUSE": str(place / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(place / "target"),
        **more,
    }
    done = execute(
        [
            *("--warn-error", *commands, "--log-path", str(place / "logs")),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        ],
        ROOT,
        **settings,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Made(place, settings)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the initial load and two later ones, as the page of queries writes them."""
    place = tmp_path_factory.mktemp("raw-identity")
    for number in range(3):
        sample = identity.made(records=RECORDS, incremental=number)
        writing.generate(sample, place / "identity", seed=7)
    return place


@pytest.fixture(scope="module")
def local(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All loads in DuckDB, tested by dbt."""
    return made(tmp_path_factory.mktemp("identity"), data, "build")


@pytest.fixture(scope="module")
def build(local: Made) -> Path:
    """The build directory for Neo4j."""
    with environment(local.settings):
        export(load_graph(PROJECT, name="identity"), local.place / "build")
    return local.place / "build"


@pytest.fixture(scope="module")
def raw(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same files, by SQL of the tests' own."""
    with raw_identity.tables(data) as connection:
        found = raw_identity.persons(connection, raw_identity.CAPPED)
        raw_identity.add_persons(connection, found)
        yield connection


# The loads


@pytest.mark.dbt
@pytest.mark.parametrize("name", SETS)
def test_every_raw_row_is_kept_once_or_has_a_reason(
    local: Made, raw: duckdb.DuckDBPyConnection, name: str
) -> None:
    checked, key = SETS[name]
    every = raw.execute(f"select count(*), count(distinct {key}) from raw('{name}')").fetchone()
    assert every
    counts = dict(local.ask(f"select reason, count(*) from {checked} group by reason"))
    rejected = local.ask(
        f"select reason, sum(number_of_rows) from identity_rejected where data_set = '{name}' "
        "group by reason"
    )

    assert sum(counts.values()) == every[0]
    assert counts[None] == every[1]
    assert counts.keys() == {None, "older", "repeated"}
    assert {reason: int(count) for reason, count in rejected} == {
        reason: count for reason, count in counts.items() if reason
    }


@pytest.mark.dbt
def test_the_newest_load_has_the_say(
    local: Made, data: Path, raw: duckdb.DuckDBPyConnection
) -> None:
    ours = "select user_name, city, loyalty_points, birthday from read_parquet('{}') order by all"
    theirs = "select user_name, city, loyalty_points, birthday from users order by all"
    initial = f"{data}/identity/initial/first_party/*.parquet"
    (changed,) = raw.execute(
        f"select count(*) from users join '{initial}' first using (user_name) "
        "where users.city <> first.city or users.loyalty_points <> first.loyalty_points"
    ).fetchone() or (0,)

    assert local.ask(ours.format(local.place / "tables" / "node_user_name.parquet")) == (
        raw.execute(theirs).fetchall()
    )
    assert changed > 0


@pytest.mark.dbt
def test_the_same_files_in_another_order_and_as_csv_give_the_same_tables(
    local: Made, data: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "data"
    for number, file in enumerate(sorted((data / "identity").glob("in*/**/*.parquet"))):
        load = texts / file.relative_to(data).parent
        load.mkdir(parents=True, exist_ok=True)
        (load / f"part-{99 - number:05d}.csv").write_text(as_text(file), encoding="utf-8")

    again = made(tmp_path, texts, "run", KGIMPORT_RAW_FORMAT="csv")

    tables = {path.name: path.read_bytes() for path in (local.place / "tables").iterdir()}
    assert len(tables) == 27
    assert {path.name: path.read_bytes() for path in (tmp_path / "tables").iterdir()} == tables
    assert again.ask("select distinct typeof(postcode) from stg_first_party") == [("VARCHAR",)]


def as_text(file: Path) -> str:
    """The rows of a file from the last to the first, every cell as text."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.sql(
            "select columns(*)::varchar from read_parquet(?, file_row_number=true) "
            "order by file_row_number desc",
            params=[str(file)],
        ).to_arrow_table()
    sink = pa.BufferOutputStream()
    csv.write_csv(found.drop(["file_row_number"]), sink)
    text: str = sink.getvalue().to_pybytes().decode()
    return text


@pytest.mark.dbt
def test_a_load_that_contradicts_itself_fails_the_build_by_name(data: Path, tmp_path: Path) -> None:
    first = "identity/initial/first_party"
    raw = tmp_path / "data"
    shutil.copytree(data / first, raw / first)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ('Rome' as city) from '{data}/{first}/*.parquet' limit 1) "
            f"to '{raw}/{first}/part-00009.parquet'"
        )

    with pytest.raises(AssertionError, match="accepted_values_users_checked_reason"):
        made(tmp_path, raw, "build", "--select", "+users_checked")


# What the source's own pipeline loses without a word


@pytest.mark.dbt
def test_a_login_counts_whatever_letter_the_user_name_begins_with(
    local: Made, raw: duckdb.DuckDBPyConnection
) -> None:
    begins = "user_name similar to '[a-fA-F0-9].*'"
    logins = "select distinct cookie_id, user_name from every_cookie where user_name is not null"
    (known,) = local.ask(
        f"select count(*) from '{local.place}/tables/rel_cookie_logged_in_as.parquet'"
    )
    every = raw_identity.number(raw, f"count(*) from ({logins})")
    filtered = raw_identity.number(raw, f"count(*) from ({logins}) where {begins}")

    assert known == (every,)
    assert filtered < every / 2


@pytest.mark.dbt
def test_postal_codes_keep_the_zeros_in_front(local: Made, raw: duckdb.DuckDBPyConnection) -> None:
    (ours,) = local.ask(
        "select count(*), count(distinct postcode::int) from "
        f"'{local.place}/tables/node_user_name.parquet' where postcode like '0%'"
    )
    theirs = raw_identity.number(raw, "count(*) from users where postcode like '0%'")

    assert ours[0] == theirs > 0


@pytest.mark.dbt
def test_a_product_that_is_bought_again_stays_two_purchases(
    build: Path, raw: duckdb.DuckDBPyConnection
) -> None:
    purchases = raw_identity.number(raw, "count(*) from purchases")
    ends = raw_identity.number(raw, "count(distinct (customer_id, product_name)) from purchases")
    record = export_rows(build)

    assert (
        record["rel_purchased.purchased_by_email"]
        + (record["rel_purchased.purchased_by_customer_id"])
        == purchases
    )
    assert ends < purchases


@pytest.mark.dbt
def test_what_is_named_alike_is_not_one_node(build: Path, raw: duckdb.DuckDBPyConnection) -> None:
    record = export_rows(build)
    alike = raw_identity.number(
        raw,
        "count(*) from (select city from users union select country from users union "
        "select product_name from purchases union select user_name from users)",
    )
    cities = raw_identity.number(raw, "count(distinct (city, country)) from homes")
    names = raw_identity.number(raw, "count(distinct city) from homes")
    nodes = ("node_city", "node_country", "node_product", "node_user_name")

    assert record["node_city"] == cities > names
    assert record["node_city.IN_COUNTRY"] == cities
    assert sum(record[node] for node in nodes) - (cities - names) > alike


def export_rows(build: Path) -> dict[str, int]:
    """How many rows of each table are in a build directory."""
    return {table.name: table.written for table in read_export(build).tables}


# The questions

QUERIES = dict(documented("queries/identity.md"))
ANSWERS = {
    "Who is this cookie": """
        select ids.user_name, ids.id, ids.user_name in
            (select user_name from every_cookie where cookie_id = $cookie) as known
        from persons cookie
        join persons account using (person)
        join ids on account.id = ids.user_name
        where cookie.kind = 'c' and cookie.id = $cookie and account.kind = 'u'
            and ids.kind = 'Email'
        order by known desc, ids.user_name, ids.id""",
    "What a person bought, by all of their ids": """
        select ids.user_name, ids.kind, product_name, purchased_date::text as day, reward_points
        from persons me
        join persons account using (person)
        join ids on account.id = ids.user_name
        join purchases on lower(customer_id) = ids.id
        where me.kind = 'u' and me.id = $user and account.kind = 'u'
        order by day desc, product_name, ids.kind""",
    "The journey of a person across devices": """
        select day, client_platform, coalesce(device_id, cookie_id) as thing, canonical_url,
            sessions.user_name is not null
        from persons me
        join persons visit using (person)
        join sessions on visit.id = sessions.session_id
        left join cookies on sessions.session_id = cookies.session_id
        where me.kind = 'u' and me.id = $user and visit.kind = 's'
        order by day, canonical_url, thing""",
    "What a household bought": """
        select members.user_name, kind, product_name, count(*), sum(reward_points)::int as points
        from homes
        join homes members using (home)
        join ids on members.user_name = ids.user_name
        join purchases on lower(customer_id) = id
        where homes.user_name = $user
        group by all
        order by points desc, members.user_name, kind, product_name""",
    "Cities that share a name": """
        with lived as (select city, country, count(*) as users from homes group by all)
        select city, list(country order by users desc, country) as countries,
            sum(users)::int as users
        from lived
        group by city having count(*) > 1
        order by users desc, city""",
    "Known users behind the address of a session": """
        select client_ip, logins.user_name, count(*) as sessions, max(logins.day) as day
        from sessions join logins using (client_ip)
        where sessions.session_id = $session and logins.session_id <> $session
        group by all
        order by sessions desc, day desc, logins.user_name""",
    "What a session shares with earlier ones": """
        with things as (
            select session_id, 'SEEN_AT' as shares, client_ip as thing from sessions
            union all
            select session_id, 'USED_DEVICE', device_id from sessions
            union all
            select session_id, 'HAS_COOKIE', cookie_id from cookies
        )
        select mine.shares, coalesce(earlier.user_name, '?') as "user", count(*) as sessions,
            max(earlier.day)
        from sessions new
        join things mine on new.session_id = mine.session_id
        join things theirs on mine.shares = theirs.shares and mine.thing = theirs.thing
        join sessions earlier on theirs.session_id = earlier.session_id
        where new.session_id = $session and earlier.start_timestamp < new.start_timestamp
        group by mine.shares, "user"
        order by mine.shares, sessions desc, "user" """,
    "Devices that several users share": """
        select device_id, count(distinct user_name) as users, count(*) as sessions
        from logins
        where device_id is not null
        group by device_id having users > 1
        order by users desc, sessions desc, device_id""",
    "IP addresses with the most known users": """
        select client_ip, count(distinct user_name) as users, count(distinct home), count(*) as n
        from logins left join homes using (user_name)
        group by client_ip
        order by users desc, n desc, client_ip""",
    "Phones and devices that no person has alone": """
        with used as (
            select 'Phone' as kind, phone_number as id, user_name from every_user
            union
            select 'Device', device_id, user_name from logins
        )
        select kind, id, count(*) as users
        from used where id is not null
        group by kind, id having users > $most
        order by users desc, id""",
    "Seen, and not ordered": r"""
        with seen as (
            select regexp_extract(canonical_url, '/product/([^/]+)', 1) as product, user_name,
                bool_or(canonical_url like '%/thank-you') as ordered
            from logins where canonical_url like '%/product/%' group by all
        )
        select product, count(*) as saw, count(*) filter (ordered) as ordered,
            saw - count(*) filter (ordered) as audience
        from seen group by product
        order by audience desc, product""",
    "The audience of a site": """
        select loyalty_level, count(distinct user_name) as users, count(*),
            count(distinct canonical_url)
        from logins join users using (user_name)
        where domain_name = $site
        group by loyalty_level
        order by users desc, loyalty_level""",
    "What came before a conversion": """
        with converted as (
            select cookie_id, count(distinct one) as conversions
            from (select cookie_id, unnest(string_split(conversion_id, ',')) as one from cookies)
            group by cookie_id
        ),
        visited as (
            select distinct domain_name, cookie_id from cookies join sessions using (session_id)
        )
        select domain_name, count(*) as n,
            count(*) filter (cookie_id in
                (select cookie_id from every_cookie where user_name is not null)),
            sum(conversions)::int
        from visited join converted using (cookie_id)
        group by domain_name
        order by n desc, domain_name""",
}

every_query = pytest.mark.parametrize("title", QUERIES)


@pytest.fixture(scope="module")
def people(build: Path, neo4j: Neo4j, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    """A driver to a server on the published store."""
    store = build_db(build, tmp_path_factory.mktemp("stores"), neo4j=neo4j).path
    with private_driver(neo4j, store / "data") as driver:
        yield driver


def test_every_section_is_a_query_with_an_independent_answer() -> None:
    text = (ROOT / "docs" / "queries" / "identity.md").read_text(encoding="utf-8")

    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == list(QUERIES) == list(ANSWERS)
    assert len(QUERIES) >= 8


@pytest.mark.neo4j
@pytest.mark.dbt
@every_query
def test_the_documented_rows_are_real_and_found_by_the_index_that_is_named(
    people: Driver, title: str
) -> None:
    query = QUERIES[title]
    given = parameters(people, query)

    found = run(people, query.cypher, given)
    plan = run(people, f"EXPLAIN {query.cypher}", given).summary.plan

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
    people: Driver, raw: duckdb.DuckDBPyConnection, title: str
) -> None:
    query = QUERIES[title]
    given = parameters(people, query)

    found = rows(run(people, query.unlimited, given))

    assert found == approximately(raw.execute(ANSWERS[title], given or None).fetchall())
    assert found


# Who is who


def resolved(build: Path) -> dict[str, str]:
    """The `personId` of each account, session and cookie in the files of a build directory."""
    found: dict[str, str] = {}
    for kind, table, key in (
        ("u", "node_user_name", "userName"),
        ("s", "node_session", "sessionId"),
        ("c", "node_cookie", "cookieId"),
    ):
        header = (build / "csv" / table / "header.csv").read_text(encoding="utf-8").strip()
        names = [name.split(":")[0] for name in header.split(",")]
        files = pl.read_csv(
            build / "csv" / table / "part-*.csv",
            has_header=False,
            new_columns=names,
            infer_schema=False,
        )
        found |= {kind + one: person for one, person in files.select(key, "personId").iter_rows()}
    return found


def groups(found: dict[str, str]) -> set[frozenset[str]]:
    """Who are one person, whatever the person is called."""
    members: dict[str, set[str]] = defaultdict(set)
    for each, person in found.items():
        members[person].add(each)
    return {frozenset(group) for group in members.values()}


@pytest.mark.dbt
def test_persons_are_those_of_a_plain_search_in_the_raw_rows(
    build: Path, raw: duckdb.DuckDBPyConnection
) -> None:
    found = resolved(build)

    assert groups(found) == groups(raw_identity.persons(raw, raw_identity.CAPPED))
    assert {person.partition(":")[0] for each, person in found.items() if each[0] == "u"} == {
        "User"
    }


@pytest.mark.dbt
def test_a_person_has_more_than_one_account_and_strangers_stay_apart(
    build: Path, data: Path, raw: duckdb.DuckDBPyConnection
) -> None:
    capped = raw_identity.precision_recall(raw, data, resolved(build))
    everything = dict.fromkeys(raw_identity.CAPPED)
    uncapped = raw_identity.precision_recall(raw, data, raw_identity.persons(raw, everything))
    by_ip = raw_identity.precision_recall(
        raw, data, raw_identity.persons(raw, {**everything, "ip": None})
    )

    assert capped[0] > 0.6
    assert capped[1] > 0.4
    assert uncapped[0] < capped[0] / 2
    assert by_ip[0] < 0.02
