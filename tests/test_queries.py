"""docs/queries.md cannot rot: its queries run, its rows are real, and DuckDB finds the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neo4j import Driver, EagerResult

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Documented:
    """One section of a page of queries."""

    parameters: str  # a Cypher map
    cypher: str
    table: str
    plan: tuple[str, str] | None  # an operator, and what it reads

    @property
    def unlimited(self) -> str:
        return re.sub(r"\nLIMIT \d+\Z", "", self.cypher)


SECTION = re.compile(
    r"""\n\#\#\#\ (?P<title>.+)\n
    \n(?P<question>(?:.+\n)+)
    \n(?:`(?P<operator>\w+)`\ on\ `(?P<reads>[^`]+)`:|No\ index:)\ (?:.+\n)+
    (?:\n```cypher\n:param\ (?P<parameters>\{.+\})\n```\n)?
    \n```cypher\n(?P<cypher>[^`]+?)\n```\n
    \n(?P<table>(?:\|.+\n)+)""",
    re.VERBOSE,
)


def documented(page: str) -> Iterator[tuple[str, Documented]]:
    for found in SECTION.finditer((ROOT / "docs" / page).read_text(encoding="utf-8")):
        plan = (found["operator"], found["reads"]) if found["operator"] else None
        query = Documented(found["parameters"] or "{}", found["cypher"], found["table"], plan)
        yield found["title"], query


QUERIES = dict(documented("queries.md"))

# The raw files in the graph's words and with its keys, by SQL that shares nothing with dbt's.
# Moments are in microseconds since 1970.
RAW = r"""
create macro owner(file) as regexp_extract(file, 'customer_\d+');
create macro days_ago(moment) as (epoch_us('2026-07-01'::timestamp) - moment) // 86_400_000_000;

create table users as
select
    owner(filename) as customer, customer || '/' || user_key as "user",
    department, is_active, languages, last_login_at, days_ago(epoch_us(last_login_at)) as days
from read_parquet('{data}/*/users_details/*.parquet', filename=true, union_by_name=true);

create table speaks as
select distinct customer, "user", code, split_part(code, '-', 1) as language
from (select customer, "user", unnest(languages) as code from users);

create table courses as
select owner(filename) as customer, customer || '/' || course_key as course,
    title, category, level, language
from read_parquet('{data}/*/courses_details/*.parquet', filename=true);

create table assets as
select owner(filename) as customer, customer || '/' || asset_key as asset,
    title, kind, language, rating::double as rating
from read_parquet('{data}/*/assets_details/*.parquet', filename=true);

create table contains as
select owner(filename) as customer, customer || '/' || course_key as course,
    customer || '/' || asset_key as asset, position
from read_parquet('{data}/*/courses_assets/*.parquet', filename=true);

create table uses as
select owner(filename) as customer, customer || '/' || user_key as "user",
    customer || '/' || asset_key as asset, count(*) as interactions, sum(seconds) as seconds,
    min(epoch_us(event_at)) as first_at, max(epoch_us(event_at)) as last_at
from read_parquet('{data}/*/assets_history/*/*.parquet', filename=true)
group by all;

create table takes as
select owner(filename) as customer, customer || '/' || user_key as "user",
    customer || '/' || course_key as course,
    arg_max(status, (event_at, progress, status)) as status,
    arg_max(progress, (event_at, progress, status)) as progress,
    max(score)::double as score, max(epoch_us(event_at)) as last_at
from read_parquet('{data}/*/courses_history/*/*.parquet', filename=true)
group by all;
"""

ANSWERS = {
    "Courses taken together": """
        with takers as (select course, count(*) as n from takes group by course)
        select a.course, b.course, x.n, y.n, count(*) as together,
            round(count(*) * (select count(*) from users where customer = $customer)
                / (x.n * y.n), 2) as lift
        from takes a
        join takes b on a.user = b.user and a.course < b.course
        join takers x on a.course = x.course
        join takers y on b.course = y.course
        where a.customer = $customer
        group by a.course, b.course, x.n, y.n
        having together >= $least
        order by lift desc, a.course, b.course""",
    "The next course for a user": """
        with mine as (select course from takes where "user" = $user),
        peers as (
            select "user", count(*) filter (course in (from mine)) as shared,
                shared / ((select count(*) from mine) + count(*) - shared) as alike
            from takes where "user" <> $user
            group by "user" having shared > 0
            order by alike desc, "user" limit 20
        )
        select c.course, c.category, c.language,
            c.language in (select language from speaks where "user" = $user),
            count(*) as peers, round(sum(alike), 2) as score
        from peers
        join takes t on peers.user = t.user and t.status = 'completed'
        join courses c on t.course = c.course
        where t.course not in (from mine)
        group by all
        order by score desc, c.course""",
    "What a user has not touched yet": """
        select t.course, t.progress, c.position,
            (select count(*) from contains every where every.course = t.course), c.asset, a.kind
        from takes t
        join contains c on t.course = c.course
        join assets a on c.asset = a.asset
        anti join uses u on t.user = u.user and c.asset = u.asset
        where t.user = $user and t.status in ('started', 'progressed')
        order by t.course, c.position, c.asset""",
    "Assets that come before a completion": """
        with opened as (
            select c.position, c.asset, t.status, u.asset is not null as opened
            from contains c
            join takes t on c.course = t.course
            left join uses u
                on t.user = u.user and c.asset = u.asset and u.first_at < t.last_at
            where c.course = $course
        )
        select position, asset, kind,
            count(*) filter (status = 'completed' and opened) as a,
            count(*) filter (status = 'completed') as b,
            count(*) filter (status = 'dropped' and opened) as c,
            count(*) filter (status = 'dropped') as d,
            round(100 * a / b - 100 * c / d, 1) as gap
        from opened join assets using (asset)
        group by all
        order by gap desc, asset""",
    "Who can help a user": """
        select mine.course, theirs.user, coalesce(department, '?'),
            list_sort(list_intersect(languages,
                (select languages from users where "user" = $user))) as shared,
            theirs.score
        from takes mine
        join takes theirs on mine.course = theirs.course and theirs.status = 'completed'
        join users on theirs.user = users.user
        where mine.user = $user and mine.status <> 'completed'
            and theirs.score >= $score and is_active and len(shared) > 0
        order by theirs.score desc, mine.course, theirs.user""",
    "Active departments": """
        with used as (
            select "user", sum(interactions) as n, sum(seconds) as s from uses group by "user"
        )
        select coalesce(department, '?') as department, count(*),
            coalesce(sum(n), 0)::bigint, round(coalesce(sum(n), 0) / count(*), 1) as per_user,
            round(coalesce(sum(s), 0) / 3600, 1)
        from users left join used using ("user")
        where customer = $customer
        group by department
        order by per_user desc, department""",
    "Popular, but not in this department": """
        select asset, kind, count(*) as users
        from uses
        join users using ("user")
        join assets using (asset)
        where users.customer = $customer
        group by asset, kind
        having count(*) filter (department = $department) = 0
        order by count(*) desc, asset""",
    "How far a course reaches": """
        with recursive linked as (
            select distinct a.course, b.course as other
            from contains a join contains b on a.asset = b.asset and a.course <> b.course
        ),
        reach as (
            select $course as course, 0 as steps
            union
            select other, steps + 1 from reach join linked using (course) where steps < 3
        ),
        nearest as (
            select course, min(steps) as steps from reach group by course having course <> $course
        )
        select steps, count(distinct course), count(distinct "user")
        from nearest left join takes using (course)
        group by steps
        order by steps""",
    "Languages without content": """
        select customer, language, count(distinct "user") as users
        from speaks
        anti join (
            select customer, language from courses union select customer, language from assets
        ) using (customer, language)
        group by customer, language
        order by users desc, customer, language""",
    "Gaps in the catalogue": """
        with gaps as (
            select category, language, count(*) as taken
            from takes join courses using (course)
            where takes.customer <> $customer and category is not null
            group by category, language
        )
        select category, language, taken, count(distinct "user")
        from gaps
        anti join (from courses where customer = $customer) offered using (category, language)
        join (from speaks where customer = $customer) spoken using (language)
        group by all
        order by taken desc, category, language""",
    "Similar customers by language": """
        with mix as (
            select customer, code, count(*) as n from speaks group by customer, code
        ),
        lengths as (select customer, sqrt(sum(n * n)) as length from mix group by customer)
        select a.customer, b.customer, count(*),
            round(sum(a.n * b.n) / (any_value(x.length) * any_value(y.length)), 3) as cosine
        from mix a
        join mix b on a.code = b.code and a.customer < b.customer
        join lengths x on a.customer = x.customer
        join lengths y on b.customer = y.customer
        group by a.customer, b.customer
        order by cosine desc, a.customer, b.customer""",
    "What a customer learns less than others": """
        with shares as (
            select category, takes.customer = $customer as here,
                100 * count(*) / sum(count(*)) over (partition by here) as share
            from takes join courses using (course)
            where category is not null
            group by category, here
        )
        select category, round(coalesce(max(share) filter (here), 0), 1),
            round(coalesce(max(share) filter (not here), 0), 1),
            round(coalesce(max(share) filter (here), 0)
                - coalesce(max(share) filter (not here), 0), 1) as gap
        from shares
        group by category
        order by gap, category""",
    "Courses that people drop": """
        select course, level, language, count(*) as takers,
            count(*) filter (status = 'dropped') as dropped,
            round(100 * dropped / takers, 1) as percent
        from takes join courses using (course)
        group by course, level, language
        having takers >= $least and dropped > 0
        order by percent desc, course""",
    "Abandoned courses": """
        select course, count(*) as users, round(100 * avg(progress), 1), max(days_ago(last_at))
        from takes
        where days_ago(last_at) >= $days and status in ('started', 'progressed')
        group by course
        order by users desc, course""",
    "Does a foreign language make people drop out?": """
        select t.customer, s.user is not null as spoken, count(*) as taken,
            round(100 * count(*) filter (status = 'completed') / count(*), 1),
            round(100 * count(*) filter (status = 'dropped') / count(*), 1)
        from takes t
        join courses c on t.course = c.course
        left join (select distinct "user", language from speaks) s
            on t.user = s.user and c.language = s.language
        group by t.customer, spoken
        order by t.customer, spoken""",
    "Dormant users": """
        select "user", coalesce(department, '?'), days, count(*)
        from users join takes using ("user")
        where is_active and epoch_us(last_login_at) < epoch_us($before::timestamp)
            and status in ('enrolled', 'started', 'progressed')
        group by all
        order by days desc, "user" """,
    "What is in use this week": """
        select asset, kind, count(*) as users,
            count(*) filter (last_at - first_at > $days * 86_400_000_000)
        from uses join assets using (asset)
        where days_ago(last_at) < $days
        group by asset, kind
        order by users desc, asset""",
    "Assets of one kind that many courses share": """
        select asset, count(distinct course) as courses, count(distinct "user") as takers, rating
        from assets
        join contains using (asset)
        left join takes using (course)
        where kind = $kind
        group by asset, rating
        having courses >= $least
        order by courses desc, takers desc, asset""",
    "Popular assets outside every course": """
        select asset, kind, language, count(*) as users, sum(interactions)::bigint
        from assets join uses using (asset)
        where asset not in (select asset from contains)
        group by asset, kind, language
        order by users desc, asset""",
    "Search in titles": r"""
        with items as (
            select 'Course' as label, course as key, title from courses
            union all
            select 'Asset', asset, title from assets
        ),
        used as (
            select course as key from takes union all select asset from uses
        ),
        words as (select replace(replace(lower($words), '"', ''), ' or ', '|') as pattern)
        select label, key, title, count(used.key) as users
        from items left join used using (key)
        where regexp_matches(lower(title), '\b(' || (select pattern from words) || ')\b')
        group by label, key, title
        order by users desc, key""",
}

every_query = pytest.mark.parametrize("title", QUERIES)


@pytest.fixture(scope="module")
def raw() -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw Parquet in DuckDB, which knows nothing of the graph."""
    with duckdb.connect() as connection:
        connection.execute(RAW.replace("{data}", str(ROOT / "data")))
        yield connection


def parameters(driver: Driver, query: Documented) -> dict[str, Any]:
    asked = f"RETURN {query.parameters} AS parameters"
    parameters: dict[str, Any] = run(driver, asked).records[0]["parameters"]
    return parameters


def run(driver: Driver, cypher: str, parameters: dict[str, Any] | None = None) -> EagerResult:
    return driver.execute_query(cypher, parameters)


def rows(result: EagerResult) -> list[tuple[Any, ...]]:
    return [tuple(record) for record in result.records]


def markdown(result: EagerResult) -> str:
    lines = [result.keys, ["---"] * len(result.keys), *rows(result)]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    text = " ".join(str(value).split())
    return text.replace("\\", "\\\\").replace("|", "\\|")


def operators(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield plan["operatorType"].partition("@")[0], plan["args"].get("Details", "")
    for child in plan.get("children", ()):
        yield from operators(child)


def approximately(rows: Sequence[Sequence[object]]) -> list[tuple[object, ...]]:
    return [
        tuple(pytest.approx(value) if isinstance(value, float) else value for value in row)
        for row in rows
    ]


def test_every_section_is_a_query_with_an_independent_answer() -> None:
    text = (ROOT / "docs" / "queries.md").read_text(encoding="utf-8")

    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == list(QUERIES) == list(ANSWERS)


@pytest.mark.neo4j
@every_query
def test_the_documented_rows_are_the_first_of_the_real_ones(lms: Driver, title: str) -> None:
    query = QUERIES[title]

    found = run(lms, query.cypher, parameters(lms, query))

    assert markdown(found) == query.table


@pytest.mark.neo4j
@every_query
def test_the_whole_answer_is_the_one_that_duckdb_finds_in_the_raw_files(
    lms: Driver, raw: duckdb.DuckDBPyConnection, title: str
) -> None:
    query = QUERIES[title]
    asked = parameters(lms, query)

    found = rows(run(lms, query.unlimited, asked))

    assert found == approximately(raw.execute(ANSWERS[title], asked).fetchall())
    assert found


@pytest.mark.neo4j
@every_query
def test_whole_numbers_may_come_as_floats_as_neo4j_browser_sends_them(
    lms: Driver, title: str
) -> None:
    query = QUERIES[title]
    asked = parameters(lms, query)
    floats = {name: float(it) if isinstance(it, int) else it for name, it in asked.items()}

    assert rows(run(lms, query.cypher, floats)) == rows(run(lms, query.cypher, asked))


@pytest.mark.neo4j
@every_query
def test_neo4j_has_nothing_to_warn_of(lms: Driver, title: str) -> None:
    query = QUERIES[title]

    summary = run(lms, query.cypher, parameters(lms, query)).summary

    assert [status.gql_status for status in summary.gql_status_objects] == ["00000"]


@pytest.mark.neo4j
@every_query
def test_a_query_reads_by_the_index_that_its_section_names(lms: Driver, title: str) -> None:
    query = QUERIES[title]

    plan = run(lms, f"EXPLAIN {query.cypher}", parameters(lms, query)).summary.plan
    assert plan
    found = set(operators(plan))

    if query.plan:
        operator, reads = query.plan
        assert [(name, of) for name, of in found if name == operator and reads in of]
    else:
        assert not [name for name, _ in found if "Index" in name]
