"""The tables of inputs and outputs in the READMEs: `python -m tests.infra.tables` writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.infra.configuration import INFRA, load, unquoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.infra.configuration import Block

_PART = re.compile(r"(<!-- (inputs|outputs) -->\n).*?(<!-- /\2 -->)", re.DOTALL)


def readmes() -> list[Path]:
    """The root's and every module's."""
    return [INFRA / "README.md", *sorted(INFRA.glob("modules/*/README.md"))]


def current(readme: Path) -> str:
    """The README with its tables as the files beside it say."""
    module = load(readme.parent)
    tables = {
        "inputs": "\n".join(_inputs(module.of("variable"))),
        "outputs": "\n".join(_outputs(module.of("output"))),
    }
    text = readme.read_text(encoding="utf-8")
    return _PART.sub(lambda part: f"{part[1]}{tables[part[2]]}\n{part[3]}", text)


def _inputs(variables: list[Block]) -> Iterator[str]:
    yield from ("| input | what | type | default |", "| --- | --- | --- | --- |")
    for variable in variables:
        kind = re.sub(r"^\$\{(\w+).*\}$|^\W*(\w+)\W*$", r"\1\2", variable.body["type"])
        default = _default(variable.body.get("default", "required"))
        yield f"| `{variable.labels[0]}` | {_words(variable)} | {kind} | {default} |"


def _outputs(outputs: list[Block]) -> Iterator[str]:
    yield from ("| output | what |", "| --- | --- |")
    yield from (f"| `{output.labels[0]}` | {_words(output)} |" for output in outputs)


def _default(value: object) -> str:
    if value == "required":
        return "required"
    if isinstance(value, dict):
        names = [name for name in value if not name.startswith("__")]
        return ", ".join(f"`{name}`" for name in names) or "of each member"
    written = {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))
    return f"`{unquoted(written)}`" if written != '""' else "empty"


def _words(block: Block) -> str:
    return unquoted(block.body["description"]).replace("|", "\\|")


if __name__ == "__main__":
    for path in readmes():
        path.write_text(current(path), encoding="utf-8")
