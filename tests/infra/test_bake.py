"""bake.yml as CodeBuild runs it: the real commands, with programs in docker's and aws's place."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.infra.configuration import INFRA

if TYPE_CHECKING:
    from pathlib import Path

BAKE = yaml.safe_load((INFRA / "modules/loader/bake.yml").read_text(encoding="utf-8"))
OLD, NEW = "a" * 64, "b" * 64
RECORD = '{"build_id": "1234", "neo4j": "2026.08.1", "kgimport": "0.1.0"}'

# docker notes what it is asked for, and knows the base by its digest; aws knows the registry.
DOCKER = """
import os, sys
print("docker", *sys.argv[1:], file=open("asked", "a"))
if sys.argv[1] == "inspect":
    print("neo4j@sha256:" + os.environ["DIGEST"])
if sys.argv[1] == "login":
    sys.stdin.read()
"""
AWS = """
import os, sys
if sys.argv[1:3] == ["ecr", "batch-get-image"]:
    there = "imageDigest=sha256:running" in sys.argv
    print("its manifest" if there else "None")
if sys.argv[1:3] == ["ecr", "put-image"]:
    print("aws", *sys.argv[1:], file=open("asked", "a"))
    sys.exit(os.environ["PUT"] or 0)
if sys.argv[1] == "s3":
    sys.stdout.buffer.write(open("one.tar", "rb").read())
if sys.argv[1:3] == ["ecr", "describe-images"]:
    sys.exit(sys.argv[-1] != "imageTag=" + os.environ["THERE"])
"""
JQ = """
import json, sys
record = json.load(open(sys.argv[-1]))
print("-".join(record[name] for name in ("build_id", "neo4j", "kgimport")))
"""


def _bake(
    place: Path,
    there: str,
    base: str = "neo4j:2026.08.1-community",
    running: str = "none",
    put: str = "",
) -> list[str]:
    """What is asked for, where the registry holds `there` and the base has the digest NEW.

    `running` is what the replicas run, `put` what a tag that is put there fails with.
    """
    for name, text in {"docker": DOCKER, "aws": AWS, "jq": JQ}.items():
        (place / name).write_text(f"#!{sys.executable}\n{text}")
        (place / name).chmod(0o755)
    with tarfile.open(place / "one.tar", "w") as tar:
        member = tarfile.TarInfo("store.json")
        member.size = len(RECORD)
        tar.addfile(member, BytesIO(RECORD.encode()))
    given = {
        "HANDOVER": "s3://handover/one.tar",
        "BASE": base,
        "LOADER": "loader:0.1.0",
        "GRAPH": "graph",
        "REPO": "graph",
        "REGISTRY": "registry",
        "CURRENT": "current",
        "DIGEST": NEW,
        "THERE": there,
        "RUNNING": running,
        "SERVED": "served",
        "PUT": put,
    }
    (commands,) = BAKE["phases"]["build"]["commands"]
    path = f"{place}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-c", commands], cwd=place, env={**os.environ, **given, "PATH": path}, check=True
    )
    asked = (place / "asked").read_text(encoding="utf-8").splitlines()
    return [line for line in asked if line.split()[1] in {"run", "push", "tag", "ecr"}]


TAG = f"1234-2026.08.1-0.1.0-{NEW[:12]}"
MOVED = [f"docker tag graph:{TAG} graph:current", "docker push --quiet graph:current"]


def test_the_same_graph_on_the_same_base_is_not_baked_again(tmp_path: Path) -> None:
    assert _bake(tmp_path, there=TAG) == MOVED


@pytest.mark.parametrize(
    ("there", "base"),
    [
        ("none", "neo4j:2026.08.1-community"),
        (f"1234-2026.08.1-0.1.0-{OLD[:12]}", "neo4j:2026.08.1-community"),
        ("none", f"neo4j:2026.08.1-community@sha256:{NEW}"),
    ],
    ids=["no image yet", "the same graph on the base before", "a base by its digest"],
)
def test_a_graph_that_is_not_there_on_this_base_is_baked(
    tmp_path: Path, there: str, base: str
) -> None:
    ran, *pushed = _bake(tmp_path, there, base)

    assert ran.endswith(f"loader:0.1.0 image /store --image {base} --tag graph:{TAG}")
    assert pushed == [f"docker push --quiet graph:{TAG}", *MOVED]


@pytest.mark.parametrize("put", ["", "An error occurred (ImageAlreadyExistsException)"])
def test_what_the_replicas_run_is_tagged_so_that_it_is_kept(tmp_path: Path, put: str) -> None:
    first, *others = _bake(tmp_path, there=TAG, running="sha256:running", put=put)

    kept = "--repository-name graph --image-tag served --image-manifest its manifest"
    assert (first, others) == (f"aws ecr put-image {kept}", MOVED)


def test_replicas_of_an_image_that_is_not_there_are_no_hindrance(tmp_path: Path) -> None:
    assert _bake(tmp_path, there=TAG, running="sha256:other") == MOVED


def test_an_image_in_use_that_cannot_be_kept_stops_the_bake(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        _bake(tmp_path, there=TAG, running="sha256:running", put="AccessDeniedException")

    assert "current" not in (tmp_path / "asked").read_text(encoding="utf-8")
