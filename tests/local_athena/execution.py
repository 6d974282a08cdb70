"""One query's life, from QUEUED to its end, and what the API tells of it."""

from __future__ import annotations

import threading
import time
import traceback
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.local_athena.engine import Answer, Engine, QueryFailedError
from tests.local_athena.statements import Context, run
from tests.local_athena.values import column_info, printed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.local_athena.access import Access
    from tests.local_athena.sql import Statement

# (StatementType, SubstatementType, how the result's object ends); all others are DDL, ".txt".
_TYPES = {
    "QUERY": ("DML", "SELECT", ".csv"),
    "INSERT": ("DML", "INSERT", ""),
    "UNLOAD": ("DML", "UNLOAD", ""),
    "EXPLAIN": ("UTILITY", "EXPLAIN", ".txt"),
    "CREATE TABLE AS": ("DDL", "CREATE_TABLE_AS_SELECT", ""),
}


@dataclass(frozen=True, slots=True)
class Request:
    """What StartQueryExecution was given, its defaults filled in."""

    query: str
    statement: Statement
    database: str
    context: Mapping[str, Any]
    output: str  # the prefix of the results, with a slash at its end
    workgroup: str
    parameters: Sequence[str]
    location_is_enforced: bool


@dataclass(slots=True)
class Execution:
    """A query that was taken; `start` runs it in a thread of its own."""

    request: Request
    access: Access
    engine: Engine
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str = ""
    category: int = 0
    submitted: float = field(default_factory=time.time)
    ended: float | None = None
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    update_count: int | None = None
    manifest: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def kinds(self) -> tuple[str, str, str]:
        """Type, substatement type, and the suffix of the result."""
        kind = self.request.statement.kind
        return _TYPES.get(kind, ("DDL", kind.replace(" ", "_"), ".txt"))

    @property
    def result(self) -> str:
        """Where the result is written."""
        folder = "tables/" if self.request.statement.kind == "CREATE TABLE AS" else ""
        return f"{self.request.output}{folder}{self.id}{self.kinds[2]}"

    def start(self) -> None:
        """Run it; this call returns at once."""
        threading.Thread(target=self._work, daemon=True).start()

    def stop(self) -> None:
        """Cancel it, in the engine too; one that has ended stays as it is."""
        if self._end("CANCELLED", "Query cancelled by user"):
            self.engine.stop()

    def _work(self) -> None:
        with self._lock:
            if self.state == "QUEUED":
                self.state = "RUNNING"
        try:
            if self.state == "RUNNING":
                self._take(run(self._context()))
                self._end("SUCCEEDED")
        except QueryFailedError as error:
            self._end("FAILED", str(error), error.category)
        except Exception as error:
            traceback.print_exc()
            self._end("FAILED", f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}", 1)

    def _context(self) -> Context:
        return Context(
            self.request.statement,
            self.access,
            self.engine,
            self.request.database,
            f"{self.request.output}tables/{self.id}/",
            self.request.parameters,
            self.request.location_is_enforced,
        )

    def _end(self, state: str, reason: str = "", category: int = 0) -> bool:
        with self._lock:
            if self.ended is not None:
                return False
            self.state, self.reason, self.category = state, reason, category
            self.ended = time.time()
        return True

    def _take(self, answer: Answer) -> None:
        self.columns = [column_info(name, trino) for name, trino in answer.columns]
        types = [trino for _, trino in answer.columns]
        self.rows = [[printed(v, t) for v, t in zip(r, types, strict=True)] for r in answer.rows]
        self.update_count = answer.update_count
        if self.request.statement.kind in ("INSERT", "UNLOAD", "CREATE TABLE AS"):
            self.columns, self.rows = [], []  # Trino's only row is the count
        elif not self.engine.stopped.is_set():
            self.access.put(self.result, self._written())

    def _written(self) -> str:
        if self.kinds[2] == ".txt":
            return "\n".join("\t".join(cell or "" for cell in row) for row in self.rows)
        header = [column["Name"] for column in self.columns]
        return "".join(",".join(map(_quoted, row)) + "\n" for row in (header, *self.rows))

    def described(self) -> dict[str, Any]:
        """The QueryExecution of the API."""
        ended = self.ended or time.time()
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.ended:
            status["CompletionDateTime"] = self.ended
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.state == "FAILED":
            status["AthenaError"] = {
                "ErrorCategory": self.category,
                "ErrorType": 1006 if self.category == 2 else 401,
                "Retryable": False,
                "ErrorMessage": self.reason,
            }
        statement, substatement, _ = self.kinds
        total = int((ended - self.submitted) * 1000)
        return {
            "QueryExecutionId": self.id,
            "Query": self.request.query,
            "StatementType": statement,
            "SubstatementType": substatement,
            "ResultConfiguration": {"OutputLocation": self.result},
            "QueryExecutionContext": self.request.context,
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": min(self.engine.milliseconds, total),
                "DataScannedInBytes": self.engine.scanned,
                "TotalExecutionTimeInMillis": total,
                "ResultReuseInformation": {"ReusedPreviousResult": False},
            },
            "WorkGroup": self.request.workgroup,
            "ExecutionParameters": list(self.request.parameters),
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }

    def page(self, first: int, size: int) -> dict[str, Any]:
        """The rows from `first` on, as GetQueryResults has them; a query's first is its header."""
        header = [[column["Name"] for column in self.columns]] if self.kinds[2] == ".csv" else []
        rows = [*header, *self.rows]
        page: dict[str, Any] = {
            "ResultSet": {
                "Rows": [{"Data": [_datum(c) for c in row]} for row in rows[first : first + size]],
                "ResultSetMetadata": {"ColumnInfo": self.columns},
            },
        }
        if self.update_count is not None:
            page["UpdateCount"] = self.update_count
        if first + size < len(rows):
            page["NextToken"] = str(first + size)
        return page


def _datum(cell: str | None) -> dict[str, str]:
    return {} if cell is None else {"VarCharValue": cell}


def _quoted(cell: str | None) -> str:
    return "" if cell is None else '"' + cell.replace('"', '""') + '"'
