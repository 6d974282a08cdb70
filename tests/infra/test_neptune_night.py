"""The night that loads Neptune: its way, and what is told of each failure."""

from __future__ import annotations

from typing import get_args

import pytest

from kgimport.choices import Dialect
from kgimport.errors import ExitCode
from tests.infra.machine import EXECUTION, Thrown
from tests.infra.nights import (
    CUSTOMERS,
    FINE,
    NEPTUNE,
    THROTTLED,
    TO_NEPTUNE,
    ended,
    told_by,
)
from tests.infra.nights import (
    night as run,
)
from tests.infra.test_nightly import GIVEN_UP

WAY = [
    *("Settle", "LookForOthers", "IsAlone", "Crawl", "AllCrawled", "Target"),
    *(*NEPTUNE, "Ready"),
]
ALONE = {**TO_NEPTUNE, "crawlers": "[]"}
STAYED = "What is served stays as it was."
BEGUN = "The load had begun, and nothing takes back what it wrote."


def test_a_graph_for_neptune_is_exported_and_loaded_and_nothing_else() -> None:
    night = run(TO_NEPTUNE)

    assert (night.status, night.path) == ("SUCCEEDED", WAY)
    assert sorted(each["Name"] for each in night.called("StartCrawler")) == CUSTOMERS
    assert {state for state, _ in night.calls} == {
        *("LookForOthers", "StartCrawler", "LookAtCrawler"),
        *NEPTUNE,
    }


def test_the_load_reads_the_place_to_which_the_export_wrote() -> None:
    night = run(ALONE)
    commands = {}
    for state in NEPTUNE:
        (asked,) = night.called(state)
        (container,) = asked["Overrides"]["ContainerOverrides"]
        commands[state] = container["Command"]

    place = commands["Export"][commands["Export"].index("--out") + 1]
    assert place == "s3://handover/builds/tonight/"
    assert commands["LoadNeptune"][:2] == ["load-neptune", place]
    assert commands["Export"][0] == "export"
    dialect = commands["Export"][commands["Export"].index("--dialect") + 1]
    assert dialect in set(get_args(Dialect)) - {"neo4j"}


def test_dbt_builds_the_tables_in_the_target_that_is_exported() -> None:
    (asked,) = run(ALONE).called("Export")
    (container,) = asked["Overrides"]["ContainerOverrides"]
    target = container["Command"][container["Command"].index("--target") + 1]

    assert container["Environment"] == [{"Name": "KGIMPORT_DBT_TARGET", "Value": target}]
    assert asked["TaskDefinition"] == "task"


@pytest.mark.parametrize("state", NEPTUNE)
@pytest.mark.parametrize("cause", ["it does not go", "no JSON: {", ""])
def test_what_fails_for_good_is_told_once_and_whether_the_graph_is_as_it_was(
    state: str, cause: str
) -> None:
    night = run(ALONE, **{state: [Thrown("States.Timeout", cause)]})
    told = told_by(night)

    assert "States.Timeout" in told
    assert cause in told
    assert EXECUTION in told
    assert told.endswith(f"\n{BEGUN if state == 'LoadNeptune' else STAYED}")


@pytest.mark.parametrize("state", NEPTUNE)
def test_what_was_throttled_twice_is_no_failure(state: str) -> None:
    refused = Thrown(THROTTLED[state], "Rate exceeded")
    night = run(ALONE, **{state: [refused, refused, FINE[state]]})

    assert (night.status, night.path) == ("SUCCEEDED", WAY)
    assert (len(night.called(state)), len(night.pauses)) == (3, 2)


@pytest.mark.parametrize("state", NEPTUNE)
@pytest.mark.parametrize("code", [*(int(code) for code in ExitCode if code), 137, None])
def test_a_step_is_tried_again_where_that_can_help_and_no_step_before_it(
    state: str, code: int | None
) -> None:
    night = run(ALONE, **{state: [ended(code)]})

    assert len(night.called(state)) == (1 if code in GIVEN_UP else 3)
    assert len(night.called("Export")) == (len(night.called(state)) if state == "Export" else 1)
    assert night.called("Load") == []
    assert ended(code).cause in told_by(night)


def test_attempts_of_the_export_are_none_of_the_load() -> None:
    failed = ended(ExitCode.AWS)
    night = run(ALONE, Export=[failed, failed, {}], LoadNeptune=[failed, failed, {}])

    assert night.status == "SUCCEEDED"
    assert night.waits == [15, 180, 360, 180, 360]


def test_a_store_is_not_exported_for_neptune() -> None:
    night = run({"crawlers": "[]"})

    assert [night.called(state) for state in NEPTUNE] == [[], []]
