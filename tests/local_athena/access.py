"""S3 and Glue as Athena itself uses them, through their public interfaces on the same server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local_athena.calls import ENGINE_AGENT

KEY = "testing"  # no key of AWS has this form, so nothing of ours can ever reach an account


@dataclass(frozen=True)
class Access:
    """Clients of one region that name themselves as the engine's."""

    endpoint: str
    region: str

    @cached_property
    def s3(self) -> Any:
        """The client of S3."""
        return self._client("s3")

    @cached_property
    def glue(self) -> Any:
        """The client of Glue."""
        return self._client("glue")

    @cached_property
    def athena(self) -> Any:
        """The client of Athena's work groups, which moto keeps."""
        return self._client("athena")

    def _client(self, service: str) -> Any:
        session = boto3.session.Session(KEY, KEY, region_name=self.region)
        config = Config(user_agent_extra=ENGINE_AGENT, max_pool_connections=16)
        return session.client(service, endpoint_url=self.endpoint, config=config)  # type: ignore[call-overload]

    def put(self, url: str, body: str) -> None:
        """Write an object."""
        bucket, key = taken_apart(url)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body.encode())

    def objects(self, url: str) -> list[str]:
        """The objects below a prefix, as URLs."""
        bucket, prefix = taken_apart(url.rstrip("/") + "/")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = (entry["Key"] for page in pages for entry in page.get("Contents", ()))
        return [f"s3://{bucket}/{key}" for key in keys]

    def table(self, database: str, name: str) -> dict[str, Any] | None:
        """A table's entry in Glue, or None."""
        try:
            found: dict[str, Any] = self.glue.get_table(DatabaseName=database, Name=name)["Table"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return None
        return found

    def tables(self, database: str) -> list[dict[str, Any]]:
        """All tables of a database."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return [table for page in pages for table in page["TableList"]]

    def databases(self) -> list[dict[str, Any]]:
        """All databases."""
        pages = self.glue.get_paginator("get_databases").paginate()
        return [database for page in pages for database in page["DatabaseList"]]


def taken_apart(url: str) -> tuple[str, str]:
    """The bucket and the key of an s3:// URL."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key
