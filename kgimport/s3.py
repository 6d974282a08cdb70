"""Parquet in S3: one object, all objects below a prefix, or a glob of keys.

Athena's files have no suffix, so below a prefix every object counts whose name, and whose folders'
names, do not begin with `_` or `.`: what Hive and Athena read, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import polars as pl

from kgimport import aws
from kgimport.errors import DestinationError, SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object: where it is, how many bytes, and a tag that changes with its content."""

    uri: str
    bytes: int
    etag: str


def is_s3(location: str) -> bool:
    """Whether a location is in S3."""
    return location.startswith(SCHEME)


def split(uri: str) -> tuple[str, str]:
    """The bucket and the key of `s3://bucket/key`; `UsageError` where there is no bucket."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not is_s3(uri) or not bucket:
        raise UsageError(f"{uri} is no place in S3", "write s3://BUCKET/PREFIX")
    return bucket, key


def scan(location: str) -> pl.LazyFrame:
    """The rows of a location's objects, in the order of their keys, read as they are needed.

    Partition values come out as the columns that the folder names spell (`event_month=2026-01`).
    """
    found = [each.uri for each in objects(location)]
    if not found:
        raise SourceError(
            f"no Parquet at {location}",
            "build the tables first (`dbt build`), or correct the table's location",
        )
    return pl.scan_parquet(
        found,
        storage_options=aws.storage_options(),
        hive_partitioning=any("=" in part for part in found[0].split("/")[:-1]),
        glob=False,
    )


def objects(location: str) -> list[S3Object]:
    """The objects of a location, by key; none is also an answer."""
    bucket, key = split(location)
    stem, meant = _stem(key)
    found = _listed(bucket, stem)
    return [each for each in found if each.bytes and meant(split(each.uri)[1])]


def below(folder: str) -> list[S3Object]:
    """Every object below a folder, hidden and empty ones too."""
    bucket, key = split(folder.rstrip("/"))
    return list(_listed(bucket, f"{key}/" if key else ""))


def _stem(key: str) -> tuple[str, Callable[[str], bool]]:
    """What to list, and which of the listed keys are meant."""
    if wild := _WILD.search(key):
        return key[: wild.start()], lambda found: _fits(found.split("/"), key.split("/"))
    folder = re.escape(key.rstrip("/"))
    within = rf"{folder}/" if folder else ""
    pattern = re.compile(rf"{folder}|{within}(?:[^_./][^/]*/)*[^_./][^/]*")
    return key.rstrip("/"), lambda found: pattern.fullmatch(found) is not None


_WILD = re.compile(r"[*?\[]")


def _fits(names: list[str], steps: list[str]) -> bool:
    """Whether a key fits a glob, step by step; `**` is any number of folders."""
    if not steps or not names:
        return steps == names
    if steps[0] == "**":
        deeper = not _is_hidden(names[0]) and _fits(names[1:], steps)
        return deeper or _fits(names, steps[1:])
    wanted = fnmatchcase(names[0], steps[0])
    shown = not _WILD.search(steps[0]) or not _is_hidden(names[0])
    return wanted and shown and _fits(names[1:], steps[1:])


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))


def _listed(bucket: str, prefix: str) -> Iterator[S3Object]:
    pages = aws.client("s3").get_paginator("list_objects_v2")
    with aws.talking(f"list {SCHEME}{bucket}/{prefix}"):
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, **aws.requester_pays()):
            for entry in page.get("Contents", ()):
                yield S3Object(f"{SCHEME}{bucket}/{entry['Key']}", entry["Size"], entry["ETag"])


def download(uri: str, file: Path) -> None:
    """Fetches one object into a file; large ones in several parts at a time."""
    bucket, key = split(uri)
    with aws.talking(f"fetch {uri}"):
        aws.client("s3").download_file(bucket, key, str(file), ExtraArgs=aws.requester_pays())


def upload(file: Path, uri: str, sha256: str) -> bool:
    """Writes a file as an object, unless just that is there already; says whether it was written.

    Large files go in several parts. The digest stays with the object, for the next time.
    """
    bucket, key = split(uri)
    client = aws.client("s3")
    if _digest(client, bucket, key) == (file.stat().st_size, sha256):
        return False
    about = {"Metadata": {_DIGEST: sha256}, "ChecksumAlgorithm": "SHA256", **aws.requester_pays()}
    with aws.talking(f"write {uri}", DestinationError):
        client.upload_file(str(file), bucket, key, ExtraArgs=about)
    return True


_DIGEST = "kgimport-sha256"


def _digest(client: Any, bucket: str, key: str) -> tuple[int, str] | None:
    """Size and digest of an object; None where there is none, or none of ours."""
    with aws.talking(f"look at {SCHEME}{bucket}/{key}", DestinationError):
        try:
            found = client.head_object(Bucket=bucket, Key=key, **aws.requester_pays())
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return None
            raise
    return found["ContentLength"], found["Metadata"].get(_DIGEST, "")


def delete(folder: str) -> None:
    """Deletes every object below a folder, hidden and empty ones too."""
    delete_objects([each.uri for each in below(folder)])


def delete_objects(uris: list[str]) -> None:
    """Deletes objects of one bucket."""
    s3 = aws.client("s3")
    for at in range(0, len(uris), _PAGE):
        page = uris[at : at + _PAGE]
        wanted = [{"Key": split(uri)[1]} for uri in page]
        with aws.talking(f"delete {page[0]}", DestinationError):
            done = s3.delete_objects(Bucket=split(page[0])[0], Delete={"Objects": wanted})
        if refused := done.get("Errors"):
            raise aws.refusal(
                refused[0]["Code"], "", refused[0]["Message"], f"delete {page[0]}", DestinationError
            )


_PAGE = 1_000  # as many as S3 deletes at once
