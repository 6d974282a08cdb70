"""Objects in S3: listed, read in parts or whole, written once, deleted."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from kgimport import aws
from kgimport.errors import DestinationError, SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    """Return the bucket and the key of `s3://bucket/key`; `UsageError` where there is no bucket."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not is_s3(uri) or not bucket:
        raise UsageError(f"{uri} is no place in S3", "write s3://BUCKET/PREFIX")
    return bucket, key


def below(folder: str) -> list[S3Object]:
    """Every object below a folder, hidden and empty ones too."""
    return list(listed(f"{folder.rstrip('/')}/"))


def listed(stem: str) -> Iterator[S3Object]:
    """Every object whose address begins so, by key."""
    bucket, prefix = split(stem)
    pages = aws.client("s3").get_paginator("list_objects_v2")
    with aws.talking(f"list {SCHEME}{bucket}/{prefix}"):
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, **aws.requester_pays()):
            for entry in page.get("Contents", ()):
                yield S3Object(f"{SCHEME}{bucket}/{entry['Key']}", entry["Size"], entry["ETag"])


def part(uri: str, start: int, length: int) -> bytes:
    """Return some bytes of an object; an answer that breaks off is asked for again.

    Raises `SourceError` where the object is gone, and what boto3 raises (`aws.talking`).
    """
    bucket, key = split(uri)
    client = aws.client("s3")
    wanted = {"Bucket": bucket, "Key": key, "Range": f"bytes={start}-{start + length - 1}"}
    broken = 0
    while True:
        try:
            return bytes(client.get_object(**wanted, **aws.requester_pays())["Body"].read())
        except client.exceptions.NoSuchKey as error:
            raise SourceError(
                f"{uri} is gone",
                "another run wrote the table meanwhile: begin again when it has ended",
            ) from error
        except _broken_off():
            broken += 1
            if broken == aws.ATTEMPTS:
                raise


def _broken_off() -> tuple[type[Exception], ...]:
    from botocore import exceptions  # noqa: PLC0415  (of an extra)

    return (
        exceptions.IncompleteReadError,
        exceptions.ReadTimeoutError,
        exceptions.ResponseStreamingError,
    )


def opened(uri: str, size: int) -> BinaryIO:
    """Return an object to be read anywhere, some megabytes at a time."""
    return io.BufferedReader(_Parts(uri, size), _AT_ONCE)


_AT_ONCE = 8 << 20


class _Parts(io.RawIOBase):
    """An object as a file: each read is a call."""

    def __init__(self, uri: str, size: int) -> None:
        super().__init__()
        self.uri, self.size, self.at = uri, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + (0, self.at, self.size)[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, into: Any) -> int:
        wanted = min(len(into), self.size - self.at)
        if wanted <= 0:
            return 0
        found = part(self.uri, self.at, wanted)
        into[: len(found)] = found
        self.at += len(found)
        return len(found)


def download(uri: str, file: Path) -> None:
    """Fetch one object into a file; large ones in several parts at a time."""
    bucket, key = split(uri)
    with aws.talking(f"fetch {uri}"):
        aws.client("s3").download_file(bucket, key, str(file), ExtraArgs=aws.requester_pays())


def upload(file: Path, uri: str, sha256: str) -> bool:
    """Write a file as an object, unless just that is there already; say whether it was written.

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
    """Delete every object below a folder, hidden and empty ones too."""
    delete_objects([each.uri for each in below(folder)])


def delete_objects(uris: list[str]) -> None:
    """Delete objects of one bucket."""
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
