"""`kgimport run` builds what has changed and nothing else, and never keeps a stale graph."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kgimport.builds import inputs
from kgimport.builds.inputs import Watched
from kgimport.commands import run
from kgimport.commands.export import export
from kgimport.commands.load_graph import Origin
from kgimport.commands.run import Known, Project
from kgimport.errors import SourceError
from kgimport.neo4j import stores
from kgimport.options import BuildOptions, ExportOptions
from tests.graphs import people as graph_of_people
from tests.projects import people, persons, settings_of

if TYPE_CHECKING:
    from kgimport.commands.build_db import Built
    from kgimport.neo4j.runtime.programs import Neo4j

IF_CHANGED = BuildOptions(if_changed=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that is run from the folder that it lies in, as a user would."""
    monkeypatch.chdir(tmp_path)
    people(tmp_path)
    return Project(Path("people"), Path("data"), Path("build"), Path("stores"))


def known(project: Project) -> Known:
    """The project as a run knows it, but without asking dbt."""
    return Known(project, Origin(None, project.source), settings_of(project.source))


def digest(project: Project, found: Known | None = None) -> str:
    """What a run would find."""
    found = found or known(project)
    return run.digest_of(found, inputs.seen(run.watched_of(found)))


def test_the_same_inputs_have_the_same_digest(project: Project) -> None:
    assert digest(project) == digest(project)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a model": lambda at: (at / "people" / "models" / "knows.sql").write_text("select 1 as a"),
    "a model of the same size": lambda at: same_size(at / "people" / "models" / "knows.sql"),
    "a new model": lambda at: (at / "people" / "models" / "new.sql").write_text("select 1"),
    "a model less": lambda at: (at / "people" / "models" / "names.sql").unlink(),
    "a package": lambda at: put(at / "people" / "dbt_packages" / "utils" / "macros" / "m.sql"),
    "the profile": lambda at: same_size(at / "people" / "profiles.yml"),
    "the data": lambda at: persons(at / "data", "Ann", "Cy"),
    "a new file of data": lambda at: put(at / "data" / "more.parquet"),
    "data in a folder called target": lambda at: put(at / "data" / "target" / "a.parquet"),
    "data in a folder called logs": lambda at: put(at / "data" / "logs" / "a.parquet"),
    "the warehouse, by somebody else": lambda at: put(at / "people" / "people.duckdb"),
}


def same_size(file: Path) -> None:
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(1, 1))


def put(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_what_decides_changes_the_digest(project: Project, what: str) -> None:
    before = digest(project)

    CHANGES[what](Path.cwd())

    assert digest(project) != before


@pytest.mark.parametrize(
    "made",
    [
        *("people/target/manifest.json", "people/target/tables/person.parquet"),
        *("people/logs/dbt.log", "people/.user.yml", "people/.git/index", "stores/people/current"),
        *("people/models/__pycache__/m.pyc", "build/people/export.json", "elsewhere/a.parquet"),
    ],
)
def test_what_is_made_does_not_change_the_digest(project: Project, made: str) -> None:
    before = digest(project)

    put(Path(made))

    assert digest(project) == before


def test_nothing_that_kgimport_makes_counts_where_it_is_run_in_the_project(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("people")
    monkeypatch.setenv("KGIMPORT_CACHE", "cache")
    here = replace(project, source=Path(), data=Path("../data"))
    before = digest(here)

    for made in ("stores/people/current", "build/people/export.json", "cache/jars/a.jar"):
        put(Path(made))

    assert digest(here) == before


def test_where_the_artifacts_and_the_log_are_is_what_dbt_states(project: Project) -> None:
    at = Path("people")
    settings = replace(settings_of(at), artifacts=at / "out", logs=at / "written")
    found = replace(known(project), settings=settings)
    before = digest(project, found)

    put(Path("people/out/manifest.json"))
    put(Path("people/written/dbt.log"))
    assert digest(project, found) == before
    put(Path("people/target/manifest.json"))
    assert digest(project, found) != before


@pytest.mark.parametrize("file", ["shop.duckdb", "shop.duckdb.wal", "elsewhere/graph.yml"])
def test_what_is_outside_the_project_counts_if_it_decides(project: Project, file: str) -> None:
    settings = settings_of(project.source, path="../shop.duckdb")
    declared = Origin(Path("elsewhere/graph.yml"), project.source)
    found = Known(project, declared, settings)
    before = digest(project, found)

    put(Path(file))

    assert digest(project, found) != before


@pytest.mark.parametrize("file", ["shared/m.sql", "seeds/s.csv", "packages/one/macros/m.sql"])
def test_a_path_of_the_project_counts_wherever_it_is(project: Project, file: str) -> None:
    outside = tuple(Path("people/..") / each for each in ("shared", "seeds"))
    settings = replace(settings_of(project.source), packages=Path("packages"), sources=outside)
    found = replace(known(project), settings=settings)
    before = digest(project, found)

    put(Path(file))

    assert digest(project, found) != before


@pytest.mark.parametrize(
    "other",
    [
        {"target": "prod"},
        {"name": "people"},
        {"export": ExportOptions(ids="keys")},
        {"export": ExportOptions(format="parquet")},
        {"arguments": ("--full-refresh",)},
    ],
)
def test_another_option_changes_the_digest(project: Project, other: dict[str, object]) -> None:
    facts = inputs.seen(run.watched_of(known(project)))
    another = replace(project, **other)  # type: ignore[arg-type]

    assert run.digest_of(known(another), facts) != run.digest_of(known(project), facts)


@pytest.mark.parametrize(
    ("variable", "counts"),
    [
        *(("KGIMPORT_TABLES", True), ("DBT_THREADS", True), ("HIDDEN", True)),
        *(("TZ", True), ("PGTZ", True), ("NAMED", True), ("TWICE", True), ("OF_PYTHON", True)),
        *(("SOME_OTHER", False), ("HOME_OF_NOBODY", False)),
    ],
)
def test_a_variable_changes_the_digest_where_something_reads_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, variable: str, *, counts: bool
) -> None:
    models = Path("people/models")
    (models / "more.sql").write_text("select '{{ env_var(var = \"NAMED\", default='') }}'")
    (models / "more.yml").write_text("x: '{{ env_var(''TWICE'', '''') }}'")
    (models / "more.py").write_text("import os\nx = os.environ.get('OF_PYTHON')\n")
    before = digest(project)

    monkeypatch.setenv(variable, "x")

    assert (digest(project) != before) is counts


@pytest.mark.parametrize(
    ("file", "text", "is_open"),
    [
        ("m.sql", "{{ env_var('A') }} {{ env_var (\n\"B\" , '') }} {{ env_var(var='C') }}", False),
        ("m.sql", "{{ env_var('A', env_var('B')) }}", False),
        ("m.sql", "{% set name = 'X' %}{{ env_var(name) }}", True),
        ("m.sql", "{{ env_var('A') }} {{ env_var('X' ~ suffix) }}", True),
        ("m.sql", "{{ env_var('X' 'Y') }}", True),
        ("m.sql", "{{ env_var('X' if a else 'Y') }}", True),
        ("m.sql", "{{ env_var(default='', var='X') }}", True),
        ("m.sql", "{% set read = env_var %}{{ read('X') }}", True),
        ("m.sql", "{{ my_env_var('X') }} -- which is a macro", False),
        ("m.yml", "a: \"{{ env_var(\\\"A\\\") }}\"\nb: '{{ env_var(''B'') }}'", False),
        ("m.yaml", "a: \"{{ env_var(var('name')) }}\"", True),
        ("m.py", "os.environ['A'], os.environ.get('B', ''), os.getenv('C')", False),
        ("m.py", "os.environ[name]", True),
        ("m.py", "os.getenv(f'{a}')", True),
        ("m.py", "from os import environ", True),
        ("m.md", "The macro calls env_var(name).", False),
        ("m.csv", "env_var(name)", False),
    ],
)
def test_a_variable_without_a_name_may_be_any(
    project: Project, file: str, text: str, *, is_open: bool
) -> None:
    (Path("people/models") / file).write_text(text)
    found = known(project)
    seen = inputs.seen(run.watched_of(found))

    assert inputs.may_read_any_variable(seen) is is_open


@pytest.mark.parametrize("package", ["kgimport", "dbt-core", "dbt-duckdb"])
def test_another_version_changes_the_digest(
    project: Project, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    before = digest(project)

    monkeypatch.setattr(inputs, "version", lambda name: "9" if name == package else "1")
    other = digest(project)
    monkeypatch.setattr(inputs, "version", lambda _: "1")

    assert len({before, other, digest(project)}) == 3


def test_files_behind_links_count_and_links_may_lead_anywhere(project: Project) -> None:
    put(Path("lake/customer/a.parquet"))
    Path("data/customer").symlink_to(Path("lake/customer").absolute())
    Path("data/circle").symlink_to(Path("data").absolute())
    Path("data/.#lock").symlink_to("nowhere")
    before = inputs.seen(Watched((Path("data"),)))

    put(Path("lake/customer/b.parquet"))
    after = inputs.seen(Watched((Path("data"),)))

    own = {"data/person.parquet", "data/knows.parquet", "data/customer/a.parquet"}
    assert set(before) == own
    assert set(after) == own | {"data/customer/b.parquet"}


@pytest.mark.dbt
def test_a_profile_counts_wherever_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("settings").mkdir()
    Path("people/profiles.yml").rename("settings/profiles.yml")
    monkeypatch.setenv("DBT_PROFILES_DIR", "settings")
    found = run.known_of(project)
    before = digest(project, found)

    same_size(Path("settings/profiles.yml"))

    assert digest(project, found) != before


def test_a_data_folder_that_is_not_there_is_no_mistake(project: Project) -> None:
    shutil.rmtree("data")

    assert digest(project) == digest(project)


def test_what_the_run_writes_counts_as_it_left_it(tmp_path: Path) -> None:
    for name in ("model.sql", "warehouse.duckdb", "made/a/0.parquet"):
        put(tmp_path / name)
    watched = Watched((tmp_path,))
    before = inputs.seen(watched)
    for name in ("model.sql", "warehouse.duckdb", "made/a/0.parquet"):
        (tmp_path / name).write_text("new")
    (tmp_path / "made" / "a" / "1.parquet").touch()
    after = inputs.seen(watched)

    left = inputs.settled(before, after, [tmp_path / "warehouse.duckdb", tmp_path / "made" / "a"])

    model = str(tmp_path / "model.sql")  # changed by somebody while dbt ran
    assert left == {**after, model: before[model]}
    assert left != after


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build directory with the note of what it was made of."""
    build = tmp_path / "build" / "people"
    export(graph_of_people(tmp_path / "tables"), build)
    inputs.note(build, "these")
    return build


def test_a_build_directory_is_taken_for_the_inputs_that_it_was_made_of(build: Path) -> None:
    assert inputs.made_of(build.parent, "these") == build
    assert inputs.made_of(build.parent, "others") is None
    assert inputs.made_of(build.parent / "none", "these") is None


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a table is gone": lambda build: (build.parents[1] / "tables" / "person.parquet").unlink(),
    "a table is newer": lambda build: os.utime(build.parents[1] / "tables" / "knows.parquet"),
    "the build directory is gone": shutil.rmtree,
    "its record is gone": lambda build: (build / "export.json").unlink(),
    "its record is another": lambda build: (build / "export.json").write_text("{}"),
    "a file of rows is shorter": lambda build: next(build.rglob("*.csv")).write_text(""),
    "a header is gone": lambda build: next(build.rglob("*header*")).unlink(),
    "the arguments are gone": lambda build: (build / "import.args").unlink(),
    "the note is no text": lambda build: build.with_name("people.inputs").write_bytes(b"\xff"),
    "another export came": lambda build: export(
        graph_of_people(build.parents[1] / "others"), build
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_build_directory_that_is_not_as_it_was_is_not_taken(build: Path, damage: str) -> None:
    DAMAGE[damage](build)

    assert inputs.made_of(build.parent, "these") is None


@pytest.mark.parametrize(
    ("target", "local"),
    [
        ({"path": "a.duckdb"}, True),
        ({"path": ":memory:"}, True),
        ({"path": "md:lake"}, False),
        ({"path": "a.duckdb", "attach": [{"path": "b.duckdb"}]}, False),
        ({"path": "a.duckdb", "plugins": [{"module": "gsheet"}]}, False),
        ({"type": "athena"}, False),
    ],
)
def test_only_one_duckdb_of_local_files_can_be_seen_to_be_unchanged(
    target: dict[str, Any], *, local: bool
) -> None:
    assert run.is_local(settings_of(Path("people"), **target)) is local


def built(project: Project, neo4j: Neo4j, options: BuildOptions) -> tuple[Built, bool]:
    """A run's store, and whether it had dbt build the tables."""
    made, seconds = run.run(project, neo4j=neo4j, options=options)
    return made, "dbt build" in seconds


@pytest.mark.dbt
@pytest.mark.neo4j
def test_a_run_builds_what_has_changed_and_nothing_else(project: Project, neo4j: Neo4j) -> None:
    first, asked = built(project, neo4j, IF_CHANGED)
    assert (first.fresh, asked, first.record.labels) == (True, True, {"Person": 2})

    assert built(project, neo4j, IF_CHANGED) == (replace(first, fresh=False), False)

    persons(Path("data"), "Ann", "Bo", "Cy")
    second, asked = built(project, neo4j, IF_CHANGED)
    assert (second.fresh, asked, second.record.labels) == (True, True, {"Person": 3})
    assert built(project, neo4j, IF_CHANGED) == (replace(second, fresh=False), False)

    # A model fails: what is served stays, and the next run asks again.
    Path("people/models/knows.sql").write_text("select 1 as a, 2 as b, no_such_column")
    with pytest.raises(SourceError, match=r"(?s)dbt build failed:\n.*no_such_column"):
        built(project, neo4j, IF_CHANGED)
    assert stores.find(Path("stores/people")) == second.path.resolve()
    with pytest.raises(SourceError, match="dbt build failed"):
        built(project, neo4j, IF_CHANGED)

    # `dbt clean` takes away what is in target/, here the manifest; a user may remove more.
    Path("people/models/knows.sql").write_text("select 2 as a, 1 as b")
    shutil.rmtree("people/target")
    shutil.rmtree("people/made")
    Path("people/made").mkdir()
    third, asked = built(project, neo4j, IF_CHANGED)
    assert (third.fresh, asked, third.record.types) == (True, True, {"KNOWS": 1})
    shutil.rmtree("people/made")
    Path("people/made").mkdir()
    again, asked = built(project, neo4j, IF_CHANGED)
    assert (again.fresh, asked, again.path) == (False, True, third.path)
    assert built(project, neo4j, IF_CHANGED) == (again, False)
