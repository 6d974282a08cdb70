"""What Glue answers to Trino, where moto's answer would not do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.local_athena.calls import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.local_athena.faults import App

# moto does not know them and answers 500, which makes Trino try ten times and then give up.
_STATISTICS: dict[str, dict[str, list[Any]]] = {
    "UpdateColumnStatisticsForTable": {"Errors": []},
    "UpdateColumnStatisticsForPartition": {"Errors": []},
    "DeleteColumnStatisticsForTable": {},
    "DeleteColumnStatisticsForPartition": {},
    "GetColumnStatisticsForTable": {"ColumnStatisticsList": [], "Errors": []},
    "GetColumnStatisticsForPartition": {"ColumnStatisticsList": [], "Errors": []},
}


@dataclass(frozen=True, slots=True)
class GlueForTrino:
    """The WSGI application that puts right what only Trino stumbles over."""

    app: App

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a call, or hand it on."""
        call = recognise(environ)
        if call.service == "glue" and call.action in _STATISTICS:
            return _json(start, "200 OK", json.dumps(_STATISTICS[call.action]).encode())
        if call.service == "glue" and call.engine and call.action in ("GetTable", "GetTables"):
            return self._with_views(environ, start)
        return self.app(environ, start)

    def _with_views(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Trino takes a view for one by its comment, which dbt may have overwritten."""
        status: list[str] = []
        body = b"".join(self.app(environ, lambda said, *_: status.append(said)))
        answer = json.loads(body)
        for table in [answer["Table"]] if "Table" in answer else answer.get("TableList", []):
            if (table.get("Parameters") or {}).get("presto_view") == "true":
                table["Parameters"]["comment"] = "Presto View"
                table.pop("Description", None)
        return _json(start, status[0], json.dumps(answer).encode())


def _json(start: Callable[..., Any], status: str, body: bytes) -> Iterable[bytes]:
    kind = ("Content-Type", "application/x-amz-json-1.1")
    start(status, [kind, ("Content-Length", str(len(body)))])
    return [body]
