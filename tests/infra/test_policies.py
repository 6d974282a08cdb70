"""The IAM policies in infra/policies: actions that exist, each on resources that it can have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from policy_sentry.querying.actions import get_action_data

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICIES = sorted((Path(__file__).parents[2] / "infra" / "policies").glob("*.json"))


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def findings(policy: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a policy, as sentences."""
    for statement in policy["Statement"]:
        resources = as_list(statement["Resource"])
        for action in as_list(statement["Action"]):
            service, _, name = action.partition(":")
            known = (get_action_data(service, name) or {}).get(service, [])
            forms = [each["resource_arn_format"] for each in known]
            if "*" in action or not known:
                yield f"{statement['Sid']}: {action} is not an action"
            for resource in resources:
                if not any(is_form(resource, form) for form in forms if form != "*"):
                    yield f"{statement['Sid']}: {action} is not for {resource}"


def is_form(resource: str, form: str) -> bool:
    """Whether an ARN has the form of a resource type, and names it."""
    pattern = "[^/:]+".join(map(re.escape, re.split(r"\$\{\w+\}", form)))
    if form.endswith("/${ObjectName}"):
        pattern = pattern.removesuffix("[^/:]+") + r"[^/*]+/\*"
    return re.fullmatch(pattern, resource) is not None


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_policy_permits_what_exists_on_what_it_names(path: Path) -> None:
    policy = json.loads(path.read_text(encoding="utf-8"))

    assert policy["Version"] == "2012-10-17"
    assert list(findings(policy)) == []


@pytest.mark.parametrize(
    ("action", "resource", "problem"),
    [
        ("s3:GetObject", "*", "is not for *"),
        ("s3:GetObject", "arn:aws:s3:::lake/*", "is not for"),
        ("s3:GetObject", "arn:aws:s3:::lake", "is not for"),
        ("s3:*", "arn:aws:s3:::lake/raw/*", "is not an action"),
        ("s3:GetObjekt", "arn:aws:s3:::lake/raw/*", "is not an action"),
        ("s3:ListBucket", "arn:aws:s3:::lake/raw/*", "is not for"),
    ],
)
def test_a_policy_that_permits_too_much_is_found(action: str, resource: str, problem: str) -> None:
    statement = {"Sid": "Some", "Action": action, "Resource": resource}

    assert any(problem in each for each in findings({"Statement": [statement]}))
