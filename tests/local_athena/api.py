"""Athena's API: queries run on Trino, metadata come from Glue, the rest (work groups) is moto's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.local_athena.access import Access
from tests.local_athena.calls import recognise, take_body
from tests.local_athena.engine import CATALOG, Engine
from tests.local_athena.execution import Execution, Request
from tests.local_athena.sql import NotAthenaError, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.local_athena.faults import App

_MOST_ROWS = 1000
_MOST_IDS = 50


class ApiError(Exception):
    """A refusal of a call, before there is a query."""

    def __init__(self, message: str, code: str = "InvalidRequestException") -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Athena:
    """The WSGI application that takes Athena's calls and hands all others on to `app`."""

    app: App
    trino_port: int
    endpoint: str = ""  # of this very server, where S3 and Glue are
    executions: dict[str, Execution] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # ClientRequestToken -> id

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a call."""
        call = recognise(environ)
        ours = call.service == "athena" and not call.engine
        act = _ACTIONS.get(call.action) if ours else None
        if act is None:
            return self.app(environ, start)
        given = json.loads(take_body(environ) or b"{}")
        try:
            status, answer = "200 OK", act(self, given, _access(self.endpoint, call.region))
        except ApiError as error:
            status, answer = "400 Bad Request", {"__type": error.code, "Message": str(error)}
        body = json.dumps(answer, default=datetime.timestamp).encode()
        kind = ("Content-Type", "application/x-amz-json-1.1")
        start(status, [kind, ("Content-Length", str(len(body)))])
        return [body]

    def found(self, given: dict[str, Any]) -> Execution:
        """The execution that a call is about."""
        name = str(given.get("QueryExecutionId"))
        if name not in self.executions:
            raise ApiError(f"QueryExecution {name} was not found")
        return self.executions[name]


Given = dict[str, Any]
_access = cache(Access)


def _start(athena: Athena, given: Given, access: Access) -> Given:
    token = given.get("ClientRequestToken", "")
    if token not in athena.tokens:
        request = _request(given, access)
        execution = Execution(request, access, Engine(athena.trino_port, request.database))
        athena.executions[execution.id] = execution
        athena.tokens[token or execution.id] = execution.id
        execution.start()
        return {"QueryExecutionId": execution.id}
    return {"QueryExecutionId": athena.tokens[token]}


def _request(given: Given, access: Access) -> Request:
    query = given.get("QueryString") or ""
    try:
        statement = parse(query)
    except NotAthenaError as error:
        raise ApiError(str(error)) from error
    name = given.get("WorkGroup") or "primary"
    group = _work_group(name, access)
    if group.get("State") == "DISABLED":
        raise ApiError(f"WorkGroup {name} is disabled.")
    rules = group.get("Configuration") or {}
    context = given.get("QueryExecutionContext") or {}
    if context.get("Catalog", CATALOG).lower() != CATALOG:
        raise ApiError(f"Catalog {context['Catalog']} was not found")
    theirs = (rules.get("ResultConfiguration") or {}).get("OutputLocation")
    enforced = bool(theirs and rules.get("EnforceWorkGroupConfiguration"))
    ours = (given.get("ResultConfiguration") or {}).get("OutputLocation")
    output = theirs if enforced else ours or theirs
    if not output:
        raise ApiError(
            "No output location provided. An output location is required either through the"
            " Workgroup result configuration setting or as an API input."
        )
    return Request(
        query=query,
        statement=statement,
        database=str(context.get("Database") or "default").lower(),
        context=context,
        output=output.rstrip("/") + "/",
        workgroup=name,
        parameters=given.get("ExecutionParameters") or (),
        location_is_enforced=enforced,
    )


def _work_group(name: str, access: Access) -> Given:
    group = access.athena.get_work_group(WorkGroup=name).get("WorkGroup")
    if not group:
        raise ApiError(f"WorkGroup {name} is not found.")
    found: Given = group
    return found


def _get(athena: Athena, given: Given, _: Access) -> Given:
    return {"QueryExecution": athena.found(given).described()}


def _batch_get(athena: Athena, given: Given, _: Access) -> Given:
    names = given.get("QueryExecutionIds") or []
    if not 0 < len(names) <= _MOST_IDS:
        raise ApiError(f"1 to {_MOST_IDS} QueryExecutionIds are expected")
    known = [athena.executions[name].described() for name in names if name in athena.executions]
    unknown = [
        {"QueryExecutionId": name, "ErrorCode": "INVALID_INPUT", "ErrorMessage": "was not found"}
        for name in names
        if name not in athena.executions
    ]
    return {"QueryExecutions": known, "UnprocessedQueryExecutionIds": unknown}


def _stop(athena: Athena, given: Given, _: Access) -> Given:
    athena.found(given).stop()
    return {}


def _results(athena: Athena, given: Given, _: Access) -> Given:
    execution, size = athena.found(given), given.get("MaxResults") or _MOST_ROWS
    if execution.state != "SUCCEEDED":
        raise ApiError(
            f"Query did not finish successfully. Final query state: {execution.state}"
            if execution.ended
            else f"Query has not yet finished. Current state: {execution.state}"
        )
    if not 0 < size <= _MOST_ROWS:
        raise ApiError(f"MaxResults is more than maximum allowed length {_MOST_ROWS}.")
    return execution.page(int(given.get("NextToken") or 0), size)


def _list(athena: Athena, given: Given, _: Access) -> Given:
    group = given.get("WorkGroup") or "primary"
    names = [e.id for e in athena.executions.values() if e.request.workgroup == group]
    return {"QueryExecutionIds": names[::-1]}


def _get_work_group(_: Athena, given: Given, access: Access) -> Given:
    return {"WorkGroup": _work_group(str(given["WorkGroup"]), access)}


def _databases(_: Athena, __: Given, access: Access) -> Given:
    return {"DatabaseList": [_database(entry) for entry in access.databases()]}


def _get_database(_: Athena, given: Given, access: Access) -> Given:
    wanted = str(given["DatabaseName"]).lower()
    for entry in access.databases():
        if entry["Name"] == wanted:
            return {"Database": _database(entry)}
    raise ApiError(f"Database {wanted} not found.", "MetadataException")


def _database(entry: Given) -> Given:
    return {"Name": entry["Name"], "Parameters": entry.get("Parameters") or {}}


def _tables(_: Athena, given: Given, access: Access) -> Given:
    pattern = re.compile(given.get("Expression") or ".*")
    entries = access.tables(str(given["DatabaseName"]).lower())
    found = [_table(entry) for entry in entries if pattern.fullmatch(entry["Name"])]
    return {"TableMetadataList": found}


def _get_table(_: Athena, given: Given, access: Access) -> Given:
    name = str(given["TableName"]).lower()
    entry = access.table(str(given["DatabaseName"]).lower(), name)
    if entry is None:
        raise ApiError(f"Table {name} not found.", "MetadataException")
    return {"TableMetadata": _table(entry)}


def _table(entry: Given) -> Given:
    storage = entry.get("StorageDescriptor") or {}
    parameters = {
        **(entry.get("Parameters") or {}),
        "location": storage.get("Location"),
        "inputformat": storage.get("InputFormat"),
        "outputformat": storage.get("OutputFormat"),
        "serde.serialization.lib": (storage.get("SerdeInfo") or {}).get("SerializationLibrary"),
    }
    return {
        "Name": entry["Name"],
        "TableType": entry.get("TableType", "EXTERNAL_TABLE"),
        "Columns": _columns(storage.get("Columns")),
        "PartitionKeys": _columns(entry.get("PartitionKeys")),
        "Parameters": {key: value for key, value in parameters.items() if value},
    }


def _columns(columns: list[Given] | None) -> list[Given]:
    return [{"Name": column["Name"], "Type": column["Type"]} for column in columns or ()]


def _catalogs(_: Athena, __: Given, ___: Access) -> Given:
    return {"DataCatalogsSummary": [{"CatalogName": "AwsDataCatalog", "Type": "GLUE"}]}


_ACTIONS: dict[str, Callable[[Athena, Given, Access], Given]] = {
    "StartQueryExecution": _start,
    "GetQueryExecution": _get,
    "BatchGetQueryExecution": _batch_get,
    "StopQueryExecution": _stop,
    "GetQueryResults": _results,
    "ListQueryExecutions": _list,
    "GetWorkGroup": _get_work_group,
    "ListDatabases": _databases,
    "GetDatabase": _get_database,
    "ListTableMetadata": _tables,
    "GetTableMetadata": _get_table,
    "ListDataCatalogs": _catalogs,
}
