"""The state machines: their states hang together, decide rightly, and may do what they do."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonata
import pytest

from kgimport.errors import ExitCode
from tests.infra.configuration import INFRA, literal, load, members

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.infra.configuration import Module

MACHINES = ("nightly", "deadline")
FOLDER = INFRA / "modules" / "schedule"
# What Terraform fills in that is no text.
FILLED = {
    "crawlers": '["kgimport-dev-customer_1"]',
    "subnets": '["subnet-1"]',
    "attempts": "3",
    "window_ms": str(225 * 60_000),
}
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


@pytest.fixture(scope="module")
def schedule() -> Module:
    return load(FOLDER)


def _text(name: str) -> str:
    return (FOLDER / f"{name}.asl.json").read_text(encoding="utf-8")


def _machine(name: str) -> dict[str, Any]:
    filled = re.sub(r"\$\{(\w+)\}", lambda found: FILLED.get(found[1], found[1]), _text(name))
    machine: dict[str, Any] = json.loads(filled)
    return machine


def _nested(machine: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A state machine, and those within its Map states."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from _nested(state["ItemProcessor"])


def _successors(state: Mapping[str, Any]) -> set[str]:
    choices = [*state.get("Choices", []), *state.get("Catch", [])]
    named = {state.get("Next"), state.get("Default"), *(choice["Next"] for choice in choices)}
    return named - {None}


def _value(expression: str, **names: Any) -> Any:
    """What a JSONata expression `{% … %}` gives; `names` are its variables."""
    compiled = jsonata.Jsonata(expression.removeprefix("{%").removesuffix("%}"))
    compiled.register_lambda("parse", json.loads)  # Step Functions' own
    frame = compiled.create_frame()
    for name, value in names.items():
        frame.bind(name, value)
    return compiled.evaluate(None, frame)


@pytest.mark.parametrize("name", MACHINES)
def test_terraform_fills_in_just_the_places_that_there_are(name: str, schedule: Module) -> None:
    machines = next(block for block in schedule.of("locals") if "machines" in block.body)
    filled = members(machines.body["machines"][name]["definition"])

    assert set(filled) == set(re.findall(r"\$\{(\w+)\}", _text(name)))


@pytest.mark.parametrize("name", MACHINES)
def test_every_state_is_reached_and_leads_somewhere(name: str) -> None:
    for machine in _nested(_machine(name)):
        states = machine["States"]
        reached, ahead = set(), {machine["StartAt"]}
        while ahead:
            state = ahead.pop()
            reached.add(state)
            ahead |= _successors(states[state]) - reached

        assert reached == set(states)
        ends = {state for state in states if not _successors(states[state])}
        assert {states[state]["Type"] for state in ends} <= {"Succeed", "Fail"}


def test_whatever_fails_in_the_night_is_told() -> None:
    states = _machine("nightly")["States"]
    silent = [
        name
        for name, state in states.items()
        if state["Type"] in {"Task", "Map"}
        and name != "Tell"
        and not any("States.ALL" in catch["ErrorEquals"] for catch in state.get("Catch", []))
    ]

    assert silent == []
    assert [name for name in states if "Failed" in _successors(states[name])] == ["Tell"]


@pytest.mark.parametrize("name", MACHINES)
def test_the_role_allows_exactly_what_the_states_do(name: str, schedule: Module) -> None:
    document = schedule.names["data"][f"aws_iam_policy_document.{name}"]
    allowed = {
        literal(action)
        for statement in document.body["statement"]
        for action in statement["actions"]
        if not str(literal(action)).startswith("events:")
    }

    assert allowed == set(_actions(_machine(name)))


def _actions(machine: Mapping[str, Any]) -> Iterator[str]:
    for nested in _nested(machine):
        for state in nested["States"].values():
            if state["Type"] == "Task":
                called = state["Resource"].split(":states:::")[1]
                if called in SYNC:
                    yield from SYNC[called]
                else:
                    _, service, name = called.split(":")
                    yield f"{SERVICES.get(service, service)}:{name[0].upper()}{name[1:]}"


def _failed(code: int | None) -> dict[str, str]:
    """As Step Functions tells of a task that ended, or never started."""
    container = {"Name": "loader", **({} if code is None else {"ExitCode": code})}
    return {"Error": "States.TaskFailed", "Cause": json.dumps({"Containers": [container]})}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_failed(4), 4),
        (_failed(0), 0),
        (_failed(None), -1),
        ({"Error": "States.Timeout", "Cause": "no JSON"}, -1),
    ],
)
def test_the_exit_code_is_read_out_of_a_failure(error: dict[str, str], code: int) -> None:
    catch = _machine("nightly")["States"]["Load"]["Catch"][0]

    assert _value(catch["Assign"]["exit"], states={"errorOutput": error}) == code


def test_only_what_may_end_otherwise_is_tried_again() -> None:
    condition = _machine("nightly")["States"]["WorthAnotherTry"]["Choices"][0]["Condition"]
    given_up = {code for code in [*ExitCode, -1] if _value(condition, exit=int(code), tries=1)}

    assert given_up == {
        ExitCode.USAGE,
        ExitCode.DECLARATION,
        ExitCode.INTEGRITY,
        ExitCode.VALUE,
        ExitCode.RECONCILIATION,
    }
    assert _value(condition, exit=-1, tries=3)


def test_a_load_that_keeps_failing_is_tried_three_times_with_longer_waits_and_then_told() -> None:
    states = _machine("nightly")["States"]
    failing = _value(
        states["Load"]["Catch"][0]["Assign"]["exit"], states={"errorOutput": _failed(6)}
    )
    known = {**states["Crawl"]["Assign"], "exit": failing}
    state, loads, waits = "Load", 0, []
    while state != "Tell" and loads < 10:
        now = states[state]
        if state == "Load":
            loads, state = loads + 1, now["Catch"][0]["Next"]
        elif now["Type"] == "Choice":
            taken = [each for each in now["Choices"] if _value(each["Condition"], **known)]
            state = taken[0]["Next"] if taken else now["Default"]
        else:
            waits.append(_value(now["Seconds"], **known))
            known |= {name: _value(each, **known) for name, each in now.get("Assign", {}).items()}
            state = now["Next"]

    assert (loads, waits) == (int(FILLED["attempts"]), [60, 120])


@pytest.mark.parametrize(
    ("last", "in_time"),
    [
        ("2026-11-21T02:00:05.000Z", True),  # tonight's
        ("2026-11-20T02:00:05.000Z", False),  # last night's
        (None, False),  # none ever
    ],
)
def test_the_deadline_knows_tonights_build(last: str | None, in_time: bool) -> None:
    states = _machine("deadline")["States"]
    executions = [{"StartDate": last}] if last else []
    looked = {"result": {"Executions": executions}}
    started = _value(states["LookAtNights"]["Output"]["started"], states=looked)
    checked = {"input": {"started": started}, "context": _AT_THE_DEADLINE}

    assert _value(states["IsFromTonight"]["Choices"][0]["Condition"], states=checked) is in_time


_AT_THE_DEADLINE = {"Execution": {"StartTime": "2026-11-21T05:30:00.000Z"}}


@pytest.mark.parametrize(
    ("deployments", "rollout"),
    [
        ([("ecs-svc/2", "IN_PROGRESS"), ("ecs-svc/1", "COMPLETED")], "IN_PROGRESS"),
        ([("ecs-svc/2", "COMPLETED")], "COMPLETED"),
        ([("ecs-svc/1", "COMPLETED")], "FAILED"),  # rolled back: ours is gone
    ],
)
def test_a_roll_over_is_done_when_its_own_deployment_is(
    deployments: list[tuple[str, str]], rollout: str
) -> None:
    output = _machine("nightly")["States"]["LookAtReaders"]["Output"]["rollout"]
    found = [{"Id": name, "RolloutState": state} for name, state in deployments]
    result = {"Services": [{"Deployments": found}]}

    assert _value(output, states={"result": result}, deployment="ecs-svc/2") == rollout
