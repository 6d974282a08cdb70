"""Sessions and clients of AWS, and what its errors mean.

Profile, role, region and endpoint come from where every AWS program reads them: the environment and
`~/.aws`; boto3 reads both, and Polars asks boto3. What a project's own settings add is a `Session`,
which is passed to everything that calls AWS for that project, so that one process can work for
several projects.
"""

from __future__ import annotations

import functools
import os
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kgimport.errors import (
    AwsRefusedError,
    DestinationError,
    KgimportError,
    RuntimeMissingError,
    SourceError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Settings = tuple[tuple[str, str], ...]
    Provider = Callable[[], tuple[dict[str, str], int | None]]


@dataclass(frozen=True, slots=True)
class Session:
    """The profile and the region for calls to AWS, unless the environment sets them.

    A profile, a region and keys in the environment take precedence.
    """

    profile: str | None = None
    region: str | None = None


ENVIRONMENT = Session()

# Codes for rejected credentials; they differ from service to service.
_REJECTED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403", "Forbidden"}
_ELSEWHERE = {
    "PermanentRedirect",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "301",
    "MovedPermanently",
}
# boto3's and botocore's exceptions for missing or expired credentials.
_UNIDENTIFIED = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}
# Ten attempts with growing pauses last about a minute; throttling that lasts longer is an error.
ATTEMPTS = 10
# boto3 cannot create two clients at a time, and needs a tenth of a second for one.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Calls:
    """How calls are made: to which endpoint, how often, and how long an answer is awaited.

    Without an endpoint, boto3 finds the service's own.
    """

    endpoint: str | None = None
    attempts: int = ATTEMPTS
    answer_s: int = 60


_USUAL = Calls()


def client(service: str, session: Session = ENVIRONMENT, calls: Calls = _USUAL) -> Any:
    """Return a boto3 client of a session, which retries throttled calls.

    Raises `RuntimeMissingError` if boto3 is not installed, `AwsRefusedError` if no region is set.
    """
    with _ONE_AT_A_TIME, talking(f"reach {service}"):
        return _client(service, session, calls, _environment())


def boto_session(session: Session) -> Any:
    """Return the boto3 session for a session, for libraries that create clients themselves."""
    with _ONE_AT_A_TIME, talking("reach AWS"):
        return _boto_session(session, _environment())


def _environment() -> Settings:
    return tuple(sorted(each for each in os.environ.items() if each[0].startswith("AWS_")))


@functools.cache
def _client(service: str, session: Session, calls: Calls, environment: Settings) -> Any:
    made = _boto_session(session, environment)
    from botocore.config import Config  # noqa: PLC0415  (of an extra)

    retries: Any = {"mode": "standard", "total_max_attempts": calls.attempts}
    addressing: Any = {"addressing_style": "path"} if _endpoint() else {}
    config = Config(retries=retries, s3=addressing, read_timeout=calls.answer_s)
    return made.client(service, endpoint_url=calls.endpoint, config=config)


@functools.cache
def _boto_session(session: Session, _: Settings) -> Any:
    try:
        import boto3  # noqa: PLC0415  (a third of a second, which only users of AWS should wait)
        from botocore.session import Session as BotocoreSession  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            f"{error.name} is not installed", "pip install 'kgimport[athena]'"
        ) from error
    # As a default: boto3 would prefer an explicit profile to the keys in the environment.
    profile = {"profile": (None, ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"], session.profile, None)}
    # boto3 itself reads only AWS_DEFAULT_REGION.
    there = "AWS_REGION" in os.environ or "AWS_DEFAULT_REGION" in os.environ
    region = os.environ.get("AWS_REGION") if there else session.region
    return boto3.Session(botocore_session=BotocoreSession(profile), region_name=region)


def storage_options(session: Session) -> dict[str, str]:
    """Return the options of Polars' object store, except for credentials, which boto3 provides."""
    s3 = client("s3", session)
    options = {"aws_region": s3.meta.region_name}
    if endpoint := _endpoint():
        options["aws_endpoint_url"] = endpoint
        options["aws_virtual_hosted_style_request"] = "false"
        options["aws_allow_http"] = str(endpoint.startswith("http://")).lower()
    if requester_pays():
        options["aws_request_payer"] = "true"
    return options


def credentials(session: Session) -> Provider | Literal["auto"]:
    """Return a function that gives Polars a session's credentials and when they expire.

    That is in seconds since 1970. The same session gets the same function, because Polars caches
    the credentials per function. For the environment's own credentials, "auto" is returned: then
    Polars asks boto3 itself.
    """
    return "auto" if session == ENVIRONMENT else _provider(session, _environment())


@functools.cache
def _provider(session: Session, environment: Settings) -> Provider:
    def give() -> tuple[dict[str, str], int | None]:
        found = _boto_session(session, environment).get_credentials()
        if found is None:
            from botocore.exceptions import NoCredentialsError  # noqa: PLC0415  (of an extra)

            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
        named = {
            "aws_access_key_id": frozen.access_key,
            "aws_secret_access_key": frozen.secret_key,
            "aws_session_token": frozen.token,
        }
        ends = getattr(found, "_expiry_time", None)
        given = {name: value for name, value in named.items() if value}
        return given, int(ends.timestamp()) if ends else None

    return give


def requester_pays() -> dict[str, str]:
    """Return the argument that lets the requester pay for a call to S3.

    Empty unless KGIMPORT_REQUESTER_PAYS is set.
    """
    on = os.environ.get("KGIMPORT_REQUESTER_PAYS", "").lower() in {"1", "true", "yes"}
    return {"RequestPayer": "requester"} if on else {}


def _endpoint() -> str | None:
    """Return the endpoint if it is not Amazon's own, e.g. MinIO's, which needs path-style requests.

    Else None.
    """
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


@contextmanager
def talking(what: str, otherwise: type[KgimportError] = SourceError) -> Iterator[None]:
    """Turn exceptions of AWS's libraries into a `KgimportError`; `what` is what was tried.

    Rejected credentials, missing permissions and a wrong region are an `AwsRefusedError`; anything
    else is of the class `otherwise`.
    """
    try:
        yield
    except KgimportError:
        raise
    except Exception as error:
        if type(error).__module__.split(".")[0] not in {
            "botocore",
            "boto3",
            "pyathena",
            "s3transfer",
        }:
            raise
        raise meaning(error, what, otherwise) from error


def meaning(error: Exception, what: str, otherwise: type[KgimportError]) -> KgimportError:
    """Return the error for an exception of boto3, or of a library that uses it."""
    response = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", "")) or _code_within(str(error))
    return refusal(code, type(error).__name__, str(error), what, otherwise)


def _code_within(text: str) -> str:
    """Return the error code in an error's text: botocore's message, or S3's XML; "" if none."""
    found = re.search(r"An error occurred \((\w+)\)|<Code>(\w+)</Code>", text)
    return (found[1] or found[2]) if found else ""


def refusal(
    code: str, kind: str, text: str, what: str, otherwise: type[KgimportError]
) -> KgimportError:
    """Return the error for an error code of AWS, or, without a code, for a kind of exception."""
    reason = " ".join(text.split())
    if code in _REJECTED or kind in _UNIDENTIFIED:
        return AwsRefusedError(
            f"AWS does not accept the credentials needed to {what}: {reason}",
            "renew them (`aws sso login`), or choose others with AWS_PROFILE",
        )
    if code in _DENIED:
        return AwsRefusedError(
            f"AWS denies permission to {what}: {reason}",
            "give the role that permission, or use another role (AWS_PROFILE)",
        )
    if kind == "NoRegionError" or code in _ELSEWHERE:
        return AwsRefusedError(
            f"cannot {what}, because the region is wrong or not set: {reason}",
            "set AWS_REGION to the region of the bucket and the tables",
        )
    hint = (
        "check that it exists and that the network is up; then run again"
        if otherwise is not DestinationError
        else "check that the bucket exists and that the network is up; then run again"
    )
    return otherwise(f"cannot {what}: {reason}", hint)


def in_text(text: str, what: str) -> KgimportError | None:
    """Return the error for S3's answer, of which only the text is left, as in an error of Polars.

    None if the text is not an answer of S3.
    """
    code = _code_within(text)
    if not code:
        return None
    if code in {"NoSuchKey", "NoSuchBucket"}:
        gone = re.search(r"\(path: (\S+)\)", text)
        return SourceError(
            f"cannot {what}: {gone[1] if gone else 'an object'} is gone",
            "another run has written the table meanwhile: run again when it has ended",
        )
    message = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    return refusal(code, "", message[1] if message else text, what, SourceError)
