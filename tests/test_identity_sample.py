"""The identity sample: what each load has, how loads fit together, and what is hidden in them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from kgimport.cli import app
from kgimport.errors import DestinationError, ExitCode, UsageError
from kgimport.samples import find, writing
from tests.test_samples import digests

if TYPE_CHECKING:
    from kgimport.samples.writing import Generated

KEYS = {
    "first_party": "user_name",
    "transactional": "purchase_id",
    "cookie": "session_id",
    "clickstream": "session_id",
}
DATA = Path(__file__).parents[1] / "data" / "identity"
STAMPS = ("20260701_020000", "20260702_020000")


def generate(out: Path, *, seed: int = 7, **options: Any) -> Generated:
    return writing.generate(find("identity", **options), out, seed=seed)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2000 records, and two increments."""
    out = tmp_path_factory.mktemp("identity")
    for number in (0, 1, 2):
        generate(out, records=2000, incremental=number)
    return out


def initial(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "initial" / name / "*.parquet")


def increment(out: Path, name: str, number: int) -> pl.DataFrame:
    return pl.read_parquet(out / "incremental" / name / STAMPS[number - 1] / "*.parquet")


def truth(out: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(out / "truth" / name / "**/*.parquet")


def test_the_initial_load_has_the_sets_of_the_source_in_its_sizes(sample: Path) -> None:
    rows = {name: initial(sample, name).height for name in KEYS}

    assert rows == {"first_party": 2000, "transactional": 2000, "cookie": 500, "clickstream": 1500}


def test_the_columns_are_those_of_the_source(sample: Path) -> None:
    columns = {name: initial(sample, name).columns for name in KEYS}

    assert columns == {
        "first_party": [
            *("user_name", "email", "external_id", "phone_number", "street_address", "postcode"),
            *("city", "country", "birthday", "loyalty_points", "loyalty_level"),
        ],
        "transactional": [
            *("purchase_id", "product_name", "purchased_date", "product_category"),
            *("customer_id", "reward_points"),
        ],
        "cookie": [
            *("cookie_id", "session_id", "last_action", "user_name", "conversion_id"),
            "session_duration_sec",
        ],
        "clickstream": [
            *("session_id", "client_ip", "client_platform", "canonical_url", "domain_name"),
            *("app_id", "device_id", "user_name", "events", "start_timestamp", "end_timestamp"),
            *("start_event", "end_event", "session_duration_sec", "user-agent"),
        ],
    }


def test_keys_are_unique_over_the_loads(sample: Path) -> None:
    accounts, sessions = truth(sample, "accounts"), truth(sample, "sessions")

    assert {name: accounts[name].n_unique() for name in ("user_name", "email", "external_id")} == {
        "user_name": 2400,
        "email": 2400,
        "external_id": 2400,
    }
    assert (sessions["session_id"].n_unique(), sessions.height) == (1800, 1800)
    for name, key in KEYS.items():
        for frame in (initial(sample, name), *(increment(sample, name, n) for n in (1, 2))):
            assert frame[key].is_unique().all(), name


@pytest.mark.parametrize(
    ("name", "column", "shape"),
    [
        ("first_party", "external_id", r"9\d{2}-\d{2}-\d{4}"),
        ("first_party", "phone_number", r"\+999\d{9}"),
        ("first_party", "postcode", r"\d{5}"),
        ("first_party", "loyalty_level", "beginner|entusiast|active|leader"),
        ("transactional", "purchase_id", r"[A-Z]{4}-\d{8}"),
        ("transactional", "product_category", "Electronics|Home|Gifts"),
        ("cookie", "cookie_id", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"),
        ("cookie", "conversion_id", r"x\d{3,4}(,x\d{3,4}){0,2}"),
        ("clickstream", "client_ip", r"10(\.\d{1,3}){3}"),
        ("clickstream", "device_id", r"[0-9A-F]{16}"),
        ("clickstream", "client_platform", "web|mobile"),
    ],
)
def test_values_have_the_forms_of_the_source(
    name: str, column: str, shape: str, sample: Path
) -> None:
    values = initial(sample, name)[column].drop_nulls()

    assert values.str.contains(f"^(?:{shape})$").all()


def test_numbers_and_days_are_within_the_bounds_of_the_source(sample: Path) -> None:
    people, bought = initial(sample, "first_party"), initial(sample, "transactional")
    seen = initial(sample, "clickstream")

    assert people["loyalty_points"].is_between(100, 10_000).all()
    assert people["birthday"].drop_nulls().is_between(date(1911, 1, 1), date(2014, 7, 1)).all()
    assert bought["reward_points"].is_between(10, 100).all()
    assert bought["purchased_date"].is_between(date(2016, 7, 1), date(2026, 6, 30)).all()
    assert bought["product_name"].n_unique() > 200
    lasted = (seen["end_timestamp"] - seen["start_timestamp"]).dt.total_seconds()
    assert lasted.to_list() == seen["session_duration_sec"].to_list()


def test_web_sessions_have_a_cookie_and_mobile_ones_a_device(sample: Path) -> None:
    cookies, seen = initial(sample, "cookie"), initial(sample, "clickstream")
    web = seen.filter(pl.col("client_platform") == "web")
    mobile = seen.filter(pl.col("client_platform") == "mobile")
    shared = ["session_id", "user_name", "session_duration_sec"]

    assert_frame_equal(web.select(shared), cookies.select(shared), check_row_order=False)
    assert web["device_id"].null_count() == web.height
    assert mobile["device_id"].null_count() == 0
    for frame in (cookies, mobile):
        assert 0.4 < frame["user_name"].null_count() / frame.height < 0.6


def test_customers_are_known_by_external_id_or_email_half_each(sample: Path) -> None:
    people, bought = initial(sample, "first_party"), initial(sample, "transactional")
    by = [
        bought.join(people, left_on="customer_id", right_on=key, how="semi").height
        for key in ("external_id", "email", "user_name")
    ]

    assert sum(by) == 2000
    assert 900 < by[0] < 1100
    assert by[2] == 0


def test_everyone_who_logs_in_has_an_account(sample: Path) -> None:
    seen, people = initial(sample, "clickstream"), initial(sample, "first_party")

    known = seen.drop_nulls("user_name")
    assert known.join(people, on="user_name", how="anti").is_empty()


@pytest.mark.parametrize(
    ("uniqueness", "records", "pool"), [(30, 2000, 600), (50, 2000, 1000), (10, 90, 90)]
)
def test_addresses_and_devices_are_as_unique_as_wanted(
    uniqueness: int, records: int, pool: int, tmp_path: Path
) -> None:
    generate(tmp_path, records=records, uniqueness=uniqueness)
    seen = initial(tmp_path, "clickstream")

    assert pool / 4 < seen["client_ip"].n_unique() <= pool
    assert pool / 6 < seen["device_id"].drop_nulls().n_unique() <= pool


def test_what_careless_pipelines_lose_is_there(sample: Path) -> None:
    people, bought = initial(sample, "first_party"), initial(sample, "transactional")
    names = people["user_name"]
    cities = people.unique(["city", "country"]).group_by("city").len()

    assert 120 < people["postcode"].str.starts_with("0").sum() < 280
    assert set(names.str.slice(0, 1).str.to_lowercase()) >= set("abcdefghijklmnopqrstuvwxyz")
    assert set(cities["len"]) >= {1, 2, 3, 4}
    assert set(people["city"]) & set(people["country"])
    assert set(names) & set(people["city"])
    assert set(names) & set(people["country"])
    assert set(names) & set(bought["product_name"])
    assert bought.select("customer_id", "product_name").is_duplicated().sum() > 100
    assert people["phone_number"].value_counts().sort("count")["count"][-2] > 20


def test_persons_have_accounts_that_share_evidence_and_strangers_share_some_too(
    sample: Path,
) -> None:
    people = initial(sample, "first_party").join(truth(sample, "accounts"), on="user_name")
    seen = initial(sample, "clickstream").join(truth(sample, "accounts"), on="user_name")
    accounts = people.group_by("person_id").agg(
        pl.len(), phones=pl.col("phone_number").drop_nulls().n_unique()
    )
    devices = (
        seen.drop_nulls("device_id")
        .group_by("device_id")
        .agg(persons=pl.col("person_id").n_unique(), accounts=pl.col("user_name").n_unique())
    )
    several = accounts.filter(pl.col("len") > 1)

    assert set(accounts["len"]) == {1, 2, 3}
    assert 200 < several.height < 320
    assert 0.3 < several.filter(pl.col("phones") < pl.col("len")).height / several.height < 0.8
    assert devices.filter(pl.col("accounts") > pl.col("persons")).height > 20
    assert devices.filter(pl.col("persons") > 1).height > 20


def test_households_share_an_address(sample: Path) -> None:
    people = initial(sample, "first_party").join(truth(sample, "accounts"), on="user_name")
    homes = people.group_by("household_id").agg(
        persons=pl.col("person_id").n_unique(),
        streets=pl.struct("street_address", "postcode", "city").n_unique(),
    )

    assert set(homes["persons"]) >= {1, 2, 3, 4}
    assert homes.filter(pl.col("streets") == 1).height > 0.9 * homes.height


def test_the_truth_has_the_person_of_each_session_also_of_those_without_an_account(
    sample: Path,
) -> None:
    people, sessions = truth(sample, "accounts"), truth(sample, "sessions")
    seen = initial(sample, "clickstream").join(sessions, on="session_id")
    known = seen.drop_nulls("user_name").join(people, on="user_name")
    strangers = seen.filter(pl.col("person_id").str.starts_with("u"))

    assert seen.height == 1500
    assert (known["person_id"] == known["person_id_right"]).all()
    assert 80 < strangers.height < 220
    assert strangers["user_name"].null_count() == strangers.height


# Increments


@pytest.mark.parametrize(("name", "key"), KEYS.items())
def test_an_increment_has_new_rows_changed_ones_and_repeated_ones(
    name: str, key: str, sample: Path
) -> None:
    before = initial(sample, name)
    for number in (1, 2):
        load = increment(sample, name, number)
        old = load.join(before, on=key, how="semi")
        same = load.join(before, on=load.columns, how="semi", nulls_equal=True)
        new = load.height - old.height

        assert new == {"cookie": 50, "clickstream": 150}.get(name, 200)
        assert 0.07 < old.height / before.height < 0.13
        assert 0.25 < same.height / old.height < 0.75
        before = pl.concat([before, load]).unique(key, keep="last")


def test_a_change_stays_when_something_else_changes_later(sample: Path) -> None:
    first, second = (increment(sample, "first_party", number) for number in (1, 2))
    was = first.join(initial(sample, "first_party"), on="user_name", suffix="_was")
    moved = was.filter(pl.col("street_address") != pl.col("street_address_was"))
    both = moved.join(second, on="user_name", suffix="_then")

    assert moved.height > 10
    assert not both.is_empty()
    stays = both["street_address"] == both["street_address_then"]
    assert stays.any()
    changed = both.filter(~stays)
    assert changed.filter(pl.col("street_address_then") == pl.col("street_address_was")).is_empty()


def test_some_log_in_after_all_and_nobody_is_forgotten(sample: Path) -> None:
    was = initial(sample, "clickstream").join(
        increment(sample, "clickstream", 1), on="session_id", suffix="_now"
    )
    forgotten = was.filter(
        pl.col("user_name").is_not_null() & (pl.col("user_name") != pl.col("user_name_now"))
    )
    found = was.filter(pl.col("user_name").is_null() & pl.col("user_name_now").is_not_null())

    assert forgotten.is_empty()
    assert not found.is_empty()


def test_loads_agree_whatever_order_they_are_made_in(sample: Path, tmp_path: Path) -> None:
    for number in (2, 1):
        generate(tmp_path, records=2000, incremental=number)

    made = digests(tmp_path)
    assert made
    assert made.items() <= digests(sample).items()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(
    sample: Path, tmp_path: Path
) -> None:
    generate(tmp_path / "same", records=2000)
    generate(tmp_path / "other", records=2000, seed=8)
    same, other = digests(tmp_path / "same"), digests(tmp_path / "other")

    assert same.items() <= digests(sample).items()
    assert same.keys() == other.keys()
    assert not set(same.values()) & set(other.values())


def test_the_committed_files_are_those_of_the_generator(tmp_path: Path) -> None:
    for number in (0, 1, 2):
        generate(tmp_path, records=500, incremental=number)

    assert digests(DATA).keys() == digests(tmp_path).keys()
    for path in digests(DATA):
        assert_frame_equal(pl.read_parquet(DATA / path), pl.read_parquet(tmp_path / path))
    assert sum(path.stat().st_size for path in DATA.rglob("*.parquet")) < 1_000_000


def test_csv_has_the_same_rows_as_text(tmp_path: Path) -> None:
    generate(tmp_path / "parquet", records=300)
    generate(tmp_path / "csv", records=300, format="csv")

    for name in KEYS:
        text = pl.read_csv(tmp_path / "csv" / "initial" / name / "*.csv", infer_schema=False)
        typed = initial(tmp_path / "parquet", name).with_columns(
            pl.selectors.datetime().dt.strftime("%Y-%m-%d %H:%M:%S")
        )
        assert_frame_equal(text, typed.cast(pl.String()))


def test_an_increment_is_added_and_an_initial_load_replaces_all(tmp_path: Path) -> None:
    generate(tmp_path, records=50)
    generate(tmp_path, records=50, incremental=1)
    both = set(digests(tmp_path))
    generate(tmp_path, records=40)

    assert both > set(digests(tmp_path))
    assert initial(tmp_path, "first_party").height == 40


def test_an_increment_of_other_people_is_refused(tmp_path: Path) -> None:
    generate(tmp_path, records=50)

    with pytest.raises(
        DestinationError,
        match="holds the sample identity records=50 uniqueness=30 seed=7, to which nothing of "
        "identity records=500 uniqueness=30 seed=7 can be added",
    ):
        generate(tmp_path, records=500, incremental=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"records": 0}, "--records 0 is not between 1 and 50000000"),
        ({"uniqueness": 101}, "--uniqueness 101 is not between 1 and 100"),
        ({"incremental": 100}, "--incremental 100 is not between 0 and 99"),
    ],
)
def test_numbers_without_a_meaning_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find("identity", **options)


@pytest.mark.parametrize("records", [1, 2, 9, 11])
def test_a_handful_of_records_is_a_sample_too(records: int, tmp_path: Path) -> None:
    generate(tmp_path, records=records)
    generate(tmp_path, records=records, incremental=1)

    assert truth(tmp_path, "accounts").height == records + 1


# The command


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["identity", "--scale", "2"], "--scale is not an option of the sample identity"),
        (
            ["books", "--records", "5", "--format", "csv"],
            "--records, --format is not an option of the sample books",
        ),
    ],
)
def test_options_of_another_sample_are_refused(
    argv: list[str], message: str, tmp_path: Path
) -> None:
    shown = CliRunner().invoke(app, ["generate", *argv, "--out", str(tmp_path / "out")])

    assert shown.exit_code == ExitCode.USAGE
    assert message in " ".join(shown.output.split())
    assert not (tmp_path / "out").exists()


def test_debug_shows_what_was_drawn_and_how_large_it_is(tmp_path: Path) -> None:
    argv = ["generate", "identity", "--records", "20", "--incremental", "1", "--out", str(tmp_path)]

    brief, long = (CliRunner().invoke(app, [*argv, *more]) for more in ([], ["--debug"]))

    more = long.stdout.removeprefix(brief.stdout).splitlines()
    assert more[0] == "drawn by records=20 uniqueness=30 incremental=1 seed=7"
    sizes = [
        sum(p.stat().st_size for p in tmp_path.glob(f"incremental/{name}/*/*")) for name in KEYS
    ]
    assert [line.rpartition(" in ")[2] for line in more[1:5]] == [f"{n:,} bytes" for n in sizes]
