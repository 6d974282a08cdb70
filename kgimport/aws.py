"""AWS as kgimport meets it: whom it asks, at which address, and what a refusal means.

Everything that says who we are (profile, role, region, endpoint) comes from where every AWS
program has it: the environment and `~/.aws`; boto3 reads both, and Polars asks boto3. What a
project says of itself is a `Session`, which is handed down to whoever asks AWS for that project,
so that one process can work for several.
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
    """As whom AWS is asked, and where, unless the environment says otherwise.

    A profile and a region that the environment names come first, and so do its keys.
    """

    profile: str | None = None
    region: str | None = None


ENVIRONMENT = Session()

# Who we are is not accepted. The names differ from service to service.
_UNKNOWN = {
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
# Ten attempts with growing pauses last about a minute: what throttles longer is no accident.
ATTEMPTS = 10


def client(service: str, session: Session = ENVIRONMENT) -> Any:
    """Return a boto3 client of a session; throttled calls are tried again.

    Raises `RuntimeMissingError` without boto3, `AwsRefusedError` without a region.
    """
    with _ONE_AT_A_TIME, talking(f"reach {service}"):
        return _client(service, session, _environment())


def boto_session(session: Session) -> Any:
    """Return a session as boto3 has it, for libraries that make clients themselves."""
    with _ONE_AT_A_TIME, talking("reach AWS"):
        return _boto_session(session, _environment())


# boto3 cannot make two at a time, and needs a tenth of a second for one.
_ONE_AT_A_TIME = threading.Lock()


def _environment() -> Settings:
    return tuple(sorted(each for each in os.environ.items() if each[0].startswith("AWS_")))


@functools.cache
def _client(service: str, session: Session, environment: Settings) -> Any:
    made = _boto_session(session, environment)
    from botocore.config import Config  # noqa: PLC0415  (of an extra)

    retries: Any = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    addressing: Any = {"addressing_style": "path"} if _endpoint() else {}
    return made.client(service, config=Config(retries=retries, s3=addressing))


@functools.cache
def _boto_session(session: Session, _: Settings) -> Any:
    try:
        import boto3  # noqa: PLC0415  (a third of a second that only AWS's users should pay)
        from botocore.session import Session as BotocoreSession  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            f"{error.name} is not installed", "pip install 'kgimport[athena]'"
        ) from error
    # As a default, and not as a choice: boto3 takes a chosen profile before the environment's keys.
    profile = {"profile": (None, ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"], session.profile, None)}
    # boto3 by itself reads AWS_DEFAULT_REGION only.
    there = "AWS_REGION" in os.environ or "AWS_DEFAULT_REGION" in os.environ
    region = os.environ.get("AWS_REGION") if there else session.region
    return boto3.Session(botocore_session=BotocoreSession(profile), region_name=region)


def storage_options(session: Session) -> dict[str, str]:
    """Return what Polars' object store needs besides the credentials, which boto3 gives it."""
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
    """Return what gives Polars a session's credentials, and the second since 1970 when they end.

    It is the same one for the same session, for Polars keeps what each gives. What the environment
    alone says, Polars asks boto3 for by itself.
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
    """Return what a call to S3 adds where KGIMPORT_REQUESTER_PAYS allows us to pay for it."""
    on = os.environ.get("KGIMPORT_REQUESTER_PAYS", "").lower() in {"1", "true", "yes"}
    return {"RequestPayer": "requester"} if on else {}


def _endpoint() -> str | None:
    """Return an address other than Amazon's own, such as MinIO's.

    Such stores want path-style requests.
    """
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


@contextmanager
def talking(what: str, otherwise: type[KgimportError] = SourceError) -> Iterator[None]:
    """Turn what AWS or the way to it refuses into an error; `what` is what was tried.

    Who we are, and what we may, are `AwsRefusedError`; anything else is of the class `otherwise`.
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
    """Return what an exception of boto3, or of what stands upon it, says to our user."""
    response = getattr(error, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", "")) or _code_within(str(error))
    return refusal(code, type(error).__name__, str(error), what, otherwise)


def _code_within(text: str) -> str:
    """Return the code in an error's text: botocore's own form, or S3's answer in XML."""
    found = re.search(r"An error occurred \((\w+)\)|<Code>(\w+)</Code>", text)
    return (found[1] or found[2]) if found else ""


_UNIDENTIFIED = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}


def refusal(
    code: str, kind: str, text: str, what: str, otherwise: type[KgimportError]
) -> KgimportError:
    """Return the error that stands for a code of AWS, or for a kind of exception where it gave
    none.
    """
    said = " ".join(text.split())
    if code in _UNKNOWN or kind in _UNIDENTIFIED:
        return AwsRefusedError(
            f"AWS does not accept our credentials, needed to {what}: {said}",
            "renew them (`aws sso login`), or name others with AWS_PROFILE",
        )
    if code in _DENIED:
        return AwsRefusedError(
            f"AWS does not let us {what}: {said}",
            "give the role that permission, or use another one (AWS_PROFILE)",
        )
    if kind == "NoRegionError" or code in _ELSEWHERE:
        return AwsRefusedError(
            f"cannot {what}, for the region is not the right one: {said}",
            "set AWS_REGION to the region of the bucket and the tables",
        )
    hint = (
        "see whether it exists, and whether the network is up; then run again"
        if otherwise is not DestinationError
        else "see whether the bucket exists, and whether the network is up; then run again"
    )
    return otherwise(f"cannot {what}: {said}", hint)


def in_text(text: str, what: str) -> KgimportError | None:
    """Return what S3's answer means where only its text is left, as in an error of Polars.

    Else None.
    """
    code = _code_within(text)
    if not code:
        return None
    if code in {"NoSuchKey", "NoSuchBucket"}:
        gone = re.search(r"\(path: (\S+)\)", text)
        return SourceError(
            f"cannot {what}: {gone[1] if gone else 'an object'} is gone",
            "another run wrote the table meanwhile: begin again when it has ended",
        )
    message = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    return refusal(code, "", message[1] if message else text, what, SourceError)
