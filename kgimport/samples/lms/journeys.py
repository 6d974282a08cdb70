"""What the customers of the sample offer, and what their users do in half a year.

A catalogue says which assets a course is made of; journeys say who takes which course and in which
sessions. Users come in blocks, each made from streams of its own, so that memory does not grow with
the scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from kgimport.samples.columns import DAY, HOUR
from kgimport.samples.draws import Bools, Draws, Ints, places, running, zipf


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer at scale 1, and what it has."""

    number: int
    users: int
    courses: int
    assets: int
    has_skills: bool = True

    @property
    def name(self) -> str:
        """The customer's folder."""
        return f"customer_{self.number}"


TENANTS: Final = (
    Tenant(number=1, users=800, courses=100, assets=450),
    Tenant(number=2, users=450, courses=60, assets=250, has_skills=False),
    Tenant(number=3, users=250, courses=40, assets=0),
)


# The catalogue: what a customer offers. It is small enough to be kept whole.

_BLOCK: Final = 32_768


class Purpose(IntEnum):
    """What a stream of draws is for. A new purpose goes to the end, so the others keep theirs."""

    CATALOGUE = 0
    COURSES = 1
    ASSETS = 2
    USERS = 3
    JOURNEYS = 4
    COURSES_HISTORY = 5
    ASSETS_HISTORY = 6


@dataclass(frozen=True, slots=True)
class World:
    """A tenant at its size, with its catalogue. Courses, assets and users are numbered from 0."""

    tenant: Tenant
    seed: int
    users: int
    courses: int
    assets: int
    published: Bools  # of each course
    course_weights: Ints  # cumulative, see Draws.weighted
    asset_weights: Ints
    downloadable: Bools  # of each asset
    contents: Ints  # the assets of all courses, one course after the other
    content_counts: Ints  # how many of them belong to each course

    def draws(self, purpose: Purpose, block: int = 0, month: int = 0) -> Draws:
        """Return the stream of one purpose, block of users and month."""
        return Draws(self.seed, (self.tenant.number, purpose, block, month))

    def blocks(self) -> range:
        """Return the blocks that the users are made in."""
        return range(-(-self.users // _BLOCK))

    def users_of(self, block: int) -> Ints:
        """Return the users of a block."""
        return np.arange(block * _BLOCK, min((block + 1) * _BLOCK, self.users))


def build_world(tenant: Tenant, scale: float, seed: int) -> World:
    """Size a tenant and draw its catalogue.

    Users grow with the scale, courses and assets with its square root: an audience a hundred times
    as large is offered about ten times as much.
    """
    users = max(6, round(tenant.users * scale))
    courses = max(8, round(tenant.courses * math.sqrt(scale)))
    assets = max(24, round(tenant.assets * math.sqrt(scale))) if tenant.assets else 0
    draws = Draws(seed, (tenant.number, Purpose.CATALOGUE, 0, 0))
    published = draws.chance(94, courses) | (np.arange(courses) == 0)
    contents, counts = _contents(draws, courses, assets)
    return World(
        tenant=tenant,
        seed=seed,
        users=users,
        courses=courses,
        assets=assets,
        published=published,
        course_weights=zipf(draws.shuffled(courses), published),
        asset_weights=zipf(draws.shuffled(assets), np.ones(assets, dtype=np.bool_)),
        downloadable=draws.chance(60, assets),
        contents=contents,
        content_counts=counts,
    )


def _contents(draws: Draws, courses: int, assets: int) -> tuple[Ints, Ints]:
    """Give each course 2 to 12 different assets: a stretch of the catalogue and a few others."""
    if not assets:
        return np.zeros(0, dtype=np.int64), np.zeros(courses, dtype=np.int64)
    wanted = 2 + draws.below(11, courses)
    course = np.repeat(np.arange(courses), wanted)
    stretch = draws.shuffled(assets)[np.arange(course.size) % assets]
    borrowed = draws.chance(15, course.size)
    asset = np.where(borrowed, draws.below(assets, course.size), stretch)
    _, firsts = np.unique(course * assets + asset, return_index=True)
    kept = np.sort(firsts)
    return asset[kept], np.bincount(course[kept], minlength=courses)


# Journeys: what a block of users does in the half year, before it is written out as events.

MONTHS: Final = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")
_HALF_YEAR: Final = np.arange("2026-01-01", "2026-07-01", dtype="datetime64[D]")
_WORKDAYS: Final = _HALF_YEAR[np.is_busday(_HALF_YEAR)].astype(np.int64)
_FRIDAY: Final = 1  # days since 1970-01-01, a Thursday, modulo 7

# Tables to draw from: an entry is as likely as it is frequent. Activity is how many courses a user
# reaches for; a few users are very busy, most are not, some never come.
_ACTIVITY: Final = np.array([150 // (k + 4) for k in range(96)] + [0] * 4)
_ROUNDS: Final = 8  # of reaching for courses; what is drawn twice is drawn again
_STEPS: Final = np.array([1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 12])
_PAUSES: Final = np.array([0] * 9 + [1] * 4 + [2] * 3 + [3] * 2 + [4, 5, 6, 8, 11, 16])
_HOURS: Final = np.array([6, 7, 7, *[8, 9, 10] * 4, 11, 11, 12, *[13, 14] * 4, 15, 15, 16, 17, 20])
COMPLETED, DROPPED, LEFT_OPEN = range(3)
_OUTCOMES: Final = np.array([COMPLETED] * 13 + [DROPPED] * 3 + [LEFT_OPEN] * 4)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Visits of a block's users; arrays of one length."""

    number: Ints
    user: Ints
    course: Ints  # -1 when the user just looks around
    step: Ints  # how far the user is in that course
    start: Ints  # microseconds since 1970
    month: Ints  # 0 .. 5


@dataclass(frozen=True, slots=True)
class Steps:
    """What happens to a block's users in their courses; arrays of one length."""

    session: Ints  # position in Sessions
    step: Ints  # 0 is the enrolment
    planned: Ints  # how many steps the whole way has
    outcome: Ints  # COMPLETED, DROPPED or LEFT_OPEN, unless the half year ends before


def journeys(world: World, block: int) -> tuple[Sessions, Steps]:
    """Draw the half year of a block's users; what would happen after its end does not happen."""
    draws = world.draws(Purpose.JOURNEYS, block)
    users = world.users_of(block)
    wanted = _ACTIVITY[(users * 37 + world.tenant.number) % _ACTIVITY.size]
    user, course = _enrolments(draws, world, users, wanted)
    planned = draws.among(_STEPS, user.size)
    outcome = draws.among(_OUTCOMES, user.size)
    step = places(planned)
    way = np.repeat(np.arange(user.size), planned)
    pause = draws.among(_PAUSES, step.size)
    pause[step == 0] = draws.below(_WORKDAYS.size, user.size)
    day = running(pause, step == 0)
    kept = day < _WORKDAYS.size
    way, step, day, opens = way[kept], step[kept], day[kept], ((step == 0) | (pause > 0))[kept]
    looks = np.repeat(users, wanted // 2 + (wanted > 0)) if world.assets else users[:0]
    sessions = _sessions(
        draws,
        block,
        user=np.concatenate([user[way[opens]], looks]),
        course=np.concatenate([course[way[opens]], np.full(looks.size, -1)]),
        step=np.concatenate([step[opens], np.zeros(looks.size, dtype=np.int64)]),
        day=np.concatenate([day[opens], draws.below(_WORKDAYS.size, looks.size)]),
    )
    return sessions, Steps(np.cumsum(opens) - 1, step, planned[way], outcome[way])


def _enrolments(draws: Draws, world: World, users: Ints, wanted: Ints) -> tuple[Ints, Ints]:
    """Pairs of a user and a course, each pair once, popular courses more often."""
    pairs = np.zeros(0, dtype=np.int64)
    for _ in range(_ROUNDS):
        found = np.bincount(pairs // world.courses - users[0], minlength=users.size)
        lacking = wanted - found
        course = draws.weighted(world.course_weights, int(lacking.sum()))
        more = np.repeat(users, lacking) * world.courses + course
        pairs = np.unique(np.concatenate([pairs, more]))
    return pairs // world.courses, pairs % world.courses


def _sessions(
    draws: Draws, block: int, *, user: Ints, course: Ints, step: Ints, day: Ints
) -> Sessions:
    date = _WORKDAYS[day]
    # Only Fridays slip into the weekend, so the order of a user's days is kept.
    late = (date % 7 == _FRIDAY) & draws.chance(25, date.size)
    date = date + late * (1 + draws.below(2, date.size))
    start = date * DAY + draws.among(_HOURS, date.size) * HOUR + draws.below(HOUR, date.size)
    month = date.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    number = (block << 23) + np.arange(user.size)
    return Sessions(number, user, course, step, start, month)
