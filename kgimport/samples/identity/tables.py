"""The sets of rows: their columns, and what makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from kgimport.samples.identity import accounts, purchases, sessions
from kgimport.samples.identity.people import ACCOUNT, PURCHASE, SESSION, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.samples.draws import Ints
    from kgimport.samples.sample import Columns


@dataclass(frozen=True, slots=True)
class Set:
    """A set of rows: what its numbers count, its columns, and what makes the rows of numbers."""

    kind: int
    schema: pa.Schema
    rows: Callable[[World, Ints], Columns]
    is_truth: bool = False  # which never changes, so a load has only that of new numbers


_INTS: Final = frozenset({"loyalty_points", "reward_points", "events", "session_duration_sec"})
_TYPES: Final = {
    **dict.fromkeys(("birthday", "purchased_date"), pa.date32()),
    **dict.fromkeys(("start_timestamp", "end_timestamp"), sessions.STAMP),
    **dict.fromkeys(_INTS, pa.int32()),
}


def _columns(*names: str) -> pa.Schema:
    return pa.schema({name: _TYPES.get(name, pa.string()) for name in names})


SETS: Final[Mapping[str, Set]] = {
    "first_party": Set(
        ACCOUNT,
        _columns(
            *("user_name", "email", "external_id", "phone_number", "street_address", "postcode"),
            *("city", "country", "birthday", "loyalty_points", "loyalty_level"),
        ),
        accounts.first_party,
    ),
    "transactional": Set(
        PURCHASE,
        _columns(
            *("purchase_id", "product_name", "purchased_date", "product_category"),
            *("customer_id", "reward_points"),
        ),
        purchases.transactional,
    ),
    "cookie": Set(
        SESSION,
        _columns(
            *("cookie_id", "session_id", "last_action", "user_name", "conversion_id"),
            "session_duration_sec",
        ),
        sessions.cookies,
    ),
    "clickstream": Set(
        SESSION,
        _columns(
            *("session_id", "client_ip", "client_platform", "canonical_url", "domain_name"),
            *("app_id", "device_id", "user_name", "events", "start_timestamp", "end_timestamp"),
            *("start_event", "end_event", "session_duration_sec", "user-agent"),
        ),
        sessions.clickstream,
    ),
}
# What no company knows: the person behind each account and each session.
TRUTH: Final[Mapping[str, Set]] = {
    "accounts": Set(
        ACCOUNT,
        _columns("user_name", "email", "external_id", "person_id", "household_id"),
        accounts.truth,
        is_truth=True,
    ),
    "sessions": Set(SESSION, _columns("session_id", "person_id"), sessions.truth, is_truth=True),
}


def columns(each: Set, *, text: bool) -> pa.Schema:
    """Return the columns of a set, all as text if wanted."""
    return pa.schema({name: pa.string() for name in each.schema.names}) if text else each.schema


def batches(world: World, each: Set, first: int, last: int, *, text: bool) -> Iterator[Columns]:
    """Yield the rows of a load for the numbers within bounds, block by block."""
    for numbers in world.rows(each.kind, first, last):
        chosen = numbers[numbers >= world.new()[0]] if each.is_truth else numbers
        found = each.rows(world, chosen)
        yield {name: _texts(values) for name, values in found.items()} if text else found


def _texts(values: pa.Array) -> pa.Array:
    """Return values as text, times without a zone."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("s", tz="UTC")).cast(pa.timestamp("s"))
    return values.cast(pa.string())
