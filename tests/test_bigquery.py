"""Tables of BigQuery: what its real driver is given, and SQL that a parser of BigQuery's accepts.

Nothing here has run on BigQuery. The driver runs, up to a server of ours that denies it a token.
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import sqlglot
from adbc_driver_bigquery import DatabaseOptions, StatementOptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kgimport.errors import SourceError, UsageError
from kgimport.locations import Query, Relation
from kgimport.progress import silent
from kgimport.sources import bigquery, bigquery_types, flagged
from kgimport.sources.bigquery import SOURCE, connection_options, statement_options
from kgimport.sources.contract import Wanted
from tests.located import node, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "canary-9b2e"

# What is asked ------------------------------------------------------------------------------------

PLAIN = [
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.string(),
    pa.binary(),
    pa.date32(),
    pa.time64("us"),
    pa.timestamp("us"),
    pa.timestamp("us", "UTC"),
    pa.decimal128(38, 9),
    pa.list_(pa.string()),
    pa.struct([("a", pa.list_(pa.int64()))]),
]
DOUBTED = [
    (pa.decimal256(76, 38), "beyond-numeric", "IFNULL(CAST(SAFE_CAST(q.`c` AS NUMERIC)"),
    (pa.month_day_nano_interval(), "interval", "q.`c` IS NOT NULL, CAST(q.`c` AS STRING)"),
    (pa.list_(pa.decimal256(76, 38)), "beyond-numeric", "q.`c` IS NOT NULL, TO_JSON_STRING(q.`c`)"),
    (pa.struct([("a", pa.month_day_nano_interval())]), "interval", "TO_JSON_STRING(q.`c`)"),
]


@pytest.mark.parametrize("dtype", PLAIN, ids=str)
def test_types_that_arrive_exactly_are_not_cast(dtype: pa.DataType) -> None:
    asked = bigquery_types.column(pa.field("c", dtype), lambda _: True)

    assert (asked.sql, asked.type, asked.flags) == ("q.`c`", dtype, ())


@pytest.mark.parametrize(("dtype", "check", "part"), DOUBTED, ids=lambda each: str(each)[:20])
def test_types_that_may_not_arrive_exactly_are_flagged(
    dtype: pa.DataType, check: str, part: str
) -> None:
    field = pa.field("c", dtype)
    used = bigquery_types.column(field, lambda _: True)
    unused = bigquery_types.column(field, lambda _: False)

    (flag,) = used.flags
    assert flag.kind.check == check
    assert part in flag.sql
    assert (unused.type, unused.flags) == (pa.string(), ())


def test_every_query_is_sql_of_bigquery_with_the_columns_that_were_asked_for() -> None:
    fields = [
        pa.field(f"c {at}", each) for at, each in enumerate((*PLAIN, *(d for d, *_ in DOUBTED)))
    ]
    columns = [bigquery_types.column(each, lambda _: True) for each in fields]
    rows = "SELECT * FROM `my-project`.`d`.`t` -- a comment"

    selection = sqlglot.parse_one(
        flagged.selection(rows, columns, bigquery_types.quoted), read="bigquery"
    )
    description = sqlglot.parse_one(bigquery_types.description(rows), read="bigquery")

    names = [each.alias_or_name for each in selection.expressions]
    assert names == [*(each.name for each in fields), *(f"kgimport_{at}" for at in range(4))]
    assert [each.sql(dialect="bigquery") for each in description.expressions] == ["q.*"]
    assert description.args["joins"][0].side == "LEFT"


def test_names_are_quoted_as_bigquery_does() -> None:
    location = Relation(("my-project", "d", "t"), SOURCE.connect({}, Path()))

    sql = bigquery._rows(Wanted("t", location, Path(), silent))

    table = sqlglot.parse_one(sql, read="bigquery").find(sqlglot.exp.Table)
    assert table
    assert [each.name for each in table.parts] == ["my-project", "d", "t"]
    assert bigquery_types.quoted("a`b\\") == "`a\\`b\\\\`"


# Logging in ---------------------------------------------------------------------------------------

KEY = '{"type": "service_account"}'
LOGINS: list[tuple[dict[str, str], DatabaseOptions, dict[str, str]]] = [
    ({"method": "oauth"}, DatabaseOptions.AUTH_VALUE_BIGQUERY, {}),
    (
        {"method": "service-account", "keyfile": "/k.json"},
        DatabaseOptions.AUTH_VALUE_JSON_CREDENTIAL_FILE,
        {DatabaseOptions.AUTH_CREDENTIALS.value: "/k.json"},
    ),
    (
        {"method": "service-account-json", "keyfile_json": KEY},
        DatabaseOptions.AUTH_VALUE_JSON_CREDENTIAL_STRING,
        {DatabaseOptions.AUTH_CREDENTIALS.value: KEY},
    ),
    (
        {"method": "service-account-json", "keyfile_json": base64.b64encode(KEY.encode()).decode()},
        DatabaseOptions.AUTH_VALUE_JSON_CREDENTIAL_STRING,
        {DatabaseOptions.AUTH_CREDENTIALS.value: KEY},
    ),
    (
        {
            "method": "oauth-secrets",
            "client_id": "i",
            "client_secret": "s",
            "refresh_token": "r",
        },
        DatabaseOptions.AUTH_VALUE_USER_AUTHENTICATION,
        {
            DatabaseOptions.AUTH_CLIENT_ID.value: "i",
            DatabaseOptions.AUTH_CLIENT_SECRET.value: "s",
            DatabaseOptions.AUTH_REFRESH_TOKEN.value: "r",
        },
    ),
]


@pytest.mark.parametrize(("settings", "kind", "options"), LOGINS)
def test_each_way_to_log_in_of_dbt_is_the_driver_s(
    settings: dict[str, str], kind: DatabaseOptions, options: dict[str, str]
) -> None:
    where = {"database": "data", "execution_project": "pays", "location": "EU"}

    found = connection_options({**where, **settings})

    assert found == {
        DatabaseOptions.PROJECT_ID.value: "pays",
        DatabaseOptions.LOCATION.value: "EU",
        DatabaseOptions.AUTH_TYPE.value: kind.value,
        **options,
    }


def test_what_a_query_may_cost_is_what_the_profile_says() -> None:
    settings = {
        "priority": "batch",
        "maximum_bytes_billed": "9",
        "job_execution_timeout_seconds": "5",
    }
    found = statement_options(settings)

    assert found[StatementOptions.PRIORITY.value] == "BATCH"
    assert found[StatementOptions.MAX_BYTES_BILLED.value] == 9
    assert found[StatementOptions.JOB_TIMEOUT.value] == 5000


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"method": "oauth"}, "nothing says which project"),
        ({"database": "p", "method": "external-oauth-wif"}, "method: external-oauth-wif"),
        ({"database": "p", "method": "service-account"}, "has no keyfile"),
        (
            {
                "database": "p",
                "method": "service-account",
                "keyfile": "k",
                "impersonate_service_account": "a",
            },
            "only with method: oauth",
        ),
    ],
)
def test_a_profile_that_leads_nowhere_is_refused(
    settings: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    with pytest.raises(UsageError, match=why) as caught:
        connection_options(settings)

    assert caught.value.hint


def test_without_a_profile_the_project_is_the_environment_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "p")

    assert connection_options({})[DatabaseOptions.PROJECT_ID.value] == "p"


# The driver itself --------------------------------------------------------------------------------


class _Denial(BaseHTTPRequestHandler):
    """Denies every token, and sends a secret back."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": "invalid_grant", "error_description": CANARY}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def key() -> Iterator[dict[str, Any]]:
    """The key of a service account, whose tokens are denied."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), _Denial) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": CANARY,
            "private_key": pem.decode(),
            "client_email": "reader@p.iam.gserviceaccount.com",
            "token_uri": f"http://127.0.0.1:{server.server_port}/token",
        }
        server.shutdown()


@pytest.mark.parametrize("in_file", [False, True])
def test_the_driver_takes_the_options_and_its_error_shows_no_secret(
    key: dict[str, Any], tmp_path: Path, in_file: bool
) -> None:
    (tmp_path / "key.json").write_text(json.dumps(key))
    login = {"method": "service-account", "keyfile": "key.json"}
    if not in_file:
        login = {"method": "service-account-json", "keyfile_json": json.dumps(key)}
    limits = {"priority": "interactive", "maximum_bytes_billed": "9"}
    there = SOURCE.connect({**login, **limits, "database": "p", "location": "EU"}, tmp_path)

    error = refused(tmp_path, node(Query("SELECT 1 AS id", there)))

    assert isinstance(error, SourceError)
    assert error.message.startswith("BigQuery does not return the rows of t: ")
    assert "cannot fetch token: 400" in error.message
    assert "invalid_grant" in error.message
    assert not any(CANARY in text for text in (str(error), repr(there)))
