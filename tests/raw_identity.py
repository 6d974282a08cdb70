"""The raw files of identity in the graph's words, by SQL that shares nothing with dbt's.

The newest row of a key is the one in the file whose path is the last one by its time.
"""

from __future__ import annotations

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
