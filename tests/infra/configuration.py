"""Terraform's files as blocks, and what their expressions refer to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "variable": 1, "output": 1, "module": 1}
_INDEX = r"(?:\[(?:[^\[\]]|\[[^\[\]]*\])*\])?"
_REFERENCE = re.compile(
    rf"""(?<![\w."$/-])(?:
      (?P<kind>var|local|module)\.(?P<name>\w+){_INDEX}(?:\.(?P<part>\w+))?
    | (?P<mode>data|ephemeral)\.(?P<source>\w+)\.(?P<read>\w+){_INDEX}(?:\.(?P<fact>\w+))?
    | (?P<type>aws_\w+)\.(?P<label>\w+){_INDEX}(?:\.(?P<attribute>\w+))?
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block with its labels; in its body, as hcl2 has it, nested blocks are lists of mappings."""

    kind: str
    labels: tuple[str, ...]
    body: dict[str, Any]

    @property
    def address(self) -> str:
        """As Terraform's messages name it."""
        return ".".join((*(() if self.kind == "resource" else (self.kind,)), *self.labels))


@dataclass(frozen=True, slots=True)
class Reference:
    """What an expression refers to: `kind` is var, local, module, resource, data or ephemeral."""

    kind: str
    name: str
    part: str | None


@dataclass(frozen=True)
class Module:
    """One folder of Terraform's files."""

    folder: Path
    blocks: tuple[Block, ...]

    def of(self, *kinds: str) -> list[Block]:
        """The blocks of these kinds, in the files' order."""
        return [block for block in self.blocks if block.kind in kinds]

    @cached_property
    def names(self) -> dict[str, dict[str, Block]]:
        """By kind of reference, what is declared here."""
        return {
            "var": {block.labels[0]: block for block in self.of("variable")},
            "local": {name: block for block in self.of("locals") for name in arguments(block.body)},
            "module": {block.labels[0]: block for block in self.of("module")},
            **{
                kind: {".".join(block.labels): block for block in self.of(kind)}
                for kind in ("resource", "data", "ephemeral")
            },
        }

    def source(self, call: Block) -> Path:
        """The folder of the module that is called."""
        return (self.folder / unquoted(call.body["source"])).resolve()


def load(folder: Path) -> Module:
    """Reads a folder; raises what hcl2 raises where a file is no HCL."""
    return Module(folder, tuple(b for path in sorted(folder.glob("*.tf")) for b in _blocks(path)))


def tree(root: Path) -> dict[Path, Module]:
    """The root module and those below modules/, by folder."""
    folders = [root, *sorted(path.parent for path in root.glob("modules/*/main.tf"))]
    return {folder.resolve(): load(folder) for folder in folders}


def arguments(body: dict[str, Any]) -> dict[str, Any]:
    """A body without what hcl2 notes in it."""
    return {name: value for name, value in body.items() if not name.startswith("__")}


def is_block(value: object) -> bool:
    """Whether it was written as a nested block and not as an argument."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and "__is_block__" in item for item in value)
    )


def unquoted(text: str) -> str:
    """A literal text without its quotes."""
    return text[1:-1] if text[:1] == '"' == text[-1:] else text


def literal(value: object) -> str | None:
    """The text of a quoted literal without interpolation; None for anything else."""
    if isinstance(value, str) and value.startswith('"') and "${" not in value:
        return unquoted(value)
    return None


def texts(value: object) -> Iterator[str]:
    """Every expression in a body, and every key that is one."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name != "__comments__":
                yield name
                yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value


def references(value: object) -> Iterator[Reference]:
    """What the expressions in a body refer to."""
    for text in texts(value):
        for match in _REFERENCE.finditer(_without_words(text)):
            found = match.groupdict()
            if found["kind"]:
                yield Reference(found["kind"], found["name"], found["part"])
            elif found["mode"]:
                name = f"{found['source']}.{found['read']}"
                yield Reference(found["mode"], name, found["fact"])
            else:
                name = f"{found['type']}.{found['label']}"
                yield Reference("resource", name, found["attribute"])


def members(expression: str) -> dict[str, str]:
    """The members of the first `{…}` in an expression: name to value, as written."""
    found = re.search(r"(?<!\$)\{", expression)
    start = found.start() if found else len(expression)
    parts = _split(expression[start + 1 : _closing(expression, start)])
    pairs = (re.match(r'\s*"?([\w-]+)"?\s*[=:]\s*(.*)', part, re.DOTALL) for part in parts)
    return {pair[1]: pair[2] for pair in pairs if pair}


def _blocks(path: Path) -> Iterator[Block]:
    with path.open(encoding="utf-8") as file:
        found = hcl2.load(file)
    for kind, bodies in arguments(found).items():
        for body in bodies:
            yield from _labelled(kind, (), body, _LABELS.get(kind, 0))


def _labelled(kind: str, labels: tuple[str, ...], body: Any, more: int) -> Iterator[Block]:
    if not more:
        yield Block(kind, labels, body)
        return
    for label, inner in arguments(body).items():
        yield from _labelled(kind, (*labels, unquoted(label)), inner, more - 1)


def _without_words(text: str) -> str:
    """The text with nothing but what is evaluated: literals go, their interpolations stay."""
    if text.startswith('"'):
        return " ".join(re.findall(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", text))
    return text


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
