"""Athena's statements, as far as they are not Trino's: what kind one is, and its parts. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST = 262_144  # bytes; "Service quotas" of Athena's user guide

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<text>'(?:[^']|'')*')
      | (?P<name>"(?:[^"]|"")*"|`[^`]*`|[A-Za-z_][A-Za-z0-9_$]*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_QUERIES = ("SELECT", "WITH", "VALUES", "(")
_FAMILIES = ("CREATE", "DROP", "ALTER", "SHOW")
_ALONE = (
    *("INSERT", "DELETE", "UPDATE", "MERGE", "UNLOAD", "EXPLAIN", "DESCRIBE", "MSCK"),
    *("OPTIMIZE", "VACUUM", "PREPARE", "EXECUTE", "DEALLOCATE"),
)
# What the families' members are; Trino knows more of them than Athena does.
_MEMBERS = {
    "CREATE": ("TABLE", "VIEW", "SCHEMA", "DATABASE"),
    "DROP": ("TABLE", "VIEW", "SCHEMA", "DATABASE"),
    "ALTER": ("TABLE", "DATABASE", "VIEW"),
    "SHOW": (
        *("TABLES", "DATABASES", "SCHEMAS", "COLUMNS", "PARTITIONS"),
        *("CREATE", "TBLPROPERTIES", "VIEWS"),
    ),
}


class NotAthenaError(Exception):
    """Athena has no such statement; it answers so before there is a query."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, a text or one other character, and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """For comparing with a keyword."""
        return self.text.upper()

    @property
    def value(self) -> str:
        """What a quoted text or name says; names are lower case in Glue."""
        if self.kind == "text":
            return self.text[1:-1].replace("''", "'")
        return self.text.strip('"`').lower()


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, without comments at its ends and without its semicolon."""

    kind: str  # QUERY, CREATE TABLE AS, CREATE VIEW, UNLOAD, SHOW TABLES, …
    sql: str
    tokens: tuple[Token, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The tokens as keywords."""
        return tuple(token.word for token in self.tokens)


@dataclass(frozen=True, slots=True)
class TableName:
    """A table, with its database where the statement names one."""

    database: str | None
    table: str


@dataclass(frozen=True, slots=True)
class Ctas:
    """CREATE TABLE … AS: the values of `properties` are SQL."""

    name: TableName
    properties: dict[str, str]
    query: str
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class Unload:
    """UNLOAD (query) TO location WITH (properties)."""

    query: str
    location: str
    properties: dict[str, str]


def parse(sql: str) -> Statement:
    """Tell what a statement is; NotAthenaError for what Athena does not take."""
    if not (tokens := tuple(_tokens(sql))):
        raise NotAthenaError("Query string is empty")
    if len(sql.encode()) > LONGEST:
        raise NotAthenaError(f"Query string is longer than {LONGEST} bytes")
    ends = [token.start for token in tokens if token.text == ";"]
    if ends and ends[0] < tokens[-1].start:
        raise NotAthenaError(f"Only one sql statement is allowed. Got: {sql}")
    tokens = tuple(token for token in tokens if token.text != ";")
    kind = _kind([token.word for token in tokens])
    return Statement(kind, sql[tokens[0].start : tokens[-1].end], _moved(tokens))


def _moved(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    by = tokens[0].start
    return tuple(Token(t.kind, t.text, t.start - by, t.end - by) for t in tokens)


def _tokens(sql: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(sql):
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match[0], match.start(), match.end())


def _kind(words: Sequence[str]) -> str:
    first = words[0]
    if first in _QUERIES:
        return "QUERY"
    if first in _ALONE:
        return first
    if first in _FAMILIES:
        rest = [word for word in words[1:] if word not in ("OR", "REPLACE", "EXTERNAL")]
        if rest and rest[0] in _MEMBERS[first]:
            return _table_kind(words) if first == "CREATE" else f"{first} {rest[0]}"
    raise NotAthenaError("Queries of this type are not supported")


def _table_kind(words: Sequence[str]) -> str:
    if "VIEW" in words[:4]:
        return "CREATE VIEW"
    if words[1] in ("SCHEMA", "DATABASE"):
        return "CREATE SCHEMA"
    if "EXTERNAL" in words[:2]:
        return "CREATE EXTERNAL TABLE"
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "AS" and depth == 0:
            return "CREATE TABLE AS"
    return "CREATE TABLE"


def table_name(tokens: Sequence[Token]) -> tuple[TableName, int]:
    """The name that the tokens begin with, and how many tokens it has."""
    parts, at = [tokens[0].value], 1
    while at + 1 < len(tokens) and tokens[at].text == ".":
        parts.append(tokens[at + 1].value)
        at += 2
    return TableName(parts[-2] if len(parts) > 1 else None, parts[-1]), at


def after(statement: Statement, *words: str) -> tuple[Token, ...]:
    """The tokens after these keywords and an IF [NOT] EXISTS that follows them."""
    rest = list(statement.tokens)
    while rest and rest[0].word in (*words, "IF", "NOT", "EXISTS"):
        rest.pop(0)
    return tuple(rest)


def ctas(statement: Statement) -> Ctas:
    """The parts of a CREATE TABLE AS."""
    tokens = after(statement, "CREATE", "TABLE")
    name, used = table_name(tokens)
    tokens = tokens[used:]
    properties: dict[str, str] = {}
    if tokens[0].word == "WITH":
        end = _closing(tokens, 1)
        properties = _properties(statement.sql, tokens[2:end])
        tokens = tokens[end + 1 :]
    query = statement.sql[tokens[0].end :].strip()  # the token is AS
    return Ctas(name, properties, query, statement.words[2:4] == ("IF", "NOT"))


def unload(statement: Statement) -> Unload:
    """The parts of an UNLOAD; NotAthenaError where one is missing."""
    tokens = statement.tokens
    if tokens[1].text != "(":
        raise NotAthenaError("mismatched input in UNLOAD: a query in brackets is expected")
    end = _closing(tokens, 1)
    query = statement.sql[tokens[1].end : tokens[end].start].strip()
    rest = tokens[end + 1 :]
    if len(rest) < 5 or (rest[0].word, rest[1].kind, rest[2].word) != ("TO", "text", "WITH"):
        raise NotAthenaError("mismatched input in UNLOAD: TO 's3://…' WITH (…) is expected")
    properties = _properties(statement.sql, rest[4 : _closing(rest, 3)])
    return Unload(query, rest[1].value, properties)


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
        if depth == 0:
            return at
    raise NotAthenaError("mismatched input '<EOF>': a bracket is not closed")


def _properties(sql: str, tokens: Sequence[Token]) -> dict[str, str]:
    """`name = value, …`, the values as they are written."""
    found: dict[str, str] = {}
    depth, name, begin = 0, "", 0
    for at, token in enumerate(tokens):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0)
        if token.text == "=" and depth == 0:
            name, begin = tokens[at - 1].value, token.end
        last = at + 1 == len(tokens)
        if depth == 0 and (token.text == "," or last):
            found[name] = sql[begin : token.end if last else token.start].strip()
    return found


def text_of(value: str) -> str:
    """What a quoted SQL text says."""
    return value.strip().strip("'").replace("''", "'")
