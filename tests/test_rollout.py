"""Which replicas stay of those that a killed rollout left."""

from __future__ import annotations

import pytest

from kgimport.commands.rollout import whole
from kgimport.docker.compose import Replica
from kgimport.docker.unfinished import Unfinished


@pytest.mark.parametrize(
    ("running", "answering", "stay"),
    [
        pytest.param("old1 old2", "old1 old2", "old1 old2", id="none had been started"),
        pytest.param("old1 old2 new1", "old1 old2 new1", "old1 old2", id="one had been started"),
        pytest.param("old1 old2 new1 new2", "old1 old2 new1", "old1 old2", id="one is not ready"),
        pytest.param("old1 old2 new1 new2", "old1 old2 new1 new2", "new1 new2", id="all are"),
        pytest.param("old2 new1 new2", "old2 new1 new2", "new1 new2", id="one had been stopped"),
        pytest.param("old2 new1 new2", "old2 new2", "old2 new2", id="and a new one ended"),
        pytest.param("old1 old2 new1 new2", "old1", "old1 old2 new1 new2", id="most are silent"),
    ],
)
def test_one_set_of_replicas_stays_where_one_is_whole(
    running: str, answering: str, stay: str
) -> None:
    note = Unfinished(2, ("old1", "old2"))

    found = whole(replicas(running), replicas(answering), note)

    assert found == replicas(stay)


def replicas(names: str) -> list[Replica]:
    return [Replica(name, f"address of {name}") for name in names.split()]
