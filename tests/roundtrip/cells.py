"""Types and their cells as hypothesis draws them: the usual, the extreme and the nasty."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import polars as pl
from hypothesis import strategies as st

from tests.roundtrip.samples import inner_type, struct_parts

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

ZONES = (
    "Europe/Stockholm",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "America/St_Johns",
    "Asia/Calcutta",
    "Etc/GMT+5",
    "UTC",
    "GMT",
    "Etc/UTC",
    "Zulu",
    "+02:00",
    "EST",
)
UNITS = ("ms", "us", "ns")
PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

NASTY_TEXTS = (
    "",
    " ",
    '"',
    '""',
    "'",
    "\\",
    '\\"',
    "a,b",
    ",",
    ";",
    "\r",
    "\n",
    "\r\n",
    "a\rb\nc\r\nd",
    "\x00",
    "\x1f",
    "a\x1fb",
    "\x1e",
    "\x7f",
    "\x85",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ufeffa",
    "\ufffe",
    "\U0010ffff",
    "😀",
    "e\u0301",
    " a ",
    "\ta\t",
    "\u00a0",
    "null",
    "NULL",
    "NaN",
    "true",
    "0",
    "-0",
    "007",
    "1e5",
    "#",
    "=1+1",
    '"a"',
    'a"b',
    '"a","b"',
    "{x:1}",
    "[1]",
    "a:b",
)
NASTY_NAMES = (
    "ID",
    ":ID",
    "LABEL",
    ":LABEL",
    "TYPE",
    ":TYPE",
    "START_ID",
    ":START_ID(a)",
    "END_ID",
    "IGNORE",
    ":IGNORE",
    "ACTION",
    "a:b",
    "a:string",
    "a:long[]",
    "a{b}",
    "{",
    "}",
    "a(b)",
    "(",
    ")",
    "a\nb",
    "a\rb",
    "*",
    "^a.*$",
    "__id__",
    "__start__",
    "__missing__",
    "__point_a__",
    "__index_level_0__",
    "rows",
    "check:0",
    "literal",
    "missing",
    "a b",
    " a",
    "a ",
    '"',
    'a"b',
    "'",
    "`",
    "a`b",
    "a,b",
    "\x1f",
    "\x00",
    "\t",
    "\u2028",
    "\ufeff",
    "1a",
    "é",
    "e\u0301",
    "A",
    "😀",
    "$p",
    "\\",
    ".",
    "n.p",
    "-",
    "/",
    "0",
)


def texts(size: int = 12) -> SearchStrategy[str]:
    """Any text that UTF-8 can spell, most of it short."""
    letters = st.characters(exclude_categories=["Cs"])
    nasty = st.sampled_from(NASTY_TEXTS)
    plain = st.text(alphabet=string.ascii_letters + string.digits, max_size=size)
    long = st.builds(lambda text, times: text * times, nasty, st.sampled_from([500, 5_000]))
    many = (nasty, plain, st.text(letters, max_size=size))
    return st.one_of(*many, *many, st.lists(nasty, max_size=4).map("".join), *many, long)


def names() -> SearchStrategy[str]:
    """Names of columns, properties, labels, types and id spaces."""
    plain = st.text(alphabet=string.ascii_lowercase + "_", min_size=1, max_size=8)
    letters = st.characters(exclude_categories=["Cs"])
    return st.one_of(
        plain, plain, st.sampled_from(NASTY_NAMES), st.text(letters, min_size=1, max_size=8)
    )


def _integers(bits: int, *, signed: bool) -> SearchStrategy[int]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    edges = [each for at in (31, 32, 53, 63, 64, 127) for each in (2**at - 1, 2**at, -(2**at))]
    inside = [each for each in (0, low, high, *edges) if low <= each <= high]
    return st.sampled_from(inside) | st.integers(low, high)


def _ticks(unit: str) -> SearchStrategy[int]:
    per = PER_SECOND[unit]
    seconds = (0, -62_135_596_800, 253_402_300_800, 253_402_300_799, 4_102_444_799, 4_102_444_800)
    # The hours around clock changes of Stockholm and New York in 2024, and a leap second's place.
    changes = (1_711_846_800, 1_729_990_800, 1_710_054_000, 1_730_613_600)
    # The same as clocks there show them.
    walls = (1_711_852_200, 1_729_996_200, 1_710_037_800, 1_730_597_400)
    near = st.builds(
        lambda at, by, tick: (at + by) * per + tick,
        st.sampled_from((*seconds, *changes, *walls, 1_483_228_799)),
        st.integers(-7_200, 7_200),
        st.sampled_from((0, 1, per - 1)),
    )
    usual = st.integers(0, 4_000_000_000 * per)
    wide = st.integers(-(2**63) + 1, 2**63 - 1)
    fits = st.one_of(usual, near, usual, usual, near, wide)
    return fits.filter(lambda ticks: -(2**63) < ticks < 2**63)


def _floats(width: Any) -> SearchStrategy[float]:
    edges = (0.0, -0.0, 5e-324, 1e308, float("nan"), float("inf"), -float("inf"), 0.1, 1e16, 1e-7)
    fitting = [edge for edge in edges if width == 64 or edge in {0.0} or abs(edge) > 1e309]
    return st.sampled_from(fitting) | st.floats(width=width)


CATEGORIES = ("", "a", "b c", 'd"e', "f\ng", "\x1f", "é😀")


def scalar_cells(dtype: pl.DataType) -> SearchStrategy[Any]:
    """Cells of a type that is no list and no struct."""
    made = _SCALARS.get(dtype.base_type())
    if made is not None:
        return made
    if isinstance(dtype, pl.Datetime | pl.Duration):
        unit = dtype.time_unit
        return _ticks(unit) if isinstance(dtype, pl.Datetime) else _spans()
    assert isinstance(dtype, pl.Decimal)
    most = 10**dtype.precision - 1
    edges = st.sampled_from((0, 1, -1, most, -most))
    return edges | st.integers(-most, most) | st.integers(max(-most, -999), min(most, 999))


def _spans() -> SearchStrategy[int]:
    edges = (0, 1, -1, 999, -1_000, 86_400_000_000, 2**63 - 1, -(2**63) + 1)
    return st.sampled_from(edges) | st.integers(-(2**63) + 1, 2**63 - 1)


_SCALARS: dict[Any, SearchStrategy[Any]] = {
    pl.Int8: _integers(8, signed=True),
    pl.Int16: _integers(16, signed=True),
    pl.Int32: _integers(32, signed=True),
    pl.Int64: _integers(64, signed=True),
    pl.Int128: _integers(128, signed=True),
    pl.UInt8: _integers(8, signed=False),
    pl.UInt16: _integers(16, signed=False),
    pl.UInt32: _integers(32, signed=False),
    pl.UInt64: _integers(64, signed=False),
    pl.UInt128: _integers(128, signed=False),
    pl.Float16: _floats(16),
    pl.Float32: _floats(32),
    pl.Float64: _floats(64),
    pl.String: texts(),
    pl.Categorical: texts(4),
    pl.Enum: st.sampled_from(CATEGORIES),
    pl.Boolean: st.booleans(),
    pl.Date: st.sampled_from((0, 2_932_896, 2_932_897, -719_162, -719_163, 2**31 - 1, -(2**31)))
    | st.integers(-800_000, 3_000_000),
    pl.Time: st.sampled_from((0, 1, 86_399_999_999_999)) | st.integers(0, 86_399_999_999_999),
    pl.Binary: st.binary(max_size=6),
    pl.Null: st.none(),
}


@st.composite
def scalar_types(draw: DrawFn) -> pl.DataType:
    """Every type that is no list and no struct."""
    kind = draw(st.sampled_from([*_SCALARS, *[pl.Datetime] * 6, pl.Duration, *[pl.Decimal] * 2]))
    if kind is pl.Enum:
        return pl.Enum(CATEGORIES)
    if kind is pl.Datetime:
        zone = draw(st.none() | st.sampled_from(ZONES))
        return pl.Datetime(draw(st.sampled_from(UNITS)), zone)
    if kind is pl.Duration:
        return pl.Duration(draw(st.sampled_from(UNITS)))
    if kind is pl.Decimal:
        precision = draw(st.integers(1, 38))
        return pl.Decimal(precision, draw(st.integers(0, precision)))
    made: pl.DataType = kind()
    return made


@st.composite
def types(draw: DrawFn) -> pl.DataType:
    """Every type that a column may have."""
    form = draw(st.sampled_from(_FORMS))
    inner = draw(_structs()) if "struct" in form else draw(scalar_types())
    if form in {"list", "list of structs"}:
        return pl.List(inner)
    if form == "array":
        return pl.Array(inner, draw(st.integers(0, 3)))
    return pl.List(pl.List(inner)) if form == "list of lists" else inner


_FORMS = (
    *("scalar", "scalar", "scalar", "scalar", "scalar", "list", "list", "list"),
    *("array", "struct", "list of structs", "list of lists"),
)


@st.composite
def _structs(draw: DrawFn) -> pl.DataType:
    # What Polars' JSON does with dates and times is its own business.
    kinds = (pl.Int8(), pl.UInt64(), pl.Int128(), pl.Float64(), pl.String(), pl.Boolean())
    more = (pl.Decimal(9, 2), pl.Null(), pl.List(pl.Float64()), pl.List(pl.String()), pl.Binary())
    part = st.tuples(names(), st.sampled_from((*kinds, *kinds, *more)))
    parts = draw(st.lists(part, min_size=1, max_size=3, unique_by=lambda each: each[0]))
    return pl.Struct(dict(parts))


def cells(dtype: pl.DataType) -> SearchStrategy[Any]:
    """Cells of any type, none of them null at the top."""
    if isinstance(dtype, pl.Array):
        width = dtype.shape[0]
        return st.lists(_holed(inner_type(dtype)), min_size=width, max_size=width)
    if isinstance(dtype, pl.List):
        full = st.lists(cells(inner_type(dtype)), max_size=4)
        return full | full | st.lists(_holed(inner_type(dtype)), max_size=4)
    if isinstance(dtype, pl.Struct):
        return st.fixed_dictionaries({name: _holed(of) for name, of in struct_parts(dtype)})
    return scalar_cells(dtype)


def _holed(dtype: pl.DataType) -> SearchStrategy[Any]:
    return st.none() | cells(dtype) | cells(dtype)
