"""The importer's arguments for a build directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport.targets.neo4j import schema
from kgimport.targets.neo4j.spelling import ARRAY_DELIMITER, DELIMITER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kgimport.records import ExportRecord, TableRecord
    from kgimport.targets import Format


ARGUMENTS = "import.args"
_BUFFER = 4 * 1024 * 1024  # the importer's default
_ARRAYS = f"--array-delimiter=U+{ord(ARRAY_DELIMITER):04X}"
_FORM: dict[Format, tuple[str, ...]] = {
    "csv": (
        "--input-type=csv",
        "--input-encoding=UTF-8",
        f"--delimiter={DELIMITER}",
        _ARRAYS,
        "--trim-strings=false",
        "--ignore-extra-columns=false",
        "--legacy-style-quoting=false",
        "--auto-skip-subsequent-headers=false",
    ),
    "parquet": ("--input-type=parquet", _ARRAYS),
}
# `actual`: the ids are the store's own record ids, and nothing has to be looked up.
_ID_TYPES = {"dense": "actual", "keys": "string"}


def companions(record: ExportRecord) -> dict[str, str]:
    """Return the other files of a build directory: the importer's arguments, and the schema."""
    return {
        ARGUMENTS: argument_file(arguments(record)),
        schema.SCRIPT: schema.script(record.schema),
    }


def arguments(record: ExportRecord) -> tuple[str, ...]:
    """Return the importer's arguments for a build directory; paths are relative to it.

    Every option whose default could lose or change data is set, so a future default cannot either.
    `strict` would make the importer look for dangling ends, which takes a tenth longer with keys as
    ids, and the export has proved that there are none.
    """
    return (
        *_FORM[record.format],
        f"--id-type={_ID_TYPES[record.ids]}",
        "--normalize-types=true",
        "--ignore-empty-strings=false",
        "--skip-bad-relationships=false",
        "--skip-duplicate-nodes=false",
        "--bad-tolerance=0",
        "--strict=false",
        *(_of_rows(record) if record.format == "csv" else ()),
        *(_table_argument(table) for table in record.tables),
    )


def _of_rows(record: ExportRecord) -> tuple[str, ...]:
    """Return the options for CSV that depend on its rows: their length, and their line breaks."""
    files = (file for table in record.tables for file in table.files)
    multiline = [file.path for file in files if file.multiline]
    return (f"--read-buffer-size={_buffer_size(record.longest_row)}", *_multiline(multiline))


def _buffer_size(longest_row: int) -> int:
    # A whole row has to fit.
    return max(_BUFFER, 1 << (longest_row + longest_row // 8).bit_length())


def _multiline(paths: list[str]) -> tuple[str, ...]:
    if not paths:
        return ("--multiline-fields=false", "--multiline-fields-format=v1")
    return (f"--multiline-fields={','.join(paths)}", "--multiline-fields-format=v2")


def _table_argument(table: TableRecord) -> str:
    files = ",".join(file.path for file in table.all_files)
    option = "nodes" if table.kind == "node" else "relationships"
    return f"--{option}={table.argument}{'=' if table.argument else ''}{files}"


def argument_file(arguments: Iterable[str]) -> str:
    """Return the content of `import.args`, one argument per line: `neo4j-admin … @import.args`."""
    return "".join(f'"{argument}"\n' for argument in arguments)
