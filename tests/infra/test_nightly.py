"""The night and its deadline, run with each failure: which way is taken, and what is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kgimport.errors import ExitCode
from tests.infra import machine
from tests.infra.machine import EXECUTION, STARTED, Thrown
from tests.infra.nights import (
    CUSTOMERS,
    FINE,
    OF_CRAWLERS,
    ROLLED,
    TASKS,
    THROTTLED,
    WAY,
    crawler,
    ended,
    replicas,
    rollout,
    running,
    told_by,
)
from tests.infra.nights import (
    night as run,
)


def test_a_night_in_which_nothing_fails_rolls_over_and_tells_nobody() -> None:
    night = run()

    assert (night.status, night.path) == ("SUCCEEDED", WAY)
    assert sorted(each["Name"] for each in night.called("StartCrawler")) == CUSTOMERS
    assert night.called("Notify") == night.called("NotifyOfCrawlers") == []
    (asked,) = night.called("LookAtReplicas")
    assert asked == {"Cluster": "readers_cluster", "Tasks": ["task/1", "task/2"]}


@pytest.mark.parametrize("state", TASKS)
@pytest.mark.parametrize("error", ["Any.AccessDeniedException", "States.Timeout"])
def test_what_fails_for_good_is_told_once_with_its_error(state: str, error: str) -> None:
    night = run({"crawlers": '["one"]'}, **{state: [Thrown(error, "it does not go")]})
    told = told_by(night)

    assert error in told
    assert "it does not go" in told
    assert EXECUTION in told
    stayed = "What is served stays as it was."
    begun = "The roll-over had begun: the service says how far it came."
    assert told.endswith(f"\n{begun if state == 'LookAtReaders' else stayed}")
    assert night.error == (
        "CrawlersFailed" if state in OF_CRAWLERS else error.removeprefix("States.")
    )


@pytest.mark.parametrize("state", TASKS)
def test_what_was_throttled_twice_and_then_let_through_is_no_failure(state: str) -> None:
    refused = Thrown(THROTTLED[state], "Rate exceeded")
    night = run({"crawlers": '["one"]'}, **{state: [refused, refused, FINE[state]]})

    assert (night.status, night.path) == ("SUCCEEDED", WAY)
    assert len(night.called(state)) == 3
    assert len(night.pauses) == 2


@pytest.mark.parametrize("state", TASKS)
@pytest.mark.parametrize("cause", ["no JSON: {", "", '"quoted" \\ and \n broken'])
def test_a_cause_is_told_whatever_it_is(state: str, cause: str) -> None:
    night = run({"crawlers": '["one"]'}, **{state: [Thrown("States.TaskFailed", cause)]})

    assert cause in told_by(night)


GIVEN_UP = {
    ExitCode.USAGE,
    ExitCode.DECLARATION,
    ExitCode.INTEGRITY,
    ExitCode.VALUE,
    ExitCode.RECONCILIATION,
}


@pytest.mark.parametrize("code", [*(int(code) for code in ExitCode if code), 137, 143, None])
def test_a_load_is_tried_again_where_that_can_help(code: int | None) -> None:
    night = run({"crawlers": '["one"]'}, Load=[ended(code)])

    assert len(night.called("Load")) == (1 if code in GIVEN_UP else 3)
    assert night.called("Bake") == []
    assert ended(code).cause in told_by(night)


def test_a_load_that_fails_waits_longer_each_time_than_a_stopped_task_may_take() -> None:
    night = run({"crawlers": "[]"}, Load=[ended(6)])

    assert night.waits == [15, 180, 360]


def test_a_load_that_fails_once_is_a_night_like_any_other() -> None:
    night = run(Load=[ended(137), {}])

    assert night.status == "SUCCEEDED"
    assert night.called("Notify") == []


def test_a_crawler_that_fails_stops_no_other_and_all_that_failed_are_told() -> None:
    first, second, third = CUSTOMERS
    looks = {first: crawler("READY", "FAILED"), second: crawler("READY", "CANCELLED")}
    night = run(LookAtCrawler=[{**looks, third: crawler("READY")}])

    assert len(night.called("StartCrawler")) == 3
    assert night.called("Load") == []
    told = told_by(night)
    assert "2 of 3 crawlers failed" in told
    assert f"{first}: FAILED\n{second}: CANCELLED" in told
    assert third not in told


@pytest.mark.parametrize(("tolerated", "built"), [("0", False), ("1", True)])
def test_a_graph_without_a_customers_news_is_built_only_where_that_was_agreed(
    tolerated: str, built: bool
) -> None:
    fails = {name: crawler("READY") for name in CUSTOMERS} | {
        CUSTOMERS[1]: crawler("READY", "FAILED")
    }
    night = run({"tolerated": tolerated}, LookAtCrawler=[fails])

    assert night.status == ("SUCCEEDED" if built else "FAILED")
    assert len(night.called("Load")) == len(night.called("NotifyOfCrawlers")) == int(built)
    assert [
        f"{CUSTOMERS[1]}: FAILED" in each["Message"] for each in night.called("NotifyOfCrawlers")
    ] == [True] * built


def test_more_failures_than_were_agreed_to_are_no_build() -> None:
    night = run({"tolerated": "2"}, StartCrawler=[Thrown("Glue.EntityNotFoundException", "?")])

    assert "3 of 3 crawlers failed" in told_by(night)
    assert night.called("Load") == night.called("NotifyOfCrawlers") == []


def test_a_notice_that_cannot_be_given_is_no_silent_build() -> None:
    night = run(
        {"tolerated": "3"},
        LookAtCrawler=[crawler("READY", None)],
        NotifyOfCrawlers=[Thrown("SNS.AuthorizationErrorException", "no")],
    )

    assert "SNS.AuthorizationErrorException" in told_by(night)
    assert night.called("Load") == []


def test_a_notice_that_is_throttled_is_given_and_the_graph_built() -> None:
    refused = Thrown("SNS.ThrottledException", "Rate exceeded")
    none = crawler("READY", None)
    night = run({"tolerated": "3"}, LookAtCrawler=[none], NotifyOfCrawlers=[refused, refused, {}])

    assert (night.status, len(night.called("NotifyOfCrawlers"))) == ("SUCCEEDED", 3)


def test_a_crawler_that_runs_already_is_started_again_when_it_is_done() -> None:
    running = Thrown("Glue.CrawlerRunningException", "it runs")
    night = run({"crawlers": '["one"]'}, StartCrawler=[running, running, running, {}])

    assert night.status == "SUCCEEDED"
    assert (len(night.called("StartCrawler")), night.pauses) == (4, [60, 120, 240])


def test_a_crawler_is_looked_at_more_seldom_the_longer_it_takes_and_given_up_after_two_hours() -> (
    None
):
    night = run({"crawlers": '["one"]'}, LookAtCrawler=[crawler("RUNNING")])

    assert night.waits[1:6] == [20, 40, 80, 160, 300]
    assert 7200 < sum(night.waits) < 8000
    assert "one: it is still at work after two hours" in told_by(night)


def test_a_nights_history_does_not_grow_with_the_customers() -> None:
    many = json.dumps([f"customer_{number}" for number in range(20)])
    slow = [*[crawler("RUNNING")] * 30, crawler("READY")]
    night = run({"crawlers": many}, LookAtCrawler=slow)

    assert (night.status, len(night.called("StartCrawler"))) == ("SUCCEEDED", 20)
    assert night.events < 100  # Step Functions keeps 25,000


def test_the_same_image_on_all_replicas_is_not_rolled_over() -> None:
    night = run(LookAtReplicas=[replicas("sha256:new", "sha256:new")])

    assert (night.status, night.path[-3:]) == ("SUCCEEDED", ["LookAtBaked", "IsServed", "Ready"])
    assert night.called("RollOver") == []


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ({}, "sha256:old"),
        ({"ListReplicas": [{"TaskArns": []}]}, "none"),
        ({"LookAtReplicas": [replicas("sha256:new", "sha256:old")]}, "none"),
        (
            {"LookAtReplicas": [{"Tasks": [{"Containers": [{"Name": "readers_container"}]}]}]},
            "none",
        ),
    ],
    ids=["all of the old image", "no replica", "one of the old image", "none that has pulled it"],
)
def test_replicas_that_do_not_all_run_the_image_are_rolled_over(
    answers: dict[str, Any], kept: str
) -> None:
    night = run(**answers)

    assert (night.status, night.path[-len(ROLLED) :]) == ("SUCCEEDED", ROLLED)
    (baked,) = night.called("Bake")
    given = {each["Name"]: each["Value"] for each in baked["EnvironmentVariablesOverride"]}
    assert given == {"HANDOVER": "s3://handover/tonight.tar", "RUNNING": kept}


@pytest.mark.parametrize(
    "seen",
    [[rollout("IN_PROGRESS"), rollout("FAILED")], [rollout("COMPLETED", "ecs-svc/3")]],
    ids=["failed", "gone"],
)
def test_a_roll_over_that_fails_is_told_and_the_next_night_rolls_over_again(
    seen: list[dict[str, Any]],
) -> None:
    first = run(LookAtReaders=seen)
    again = run()  # the image is there now, and the replicas run the one before

    assert first.error == "ReadersFailed"
    assert told_by(first).endswith("\nWhat is served stays as it was.")
    assert (again.status, len(again.called("RollOver"))) == ("SUCCEEDED", 1)


BEFORE, AFTER = "2026-11-21T01:59:00.000Z", "2026-11-21T02:00:06.000Z"


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        ((f"{EXECUTION}-2", BEFORE), True),
        ((f"{EXECUTION}-2", AFTER), False),  # that one finds us
        ((f"{EXECUTION}-2", STARTED), False),
        ((EXECUTION[:-1], STARTED), True),
    ],
)
def test_of_two_nights_at_once_the_later_one_does_nothing_and_says_so(
    other: tuple[str, str], refused: bool
) -> None:
    night = run(LookForOthers=[running(other)])

    assert night.status == ("FAILED" if refused else "SUCCEEDED")
    if refused:
        assert [state for state, _ in night.calls] == ["LookForOthers", "Notify"]
        assert (
            f"Overlap\n\nAnother build is at work, so this one did nothing: {other[0]}"
            in told_by(night)
        )


def test_a_message_that_cannot_be_sent_hides_no_failure() -> None:
    refused = Thrown("SNS.KMSAccessDeniedException", "no key")
    night = run(Bake=[Thrown("CodeBuild.InvalidInputException", "no")], Notify=[refused])

    assert (night.status, night.error) == ("FAILED", "CodeBuild.InvalidInputException")


def test_a_message_that_is_throttled_is_sent_all_the_same() -> None:
    refused = Thrown("SNS.ThrottledException", "Rate exceeded")
    night = run(Load=[ended(4)], Notify=[refused, refused, {}])

    assert (night.error, len(night.called("Notify"))) == ("TaskFailed", 3)


@pytest.mark.parametrize(
    ("last", "status", "error"),
    [
        ("2026-11-21T02:00:05.000Z", "SUCCEEDED", None),  # tonight's
        ("2026-11-20T02:00:05.000Z", "FAILED", "Late"),  # last night's
        (None, "FAILED", "Late"),  # none ever
    ],
)
def test_the_deadline_knows_tonights_build(
    last: str | None, status: str, error: str | None
) -> None:
    executions = [{"StartDate": last}] if last else []
    look = machine.run(
        machine.definition("deadline"),
        lambda *_: {"Executions": executions},
        "2026-11-21T05:30:00.000Z",
    )

    assert (look.status, look.error) == (status, error)


def test_a_deadline_that_cannot_look_fails_before_its_time_is_up() -> None:
    definition = machine.definition("deadline")
    task = definition["States"]["LookAtNights"]

    def refuse(*_: Any) -> Any:
        raise Thrown("Sfn.ThrottlingException", "Rate exceeded")

    look = machine.run(definition, refuse)

    assert (look.status, look.error) == ("FAILED", "Sfn.ThrottlingException")
    longest = len(look.calls) * task["TimeoutSeconds"] + sum(look.pauses)
    assert longest < definition["TimeoutSeconds"]
