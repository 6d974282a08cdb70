"""Tables and queries of BigQuery, streamed by its ADBC driver, one query for each table.

Settings are those of dbt-bigquery's profile. Without one, the credentials and the project are those
that every program of Google's finds (application default credentials, GOOGLE_CLOUD_PROJECT).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from kgimport.errors import UsageError, short
from kgimport.locations import LocalPath, Query
from kgimport.records import QueryRecord
from kgimport.sources import adbc, batches, bigquery_types
from kgimport.sources.contract import Found, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.sources.contract import Wanted

    Settings = Mapping[str, str]

_SQL = "adbc.bigquery.sql"
_AUTH = f"{_SQL}.auth_type"
_SECRETS = ("keyfile_json", "token", "refresh_token", "client_secret")
# dbt's loader resolves aliases (project, dataset, timeout_seconds).
_KEYS = (
    *("method", "database", "project", "execution_project", "quota_project", "location"),
    *("schema", "dataset", "priority", "maximum_bytes_billed", "job_execution_timeout_seconds"),
    *("impersonate_service_account", "keyfile", "client_id", *_SECRETS),
)
_SCOPES = "https://www.googleapis.com/auth/bigquery,https://www.googleapis.com/auth/drive"


@dataclass(frozen=True, slots=True)
class BigQuery:
    """How to reach a project: settings by the names that they have in dbt's profile."""

    scheme: ClassVar[str] = "bigquery"
    parts: ClassVar[tuple[str, ...]] = ("PROJECT", "DATASET", "TABLE")
    product: ClassVar[str] = "BigQuery"
    in_files: ClassVar[bool] = False

    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # has secrets


def _connect(settings: Settings, folder: Path) -> BigQuery:
    known = {key: value for key, value in settings.items() if key in _KEYS}
    if file := known.get("keyfile"):
        known["keyfile"] = str(folder / Path(file).expanduser())
    return BigQuery(tuple(sorted(known.items())))


@dataclass(frozen=True, slots=True)
class _Opened:
    cursor: Any
    manners: adbc.Manners


@contextmanager
def _open(bigquery: BigQuery) -> Iterator[_Opened]:
    settings = dict(bigquery.settings)
    options = connection_options(settings)
    manners = adbc.Manners(
        "BigQuery",
        "try the same with dbt (`dbt debug`), or with `bq query`; reading needs the roles BigQuery "
        "Data Viewer, Job User and Read Session User",
        (*(settings[key] for key in _SECRETS if key in settings), *_private(settings)),
    )
    dbapi = adbc.driver("adbc_driver_bigquery", "BigQuery", "bigquery")
    connect = partial(dbapi.connect, db_kwargs=options, autocommit=True)
    with adbc.opened(connect, manners, statement_options(settings)) as cursor:
        yield _Opened(cursor, manners)


def connection_options(settings: Settings) -> dict[str, str]:
    """Return the driver's options for settings of dbt's profile.

    Raises `UsageError` without a project, or for a way to log in that the driver does not have.
    """
    keys = ("execution_project", "database", "project")
    named = (settings[key] for key in keys if key in settings)
    project = next(named, os.environ.get("GOOGLE_CLOUD_PROJECT"))
    if not project:
        raise UsageError(
            "nothing says which project of Google's pays for the queries",
            "use a dbt target of type bigquery, or set GOOGLE_CLOUD_PROJECT",
        )
    wanted = {
        f"{_SQL}.project_id": project,
        f"{_SQL}.location": settings.get("location"),
        f"{_SQL}.auth.quota_project": settings.get("quota_project"),
    }
    given = {key: value for key, value in wanted.items() if value}
    return {**given, **_login(settings), **_impersonation(settings)}


def statement_options(settings: Settings) -> dict[str, Any]:
    """Return the options of each query: what it may cost, and how much of its result may wait."""
    options: dict[str, Any] = {f"{_SQL}.query.result_buffer_size": 8}
    if priority := settings.get("priority"):
        options[f"{_SQL}.query.priority"] = priority.upper()
    if most := settings.get("maximum_bytes_billed"):
        options[f"{_SQL}.query.max_bytes_billed"] = int(most)
    if seconds := settings.get("job_execution_timeout_seconds"):
        options[f"{_SQL}.query.job_timeout"] = int(seconds) * 1000
    return options


# Ways to log in -----------------------------------------------------------------------------------


def _login(settings: Settings) -> dict[str, str]:
    method = settings.get("method", "oauth")
    known = _LOGINS.get(method)
    if known is None:
        raise UsageError(
            f"kgimport cannot log into BigQuery with method: {short(method)}",
            f"it knows {', '.join(sorted(_LOGINS))}; `gcloud auth application-default login` "
            "prepares oauth",
        )
    return {_AUTH: f"{_AUTH}.{known[0]}", **known[1](settings)}


def _file(settings: Settings) -> dict[str, str]:
    return {f"{_SQL}.auth_credentials": _needed(settings, "keyfile")}


def _json(settings: Settings) -> dict[str, str]:
    return {f"{_SQL}.auth_credentials": _key(_needed(settings, "keyfile_json"))}


def _user(settings: Settings) -> dict[str, str]:
    keys = ("client_id", "client_secret", "refresh_token")
    return {f"{_SQL}.auth.{key}": _needed(settings, key) for key in keys}


def _needed(settings: Settings, key: str) -> str:
    value = settings.get(key)
    if not value:
        method = settings.get("method", "")
        raise UsageError(f"dbt's profile has no {key}", f"method: {method} needs one")
    return value


def _key(text: str) -> str:
    """Return the JSON of a service account's key, which dbt also takes in base64."""
    with suppress(binascii.Error, ValueError):
        return base64.b64decode(text, validate=True).decode()
    return text


_LOGINS: Mapping[str, tuple[str, Callable[[Settings], dict[str, str]]]] = MappingProxyType(
    {
        "oauth": ("auth_bigquery", lambda _: {}),
        "service-account": ("json_credential_file", _file),
        "service-account-json": ("json_credential_string", _json),
        "oauth-secrets": ("user_authentication", _user),
    }
)


def _impersonation(settings: Settings) -> dict[str, str]:
    principal = settings.get("impersonate_service_account")
    if not principal:
        return {}
    # The driver would ask for the other account as the environment's, and not as the profile's.
    if settings.get("method", "oauth") != "oauth":
        raise UsageError(
            "the driver can impersonate a service account only with method: oauth",
            "use method: oauth, with GOOGLE_APPLICATION_CREDENTIALS for a key",
        )
    wanted = {"target_principal": principal, "scopes": _SCOPES}
    return {f"{_SQL}.impersonate.{key}": value for key, value in wanted.items()}


def _private(settings: Settings) -> tuple[str, ...]:
    """Return what is secret within the key of a service account, which messages may repeat."""
    with suppress(OSError, ValueError, AttributeError):
        file = settings.get("keyfile")
        text = Path(file).read_text(encoding="utf-8") if file else settings.get("keyfile_json", "")
        found = json.loads(_key(text))
        return tuple(str(found[key]) for key in ("private_key", "private_key_id") if key in found)
    return ()


# Rows ---------------------------------------------------------------------------------------------


def _locate(opened: _Opened, wanted: Wanted) -> Found:
    wanted.progress(f"query {wanted.table}", None)
    began = monotonic()
    rows = _rows(wanted)
    with adbc.refusing(opened.manners, f"does not return the rows of {wanted.table}"):
        opened.cursor.execute(bigquery_types.description(rows))
        schema = opened.cursor.fetch_arrow_table().schema
        batches.must_have_own_names(wanted.table, schema.names, str.casefold)
        columns = [bigquery_types.column(each, wanted.is_used) for each in schema]
        adbc.copy(opened.cursor, wanted, rows, columns, bigquery_types.quoted)
    record = QueryRecord(wanted.table, "", 0, round(monotonic() - began, 3))
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[BigQuery, _Opened] = Source(
    MappingProxyType({key: key for key in _KEYS}), _connect, _open, _locate
)


def _rows(wanted: Wanted) -> str:
    location = wanted.location
    if isinstance(location, Query):
        return location.sql
    relation = location.sql or ".".join(map(bigquery_types.quoted, location.names))
    return f"SELECT * FROM {relation}"  # noqa: S608  (its names are quoted)
