"""The AWS provider's schema, out of the type definitions of its CDKTF bindings.

The package is fetched once and only read; nothing of it is kept in this repository. Each interface
names its arguments in a comment (`GlueCrawler#table_prefix`), `?` marks the optional ones, and the
getters of a class are the attributes that the provider fills in.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.infra.configuration import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CACHE = Path(os.environ.get("KGIMPORT_CACHE", ROOT / ".cache"))
_LOCK = Path(__file__).with_name("provider.txt")
_INSTALLED = _CACHE / "provider-aws"  # see provider.txt and the Makefile

_INTERFACE = re.compile(r"export interface (\w+)([^{]*)\{(.*?)\n\}", re.DOTALL)
_FIELD = re.compile(
    r"/\*\*(?P<doc>(?:(?!\*/).)*?#(?P<name>\w+)\}(?:(?!\*/).)*)\*/\s*"
    r"readonly \w+(?P<optional>\?)?: (?P<type>(?:\{[^}]*\}|[^;{])+);",
    re.DOTALL,
)
_GETTER = re.compile(r"^    get (\w+?)(?<!Input)\(\): ([^;]+);", re.MULTILINE)
_PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class Argument:
    """`kind` is string, number, bool, list, map, block or object; `many`: may be repeated."""

    required: bool
    kind: str
    nested: str = ""
    many: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """A resource or data source: its arguments, its blocks' by their interface, its attributes.

    What the provider fills in has the type of its getter, as TypeScript writes it.
    """

    arguments: Mapping[str, Argument]
    nested: Mapping[str, Mapping[str, Argument]]
    attributes: Mapping[str, str]


def schemas(addresses: Iterable[str]) -> dict[str, Schema]:
    """By address (`aws_lb`, `data.aws_region`); what the provider does not have is left out."""
    found = {address: _schema(address) for address in addresses}
    return {address: schema for address, schema in found.items() if schema}


@cache
def _schema(address: str) -> Schema | None:
    with zipfile.ZipFile(_definitions()) as definitions:
        try:
            return parse(definitions.read(f"package/lib/{_folder(address)}/index.d.ts").decode())
        except KeyError:
            return None


def parse(definitions: str) -> Schema:
    """The schema in one file of type definitions."""
    interfaces = {
        match[1]: (match[2], _arguments(match[3])) for match in _INTERFACE.finditer(definitions)
    }
    top = next(body for head, body in interfaces.values() if "TerraformMetaArguments" in head)
    own = definitions[definitions.rfind("export declare class ") :]
    return Schema(
        arguments=top,
        nested={name: body for name, (_, body) in interfaces.items()},
        attributes={
            **{_snake(name): kind for name, kind in _GETTER.findall(own)},
            **{name: argument.kind for name, argument in top.items()},
        },
    )


def _arguments(body: str) -> dict[str, Argument]:
    return {field["name"]: _argument(field) for field in _FIELD.finditer(body)}


def _argument(field: re.Match[str]) -> Argument:
    required = field["optional"] is None
    written = " ".join(field["type"].replace("| cdktf.IResolvable", "").split())
    if written in _PRIMITIVES:
        return Argument(required, _PRIMITIVES[written])
    if written.startswith("{"):
        return Argument(required, "map")
    bare = written.removesuffix("[]")
    if bare in _PRIMITIVES or written.startswith("Array<") or not bare.isidentifier():
        return Argument(required, "list")
    is_block = re.search(rf"^\W*{field['name']} block$", field["doc"], re.MULTILINE)
    return Argument(required, "block" if is_block else "object", bare, written.endswith("[]"))


def _folder(address: str) -> str:
    mode, _, kind = address.rpartition(".")
    name = kind.removeprefix("aws_").replace("_", "-")
    return f"data-aws-{name}" if mode else name


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _definitions() -> Path:
    """The package's type definitions in a form that is read from anywhere."""
    folder = _CACHE / "infra"
    locked = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    path = folder / f"provider-aws-{locked}.zip"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as definitions:
            for name, content in _package():
                definitions.writestr(name, content)
        partial.replace(path)
    return path


def _package() -> Iterator[tuple[str, bytes]]:
    packed = next(_INSTALLED.glob("cdktf_cdktf_provider_aws/_jsii/*.tgz"), None)
    if packed is None:
        raise FileNotFoundError(f"{_INSTALLED} has no definitions: run make infra-check")
    with tarfile.open(packed, mode="r:gz") as package:
        for member in package:
            if member.name.endswith("/index.d.ts") and (file := package.extractfile(member)):
                yield member.name, file.read()
