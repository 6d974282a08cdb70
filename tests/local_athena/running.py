"""Starts the servers of local Athena; they end with whoever started them."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3

from kgimport.neo4j.runtime import jar_cache
from kgimport.process import Command, output, started
from tests.local_athena.access import KEY
from tests.local_athena.distribution import provide
from tests.local_athena.faults import Faults
from tests.local_athena.trino_server import free_port, keep, trino

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

ROOT = Path(__file__).parents[2]
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class LocalAws:
    """A server that answers for AWS, empty when it starts."""

    endpoint: str
    environment: Mapping[str, str]  # what a program needs to reach this and nothing else
    lake: str  # the bucket of the data
    results: str  # the bucket of Athena's results
    trino_port: int = 0  # 0: no query can be run

    @property
    def faults(self) -> Faults:
        """Makes calls fail, and knows those that came."""
        return Faults(self.endpoint)

    @property
    def storage_options(self) -> dict[str, str]:
        """What Polars needs to know, whatever the environment says."""
        known = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
        named = {name.lower(): self.environment[name] for name in known}
        return {**named, "aws_allow_http": "true"}

    def client(self, service: str) -> Any:
        """A boto3 client, whatever the environment says."""
        return boto3.session.Session(KEY, KEY, region_name=REGION).client(  # type: ignore[call-overload]
            service, endpoint_url=self.endpoint
        )

    def fresh_bucket(self) -> str:
        """Make a bucket that no other test knows; returns its name."""
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client("s3").create_bucket(Bucket=name)
        return name

    def enter(self, settings: pytest.MonkeyPatch) -> None:
        """Let this process see this AWS, and none of the machine's own settings."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            settings.delenv(name)
        for name, value in self.environment.items():
            settings.setenv(name, value)


@contextmanager
def moto(place: Path, *arguments: str) -> Iterator[LocalAws]:
    """S3, Glue and STS; `place` is where the server's own words go."""
    argv = (sys.executable, "-m", "tests.local_athena.server", *arguments)
    with started(Command(argv), cwd=ROOT) as server:
        lines = output(server)
        port = next(lines, "")
        if not port.isdigit():
            raise RuntimeError("the server for AWS did not start:\n" + "\n".join((port, *lines)))
        keeper = threading.Thread(target=keep, args=(lines, place / "moto.log"), daemon=True)
        keeper.start()
        yield _prepared(f"http://127.0.0.1:{port}")
    keeper.join(5)


@contextmanager
def athena(place: Path, port: int = 0) -> Iterator[LocalAws]:
    """The same, and Athena in front of a Trino whose files are below `place`.

    Raises RuntimeMissingError when Trino can be had neither from the cache nor from the network.
    """
    home, trino_port = provide(jar_cache.cache_dir()), free_port()
    with (
        moto(place, "--port", str(port), "--trino-port", str(trino_port)) as aws,
        trino(home, place / "trino", aws.endpoint, trino_port),
    ):
        yield replace(aws, trino_port=trino_port)


def _prepared(endpoint: str) -> LocalAws:
    lake, results = "kgimport-lake", "kgimport-results"
    aws = LocalAws(endpoint, _environment(endpoint, lake, results), lake, results)
    for bucket in (lake, results):
        aws.client("s3").create_bucket(Bucket=bucket)
    return aws


def _environment(endpoint: str, lake: str, results: str) -> Mapping[str, str]:
    return MappingProxyType(
        {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ALLOW_HTTP": "true",  # read by Polars
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "KGIMPORT_ATHENA_RESULTS": f"s3://{results}/",
            "KGIMPORT_ATHENA_DATA": f"s3://{lake}/graph/",
        }
    )
