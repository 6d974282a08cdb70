"""The tables of the learning management system: their columns, and how the rows are made.

Each function gives the rows as Arrow columns: all at once for a catalogue, block by block for what
grows with the users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kgimport.samples.columns import (
    DAY,
    MOMENT,
    dates,
    decimals,
    keys,
    lists,
    moments,
    picked,
    some,
    stamps,
    tokens,
    unless,
)
from kgimport.samples.draws import Draws, Ints, places, running, zipf
from kgimport.samples.lms import words
from kgimport.samples.lms.journeys import (
    LEFT_OPEN,
    Purpose,
    Sessions,
    Steps,
    Tenant,
    World,
    journeys,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kgimport.samples.sample import Columns

_STRINGS: Final = pa.list_(pa.string())
_ASSET_TABLES: Final = ("courses_assets", "assets_details", "assets_history")

SCHEMAS: Final[dict[str, pa.Schema]] = {
    "users_details": pa.schema(
        {
            "user_key": pa.string(),
            "role": pa.string(),
            "department": pa.string(),
            "languages": _STRINGS,
            "skills": _STRINGS,
            "is_active": pa.bool_(),
            "hired_on": pa.date32(),
            "created_at": MOMENT,
            "last_login_at": MOMENT,
        }
    ),
    "courses_details": pa.schema(
        {
            "course_key": pa.string(),
            "title": pa.string(),
            "category": pa.string(),
            "level": pa.string(),
            "language": pa.string(),
            "duration_minutes": pa.int32(),
            "price": pa.decimal128(10, 2),
            "is_published": pa.bool_(),
            "tags": _STRINGS,
            "created_at": MOMENT,
            "published_on": pa.date32(),
        }
    ),
    "courses_assets": pa.schema(
        {"course_key": pa.string(), "asset_key": pa.string(), "position": pa.int32()}
    ),
    "assets_details": pa.schema(
        {
            "asset_key": pa.string(),
            "kind": pa.string(),
            "title": pa.string(),
            "language": pa.string(),
            "size_bytes": pa.int64(),
            "duration_seconds": pa.int32(),
            "rating": pa.decimal128(3, 2),
            "tags": _STRINGS,
            "is_downloadable": pa.bool_(),
            "created_at": MOMENT,
        }
    ),
    "assets_history": pa.schema(
        {
            "user_key": pa.string(),
            "asset_key": pa.string(),
            "session_key": pa.string(),
            "event_at": MOMENT,
            "action": pa.string(),
            "seconds": pa.int32(),
        }
    ),
    "courses_history": pa.schema(
        {
            "user_key": pa.string(),
            "course_key": pa.string(),
            "session_key": pa.string(),
            "event_at": MOMENT,
            "status": pa.string(),
            "progress": pa.float64(),
            "score": pa.decimal128(5, 2),
        }
    ),
}


def schemas_of(tenant: Tenant) -> dict[str, pa.Schema]:
    """Return the tables that a tenant has, and their columns."""
    mine = {t: s for t, s in SCHEMAS.items() if tenant.assets or t not in _ASSET_TABLES}
    if not tenant.has_skills:
        users = mine["users_details"]
        mine["users_details"] = users.remove(users.get_field_index("skills"))
    return mine


# Details.


def _users_details(world: World) -> Iterator[Columns]:
    for block in world.blocks():
        draws, user = world.draws(Purpose.USERS, block), world.users_of(block)
        last = _last_logins(world, block)
        created = moments(draws, "2019-01-01", "2026-01-01", user.size)
        hired = created // DAY - draws.below(4000, user.size)
        skill = draws.below(len(words.SKILLS), user.size)
        department = some(draws, words.DEPARTMENTS, user.size)
        yield {
            "user_key": _user_keys(world, user),
            "role": some(draws, words.ROLES, user.size),
            "department": unless(draws.chance(8, user.size), department),
            "languages": lists(draws, words.TONGUES, _first_tongues(draws, world, user.size)),
            "skills": unless(draws.chance(30, user.size), lists(draws, words.SKILLS, skill)),
            "is_active": pa.array((last > 0) & ~draws.chance(4, user.size)),
            "hired_on": unless(draws.chance(10, user.size), dates(hired)),
            "created_at": stamps(created),
            "last_login_at": unless(last == 0, stamps(last)),
        }


def _last_logins(world: World, block: int) -> Ints:
    """Return when each user of the block last came, 0 for never."""
    user, (sessions, _) = world.users_of(block), journeys(world, block)
    last = np.zeros(user.size, dtype=np.int64)
    np.maximum.at(last, sessions.user - user[0], sessions.start)
    return last


def _first_tongues(draws: Draws, world: World, size: int) -> Ints:
    """Few languages are common at one customer, and they are others at the next one."""
    ranks = np.arange(len(words.TONGUES))
    common = draws.weighted(zipf(ranks, ranks >= 0), size)
    return (common + 5 * (world.tenant.number - 1)) % len(words.TONGUES)


def _courses_details(world: World) -> Iterator[Columns]:
    draws, size = world.draws(Purpose.COURSES), world.courses
    language = words.languages(draws, size)
    created = moments(draws, "2019-01-01", "2025-12-01", size)
    published = dates(created // DAY + draws.below(30, size))
    tag = draws.below(len(words.TAGS), size)
    yield {
        "course_key": keys("c", np.arange(size)),
        "title": words.titles(draws, language),
        "category": unless(draws.chance(10, size), some(draws, words.CATEGORIES, size)),
        "level": some(draws, words.LEVELS, size),
        "language": picked(words.LANGUAGES, language),
        "duration_minutes": pa.array(15 * (1 + draws.below(40, size)), pa.int32()),
        "price": unless(draws.chance(25, size), decimals(draws.below(500_000, size), 10)),
        "is_published": pa.array(world.published),
        "tags": unless(draws.chance(20, size), lists(draws, words.TAGS, tag)),
        "created_at": stamps(created),
        "published_on": unless(~world.published, published),
    }


def _courses_assets(world: World) -> Iterator[Columns]:
    yield {
        "course_key": keys("c", np.repeat(np.arange(world.courses), world.content_counts)),
        "asset_key": keys("a", world.contents),
        "position": pa.array(1 + places(world.content_counts), pa.int32()),
    }


def _assets_details(world: World) -> Iterator[Columns]:
    draws, size = world.draws(Purpose.ASSETS), world.assets
    language = words.languages(draws, size)
    kind = some(draws, words.KINDS, size)
    timed = pc.is_in(kind, words.TIMED_KINDS).to_numpy(zero_copy_only=False)
    seconds = pa.array(20 + draws.below(3600, size), pa.int32())
    size_bytes = (draws.below(1 << 16, size) << draws.below(18, size)) + draws.below(1000, size)
    tag = draws.below(len(words.TAGS), size)
    yield {
        "asset_key": keys("a", np.arange(size)),
        "kind": kind,
        "title": words.titles(draws, language),
        "language": picked(words.LANGUAGES, language),
        "size_bytes": pa.array(size_bytes),
        "duration_seconds": unless(~timed, seconds),
        "rating": unless(draws.chance(30, size), decimals(100 + draws.below(401, size), 3)),
        "tags": unless(draws.chance(40, size), lists(draws, words.TAGS, tag)),
        "is_downloadable": pa.array(world.downloadable),
        "created_at": stamps(moments(draws, "2019-01-01", "2025-12-01", size)),
    }


# Histories, one month at a time, in the order in which each block's sessions begin.

_BURST: Final = np.array([0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 9])  # events of a session
_DWELL: Final = np.array([4000 // (k + 8) - 25 for k in range(128)])  # seconds of an event
_OPENED, _VIEWED, _COMPLETED, _DOWNLOADED = range(4)  # positions in words.ACTIONS
_FIRST_ACTION: Final = np.array([_OPENED] * 3 + [_VIEWED] * 2)
_NEXT_ACTION: Final = np.array([_VIEWED] * 3 + [_COMPLETED] * 3 + [_DOWNLOADED])


def _assets_history(world: World, month: int) -> Iterator[Columns]:
    for block in world.blocks():
        draws = world.draws(Purpose.ASSETS_HISTORY, block, month)
        sessions, _ = journeys(world, block)
        chosen = np.flatnonzero(sessions.month == month)
        chosen = chosen[np.argsort(sessions.start[chosen], kind="stable")]
        burst = draws.among(_BURST, chosen.size)
        session, place = np.repeat(chosen, burst), places(burst)
        asset = _browsed(draws, world, sessions, session, place)
        action = _actions(draws, world, asset, place)
        seconds = draws.among(_DWELL, place.size) + draws.below(11, place.size)
        passed = seconds * 1_000_000 + draws.below(40_000_000, place.size)
        yield {
            "user_key": _user_keys(world, sessions.user[session]),
            "asset_key": keys("a", asset),
            "session_key": tokens(sessions.number[session], 7),
            "event_at": stamps(sessions.start[session] + running(passed, place == 0)),
            "action": picked(words.ACTIONS, action),
            "seconds": unless(action % 3 == 0, pa.array(seconds, pa.int32())),
        }


def _browsed(draws: Draws, world: World, sessions: Sessions, session: Ints, place: Ints) -> Ints:
    """Two events in a row for each asset: along the user's course, or something popular."""
    anything = draws.weighted(world.asset_weights, place.size)
    strays = draws.chance(8, place.size)
    opening = np.arange(place.size) - place % 2
    course, counts = sessions.course[session], world.content_counts
    along = (sessions.step[session] + place // 2) % counts[course]
    in_course = world.contents[(np.cumsum(counts) - counts)[course] + along]
    return np.where((course < 0) | strays[opening], anything[opening], in_course)


def _actions(draws: Draws, world: World, asset: Ints, place: Ints) -> Ints:
    """First a look, then something that follows from it; only some assets can be downloaded."""
    first, following = draws.among(_FIRST_ACTION, place.size), draws.among(_NEXT_ACTION, place.size)
    action = np.where(place % 2 == 0, first, following)
    return np.where((action == _DOWNLOADED) & ~world.downloadable[asset], _VIEWED, action)


_PROGRESSED, _FINISHED = 2, 3  # positions in words.STATUSES


def _courses_history(world: World, month: int) -> Iterator[Columns]:
    for block in world.blocks():
        draws = world.draws(Purpose.COURSES_HISTORY, block, month)
        sessions, steps = journeys(world, block)
        chosen = np.flatnonzero(sessions.month[steps.session] == month)
        chosen = chosen[np.argsort(sessions.start[steps.session[chosen]], kind="stable")]
        session = steps.session[chosen]
        first = np.diff(session, prepend=-1) != 0
        passed = np.where(first, 0, 60_000_000 + draws.below(420_000_000, session.size))
        status, progress = _studied(draws, steps, chosen)
        ungraded = (status != _FINISHED) | draws.chance(20, session.size)
        lost = draws.below(71, session.size) * draws.below(71, session.size)
        yield {
            "user_key": _user_keys(world, sessions.user[session]),
            "course_key": keys("c", sessions.course[session]),
            "session_key": tokens(sessions.number[session], 7),
            "event_at": stamps(sessions.start[session] + running(passed, first)),
            "status": picked(words.STATUSES, status),
            "progress": pa.array(progress / 1000),
            "score": unless(ungraded, decimals(10_000 - lost, 5)),
        }


def _studied(draws: Draws, steps: Steps, chosen: Ints) -> tuple[Ints, Ints]:
    """Statuses, and the progress in thousandths, which never falls on a user's way."""
    step, planned, outcome = steps.step[chosen], steps.planned[chosen], steps.outcome[chosen]
    ends = (step == planned - 1) & (step >= _PROGRESSED) & (outcome != LEFT_OPEN)
    status = np.where(ends, _FINISHED + outcome, np.minimum(step, _PROGRESSED))
    stride = 1000 // np.maximum(planned - 1, 2)
    within = np.where(status == _PROGRESSED, draws.below(stride, step.size), 0)
    progress = np.maximum(step - 1, 0) * stride + within
    return status, np.where(status == _FINISHED, 1000, progress)


def _user_keys(world: World, user: Ints) -> pa.Array:
    """Tokens that differ between the customers, but for one user in fifty."""
    return tokens(user * 4 + np.where(user % 50 == 0, 0, world.tenant.number), 6)


DETAILS: Final[Mapping[str, Callable[[World], Iterator[Columns]]]] = {
    "users_details": _users_details,
    "courses_details": _courses_details,
    "courses_assets": _courses_assets,
    "assets_details": _assets_details,
}
HISTORIES: Final[Mapping[str, Callable[[World, int], Iterator[Columns]]]] = {
    "assets_history": _assets_history,
    "courses_history": _courses_history,
}
