"""What can go wrong, and the exit code of each kind of error.

KgimportError
├── UsageError          2   options that do not go together
├── DeclarationError    3   the declared graph is wrong, or does not fit its tables
├── IntegrityError      4   null keys, duplicate keys, dangling ends
├── ValueRefusedError   5   a value or type that the target cannot hold exactly
├── RuntimeMissingError 6   no Java, no Neo4j, a jar that differs from its lock
├── ImportFailedError   7   neo4j-admin, or Neptune's loader, refused the data
├── ReconciliationError 8   the store does not hold what the source holds
├── SourceError         9   a table's rows cannot be read
├── DestinationError   10   a directory that cannot be written, or is in use
├── ServerError        11   a server that does not start or answer, or a port that is taken
└── AwsRefusedError    12   AWS rejects credentials, denies a permission, or has another region
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kgimport.findings import Finding


class ExitCode(IntEnum):
    """The exit status of every command; one meaning each, never reused."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    DECLARATION = 3
    INTEGRITY = 4
    VALUE = 5
    RUNTIME = 6
    IMPORT = 7
    RECONCILIATION = 8
    SOURCE = 9
    DESTINATION = 10
    SERVER = 11
    AWS = 12
    INTERRUPTED = 130


# The message for ExitCode.INTERRUPTED.
INTERRUPTED = "interrupted; nothing half-done was left behind"


class LeftRunning(KeyboardInterrupt):
    """An interrupt that leaves work running elsewhere; its text names it and the next step."""


def short(text: object, most: int = 80) -> str:
    """Return a text for a message; if it is longer than `most`, its beginning and its length."""
    whole = str(text)
    return whole if len(whole) <= most else f"{whole[:most]}… ({len(whole):,} characters)"


def listed(names: Iterable[object], most: int = 12) -> str:
    """Return names for a message: the first `most`, and how many more there are."""
    every = list(names)
    more = f" … and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(map(short, every[:most])) + more


class KgimportError(Exception):
    """The root of all errors that a user can act on.

    `message` finishes the sentence "kgimport stopped because …"; `hint` is the next step.
    `findings` are what the checks found in the rows, where that is why.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED

    def __init__(self, message: str, hint: str = "", findings: Iterable[Finding] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return f"{self.message}\n→ {self.hint}" if self.hint else self.message


class UsageError(KgimportError):
    """Options that do not go together, or name something unknown."""

    exit_code = ExitCode.USAGE


class DeclarationError(KgimportError):
    """The declaration is wrong by itself, or does not fit the tables that it names."""

    exit_code = ExitCode.DECLARATION


class IntegrityError(KgimportError):
    """Null keys, duplicate keys or dangling ends were found before the import."""

    exit_code = ExitCode.INTEGRITY


class ValueRefusedError(KgimportError):
    """A value or a column type that the target cannot hold exactly."""

    exit_code = ExitCode.VALUE


class RuntimeMissingError(KgimportError):
    """Neo4j's programs cannot be run: no Java, no jars, or jars that differ from the lock."""

    exit_code = ExitCode.RUNTIME


class ImportFailedError(KgimportError):
    """neo4j-admin, or a job of Neptune's loader, ended with an error."""

    exit_code = ExitCode.IMPORT


class ReconciliationError(KgimportError):
    """The store's content differs from the source's."""

    exit_code = ExitCode.RECONCILIATION


class SourceError(KgimportError):
    """A table's rows cannot be found or read."""

    exit_code = ExitCode.SOURCE


class DestinationError(KgimportError):
    """A directory that cannot be written, is missing, or is in use by another run."""

    exit_code = ExitCode.DESTINATION


class ServerError(KgimportError):
    """A Neo4j server did not start or stop, its port is taken, or a cluster does not answer."""

    exit_code = ExitCode.SERVER


class AwsRefusedError(KgimportError):
    """AWS rejects the credentials, denies a permission, or has the resource in another region."""

    exit_code = ExitCode.AWS
