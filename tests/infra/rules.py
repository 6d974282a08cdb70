"""What must hold in infra/: each rule takes a root folder and gives its findings as sentences."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from lark.exceptions import UnexpectedInput
from policy_sentry.querying.actions import get_action_data

from tests.infra import provider
from tests.infra.configuration import (
    Block,
    Module,
    arguments,
    is_block,
    literal,
    load,
    members,
    references,
    tree,
    unquoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.infra.provider import Argument, Schema

_META = {"count", "for_each", "provider", "lifecycle", "depends_on", "dynamic"}
_CALL_META = {"source", "version", "providers", "count", "for_each", "depends_on"}
_ASSIGNMENT = re.compile(r"^(\s*)([\w\"${}().-]+)(\s*) = (.*)$")
_COMPARISON = {"number": r"-?\d+(\.\d+)?", "bool": "true|false"}
# IAM asks for "*", and lets a condition say which cluster's.
_CONDITIONED = {"ecs:ListTasks": '"ecs:cluster"'}
_SKIP = re.compile(r"checkov:skip=(\w+)(?::\s*(.*))?")


def syntax(root: Path) -> Iterator[str]:
    """Every file is HCL."""
    for folder in sorted({path.parent for path in root.rglob("*.tf")}):
        try:
            load(folder)
        except UnexpectedInput as error:
            yield f"{_in(root, folder)}: line {error.line} is no HCL"


def form(root: Path) -> Iterator[str]:
    """Files are as `terraform fmt` leaves them, as far as that can be told by lines."""
    for path in sorted([*root.rglob("*.tf"), *root.rglob("*.tfvars.example")]):
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, problem in _form(lines):
            yield f"{path.relative_to(root)}:{number}: {problem}"


def schema(root: Path) -> Iterator[str]:
    """Resources, their arguments, blocks and primitive types are the provider's."""
    modules = tree(root)
    blocks = [b for module in modules.values() for b in module.of("resource", "data", "ephemeral")]
    known = provider.schemas({_schema_of(block) for block in blocks})
    for module in modules.values():
        for block in module.of("resource", "data", "ephemeral"):
            place = f"{_in(root, module.folder)}: {block.address}"
            found = known.get(_schema_of(block))
            if found is None:
                yield f"{place}: the provider has no {block.labels[0]}"
            else:
                yield from _body(place, block.body, found.arguments, found, top=True)


def names(root: Path) -> Iterator[str]:
    """Every reference resolves, to an attribute that is there, and nothing is declared in vain."""
    modules = tree(root)
    blocks = [b for module in modules.values() for b in module.of("resource", "data", "ephemeral")]
    known = provider.schemas({_schema_of(block) for block in blocks})
    for module in modules.values():
        place = _in(root, module.folder)
        used = set()
        for block in module.blocks:
            for found in references(block.body):
                used.add((found.kind, found.name))
                yield from _resolve(f"{place}: {block.address}", found, module, modules, known)
        for kind in ("var", "local", "data"):
            for name in module.names[kind]:
                if (kind, name) not in used:
                    yield f"{place}: {kind}.{name} is declared and never used"


def calls(root: Path) -> Iterator[str]:
    """Modules get the variables that they require, no others, and objects with all members."""
    modules = tree(root)
    for module in modules.values():
        for call in module.of("module"):
            place = f"{_in(root, module.folder)}: {call.address}"
            target = modules.get(module.source(call))
            if target is None:
                yield f"{place}: there is no module in {unquoted(call.body['source'])}"
            else:
                yield from _call(place, call, module, target, modules)


def policies(root: Path) -> Iterator[str]:
    """Policies allow actions that exist, each by its name, on resources that are named."""
    for module in tree(root).values():
        for block in module.of("data"):
            if block.labels[0] == "aws_iam_policy_document":
                place = f"{_in(root, module.folder)}: {block.address}"
                for statement in _statements(block.body):
                    yield from _statement(place, statement)


def exceptions(root: Path) -> Iterator[str]:
    """Every exception that checkov is told of gives its reason."""
    for path in sorted(root.rglob("*.tf")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if (found := _SKIP.search(line)) and len((found[2] or "").split()) < 4:
                yield f"{path.relative_to(root)}:{number}: {found[1]} is skipped without a reason"


def descriptions(root: Path) -> Iterator[str]:
    """Variables have a type and a description, outputs a description."""
    for module in tree(root).values():
        for block in module.of("variable", "output"):
            needs = ["description"] + ["type"] * (block.kind == "variable")
            for name in needs:
                if name not in block.body:
                    yield f"{_in(root, module.folder)}: {block.address} has no {name}"


RULES = (syntax, form, schema, names, calls, policies, exceptions, descriptions)


def _in(root: Path, folder: Path) -> str:
    return "root" if folder.resolve() == root.resolve() else folder.name


def _form(lines: list[str]) -> Iterator[tuple[int, str]]:
    if lines[-1] or lines[-2:] == ["", ""]:
        yield len(lines), "a file ends with one line break"
    depth = 0
    for number, line in enumerate(lines, 1):
        bare = re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("#")[0]
        opened = len(re.findall(r"[\[{(]", bare))
        closed = len(re.findall(r"[\]})]", bare))
        leading = len(re.match(r"\s*[\]})]*", bare)[0].replace(" ", ""))  # type: ignore[index]
        inner = depth - min(leading, 1)
        if line != line.rstrip() or "\t" in line:
            yield number, "blanks at the end, or a tab"
        elif line.strip() and len(line) - len(line.lstrip()) != 2 * inner:
            yield number, f"indented by {len(line) - len(line.lstrip())}, not {2 * inner}"
        # fmt indents once for what one line opens more often.
        depth += max(-1, min(1, opened - closed))
    yield from _alignment(lines)


def _alignment(lines: list[str]) -> Iterator[tuple[int, str]]:
    group: list[tuple[int, int]] = []
    for number, line in enumerate([*lines, ""], 1):
        found = _ASSIGNMENT.match(line)
        opens = bool(found) and line.rstrip().endswith(("{", "[", "("))
        if found and not opens:
            group.append((number, len(found[1] + found[2] + found[3])))
        if (not found or opens) and group:
            widest = max(column for _, column in group)
            yield from ((n, "= is not aligned") for n, column in group if column != widest)
            group = []


def _schema_of(block: Block) -> str:
    # The bindings leave ephemeral resources out; their arguments are those of the data source.
    return block.labels[0] if block.kind == "resource" else f"data.{block.labels[0]}"


def _body(
    place: str,
    body: Mapping[str, Any],
    known: Mapping[str, Argument],
    found: Schema,
    *,
    top: bool = False,
) -> Iterator[str]:
    given = {name: value for name, value in arguments(dict(body)).items() if name != "dynamic"}
    dynamic = [
        (unquoted(name), item)
        for entry in body.get("dynamic", [])
        for name, item in arguments(entry).items()
    ]
    for name, value in given.items():
        if top and name in _META:
            continue
        if name not in known:
            yield f"{place}: no argument {name}{_meant(name, known)}"
        else:
            yield from _value(f"{place}.{name}", value, known[name], found)
    for name, item in dynamic:
        if name not in known:
            yield f"{place}: no block {name}{_meant(name, known)}"
        else:
            yield from _value(f"{place}.{name}", item["content"], known[name], found)
    there = {*given, *(name for name, _ in dynamic)}
    yield from (
        f"{place}: {n} is required" for n, a in known.items() if a.required and n not in there
    )


def _value(place: str, value: Any, known: Argument, found: Schema) -> Iterator[str]:
    if known.kind == "block":
        if not is_block(value):
            yield f"{place}: is a block, not an argument"
            return
        if len(value) > 1 and not known.many:
            yield f"{place}: stands once at most"
        for item in value:
            yield from _body(place, item, found.nested[known.nested], found)
    elif is_block(value):
        yield f"{place}: is an argument, not a block"
    elif not _fits(value, known.kind):
        yield f"{place}: is a {known.kind}, not {value}"


def _fits(value: Any, kind: str) -> bool:
    if value is None or (isinstance(value, str) and literal(value) is None) or kind == "object":
        return True
    if kind in {"list", "map"}:
        return isinstance(value, list if kind == "list" else dict)
    if isinstance(value, list | dict):
        return False
    text = literal(value)
    if text is not None:
        return kind == "string" or re.fullmatch(_COMPARISON[kind], text) is not None
    return kind == "string" or isinstance(value, bool) == (kind == "bool")


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _resolve(
    place: str,
    found: Any,
    module: Module,
    modules: Mapping[Path, Module],
    known: Mapping[str, Schema],
) -> Iterator[str]:
    declared = module.names[found.kind]
    if found.name not in declared:
        kind = "" if found.kind == "resource" else f"{found.kind}."
        yield f"{place}: {kind}{found.name} is not declared{_meant(found.name, declared)}"
        return
    block = declared[found.name]
    parts: Iterable[str] | None = None
    if found.kind == "module":
        target = modules.get(module.source(block))
        parts = [output.labels[0] for output in target.of("output")] if target else None
    elif found.kind == "var":
        parts = _object(block)
    elif found.kind != "local" and (of := known.get(_schema_of(block))):
        parts = of.attributes
    if found.part and parts is not None and found.part not in parts:
        yield f"{place}: {found.name} has no {found.part}{_meant(found.part, parts)}"


def _object(variable: Block) -> dict[str, str] | None:
    """The members of an object's type; None where the type is another one."""
    written = variable.body.get("type", "")
    return members(written) if written.startswith("${object(") else None


def _call(
    place: str, call: Block, module: Module, target: Module, modules: Mapping[Path, Module]
) -> Iterator[str]:
    wanted = target.names["var"]
    given = {n: v for n, v in arguments(call.body).items() if n not in _CALL_META}
    for name in given.keys() - wanted.keys():
        yield f"{place}: takes no {name}{_meant(name, wanted)}"
    for name, variable in wanted.items():
        if name not in given and "default" not in variable.body:
            yield f"{place}: {name} is required"
    for name in given.keys() & wanted.keys():
        has = _members_of(given[name], module, modules)
        needs = _object(wanted[name]) or {}
        if has is not None:
            missing = [n for n, t in needs.items() if n not in has and not t.startswith("optional")]
            yield from (f"{place}: {name} has no {member}" for member in sorted(missing))


def _members_of(value: Any, module: Module, modules: Mapping[Path, Module]) -> set[str] | None:
    """What an argument that is a whole module or a whole variable has as members."""
    whole = re.fullmatch(r"\$\{(module|var)\.(\w+)\}", str(value))
    block = whole and module.names[whole[1]].get(whole[2])
    if not whole or not block:
        return None
    if whole[1] == "var":
        return set(_object(block) or {}) or None
    target = modules.get(module.source(block))
    return {output.labels[0] for output in target.of("output")} if target else None


def _statements(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from body.get("statement", [])
    for entry in body.get("dynamic", []):
        for item in arguments(entry).values():
            yield from item["content"]


def _statement(place: str, statement: Mapping[str, Any]) -> Iterator[str]:
    place = f"{place}: {unquoted(statement['sid'])}" if "sid" in statement else place
    if literal(statement.get("effect")) == "Deny":
        return
    actions = [literal(action) or "*" for action in statement.get("actions", [])]
    yield from (f"{place}: {problem}" for action in actions for problem in _action(action))
    if '"*"' in statement.get("resources", []) and not _is_key_policy(statement, actions):
        bound = [condition["variable"] for condition in statement.get("condition", [])]
        loose = [action for action in actions if _CONDITIONED.get(action) not in bound]
        for action in filter(_nameable, loose):
            yield f"{place}: {action} on every resource, where IAM lets one be named"
    if any('"*"' in principal["identifiers"] for principal in statement.get("principals", [])):
        yield f"{place}: is open to everybody"


def _action(action: str) -> Iterator[str]:
    if "*" in action:
        yield f"{action} allows more than one names"
    elif not _known(action):
        yield f"IAM has no action {action}"


def _known(action: str) -> bool:
    service, _, name = action.partition(":")
    return bool(get_action_data(service, name))


def _nameable(action: str) -> bool:
    service, _, name = action.partition(":")
    found = get_action_data(service, name) or {}
    return any(item["resource_arn_format"] != "*" for item in found.get(service, []))


def _is_key_policy(statement: Mapping[str, Any], actions: list[str]) -> bool:
    """In a key's policy, which alone has principals and such actions, "*" is that key."""
    return "principals" in statement and all(action.startswith("kms:") for action in actions)
