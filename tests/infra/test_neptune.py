"""The cluster of Neptune: who reaches it, what it reads, and what it logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from kgimport.builds import loads
from tests.infra.configuration import INFRA, ROOT, literal, load

if TYPE_CHECKING:
    from tests.infra.configuration import Module

PORT = "${local.port}"
QUERIES = {"ExecuteOpenCypherQuery": "ReadDataViaQuery"}  # of a call that is no action of IAM


@pytest.fixture(scope="module")
def neptune() -> Module:
    return load(INFRA / "modules" / "neptune")


def _statements(module: Module, document: str) -> dict[str, tuple[set[str], list[str]]]:
    """By name, each statement's actions and resources."""
    found = module.names["data"][f"aws_iam_policy_document.{document}"].body
    return {
        str(literal(each["sid"])): ({str(literal(a)) for a in each["actions"]}, each["resources"])
        for each in found["statement"]
    }


def _rules(module: Module, kind: str) -> list[dict[str, Any]]:
    return [
        block.body
        for block in module.of("resource")
        if block.labels[0] == f"aws_vpc_security_group_{kind}_rule"
    ]


def test_only_security_groups_connect_and_only_to_the_one_port(neptune: Module) -> None:
    (rule,) = _rules(neptune, "ingress")

    assert (rule["from_port"], rule["to_port"]) == (PORT, PORT)
    assert rule["referenced_security_group_id"] == "${each.value}"
    assert rule["for_each"].startswith("${merge({loader")
    assert "cidr_ipv4" not in rule
    assert neptune.names["var"]["clients"].body["default"] == {}


def test_neither_the_cluster_nor_the_loader_reaches_more_than_it_needs(neptune: Module) -> None:
    targets = [
        (rule.get("prefix_list_id") or rule["referenced_security_group_id"], rule["to_port"])
        for rule in _rules(neptune, "egress")
    ]

    assert targets == [
        ("${aws_security_group.this.id}", PORT),
        ("${data.aws_ec2_managed_prefix_list.s3.id}", 443),
    ]


def test_the_cluster_reads_builds_and_nothing_else(neptune: Module) -> None:
    assert _statements(neptune, "find") == {
        "FindBuilds": ({"s3:ListBucket"}, ["${var.lake.bucket_arns.handover}"])
    }
    assert _statements(neptune, "read") == {
        "ReadBuilds": ({"s3:GetObject"}, ["${local.objects}"]),
        "Key": ({"kms:Decrypt"}, ["${var.lake.key_arn}"]),
    }


def test_listing_a_bucket_is_bound_to_the_prefix_of_builds(neptune: Module) -> None:
    (statement,) = neptune.names["data"]["aws_iam_policy_document.find"].body["statement"]
    (condition,) = statement["condition"]

    assert (literal(condition["test"]), literal(condition["variable"]), condition["values"]) == (
        "StringLike",
        "s3:prefix",
        ['"${local.builds}*"'],
    )


@pytest.mark.parametrize("document", ["read", "load", "export"])
def test_objects_are_those_of_builds_whoever_asks(document: str, neptune: Module) -> None:
    objects = [
        literal(resource) or resource
        for actions, resources in _statements(neptune, document).values()
        for resource in resources
        if any(action.startswith("s3:") for action in actions)
    ]

    assert objects
    assert all(each.strip('"').startswith("${local.objects}") for each in objects)
    assert neptune.names["local"]["objects"].body["objects"].endswith('/${local.builds}*"')


def test_the_load_writes_where_its_record_is_and_nowhere_else(neptune: Module) -> None:
    writes = {
        resource
        for actions, resources in _statements(neptune, "load").values()
        for resource in resources
        if "s3:PutObject" in actions
    }

    assert writes == {f'"${{local.objects}}/{loads.FOLDER}/*"'}


def test_the_load_may_call_what_the_code_calls_and_nothing_else(neptune: Module) -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "kgimport" / "neptune").glob("*.py")
    )
    calls = boto3.client("neptunedata", region_name="eu-central-1").meta.method_to_api_mapping
    called = {name for method, name in calls.items() if re.search(rf"\.{method}\b", code)}
    allowed, _ = _statements(neptune, "load")["LoadAndCount"]

    assert allowed == {f"neptune-db:{QUERIES.get(name, name)}" for name in called}


def test_what_is_logged_is_switched_on_and_kept_by_the_key(neptune: Module) -> None:
    cluster = neptune.names["resource"]["aws_neptune_cluster.this"].body
    group = neptune.names["resource"]["aws_cloudwatch_log_group.this"].body
    parameters = neptune.names["resource"]["aws_neptune_cluster_parameter_group.this"].body
    given = parameters["dynamic"][0]['"parameter"']["for_each"]
    key = (INFRA / "modules" / "lake" / "key.tf").read_text(encoding="utf-8")

    assert cluster["enable_cloudwatch_logs_exports"] == "${local.logs}"
    assert neptune.names["local"]["logs"].body["logs"] == ['"audit"', '"slowquery"']
    assert given["neptune_enable_audit_log"] == '"1"'
    assert given["neptune_enable_slow_query_log"] in {'"info"', '"debug"'}
    assert "${aws_cloudwatch_log_group.this}" in cluster["depends_on"]
    assert group["name"] == '"/aws/neptune/${var.name}/${each.key}"'
    assert "log-group:/aws/neptune/${var.name}/*" in key


def test_a_query_has_one_time_out_wherever_neptune_looks_for_it(neptune: Module) -> None:
    names = neptune.names["resource"]
    cluster = names["aws_neptune_cluster_parameter_group.this"].body["dynamic"]
    (instance,) = names["aws_neptune_parameter_group.this"].body["parameter"]
    given = cluster[0]['"parameter"']["for_each"]

    assert literal(instance["name"]) == "neptune_query_timeout"
    assert given["neptune_query_timeout"] == instance["value"] == "${local.query_timeout}"


def test_every_alarm_is_told_and_says_when_it_is_over(neptune: Module) -> None:
    alarm = neptune.names["resource"]["aws_cloudwatch_metric_alarm.this"].body

    readme = (INFRA / "modules" / "neptune" / "README.md").read_text(encoding="utf-8")

    assert alarm["alarm_actions"] == alarm["ok_actions"] == ["${var.topic_arn}"]
    assert [name for name in alarm["for_each"] if f"| {name} |" not in readme] == []
