"""A night on an AWS of the tests: what it answers when nothing fails, and each failure instead."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from tests.infra import machine
from tests.infra.machine import EXECUTION, STARTED, Thrown

if TYPE_CHECKING:
    from tests.infra.machine import Aws, Run

CUSTOMERS = json.loads(machine.FILLED["crawlers"])


def replicas(*digests: str) -> dict[str, Any]:
    """Tasks of the service, each with the container that Fargate may put beside ours."""
    beside = {"Name": "aws-guardduty-agent", "ImageDigest": "sha256:guard"}
    return {
        "Tasks": [
            {"Containers": [{"Name": "readers_container", "ImageDigest": digest}, beside]}
            for digest in digests
        ]
    }


def rollout(state: str, name: str = "ecs-svc/2") -> dict[str, Any]:
    before = {"Id": "ecs-svc/1", "Status": "ACTIVE", "RolloutState": "COMPLETED"}
    deployments = [{"Id": name, "Status": "PRIMARY", "RolloutState": state}, before]
    return {"Services": [{"Deployments": deployments}]}


def crawler(state: str, last: str | None = "SUCCEEDED") -> dict[str, Any]:
    crawl = {"LastCrawl": {"Status": last}} if last else {}
    return {"Crawler": {"State": state, **crawl}}


def running(*others: tuple[str, str]) -> dict[str, Any]:
    own = {"ExecutionArn": EXECUTION, "StartDate": STARTED}
    return {"Executions": [own, *({"ExecutionArn": n, "StartDate": at} for n, at in others)]}


# What AWS answers in a night in which nothing fails and the graph is another one.
FINE: dict[str, Any] = {
    "LookForOthers": running(),
    "StartCrawler": {},
    "LookAtCrawler": crawler("READY"),
    "NotifyOfCrawlers": {},
    "Load": {},
    "Export": {},
    "LoadNeptune": {},
    "Bake": {},
    "LookAtBaked": {"ImageDetails": [{"ImageDigest": "sha256:new"}]},
    "ListReplicas": {"TaskArns": ["task/1", "task/2"]},
    "LookAtReplicas": replicas("sha256:old", "sha256:old"),
    "RollOver": {"Service": rollout("IN_PROGRESS")["Services"][0]},
    "LookAtReaders": rollout("COMPLETED"),
    "Notify": {},
}
BUILT = ["Load", "ListReplicas", "AreThereReplicas", "LookAtReplicas", "Bake", "LookAtBaked"]
ROLLED = ["RollOver", "WaitForReaders", "LookAtReaders", "ReadersDone", "Ready"]
WAY = [
    *("Settle", "LookForOthers", "IsAlone", "Crawl", "AllCrawled", "Target"),
    *(*BUILT, "IsServed", *ROLLED),
]
TO_NEPTUNE = {"target": "neptune"}
NEPTUNE = ("Export", "LoadNeptune")
TASKS = [name for name in FINE if name not in {"NotifyOfCrawlers", "Notify", *NEPTUNE}]
OF_CRAWLERS = ("StartCrawler", "LookAtCrawler")
THROTTLED = {
    "LookForOthers": "Sfn.ThrottlingException",
    "StartCrawler": "Glue.ThrottlingException",
    "LookAtCrawler": "Glue.ThrottlingException",
    **dict.fromkeys(("Load", *NEPTUNE), "ECS.AmazonECSException"),
    "Bake": "CodeBuild.ThrottlingException",
    "LookAtBaked": "Ecr.ThrottlingException",
    **dict.fromkeys(
        ("ListReplicas", "LookAtReplicas", "RollOver", "LookAtReaders"), "Ecs.ThrottlingException"
    ),
}


def aws(**answers: list[Any]) -> Aws:
    """As `FINE`, but for the states that are named: their answers in turn, the last for good.

    Where a crawler is asked for, an answer may be a mapping by its name.
    """
    left = {state: list(each) for state, each in answers.items()}
    turn = threading.Lock()  # items of a Map ask side by side

    def answer(state: str, arguments: Any) -> Any:
        queue = left.get(state, [FINE[state]])
        with turn:
            found = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(found, dict) and arguments.get("Name") in found:
            found = found[arguments["Name"]]
        if isinstance(found, Thrown):
            raise found
        return found

    return answer


def night(filled: dict[str, str] | None = None, /, **answers: list[Any]) -> Run:
    return machine.run(machine.definition("nightly", **filled or {}), aws(**answers))


def ended(code: int | None) -> Thrown:
    """As Step Functions tells of a task that ended, or never started."""
    container = {"Name": "loader", **({} if code is None else {"ExitCode": code})}
    cause = {"Attachments": [], "Containers": [container], "StopCode": "EssentialContainerExited"}
    return Thrown("States.TaskFailed", json.dumps(cause))


def told_by(run: Run) -> str:
    """The one message of a night that failed."""
    (message,) = run.called("Notify")
    assert run.status == "FAILED"
    assert message["Subject"] == "name: the graph was not built"
    return str(message["Message"])
