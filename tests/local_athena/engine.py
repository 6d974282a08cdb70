"""Queries on Trino, and the end of them."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trino

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CATALOG = "awsdatacatalog"
_USER = "athena"
_START_S = 60  # from Trino's first answer to its last part
_PATIENCE_S = 5  # until a query that was just sent has a name


class QueryFailedError(Exception):
    """What becomes the StateChangeReason; `category` is 1 for the system, 2 for the user."""

    def __init__(self, reason: str, category: int = 2) -> None:
        super().__init__(reason)
        self.category = category


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave: columns (name, Trino's type), and rows as Trino's JSON has them."""

    columns: Sequence[tuple[str, str]] = ()
    rows: Sequence[Sequence[Any]] = ()
    update_count: int | None = None


@dataclass(slots=True)
class Engine:
    """The queries of one execution; what they read is added up."""

    port: int
    database: str
    scanned: int = 0
    milliseconds: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    _cursor: Any = None

    def run(
        self, sql: str, parameters: Sequence[str] = (), session: Mapping[str, str] | None = None
    ) -> Answer:
        """Run a statement to its end.

        Raises QueryFailedError with Trino's error name and message.
        """
        if parameters:
            quoted = sql.replace("'", "''")
            sql = f"EXECUTE IMMEDIATE '{quoted}' USING {', '.join(parameters)}"
        try:
            cursor, rows = self._asked(sql, session or {})
        except trino.exceptions.TrinoQueryError as error:
            category = 2 if error.error_type == "USER_ERROR" else 1
            raise QueryFailedError(f"{error.error_name}: {error.message}", category) from error
        columns = [(column.name, column.type_code) for column in cursor.description or ()]
        changed = cursor.update_type and cursor.rowcount is not None and cursor.rowcount >= 0
        return Answer(columns, rows, cursor.rowcount if changed else None)

    def _asked(self, sql: str, session: Mapping[str, str]) -> tuple[Any, Sequence[Sequence[Any]]]:
        """A cursor that has run the statement, and its rows.

        Trino says that it is up a moment before it has found its own worker.
        """
        deadline = time.monotonic() + _START_S
        while True:
            cursor = self._cursor = self._connected(session).cursor()
            if self.stopped.is_set():  # once the cursor is known, so that `stop` sees it or is seen
                raise QueryFailedError("Query cancelled by user")
            try:
                cursor.execute(sql)
                return cursor, cursor.fetchall()
            except trino.exceptions.TrinoQueryError as error:
                if error.error_name != "NO_NODES_AVAILABLE" or time.monotonic() > deadline:
                    raise
            finally:
                self._count(cursor.stats or {})
            time.sleep(0.2)

    def _connected(self, session: Mapping[str, str]) -> Any:
        return trino.dbapi.connect(  # type: ignore[no-untyped-call]
            host="127.0.0.1",
            port=self.port,
            user=_USER,
            catalog=CATALOG,
            schema=self.database,
            session_properties=dict(session),
            legacy_primitive_types=True,
            timezone="UTC",
        )

    def _count(self, stats: Mapping[str, Any]) -> None:
        self.scanned += stats.get("physicalInputBytes") or 0
        self.milliseconds += stats.get("elapsedTimeMillis") or 0

    def stop(self) -> None:
        """End what runs, in Trino too."""
        self.stopped.set()
        deadline = time.monotonic() + _PATIENCE_S
        while self._cursor is not None and time.monotonic() < deadline:
            if query := self._cursor.query_id:
                self._kill(query)
                return
            time.sleep(0.01)

    def _kill(self, query: str) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/query/{query}",
            method="DELETE",
            headers={"X-Trino-User": _USER},
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with suppress(urllib.error.HTTPError), direct.open(request, timeout=_PATIENCE_S):
            pass
