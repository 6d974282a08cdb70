"""The server that answers for AWS in the tests: it holds objects, and fails when it is told to."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import polars as pl
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ResponseStreamingError

from tests.local_athena.running import ROOT

if TYPE_CHECKING:
    from tests.local_athena.running import LocalAws

ONCE = Config(retries={"total_max_attempts": 1})
ROWS = pl.DataFrame({"key": [1, 2, 3], "name": ["a", None, "ü"]})


def client(service: str) -> Any:
    """A client as kgimport makes one: all that it knows comes from the environment."""
    return boto3.client(service, config=ONCE)  # type: ignore[call-overload]


def put(aws: LocalAws) -> str:
    bucket, body = aws.fresh_bucket(), io.BytesIO()
    ROWS.write_parquet(body)
    client("s3").put_object(Bucket=bucket, Key="t/rows.parquet", Body=body.getvalue())
    return bucket


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer: Any = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_polars_reads_what_boto3_wrote(s3: LocalAws) -> None:
    bucket = put(s3)

    assert pl.scan_parquet(f"s3://{bucket}/t/*.parquet").collect().equals(ROWS)


def test_the_environment_names_no_other_aws(s3: LocalAws) -> None:
    names = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    assert names == {k: v for k, v in s3.environment.items() if k.startswith("AWS_")}
    assert s3.endpoint.startswith("http://127.0.0.1:")
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDenied", 403), ("ExpiredToken", 400), ("NoSuchKey", 404), ("SlowDown", 503)],
)
def test_a_fault_meets_an_object_as_often_as_said(s3: LocalAws, code: str, status: int) -> None:
    bucket = put(s3)
    s3.faults.arm("s3", "GetObject", code, key=f"{bucket}/t/*", skip=1, times=2)
    get = {"Bucket": bucket, "Key": "t/rows.parquet"}

    first = client("s3").get_object(**get)["ContentLength"]
    with pytest.raises(ClientError) as second:
        client("s3").get_object(**get)
    with pytest.raises(ClientError) as third:
        client("s3").get_object(**get)
    fourth = client("s3").get_object(**get)["ContentLength"]

    assert first == fourth > 0
    assert refusal(second) == refusal(third) == (code, status)


@pytest.mark.parametrize(
    ("service", "code"),
    [("athena", "ThrottlingException"), ("glue", "AccessDeniedException"), ("sts", "ExpiredToken")],
)
def test_a_fault_meets_an_action_of_any_service(s3: LocalAws, service: str, code: str) -> None:
    actions = {"athena": "list_work_groups", "glue": "get_databases", "sts": "get_caller_identity"}
    s3.faults.arm(service, "*", code)
    act = getattr(client(service), actions[service])

    with pytest.raises(ClientError) as refused:
        act()
    act()

    assert refusal(refused) == (code, 400)


def test_a_connection_is_reset(s3: LocalAws) -> None:
    bucket = put(s3)
    s3.faults.arm("s3", "GetObject", "reset")

    with pytest.raises(ConnectionClosedError):
        client("s3").get_object(Bucket=bucket, Key="t/rows.parquet")
    assert client("s3").get_object(Bucket=bucket, Key="t/rows.parquet")["ContentLength"] > 0


def test_a_body_breaks_off(s3: LocalAws) -> None:
    bucket = put(s3)
    s3.faults.arm("s3", "GetObject", "truncate", bytes=100)

    answer = client("s3").get_object(Bucket=bucket, Key="t/rows.parquet")
    with pytest.raises(ResponseStreamingError) as broken:
        answer["Body"].read()

    assert "IncompleteRead(100 bytes read" in str(broken.value)


def test_a_bucket_is_said_to_be_elsewhere(s3: LocalAws) -> None:
    bucket = put(s3)
    s3.faults.arm("s3", "*", "moved", region="eu-north-1", times=0)

    with pytest.raises(ClientError) as moved:
        client("s3").get_object(Bucket=bucket, Key="t/rows.parquet")

    answer: Any = moved.value.response
    assert refusal(moved) == ("PermanentRedirect", 301)
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "eu-north-1"


def test_an_answer_is_slow(s3: LocalAws) -> None:
    s3.faults.arm("s3", "ListBuckets", "slow", seconds=0.3)
    began = time.monotonic()
    client("s3").list_buckets()

    assert time.monotonic() - began > 0.3


def test_calls_are_remembered(s3: LocalAws) -> None:
    bucket = put(s3)
    s3.faults.clear()
    s3_client, key = client("s3"), "t/rows.parquet"
    s3_client.head_object(Bucket=bucket, Key=key)
    s3_client.list_objects_v2(Bucket=bucket)
    upload = s3_client.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = {"Bucket": bucket, "Key": "big", "UploadId": upload}
    s3_client.upload_part(**part, PartNumber=1, Body=b"x")
    s3_client.abort_multipart_upload(**part)
    s3_client.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/{key}")
    s3_client.delete_object(Bucket=bucket, Key="copy")

    assert [(call.action, call.key) for call in s3.faults.calls("s3")] == [
        ("HeadObject", f"{bucket}/{key}"),
        ("ListObjectsV2", bucket),
        ("CreateMultipartUpload", f"{bucket}/big"),
        ("UploadPart", f"{bucket}/big"),
        ("AbortMultipartUpload", f"{bucket}/big"),
        ("CopyObject", f"{bucket}/copy"),
        ("DeleteObject", f"{bucket}/copy"),
    ]


def test_the_server_ends_with_a_killed_process() -> None:
    script = (
        "import pathlib, tempfile, time\n"
        "from tests.local_athena.running import moto\n"
        "with moto(pathlib.Path(tempfile.mkdtemp())) as aws:\n"
        "    print(aws.endpoint, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        assert _answers(endpoint)
        process.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 10
    while _answers(endpoint) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _answers(endpoint)


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/_calls", timeout=5):
            return True
    except OSError:
        return False
