"""Each folder of tests/broken is a graph with one defect, and what the user is told about it.

`<table>.sql` makes a table's Parquet (in DuckDB, as a dbt model would), `types.yml` says where the
file calls bytes something that SQL cannot, `names.yml` where a column has a name that SQL cannot
give it, `options.txt` has the options without which nothing is
wrong, `findings.txt` is the message with its exit code.
`python -m tests.test_broken` writes the findings anew: read them before you commit them.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from kgimport.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
BROKEN = sorted(each for each in (ROOT / "tests" / "broken").iterdir() if each.is_dir())
EXPORT = ("export", "--graph", "graph.yml", "--out", "out")
CHECK = ("check", "--graph", "graph.yml")


def lay_out(broken: Path, place: Path) -> None:
    """The folder as a user would have it: the declaration beside its tables as Parquet."""
    shutil.copy(broken / "graph.yml", place)
    for query in broken.glob("*.sql"):
        file = place / f"{query.stem}.parquet"
        with duckdb.connect() as database:
            database.sql(query.read_text(encoding="utf-8")).write_parquet(str(file))
    for table, types in _said(broken / "types.yml"):
        _call(place / f"{table}.parquet", types)
    for table, names in _said(broken / "names.yml"):
        _name(place / f"{table}.parquet", names)


def _said(file: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    """What a file that may be missing says of each table."""
    return yaml.safe_load(file.read_text()).items() if file.exists() else ()


def _call(file: Path, types: dict[str, Any]) -> None:
    """Makes a file say of its columns that they are of other types; their bytes stay."""
    table = pq.read_table(file)
    for at, name in enumerate(table.schema.names):
        if name in types:
            called = table[name].combine_chunks().view(_type(types[name]))
            table = table.set_column(at, name, called)
    pq.write_table(table, file)


def _name(file: Path, names: dict[str, str]) -> None:
    """Gives columns of a file other names."""
    table = pq.read_table(file)
    pq.write_table(table.rename_columns([names.get(n, n) for n in table.schema.names]), file)


def _type(said: str | dict[str, str]) -> pa.DataType:
    """An Arrow type by its name, or a struct's by those of its fields."""
    if isinstance(said, dict):
        return pa.struct([(name, _type(inner)) for name, inner in said.items()])
    return pa.type_for_alias(said)


def more(broken: Path) -> tuple[str, ...]:
    """Options without which there is no defect."""
    options = broken / "options.txt"
    return tuple(options.read_text().split()) if options.exists() else ()


def told(arguments: tuple[str, ...]) -> str:
    """The exit code and the message of a command, without the progress before it."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.stdout == ""
    return transcript(done.exit_code, done.stderr)


def transcript(code: int, stderr: str) -> str:
    progress, start, message = stderr.partition("kgimport: ")
    steps = "scan|read the keys of|look for|resolve|make the ids of|check|write|stopped"
    lines = progress.splitlines()
    assert all(re.fullmatch(rf"\S+ ({steps})( .+)?", line) for line in lines), stderr
    return f"exit code {code}\n{start}{message}"


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: each.name)
def test_a_defect_is_told_and_nothing_is_left(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_out(broken, tmp_path)
    before = sorted(tmp_path.rglob("*"))

    assert (
        told(EXPORT + more(broken))
        == told(CHECK + more(broken))
        == (broken / "findings.txt").read_text(encoding="utf-8")
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_the_program_itself_tells_the_same(tmp_path: Path) -> None:
    broken = ROOT / "tests" / "broken" / "duplicate-key"
    lay_out(broken, tmp_path)

    done = subprocess.run(
        (sys.executable, "-m", "kgimport", *EXPORT),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    said = transcript(done.returncode, done.stderr)
    assert (said, done.stdout) == ((broken / "findings.txt").read_text(encoding="utf-8"), "")


def test_each_check_and_each_rule_has_a_folder() -> None:
    found = re.findall(r" \[([a-z0-9-]+)\]$", findings(), re.MULTILINE)

    assert set(found) == {
        name.replace("{word}", word)
        for call in calls("Rule", "Check", "Finding")
        for name in spelled(call.args[0])
        for word in ("label", "type")
    }


def test_each_reason_to_refuse_a_type_has_a_folder() -> None:
    reasons = [reason for call in calls("Refusal") for reason in spelled(call.args[0])]

    missing = [
        reason
        for reason in reasons
        if not re.search(": " + re.sub(r"\\{.*?\\}", ".+", re.escape(reason)) + "; ", findings())
    ]

    assert missing == []
    assert len(reasons) > 5


def findings() -> str:
    """What all folders together tell."""
    return "\n".join((each / "findings.txt").read_text(encoding="utf-8") for each in BROKEN)


def calls(*names: str) -> Iterator[ast.Call]:
    """Every place in kgimport that makes a thing of these names."""
    for module in (ROOT / "kgimport").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
                if (called.id if isinstance(called, ast.Name) else called) in names:
                    yield node


def spelled(text: ast.expr) -> Iterator[str]:
    """A string as the code spells it, with braces where it is put together."""
    if isinstance(text, ast.Constant):
        yield str(text.value)
    elif isinstance(text, ast.JoinedStr):
        yield ast.unparse(text)[2:-1]


def renew() -> None:
    """Writes what is told today into every folder."""
    for broken in BROKEN:
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            lay_out(broken, Path(place))
            text = told(EXPORT + more(broken))
            (broken / "findings.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
