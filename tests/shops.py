"""A dbt project of the usual shape, built once for each warehouse: `tests/shop`.

Seeds, staging views, marts, an incremental model, a snapshot, custom schemas and an alias; nothing
in it is made for kgimport but its graph.yml. Its profile is in the home folder.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kgimport import dbt
from tests.postgres_server import new_database

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = Path(__file__).with_name("shop")
PROFILES = """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 2}
    pg:
      type: postgres
      host: "{{ env_var('PGHOST') }}"
      port: "{{ env_var('PGPORT', '5432') | as_number }}"
      user: "{{ env_var('PGUSER') }}"
      pass: "{{ env_var('PGPASSWORD') }}"
      dbname: "{{ env_var('PGDATABASE') }}"
      schema: shop
      threads: 2
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A copy of the project, and the environment in which dbt knows its profile."""

    folder: Path
    environment: dict[str, str]

    @contextmanager
    def at_home(self) -> Iterator[Path]:
        """Be in the project's folder, with its home and without other settings of dbt."""
        with pytest.MonkeyPatch.context() as patch:
            for name in [each for each in os.environ if each.startswith("DBT_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            yield self.folder


def new_shop(place: Path, **environment: str) -> Shop:
    """A shop that no dbt has built."""
    folder, home = place / "shop", place / "home"
    shutil.copytree(SHOP, folder)
    (home / ".dbt").mkdir(parents=True)
    (home / ".dbt" / "profiles.yml").write_text(PROFILES)
    return Shop(folder, {"HOME": str(home), **environment})


@pytest.fixture(scope="session")
def duckdb_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop as dbt built it in a DuckDB file."""
    shop = new_shop(tmp_path_factory.mktemp("duckdb"))
    with shop.at_home() as folder:
        dbt.build(folder)
    return shop


@pytest.fixture(scope="session")
def postgres_shop(postgres_socket: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The shop as dbt built it in Postgres, where a password has quotes and a backslash."""
    database = new_database(postgres_socket)
    shop = new_shop(tmp_path_factory.mktemp("postgres"), **database.environment)
    with shop.at_home() as folder:
        dbt.build(folder, target="pg")
    return shop
