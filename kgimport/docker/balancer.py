"""The balancer of docker/compose.yaml, HAProxy, controlled through its command socket.

HAProxy has a slot for each address that Docker's name server returns. A slot keeps its state when
another replica gets it, and loses it when HAProxy restarts. So nothing here relies on a state that
was set before.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from kgimport.errors import ServerError
from kgimport.neo4j.runtime import docker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kgimport.docker.compose import Replica

BACKEND = "replicas"
# The socket listens inside the balancer's container only; see haproxy.cfg.
_ASK = 'exec 3<>/dev/tcp/127.0.0.1/9999 && echo "$1" >&3 && cat <&3'


def drain(balancer: str, replicas: Iterable[Replica]) -> int:
    """Drain some replicas and no others; return how many connections the drained ones have left."""
    addresses = {each.address for each in replicas} - {""}  # free slots have no address either
    slots = _slots(balancer)
    states = {slot["svname"]: "drain" if _address(slot) in addresses else "ready" for slot in slots}
    _send(balancer, ";".join(f"set server {BACKEND}/{at} state {states[at]}" for at in states))
    return sum(int(slot["scur"]) for slot in slots if _address(slot) in addresses)


def knows(balancer: str, replicas: Iterable[Replica]) -> bool:
    """Return whether the balancer gives connections to each of some replicas."""
    up = {_address(slot) for slot in _slots(balancer) if slot["status"].startswith("UP")}
    return up >= {each.address for each in replicas}


def room(balancer: str) -> int:
    """Return how many replicas the balancer can have."""
    return len(_slots(balancer))


def _slots(balancer: str) -> list[dict[str, str]]:
    lines = _send(balancer, "show stat").removeprefix("# ").splitlines()
    rows = csv.DictReader(line for line in lines if line)
    return [row for row in rows if row["pxname"] == BACKEND and row["svname"] != "BACKEND"]


def _address(slot: dict[str, str]) -> str:
    return slot["addr"].partition(":")[0]


def _send(balancer: str, command: str) -> str:
    answer = docker.ask("exec", balancer, "bash", "-c", _ASK, "bash", command)
    if answer is None:
        raise ServerError("the balancer's command socket does not answer", "see docker/haproxy.cfg")
    return answer
