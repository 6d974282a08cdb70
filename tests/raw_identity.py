"""The raw files of identity in the graph's words, by SQL that shares nothing with dbt's.

The newest row of a key is the one in the file whose path is the last one by its time.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

# `every_…` has all rows of all loads, the tables without it the newest of each key.
RAW = r"""
create macro raw(name) as table
select * exclude (filename),
    coalesce(nullif(regexp_extract(filename, '\d{8}_\d{6}'), ''), '0') as load
from read_parquet(['{data}/identity/initial/' || name || '/*.parquet',
    '{data}/identity/incremental/' || name || '/*/*.parquet'], filename=true);

create table every_user as select * replace (lower(email) as email) from raw('first_party');
create table every_purchase as from raw('transactional');
create table every_cookie as from raw('cookie');
create table every_session as from raw('clickstream');

create table users as
select distinct on (user_name) * from every_user order by user_name, load desc;
create table purchases as
select distinct on (purchase_id) * from every_purchase order by purchase_id, load desc;
create table cookies as
select distinct on (cookie_id, session_id) * from every_cookie
order by cookie_id, session_id, load desc;
create table sessions as
select distinct on (session_id) *, strftime(start_timestamp, '%Y-%m-%d') as day from every_session
order by session_id, load desc;

create view logins as select * from sessions where user_name is not null;
create view ids as
select distinct user_name, 'Email' as kind, email as id from every_user where email is not null
union all
select distinct user_name, 'CustomerId', external_id from every_user where external_id is not null;
create view homes as
select user_name, (street_address, postcode, city, country) as home, city, country from users
where street_address || postcode || city || country is not null;
"""


def tables(data: Path) -> duckdb.DuckDBPyConnection:
    """The raw files in DuckDB, which knows nothing of the graph."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(RAW.replace("{data}", str(data)))
    return connection


def number(connection: duckdb.DuckDBPyConnection, of: str, given: Any = None) -> int:
    """The first value of a query's first row."""
    row = connection.execute(f"select {of}", given).fetchone()
    assert row
    return int(row[0])


# What joins accounts, sessions and cookies, by the kind of evidence.
EVIDENCE = {
    "phone": "select 'u' || user_name, 'p' || phone_number from every_user "
    "where phone_number is not null",
    "id": "select 'u' || user_name, kind || id from ids",
    "login": "select 's' || session_id, 'u' || user_name from logins union "
    "select 'c' || cookie_id, 'u' || user_name from every_cookie where user_name is not null",
    "cookie": "select 's' || session_id, 'c' || cookie_id from cookies",
    "device": "select 's' || session_id, 'd' || device_id from sessions "
    "where device_id is not null",
    "ip": "select 's' || session_id, 'i' || client_ip from sessions",
}
CAPPED = {"phone": 4, "id": None, "login": None, "cookie": None, "device": 4}


def persons(
    connection: duckdb.DuckDBPyConnection, evidence: dict[str, int | None]
) -> dict[str, str]:
    """The person of each account (u), session (s) and cookie (c), named by one of its members.

    Evidence with more neighbours than its number joins nobody.
    """
    above: dict[str, str] = {}

    def top(each: str) -> str:
        while above.setdefault(each, each) != each:
            each = above[each]
        return each

    for kind, most in evidence.items():
        pairs = set(connection.execute(EVIDENCE[kind]).fetchall())
        near: dict[str, set[str]] = defaultdict(set)
        for one, other in pairs:
            near[one].add(other)
            near[other].add(one)
        for one, other in pairs:
            if most is None or max(len(near[one]), len(near[other])) <= most:
                above[top(one)] = top(other)
    every = connection.execute(
        "select 'u' || user_name from users union all select 's' || session_id from sessions "
        "union all select distinct 'c' || cookie_id from cookies"
    ).fetchall()
    return {each: top(each) for (each,) in every}


def add_persons(connection: duckdb.DuckDBPyConnection, found: dict[str, str]) -> None:
    """Make a table of what each person has: `kind`, `id`, `person`."""
    connection.execute("create or replace table persons (kind text, id text, person text)")
    rows = [(each[0], each[1:], person) for each, person in found.items()]
    connection.executemany("insert into persons values (?, ?, ?)", rows)


def precision_recall(
    connection: duckdb.DuckDBPyConnection, data: Path, found: dict[str, str]
) -> tuple[float, float]:
    """How many of the pairs of accounts that are one person are so in truth, and are found.

    `found` has the person of each account by `u` and its name.
    """
    rows = [(each[1:], person) for each, person in found.items() if each[0] == "u"]
    connection.execute("create or replace table found (user_name text, person text)")
    connection.executemany("insert into found values (?, ?)", rows)
    pairs = connection.execute(
        f"""
        with known as (
            select person, person_id
            from found
            join read_parquet('{data}/identity/truth/accounts/**/*.parquet') using (user_name)
        ),
        sizes as (
            select count(*) as n from known group by person, person_id
        )
        select (select sum(n * (n - 1)) from sizes),
            (select sum(n * (n - 1)) from (select count(*) n from known group by person)),
            (select sum(n * (n - 1)) from (select count(*) n from known group by person_id))
        """
    ).fetchone()
    assert pairs
    right, joined, true = map(float, pairs)
    return right / joined, right / true
