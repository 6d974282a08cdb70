"""The state machines as files: they hang together, and their roles let them do what they do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra import machine
from tests.infra.configuration import literal, load, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.infra.configuration import Module

MACHINES = ("nightly", "deadline")
# Of an SDK's name to IAM's; Step Functions' own integrations beside it.
SERVICES = {"sfn": "states"}
SYNC = {
    "ecs:runTask.sync": ["ecs:RunTask", "ecs:DescribeTasks", "ecs:StopTask", "iam:PassRole"],
    "codebuild:startBuild.sync": [
        "codebuild:StartBuild",
        "codebuild:BatchGetBuilds",
        "codebuild:StopBuild",
    ],
    "sns:publish": ["sns:Publish"],
}
# A Map whose items are executions of their own starts them, watches them, and stops them.
ITEMS = ["states:StartExecution", "states:DescribeExecution", "states:StopExecution"]


@pytest.fixture(scope="module")
def schedule() -> Module:
    return load(machine.FOLDER)


def _nested(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A state machine, and those within its Map states."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from _nested(state["ItemProcessor"])


def _successors(state: Mapping[str, Any]) -> set[str]:
    choices = [*state.get("Choices", []), *state.get("Catch", [])]
    named = {state.get("Next"), state.get("Default"), *(choice["Next"] for choice in choices)}
    return named - {None}


@pytest.mark.parametrize("name", MACHINES)
def test_terraform_fills_in_just_the_places_that_there_are(name: str, schedule: Module) -> None:
    machines = next(block for block in schedule.of("locals") if "machines" in block.body)
    filled = members(machines.body["machines"][name]["definition"])

    assert set(filled) == set(re.findall(r"\$\{(\w+)\}", machine.text(name)))


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_leads_somewhere(name: str) -> None:
    for each in _nested(machine.definition(name)):
        states = each["States"]
        reached, ahead = set(), {each["StartAt"]}
        while ahead:
            state = ahead.pop()
            reached.add(state)
            ahead |= _successors(states[state]) - reached

        assert reached == set(states)
        ends = {state for state in states if not _successors(states[state])}
        assert {states[state]["Type"] for state in ends} <= {"Succeed", "Fail"}


def test_whatever_fails_in_the_night_is_caught() -> None:
    silent = [
        name
        for each in _nested(machine.definition("nightly"))
        for name, state in each["States"].items()
        if state["Type"] in {"Task", "Map"}
        and not any("States.ALL" in catch["ErrorEquals"] for catch in state.get("Catch", []))
    ]
    states = machine.definition("nightly")["States"]

    assert silent == []
    assert [name for name in states if "Failed" in _successors(states[name])] == ["Notify"]


@pytest.mark.parametrize("name", MACHINES)
def test_the_role_allows_exactly_what_the_states_do(name: str, schedule: Module) -> None:
    documents = [name, "replicas"] if name == "nightly" else [name]
    allowed = {
        literal(action)
        for document in documents
        for statement in schedule.names["data"][f"aws_iam_policy_document.{document}"].body[
            "statement"
        ]
        for action in statement["actions"]
        if not str(literal(action)).startswith("events:")
    }

    assert allowed == set(_actions(machine.definition(name)))


def test_the_role_may_start_and_equip_every_task_that_the_states_start(schedule: Module) -> None:
    machines = next(block for block in schedule.of("locals") if "machines" in block.body)
    filled = members(machines.body["machines"]["nightly"]["definition"])
    states = machine.definition("nightly")["States"].values()
    tasks = {
        str(state["Arguments"]["TaskDefinition"]) for state in states if "ecs:runTask" in str(state)
    }
    statements = {
        literal(each["sid"]): str(each["resources"])
        for each in schedule.names["data"]["aws_iam_policy_document.nightly"].body["statement"]
    }

    assert tasks == {"task", "load_task"}
    for task in tasks:
        module = next(name for name in ("var.loader", "var.neptune") if name in filled[task])
        assert f"{module}.task_arn" in statements["StartLoader"].replace("[*]", "")
        assert f"{module}.role_arns" in statements["GiveLoaderItsRoles"].replace("[*]", "")


def _actions(definition: Mapping[str, Any]) -> Iterator[str]:
    for nested in _nested(definition):
        if nested.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
            yield from ITEMS
        for state in nested["States"].values():
            if state["Type"] == "Task":
                called = state["Resource"].split(":states:::")[1]
                if called in SYNC:
                    yield from SYNC[called]
                else:
                    _, service, name = called.split(":")
                    yield f"{SERVICES.get(service, service)}:{name[0].upper()}{name[1:]}"
