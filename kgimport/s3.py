"""Objects in S3: listed, read in parts or whole, written once, deleted."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from kgimport import aws
from kgimport.errors import DestinationError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kgimport.locations import S3Path

_BUFFER = 8 << 20  # bytes of an object that one call reads
_PAGE = 1_000  # objects that S3 deletes in one call
_DIGEST = "kgimport-sha256"  # the name of an object's metadata that holds its digest


@dataclass(frozen=True, slots=True)
class S3Object:
    """An object: its address, its size, and a tag that changes with its content."""

    place: S3Path
    bytes: int
    etag: str


def below(folder: S3Path) -> list[S3Object]:
    """Return every object below a folder, including hidden and empty ones."""
    return list(listed(folder / ""))


def listed(stem: S3Path) -> Iterator[S3Object]:
    """Yield every object whose address begins with `stem`, sorted by key."""
    pages = aws.client("s3", stem.session).get_paginator("list_objects_v2")
    wanted = {"Bucket": stem.bucket, "Prefix": stem.key, **aws.requester_pays()}
    with aws.talking(f"list {replace(stem, key='')}/{stem.key}"):
        for page in pages.paginate(**wanted):
            for entry in page.get("Contents", ()):
                yield S3Object(replace(stem, key=entry["Key"]), entry["Size"], entry["ETag"])


def part(place: S3Path, start: int, length: int) -> bytes:
    """Return some bytes of an object; retry if the connection breaks while they are read.

    Raises `SourceError` if the object is gone, and boto3's own errors (see `aws.talking`).
    """
    client = aws.client("s3", place.session)
    wanted = {**_named(place), "Range": f"bytes={start}-{start + length - 1}"}
    broken = 0
    while True:
        try:
            return bytes(client.get_object(**wanted, **aws.requester_pays())["Body"].read())
        except client.exceptions.NoSuchKey as error:
            raise SourceError(
                f"{place} is gone",
                "another run has written the table meanwhile: run again when it has ended",
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


def _named(place: S3Path) -> dict[str, str]:
    return {"Bucket": place.bucket, "Key": place.key}


def opened(place: S3Path, size: int) -> BinaryIO:
    """Return a seekable stream of an object, which reads some megabytes at a time."""
    return io.BufferedReader(_Parts(place, size), _BUFFER)


class _Parts(io.RawIOBase):
    """An object as a file: each read is a call to S3."""

    def __init__(self, place: S3Path, size: int) -> None:
        super().__init__()
        self.place, self.size, self.at = place, size, 0

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
        found = part(self.place, self.at, wanted)
        into[: len(found)] = found
        self.at += len(found)
        return len(found)


def download(place: S3Path, file: Path) -> None:
    """Download an object into a file; a large one in several parts at a time."""
    client = aws.client("s3", place.session)
    with aws.talking(f"fetch {place}"):
        client.download_file(**_named(place), Filename=str(file), ExtraArgs=aws.requester_pays())


def upload(file: Path, place: S3Path, sha256: str) -> bool:
    """Upload a file, unless the same content is there already; return whether it was uploaded.

    Large files are uploaded in several parts. The object's metadata keeps the digest, so that the
    next upload can compare it.
    """
    client = aws.client("s3", place.session)
    if _digest(client, place) == (file.stat().st_size, sha256):
        return False
    about = {"Metadata": {_DIGEST: sha256}, "ChecksumAlgorithm": "SHA256", **aws.requester_pays()}
    with aws.talking(f"write {place}", DestinationError):
        client.upload_file(Filename=str(file), **_named(place), ExtraArgs=about)
    return True


def read(place: S3Path) -> bytes | None:
    """Return the whole content of a small object; None if there is no such object."""
    client = aws.client("s3", place.session)
    with aws.talking(f"fetch {place}"):
        try:
            found = client.get_object(**_named(place), **aws.requester_pays())
        except client.exceptions.NoSuchKey:
            return None
        return bytes(found["Body"].read())


def write(place: S3Path, content: bytes) -> None:
    """Write a small object, or replace it."""
    client = aws.client("s3", place.session)
    with aws.talking(f"write {place}", DestinationError):
        client.put_object(**_named(place), Body=content, **aws.requester_pays())


def digest(place: S3Path) -> tuple[int, str] | None:
    """Return the size and SHA-256 of an object; None if there is no such object.

    The digest is the one that `upload` left; an object that others wrote is read and hashed.
    """
    found = _digest(aws.client("s3", place.session), place)
    if found is None or found[1]:
        return found
    hashed = hashlib.sha256()
    with aws.talking(f"fetch {place}"):
        for start in range(0, found[0], _BUFFER):
            hashed.update(part(place, start, _BUFFER))
    return found[0], hashed.hexdigest()


def _digest(client: Any, place: S3Path) -> tuple[int, str] | None:
    """Return the size of an object and its digest, if it has one; None if there is no object."""
    with aws.talking(f"look at {place}", DestinationError):
        try:
            found = client.head_object(**_named(place), **aws.requester_pays())
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey"}:
                return None
            raise
    return found["ContentLength"], found["Metadata"].get(_DIGEST, "")


def delete(folder: S3Path) -> None:
    """Delete every object below a folder, including hidden and empty ones."""
    delete_objects([each.place for each in below(folder)])


def delete_objects(places: Sequence[S3Path]) -> None:
    """Delete objects of one bucket."""
    for at in range(0, len(places), _PAGE):
        _delete_page(places[at : at + _PAGE])


def _delete_page(places: Sequence[S3Path]) -> None:
    first = places[0]
    client = aws.client("s3", first.session)
    wanted = [{"Key": each.key} for each in places]
    with aws.talking(f"delete {first}", DestinationError):
        done = client.delete_objects(Bucket=first.bucket, Delete={"Objects": wanted})
    if refused := done.get("Errors"):
        code, text = refused[0]["Code"], refused[0]["Message"]
        raise aws.refusal(code, "", text, f"delete {first}", DestinationError)
