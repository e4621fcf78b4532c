"""The report for programs: JSON after its schema, CSV that no spreadsheet takes for formulas."""

import csv
import io
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from profile_fakes import (
    profile_set,
    with_profiles,
)
from report_fakes import (
    ALL,
    EXPLAINED,
    HOSTILE,
    LONG,
    TOLD_FROM_LUCK,
    UNKNOWN,
    judged,
    render_csv,
    render_json,
    report_set,
    wallet,
    without_category,
)

from hypertrack.config import ReportSettings
from hypertrack.outputs import report_json
from hypertrack.records import (
    Choice,
    decode_json,
    replace,
)

ROOT = Path(__file__).parents[2]


def test_csv_and_json_say_why_by_all_five() -> None:
    (row,) = csv.DictReader(io.StringIO(render_csv(report_set(EXPLAINED), ALL)))
    plain = decode_json(render_json(report_set(EXPLAINED), ALL))

    assert row["why_bot_probability"].count("typical 8") == 5
    assert row["why_trading_style"].startswith("Trading style: momentum 15m −0.12")
    (shown,) = plain["profiles"]
    assert shown["reasons"]["bot_probability"][2] == {
        "feature": "unique_tokens",
        "value": 2.0,
        "typical": 8.0,
        "contribution": -0.1,
    }
    assert plain["typical"]["bot_probability"] == 0.07
    assert plain["units"]["avg_slippage"] == "bps"


def test_report_is_what_its_published_schema_says() -> None:
    validator = Draft202012Validator(report_json.report_schema())
    strange = replace(wallet(HOSTILE), skill=TOLD_FROM_LUCK)
    profiles = judged(report_set(strange, EXPLAINED, without_category(), notice="Simulated."))

    found = json.loads(
        "".join(report_json.render_json(profiles, ALL, Choice(watchlist=(LONG, HOSTILE))))
    )

    validator.validate(found)
    assert (found["schema"], found["schema_version"]) == ("hypertrack.report", 1)
    assert found["not_seen"] == [LONG]
    broken = {**found, "profiles": [{**found["profiles"][0], "wallet": 1}]}
    assert not validator.is_valid(broken)


def test_whatever_the_published_schema_promises_is_still_there() -> None:
    """What is new is published by: python tests/write_schemas.py."""
    published = json.loads((ROOT / "docs/schemas/report.v1.json").read_text(encoding="utf-8"))

    assert broken_promises(published, report_json.report_schema()) == []


def test_promise_that_is_broken_is_noticed() -> None:
    published = {"properties": {"wallet": {"type": "string"}}, "required": ["wallet"]}

    assert broken_promises(published, {**published, "title": "new"}) == []
    assert broken_promises(published, {"properties": {}, "required": ["wallet"]}) == [
        "/properties/wallet"
    ]
    assert broken_promises(published, {**published, "required": []}) == ["/required"]


def broken_promises(published: object, now: object, place: str = "") -> list[str]:
    """Return where the schema of now is not what was published, and more."""
    if isinstance(published, dict) and isinstance(now, dict):
        parts = (broken_promises(each, now.get(k), f"{place}/{k}") for k, each in published.items())
        return [broken for part in parts for broken in part]
    if isinstance(published, list) and isinstance(now, list):
        return [] if all(each in now for each in published) else [place]
    return [] if published == now or place.endswith("/description") else [place]


def test_json_holds_the_profiles_and_who_is_left_out() -> None:
    profiles = report_set(wallet(), without_category())

    plain = decode_json(render_json(profiles, ReportSettings(categories_only=True)))

    assert plain["n_wallets"] == 2
    assert plain["left_out"] == [{"n_wallets": 1, "reason": "without a category"}]
    assert [p["wallet"] for p in plain["profiles"]] == ["0x" + "a" * 40]
    assert plain["profiles"][0]["scores"]["trading_style"][0] == pytest.approx(0.23411)
    assert plain["profiles"][0]["features"]["median_gap_s"] is None
    assert plain["model"]["heads"][0]["has_earned_weight"] is False


def test_csv_has_a_row_a_wallet_and_nothing_where_unknown() -> None:
    profiles = report_set(wallet(), without_category())

    rows = list(csv.DictReader(io.StringIO(render_csv(profiles, ALL))))

    assert len(rows) == 2
    assert rows[0]["categories"] == "Bot (0.85)"
    assert rows[0]["unproven"] == "Profitable Trader (0.72, unproven)"
    assert rows[0]["style_momentum_1m"] == "0.23411"
    assert rows[0]["median_gap_s"] == ""
    assert rows[1]["risk_score"] == rows[1]["style_volatility"] == ""
    assert rows[1]["median_gap_s"] == "1.5"
    assert rows[1]["why_none"].startswith("nearest is Moderate")


def test_csv_of_nobody_is_its_header() -> None:
    text = render_csv(with_profiles(profile_set(0)), ALL)

    assert text.startswith("wallet,categories,unproven,why_none")
    assert text.count("\n") == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_cell_is_no_formula(start: str) -> None:
    text = render_csv(report_set(wallet(f"{start}HYPERLINK(1)")), ALL)

    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    # A sign is quoted; a control character, behind which a spreadsheet would look, is replaced.
    assert row["wallet"] == (f"'{start}HYPERLINK(1)" if start.strip() else "\ufffdHYPERLINK(1)")


def test_name_cannot_forge_a_row_of_the_csv() -> None:
    text = render_csv(report_set(wallet("0xab\r0xcd\n0xef")), ALL)

    assert "\r" not in text
    assert text.count("\n") == 2  # the headings and the wallet


def test_csv_says_that_a_position_is_unknown_in_place_of_a_number() -> None:
    (row,) = csv.DictReader(io.StringIO(render_csv(report_set(UNKNOWN), ALL)))

    assert row["median_holding_s"] == row["closed_episode_count"] == "position unknown"
    assert row["flow_pnl_usd (of the trades seen, as if flat before)"] == "-950.5"
    assert row["median_gap_s"] == ""  # missing for another reason


def test_json_says_that_a_position_is_unknown_beside_the_null() -> None:
    (shown,) = decode_json(render_json(report_set(UNKNOWN), ALL))["profiles"]

    assert shown["features"]["median_holding_s"] is None
    assert shown["remarks"] == UNKNOWN.remarks
