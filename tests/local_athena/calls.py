"""What an HTTP request to AWS asks for: the service, the action and the object, in AWS's words."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_TARGETS = {"AmazonAthena": "athena", "AWSGlue": "glue"}
ENGINE_AGENT = "local-athena"  # how our own requests to Glue and S3 name themselves

# Which query parameter turns a plain request on an object or a bucket into another action.
_OBJECT = {
    "GET": (("uploadId", "ListParts"), ("tagging", "GetObjectTagging"), ("", "GetObject")),
    "HEAD": (("", "HeadObject"),),
    "PUT": (("partNumber", "UploadPart"), ("tagging", "PutObjectTagging"), ("", "PutObject")),
    "POST": (("uploads", "CreateMultipartUpload"), ("uploadId", "CompleteMultipartUpload")),
    "DELETE": (("uploadId", "AbortMultipartUpload"), ("", "DeleteObject")),
}
_BUCKET = {
    "GET": (
        ("list-type", "ListObjectsV2"),
        ("location", "GetBucketLocation"),
        ("uploads", "ListMultipartUploads"),
        ("", "ListObjects"),
    ),
    "HEAD": (("", "HeadBucket"),),
    "PUT": (("", "CreateBucket"),),
    "POST": (("delete", "DeleteObjects"),),
    "DELETE": (("", "DeleteBucket"),),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request: e.g. ("glue", "GetTable"), or ("s3", "GetObject", key="bucket/path")."""

    service: str
    action: str
    key: str = ""  # bucket/key, for S3 only
    region: str = "us-east-1"
    engine: bool = False  # made by Trino, or by what stands in front of it
    access_key: str = ""  # of whoever signed it


def recognise(environ: dict[str, Any]) -> Call:
    """Tell what a WSGI request asks for; what cannot be told is S3's, for that may be unsigned."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    signer, region, service = scope.groups() if scope else ("", "us-east-1", "s3")
    agent = environ.get("HTTP_USER_AGENT", "")
    engine = "aws-sdk-java" in agent or ENGINE_AGENT in agent
    family, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    if family in _TARGETS:
        return Call(_TARGETS[family], action, "", region, engine, signer)
    if service != "s3":
        return Call(service, _form_action(environ), "", region, engine, signer)
    key = unquote(environ.get("PATH_INFO", "")).lstrip("/")
    return Call("s3", _s3_action(environ, key), key, region, engine, signer)


def _form_action(environ: dict[str, Any]) -> str:
    """The action of a service that takes forms, such as STS; the body stays readable."""
    body = take_body(environ).decode("utf-8", errors="replace")
    return parse_qs(body).get("Action", [""])[0]


def take_body(environ: dict[str, Any]) -> bytes:
    """Read a request's body, and leave it to be read again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _s3_action(environ: dict[str, Any], key: str) -> str:
    method = str(environ["REQUEST_METHOD"])
    asked = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    bucket, _, path = key.partition("/")
    if not bucket:
        return "ListBuckets"
    if path and method == "PUT" and "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return "CopyObject"
    return _first((_OBJECT if path else _BUCKET).get(method, ()), asked) or method


def _first(choices: Iterable[tuple[str, str]], asked: dict[str, list[str]]) -> str:
    return next(
        (action for parameter, action in choices if not parameter or parameter in asked), ""
    )
