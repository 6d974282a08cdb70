"""A draft as the text of a `graph.yml`, with its reasons as comments."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kgimport.drafting.draft import Draft, Entry, Line

_WIDTH = 100
_ENDLESS = 1_000_000_000  # PyYAML breaks lines that are longer than this
_SHOWN = 40
_HEAD = (
    "A draft: it states what tests and names say, and decides nothing. Give labels and types the "
    "names that you want, remove what you do not need, and make comments part of it where they are "
    "right. `kgimport check --graph` with this file proves the rest."
)
_NULLS = "on_null: skip: no test rules out nulls, and a row with a null has no such relationship."
_DECIMALS = (
    "Neo4j has no decimals. A number whose digits a double does not keep is refused; "
    "`decimal: string` keeps all."
)
_MISSING = (
    "on_missing: skip: the test does not hold for all rows; those whose node is missing are set "
    "aside and counted."
)


def text(draft: Draft) -> str:
    """Return a draft as YAML that reads back as what it declares."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield from _head(draft)
    yield f"graph: {_flow(draft.graph)}"
    if draft.dbt is not None:
        yield f"dbt: {_flow(draft.dbt)}"
    if draft.has_decimals:
        yield from _comment(_DECIMALS)
        yield "defaults: {decimal: double}"
    yield "tables:" if draft.entries else "tables: {}"
    for entry in draft.entries:
        yield from _entry(entry)
    if draft.offered:
        yield from ("", "  # Not part of the draft, but perhaps of the graph:")
        yield from map(_comment_of, draft.offered[:_SHOWN])
    if len(draft.offered) > _SHOWN:
        yield f"  # … and {len(draft.offered) - _SHOWN:,} more"
    for note in draft.notes:
        yield from ("", *_comment(note))


def _head(draft: Draft) -> Iterator[str]:
    yield from _comment(f"Drafted from {draft.origin}. {_HEAD}")
    for word, meaning in {"on_null": _NULLS, "on_missing": _MISSING}.items():
        if _uses(draft, word):
            yield from _comment(meaning)


def _comment_of(entry: Entry) -> str:
    """Return an entry as a comment on one line."""
    parts = {
        "location": entry.location,
        "node": entry.node,
        "relationship": entry.relationship,
        "relationships": [line.value for line in entry.relationships],
    }
    given = {key: part for key, part in parts.items() if part}
    return f"  # {_flow(entry.table)}: {_flow(given)}  # {_plain('; '.join(entry.reasons))}"


def _uses(draft: Draft, word: str) -> bool:
    tables = (entry.relationship or {} for entry in draft.entries)
    keys = (line.value for entry in draft.entries for line in entry.relationships)
    return any(word in value for value in (*tables, *keys))


def _entry(entry: Entry) -> Iterator[str]:
    for reason in entry.reasons:
        yield from _comment(reason, "  ")
    yield f"  {_flow(entry.table)}:"
    if entry.location is not None:
        yield f"    location: {_flow(entry.location)}"
    if entry.node is not None:
        yield f"    node: {_flow(entry.node)}"
    if entry.relationship is not None:
        yield f"    relationship: {_flow(entry.relationship)}"
    yield from _block("relationships", entry.relationships, "- ")
    yield from _block("columns", entry.columns, "")


def _block(name: str, lines: tuple[Line, ...], mark: str) -> Iterator[str]:
    """Yield lines below a key; the key is a comment, too, if all of them are."""
    if lines:
        active = any(line.active for line in lines)
        yield f"    {'' if active else '# '}{name}:"
    for line in lines:
        value = _flow(line.value) if mark else _pair(line.value)
        yield f"      {'' if line.active else '# '}{mark}{value}  # {_plain(line.reason)}"


def _pair(value: Mapping[str, object]) -> str:
    return ", ".join(f"{_flow(name)}: {_flow(each)}" for name, each in value.items())


def _flow(value: object) -> str:
    """Return a value on one line, quoted where YAML would read it as another."""
    found = _dumped(value, allow_unicode=True)
    if len(found.splitlines()) > 1:  # a name with a line break, which only escapes keep on one line
        found = _dumped(value, default_style='"')
    return found


def _dumped(value: object, **style: Any) -> str:
    found: str = yaml.safe_dump(
        value, default_flow_style=True, width=_ENDLESS, sort_keys=False, **style
    )
    return found.removesuffix("\n").removesuffix("\n...")


def _plain(comment: str) -> str:
    """Return a text as one line of a comment, without characters that YAML does not allow."""
    shown = "".join(each if each.isprintable() else " " for each in comment)
    return " ".join(shown.split())


def _comment(words: str, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        _plain(words),
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
