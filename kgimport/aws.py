"""AWS as kgimport meets it: whom it asks, at which address, and what a refusal means.

Everything that says who we are (profile, role, region, endpoint) comes from where every AWS
program has it: the environment and `~/.aws`; boto3 reads both, and Polars asks boto3.
"""

from __future__ import annotations

import functools
import os
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kgimport.errors import (
    AwsRefusedError,
    DestinationError,
    KgimportError,
    RuntimeMissingError,
    SourceError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def client(service: str) -> Any:
    """Return a boto3 client of the default credentials; throttled calls are tried again.

    Raises `RuntimeMissingError` without boto3, `AwsRefusedError` without a region.
    """
    settings = sorted(each for each in os.environ.items() if each[0].startswith("AWS_"))
    with _ONE_AT_A_TIME, talking(f"reach {service}"):
        return _made(service, tuple(settings))


# boto3 cannot make two at a time, and needs a tenth of a second for one.
_ONE_AT_A_TIME = threading.Lock()


@functools.cache
def _made(service: str, _: tuple[tuple[str, str], ...]) -> Any:
    try:
        import boto3  # noqa: PLC0415  (a third of a second that only AWS's users should pay)
        from botocore.config import Config  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RuntimeMissingError(
            f"{error.name} is not installed", "pip install 'kgimport[athena]'"
        ) from error
    retries: Any = {"mode": "standard", "total_max_attempts": ATTEMPTS}
    addressing: Any = {"addressing_style": "path"} if _endpoint() else {}
    # boto3 by itself reads AWS_DEFAULT_REGION only.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION"))
    config = Config(retries=retries, s3=addressing)
    return session.client(service, config=config)  # type: ignore[call-overload]


def storage_options() -> dict[str, str]:
    """Return what Polars' object store needs besides the credentials, which boto3 gives it."""
    s3 = client("s3")
    options = {"aws_region": s3.meta.region_name}
    if endpoint := _endpoint():
        options["aws_endpoint_url"] = endpoint
        options["aws_virtual_hosted_style_request"] = "false"
        options["aws_allow_http"] = str(endpoint.startswith("http://")).lower()
    if requester_pays():
        options["aws_request_payer"] = "true"
    return options


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
