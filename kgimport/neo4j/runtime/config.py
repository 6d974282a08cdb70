"""A Neo4j home that kgimport makes: neo4j.conf with safe defaults, and links to the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgimport.errors import DestinationError, UsageError
from kgimport.neo4j.runtime import docker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kgimport.neo4j.runtime.programs import Neo4j

LOOPBACK = "127.0.0.1"
_HEADER = "# Written by kgimport before each use.\n"
READ_ONLY = {
    "server.databases.default_to_read_only": "true",
    # Queries get no time to end: Neo4j would refuse the commit of one that does, and drivers retry
    # both on another server.
    "db.shutdown_transaction_end_timeout": "0s",
}
# Otherwise, anyone who can run a query could read this machine's files, and everything that Java
# can reach over its network, by LOAD CSV. And any page in a browser could read HTTP's answers: CORS
# has no value for "no page", so this names an origin that nobody can have (RFC 6761).
_CLOSED = {
    "dbms.security.allow_csv_import_from_file_urls": "false",
    "internal.dbms.cypher_ip_blocklist": "0.0.0.0/0,::/0",
    "dbms.security.http_access_control_allow_origin": "https://nobody.invalid",
}

# Features that contact Neo4j's services or broadcast in the local network are disabled, from the
# first release that is known to have the setting: a server refuses to start with an unknown one.
_SINCE = (
    ((5, 26), "dbms.usage_report.enabled", "false"),
    ((5, 26), "client.allow_telemetry", "false"),
    ((2025, 11), "dbms.fleet_manager.enabled", "false"),
    ((2026, 8), "server.fleet_discovery.enabled", "false"),
    ((2026, 8), "server.http.x_forward.enabled", "false"),  # no proxy is in front: trust no header
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a shared server one reader may use; 0 lifts a limit."""

    timeout_s: int = 120  # of a transaction, busy or idle
    memory_mb: int = 256  # of a transaction; all together get 70 % of the heap, Neo4j's default


def configure(neo4j: Neo4j, *, home: Path, data: Path, settings: Mapping[str, str]) -> None:
    """Make `home` a Neo4j home whose data directory is `data`, with `settings` over the defaults.

    Both directories are created if missing. The data is linked, not named in neo4j.conf, because
    Neo4j reads that file as Latin-1 (5.26) or loses non-ASCII characters of a path (2026.08).
    """
    try:
        for directory in (data, home / "conf", home / "logs", home / "run"):
            directory.mkdir(parents=True, exist_ok=True)
        _link(home / "data", data)
        text = write_config({**defaults(neo4j), **settings})
        (home / "conf" / "neo4j.conf").write_text(text, encoding="ascii")
    except OSError as error:
        raise DestinationError(
            f"{error.filename or home} cannot be prepared for Neo4j: {error.strerror}",
            "choose a directory that can be written",
        ) from error


def defaults(neo4j: Neo4j) -> dict[str, str]:
    """Return the settings that kgimport starts from: reachable from this machine only, silent."""
    known = [(key, value) for since, key, value in _SINCE if neo4j.release >= since]
    return {
        "server.default_listen_address": LOOPBACK,
        "server.https.enabled": "false",
        "db.tx_log.preallocate": "false",  # else 256 MB of zeros per database
        **_CLOSED,
        **_quiet_period(neo4j),
        **dict(known),
        **(docker.settings() if neo4j.image else {}),
    }


def within(limits: Limits) -> dict[str, str]:
    """Return the settings that limit each reader, so that there is room for others."""
    return {
        "db.transaction.timeout": f"{limits.timeout_s}s",
        "db.memory.transaction.max": f"{limits.memory_mb}m",
        # Otherwise 400 idle transactions hold all of Bolt's threads, and 1000 reach the limit: an
        # idle transaction that was ended counts until its client speaks again, which may be never.
        # The threads still limit the transactions that do work.
        "internal.dbms.bolt.transaction_thread_binding": "false",
        # A server that stops closes every connection that holds no thread, even one whose COMMIT is
        # on its way, and no driver retries that. So a thread is held for a while between messages.
        "internal.dbms.bolt.thread_binding_timeout": "1s",
        "db.transaction.concurrent.maximum": "0",
    }


def _quiet_period(neo4j: Neo4j) -> dict[str, str]:
    """Return the setting that spares a stopping server 10 s of silence: nobody is connected."""
    key = "internal.dbms.bolt.netty_server_shutdown_quiet_period"
    return {f"{key}_duration": "0s"} if neo4j.release >= (2026, 8) else {key: "0"}


def write_config(settings: Mapping[str, str]) -> str:
    """Return the text of a neo4j.conf; UsageError for a value that the file cannot hold."""
    for key, value in settings.items():
        if not value.isprintable() or not value.isascii() or "\\" in value:
            raise UsageError(
                f"{key} cannot be set to {value!r}: neo4j.conf holds only printable ASCII "
                "without backslashes",
                "choose another value",
            )
    return _HEADER + "".join(f"{key}={value}\n" for key, value in settings.items())


def _link(link: Path, target: Path) -> None:
    target = target.absolute()
    if link.absolute() == target or (link.is_symlink() and link.readlink() == target):
        return
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target, target_is_directory=True)
