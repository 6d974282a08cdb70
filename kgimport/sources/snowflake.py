"""Tables and queries of Snowflake, streamed by its ADBC driver, one statement for each table.

Settings are those of dbt-snowflake's profile; what it does not set (or all, for a graph.yml) comes
from the SNOWFLAKE_… variables of the same names, which Snowflake's own programs read.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from kgimport.errors import UsageError, short
from kgimport.locations import LocalPath, Query
from kgimport.records import QueryRecord
from kgimport.sources import adbc, batches, snowflake_types
from kgimport.sources.contract import Found, Source, sql_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.sources.contract import Wanted

    Settings = Mapping[str, str]

_SQL = "adbc.snowflake.sql"
_CLIENT = f"{_SQL}.client_option"
# Options of the driver for the keys of dbt's profile that it knows.
_OPTIONS = {
    "account": f"{_SQL}.account",
    "user": "username",
    "role": f"{_SQL}.role",
    "warehouse": f"{_SQL}.warehouse",
    "database": f"{_SQL}.db",
    "schema": f"{_SQL}.schema",
    "host": f"{_SQL}.uri.host",
    "port": f"{_SQL}.uri.port",
    "protocol": f"{_SQL}.uri.protocol",
}
_SECRETS = ("password", "token", "private_key", "private_key_passphrase", "oauth_client_secret")
_KEYS = (
    *_OPTIONS,
    *_SECRETS,
    "private_key_path",
    "authenticator",
    "oauth_client_id",
    "workload_identity_provider",
    "connect_timeout",
)
_SECRET_OPTIONS = (
    "password",
    f"{_CLIENT}.auth_token",
    f"{_CLIENT}.jwt_private_key_pkcs8_value",
    f"{_CLIENT}.jwt_private_key_pkcs8_password",
)
_FIXED = {
    f"{_CLIENT}.use_high_precision": "true",
    f"{_CLIENT}.max_timestamp_precision": "microseconds",
}
_LOGIN_S = "60"
# How many batches wait, and how many files of a result are fetched at a time.
_STATEMENT = {"adbc.rpc.result_queue_size": "8", "adbc.snowflake.rpc.prefetch_concurrency": "4"}


@dataclass(frozen=True, slots=True)
class Snowflake:
    """How to reach an account: settings by the names that they have in dbt's profile."""

    scheme: ClassVar[str] = "snowflake"
    parts: ClassVar[tuple[str, ...]] = ("DATABASE", "SCHEMA", "TABLE")
    product: ClassVar[str] = "Snowflake"
    in_files: ClassVar[bool] = False

    settings: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # has secrets


def _connect(settings: Settings, folder: Path) -> Snowflake:
    known = {key: value for key, value in settings.items() if key in _KEYS}
    if key := known.get("private_key_path"):
        known["private_key_path"] = str(folder / Path(key).expanduser())
    return Snowflake(tuple(sorted(known.items())))


@dataclass(frozen=True, slots=True)
class _Opened:
    cursor: Any
    manners: adbc.Manners


@contextmanager
def _open(snowflake: Snowflake) -> Iterator[_Opened]:
    settings = dict(snowflake.settings) or _of_environment()
    options = connection_options(settings)
    manners = adbc.Manners(
        "Snowflake",
        "try the same with dbt (`dbt debug`), which logs in with the same profile, or in Snowsight",
        tuple(options[key] for key in _SECRET_OPTIONS if key in options),
    )
    dbapi = adbc.driver("adbc_driver_snowflake", "Snowflake", "snowflake")
    connect = partial(dbapi.connect, db_kwargs=options, autocommit=True)
    with adbc.opened(connect, manners, _STATEMENT) as cursor:
        yield _Opened(cursor, manners)


def _of_environment() -> dict[str, str]:
    """Return the settings that the SNOWFLAKE_… variables have."""
    found = {key: os.environ.get(f"SNOWFLAKE_{key.upper()}") for key in _KEYS}
    return {key: value for key, value in found.items() if value}


def connection_options(settings: Settings) -> dict[str, str]:
    """Return the driver's options for settings of dbt's profile.

    Raises `UsageError` without an account, or for a way to log in that the driver does not have.
    """
    if not settings.get("account"):
        raise UsageError(
            "nothing says which Snowflake account has the tables",
            "name a dbt project whose target is of type snowflake, or set SNOWFLAKE_ACCOUNT, "
            "SNOWFLAKE_USER and what else dbt's profile would have",
        )
    if unrendered := [key for key, value in settings.items() if "{{" in value]:
        raise UsageError(
            f"dbt's profile has a template for {', '.join(unrendered)} that was not rendered",
            "set the environment variable that it names",
        )
    named = {_OPTIONS[key]: value for key, value in settings.items() if key in _OPTIONS}
    # As dbt does: the account is part of a host name.
    named[_OPTIONS["account"]] = settings["account"].replace("_", "-")
    timeout = f"{settings.get('connect_timeout', _LOGIN_S)}s"
    return {**_FIXED, f"{_CLIENT}.login_timeout": timeout, **named, **_login(settings)}


# Ways to log in -----------------------------------------------------------------------------------


def _login(settings: Settings) -> dict[str, str]:
    way = settings.get("authenticator", "snowflake")
    if way.startswith("https://"):
        return {_AUTH: "auth_okta", f"{_CLIENT}.okta_url": way, **_password(settings)}
    known = _LOGINS.get(way.lower())
    if known is None:
        raise UsageError(
            f"kgimport cannot log into Snowflake with authenticator: {short(way)}",
            f"it knows {', '.join(sorted(_LOGINS))}, and the address of an Okta account",
        )
    return known(settings)


_AUTH = f"{_SQL}.auth_type"


def _password(settings: Settings) -> dict[str, str]:
    return {"password": settings["password"]} if "password" in settings else {}


def _usual(settings: Settings) -> dict[str, str]:
    """Log in with a key, if there is one, else with a password."""
    if not {"private_key", "private_key_path"} & settings.keys():
        return {_AUTH: "auth_snowflake", **_password(settings)}
    options = {_AUTH: "auth_jwt", f"{_CLIENT}.jwt_private_key_pkcs8_value": _key(settings)}
    if passphrase := settings.get("private_key_passphrase"):
        options[f"{_CLIENT}.jwt_private_key_pkcs8_password"] = passphrase
    return options


def _key(settings: Settings) -> str:
    """Return a private key in PEM; dbt's profile may have it in a file, or as DER in base64."""
    key = settings.get("private_key", "")
    if not key:
        path = Path(settings["private_key_path"])
        try:
            key = path.read_text(encoding="ascii")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"the private key {path}, which dbt's profile names, cannot be read as PEM",
                "correct private_key_path; `openssl pkcs8 -topk8` makes such a file",
            ) from error
    if "-----BEGIN" in key:
        return key
    kind = "ENCRYPTED PRIVATE KEY" if settings.get("private_key_passphrase") else "PRIVATE KEY"
    return f"-----BEGIN {kind}-----\n{key}\n-----END {kind}-----\n"


def _token(kind: str, settings: Settings) -> dict[str, str]:
    if {"oauth_client_id", "oauth_client_secret"} & settings.keys():
        raise UsageError(
            "the profile's token is a refresh token, and only dbt exchanges these for another",
            "use a target for kgimport that logs in with a key, or with an access token",
        )
    token = {f"{_CLIENT}.auth_token": settings["token"]} if "token" in settings else {}
    return {_AUTH: kind, **token}


def _workload(settings: Settings) -> dict[str, str]:
    provider = settings.get("workload_identity_provider", "")
    return {**_token("auth_wif", settings), f"{_CLIENT}.identity_provider": provider.upper()}


_LOGINS: Mapping[str, Callable[[Settings], dict[str, str]]] = MappingProxyType(
    {
        "snowflake": _usual,
        "snowflake_jwt": _usual,
        "externalbrowser": lambda _: {_AUTH: "auth_ext_browser"},
        "username_password_mfa": lambda settings: {_AUTH: "auth_mfa", **_password(settings)},
        "oauth": partial(_token, "auth_oauth"),
        "jwt": partial(_token, "auth_oauth"),
        "programmatic_access_token": partial(_token, "auth_pat"),
        "workload_identity": _workload,
    }
)


# Rows ---------------------------------------------------------------------------------------------


def _locate(opened: _Opened, wanted: Wanted) -> Found:
    wanted.progress(f"query {wanted.table}", None)
    began = monotonic()
    rows = _rows(wanted)
    with adbc.refusing(opened.manners, f"does not return the rows of {wanted.table}"):
        schema = opened.cursor.adbc_execute_schema(f"SELECT * FROM ({rows}\n) AS q")  # noqa: S608
        names = [snowflake_types.arriving(name) for name in schema.names]
        batches.must_have_own_names(wanted.table, names)
        columns = [snowflake_types.column(each, wanted.is_used) for each in schema]
        adbc.copy(opened.cursor, wanted, rows, columns, _quoted)
    record = QueryRecord(wanted.table, "", 0, round(monotonic() - began, 3))
    return Found(LocalPath(str(wanted.folder)), record)


SOURCE: Source[Snowflake, _Opened] = Source(
    MappingProxyType({key: key for key in _KEYS}), _connect, _open, _locate
)


def _rows(wanted: Wanted) -> str:
    location = wanted.location
    if isinstance(location, Query):
        return location.sql
    relation = location.sql or sql_name(map(_stored, location.names))
    return f"SELECT * FROM {relation}"  # noqa: S608  (its names are quoted)


def _stored(name: str) -> str:
    """Return the name that Snowflake has for a relation, whose name may be quoted as in SQL."""
    if len(name) > len('""') and name[0] == name[-1] == '"':
        return name[1:-1].replace('""', '"')
    plain = name.upper()
    return plain if snowflake_types.arriving(plain) != plain else name


def _quoted(name: str) -> str:
    return sql_name([name])
