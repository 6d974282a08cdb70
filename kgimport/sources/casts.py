"""What to ask a database so that its rows arrive as they are, in the SQL that databases share.

No way out of a database keeps all of its types. So each column gets a cast to a type that arrives
exactly, and a list of what no cast keeps. One query counts these values, and one reads the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kgimport.errors import SourceError, ValueRefusedError, short
from kgimport.findings import SAMPLES, Finding
from kgimport.sources.contract import sql_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kgimport.sources.contract import Wanted

    Ask = Callable[[str], Sequence[Sequence[Any]]]

_AT_ONCE = 1000  # aggregates of a query; Postgres has room for 1,664
_WIDTH = 60  # the most characters of a sample's value


@dataclass(frozen=True, slots=True)
class Doubt:
    """Values that do not arrive exactly: `offends` is SQL that is true for the rows with some.

    If such a value `shows` in what arrives, it is counted only after that.
    """

    check: str
    sentence: str
    offends: str
    shows: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column to read: `sql` spells its values, which are exact in rows without a doubt."""

    name: str
    sql: str
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of doubt: the name of its check, and what a message says of the rows."""

    check: str
    sentence: str

    def where(self, offends: str, *, shows: bool = False) -> Doubt:
        """Return the doubt about the rows for which some SQL is true."""
        return Doubt(self.check, self.sentence, offends, shows)


NO_TIME_OF_DAY = Kind(
    "time-out-of-range",
    "times outside 00:00:00 to 23:59:59.999999999, which are not times of day",
)
INFINITE = Kind("infinite-moment", "infinity, which is not a date or an instant")
TOO_MANY_DIGITS = Kind("too-many-digits", "numbers of more than 38 digits")
ZONED_TIME = Kind(
    "time-with-zone", "times of day with a zone; cast them to TIME, or to text, in SQL"
)
INTERVAL = Kind("interval", "intervals; cast them to a number, or to text, in SQL")
NO_SUCH_TYPE = Kind("no-such-type", "values of a type that only the database has; cast them in SQL")


def selection(rows: str, columns: Sequence[Column]) -> str:
    """Return the query for the values of all columns; `rows` is a query, too."""
    values = ", ".join(f"{each.sql} AS {sql_name([each.name])}" for each in columns)
    return f"SELECT {values} FROM ({rows}\n) AS q"  # noqa: S608  (names are quoted)


def counted(wanted: Wanted, rows: str, columns: Sequence[Column], ask: Ask) -> int:
    """Return the number of rows; raise `ValueRefusedError` if some do not arrive exactly.

    `ask` runs a query and returns its rows. The samples show the table's key, too.
    """
    total, _ = measured(wanted, rows, columns, ask)
    return total


def measured(
    wanted: Wanted, rows: str, columns: Sequence[Column], ask: Ask, measures: Sequence[str] = ()
) -> tuple[int, list[Any]]:
    """Return the number of rows and some measures, aggregates in SQL, all from one query.

    Raises `ValueRefusedError` like `counted`.
    """
    doubts = [(each, doubt) for each in columns for doubt in each.doubts if not doubt.shows]
    total, values = _asked(rows, doubts, ask, measures)
    _refuse_counted(
        wanted, rows, [each.name for each in columns], zip(doubts, values, strict=False), ask
    )
    return int(total), values[len(doubts) :]


def refuse_what_shows(wanted: Wanted, rows: str, columns: Sequence[Column], ask: Ask) -> None:
    """Raise `ValueRefusedError` if some values do not arrive exactly, after one seemed not to."""
    doubts = [(each, doubt) for each in columns for doubt in each.doubts]
    _, values = _asked(rows, doubts, ask)
    _refuse_counted(
        wanted, rows, [each.name for each in columns], zip(doubts, values, strict=True), ask
    )


def _asked(
    rows: str, doubts: Sequence[tuple[Column, Doubt]], ask: Ask, measures: Sequence[str] = ()
) -> tuple[int, list[Any]]:
    """Return the number of rows, those of each doubt, and the measures."""
    offended = (f"count(*) FILTER (WHERE {doubt.offends})" for _, doubt in doubts)
    numbers = ["count(*)", *offended, *measures]
    values: list[Any] = []
    for at in range(0, len(numbers), _AT_ONCE):
        some = ", ".join(numbers[at : at + _AT_ONCE])
        values += ask(f"SELECT {some} FROM ({rows}\n) AS q")[0]  # noqa: S608  (names are quoted)
    return values[0], values[1:]


def _refuse_counted(
    wanted: Wanted,
    rows: str,
    names: Sequence[str],
    counts: Iterable[tuple[tuple[Column, Doubt], int]],
    ask: Ask,
) -> None:
    keys = [key for key in wanted.keys if key in names]
    found = [
        Finding(
            doubt.check,
            "value",
            wanted.table,
            (each.name,),
            doubt.sentence,
            number,
            _samples(rows, [*keys, each.name], doubt, ask),
        )
        for (each, doubt), number in counts
        if number
    ]
    refuse(found)


def refuse(found: Sequence[Finding]) -> None:
    """Raise `ValueRefusedError` if there are findings."""
    if found:
        raise ValueRefusedError(
            "these values cannot be read exactly:\n" + "\n".join(map(str, found)),
            "fix them in dbt, or set `skip: true` for a column that the graph does not need",
            found,
        )


def must_be_all(wanted: Wanted, rows: int, written: int) -> None:
    """Refuse a table of which other rows arrived than its database counted."""
    if rows != written:
        raise SourceError(
            f"{wanted.table}: {rows:,} rows were counted, {written:,} arrived",
            "let the view or query return the same rows each time; it may depend on time or chance",
        )


def _samples(rows: str, names: Sequence[str], doubt: Doubt, ask: Ask) -> tuple[dict[str, str], ...]:
    shown = list(dict.fromkeys(names))
    texts = ", ".join(f"CAST({sql_name([name])} AS VARCHAR)" for name in shown)
    found = ask(
        f"SELECT {texts} FROM ({rows}\n) AS q WHERE {doubt.offends} LIMIT {SAMPLES}"  # noqa: S608
    )
    return tuple(
        dict(zip(shown, (short(value, _WIDTH) for value in row), strict=True)) for row in found
    )
