"""Runs a state machine by moto's interpreter of the States Language, without account or clock.

It parses and runs the text that Terraform sends. In the place of something else stand: JSONata,
which moto leaves out, by jsonata-python; AWS, by a function of the test; the clock, by notes of who
would have waited how long.
"""

from __future__ import annotations

import json
import logging
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest import mock

import jsonata
from moto.stepfunctions.parser.api import StateMachineType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.state.exec.state_task import mock_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service as service,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callback,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.eval import environment, program_state, states, variable_store
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.jsonata import validations
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.mocking import mock_config

from tests.infra.configuration import INFRA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Aws = Callable[[str, Any], Any]

ACCOUNT, REGION = "123456789012", "eu-central-1"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:nightly"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:nightly:tonight"
STARTED = "2026-11-21T02:00:05.000Z"

FOLDER = INFRA / "modules" / "schedule"
# What Terraform fills in that is no text; whatever is not named here is filled with its own name.
FILLED = {
    "attempts": "3",
    "crawlers": '["kgimport-dev-customer_1", "kgimport-dev-customer_2", "kgimport-dev-customer_3"]',
    "crawlers_at_once": "2",
    "customers": "3",
    "nightly": MACHINE,
    "builds": "s3://handover/builds/",
    "memory_mb": "2048",
    "subnets": '["subnet-1"]',
    "target": "neo4j",
    "tolerated": "0",
    "window_ms": str(255 * 60_000),
}


class Thrown(Exception):  # noqa: N818  (AWS throws it)
    """What AWS answers instead of a result: an error's name, and its cause."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause


@dataclass(slots=True)
class Run:
    """An execution that has ended: SUCCEEDED or FAILED, by which way, and what it asked of AWS.

    `path` names the states of the machine itself; `calls` has those within a Map, too, each with
    its arguments. `waits` and `pauses` are the seconds of Wait states and before retries.
    """

    status: str = ""
    error: str | None = None
    cause: str | None = None
    path: list[str] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    events: int = 0

    def called(self, state: str) -> list[Any]:
        """The arguments of each call that a state made."""
        return [arguments for name, arguments in self.calls if name == state]


def text(name: str) -> str:
    """A machine's file, as Terraform reads it."""
    return (FOLDER / f"{name}.asl.json").read_text(encoding="utf-8")


def definition(name: str, **filled: str) -> dict[str, Any]:
    """A machine as Terraform sends it, by `FILLED` and what is given beside it."""
    known = {**FILLED, **filled}
    sent = re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], found[1]), text(name))
    machine: dict[str, Any] = json.loads(sent)
    return machine


def run(definition: Mapping[str, Any], aws: Aws, started: str = STARTED) -> Run:
    """Runs a machine to its end; `aws(state, arguments)` answers for AWS or raises `Thrown`."""
    done = Run()
    with ExitStack() as stack:
        for patch in _patches(done, aws):
            stack.enter_context(patch)
        world = _environment(started)
        _parsed(json.dumps(definition)).eval(world)
    return _told(done, world)


def _told(done: Run, world: environment.Environment) -> Run:
    ended = world.program_state()
    history = world.event_manager.get_event_history()
    entered = [event.get("stateEnteredEventDetails") for event in history]
    done.path = [details["name"] for details in entered if details]
    done.events = len(history)
    done.status = "FAILED"
    if isinstance(ended, program_state.ProgramEnded):
        done.status = "SUCCEEDED"
    elif isinstance(ended, program_state.ProgramError) and ended.error:
        done.error, done.cause = ended.error.get("error"), ended.error.get("cause")
    return done


@cache
def _parsed(definition: str) -> Any:
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    return AmazonStateLanguageParser.parse(definition)[0]


def _environment(started: str) -> environment.Environment:
    execution = {"Id": EXECUTION, "Name": "tonight", "Input": {}, "StartTime": started}
    context: Any = {"Execution": execution, "StateMachine": {"Id": MACHINE, "Name": "nightly"}}
    return environment.Environment(
        aws_execution_details=AWSExecutionDetails(ACCOUNT, REGION, "role"),
        execution_type=StateMachineType.STANDARD,
        context=context,
        event_history_context=EventHistoryContext.of_program_start(),
        cloud_watch_logging_session=None,
        activity_store={},
    )


def _patches(done: Run, aws: Aws) -> list[Any]:
    before = service.StateTaskService._before_eval_execution

    def noted(self: Any, env: Any, raw_parameters: Any, **others: Any) -> None:
        env.heap["arguments"] = raw_parameters
        before(self, env=env, raw_parameters=raw_parameters, **others)

    def answered(env: Any) -> mock_config.MockedResponse:
        state, arguments = env.next_state_name, env.heap["arguments"]
        done.calls.append((state, arguments))
        try:
            return mock_config.MockedResponseReturn(0, 0, aws(state, arguments))
        except Thrown as thrown:
            return mock_config.MockedResponseThrow(0, 0, thrown.error, thrown.cause)

    def waited(_: Any, env: Any, wait_seconds: float) -> None:
        done.waits.append(wait_seconds)

    world = environment.Environment
    waiting = callback.StateTaskServiceCallback  # moto itself waits for no build of CodeBuild
    return [
        mock.patch.object(waiting, "_assert_integration_pattern_is_supported"),
        mock.patch.object(string_expression, "eval_jsonata_expression", evaluated),
        mock.patch.object(validations, "eval_jsonata_expression", evaluated),
        mock.patch.object(states, "encode_jsonata_variable_declarations", _declared),
        mock.patch.object(variable_store, "encode_jsonata_variable_declarations", _declared),
        mock.patch.object(mock_eval_utils, "CustomErrorName", _named),
        mock.patch.object(retrier_decl, "time", mock.Mock(sleep=done.pauses.append)),
        mock.patch.object(wait_function.WaitFunction, "_wait_interval", waited),
        mock.patch.object(service.StateTaskService, "_before_eval_execution", noted),
        mock.patch.object(world, "is_mocked_mode", return_value=True),
        mock.patch.object(world, "get_current_mocked_response", answered),
    ]


def _named(error: str) -> Any:
    """An error's name: Step Functions' own, or AWS's."""
    if error.startswith("States."):
        return StatesErrorName(StatesErrorNameType.from_name(error))
    return CustomErrorName(error)


def evaluated(expression: str) -> Any:
    """What a JSONata expression gives, as JSON."""
    return json.loads(json.dumps(jsonata.Jsonata(expression).evaluate(None)))


def _declared(bindings: Mapping[str, Any]) -> str:
    """Variables as JSONata declares them; moto would write a text without escaping it."""
    return "".join(f"{name}:={json.dumps(value)};" for name, value in bindings.items())
