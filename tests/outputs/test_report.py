import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from profile_fakes import (
    ACCOUNT,
    BASE_FEATURES,
    NOBODY_TOLD_FROM_LUCK,
    PROFIT,
    MadeSet,
    profile_set,
    with_profiles,
)

from hypertrack.config import ReportSettings
from hypertrack.outputs import report, report_json
from hypertrack.records import (
    SKILL_NUMBERS,
    Category,
    Choice,
    Reason,
    Scores,
    Verdict,
    WalletProfile,
    WalletSkill,
    decode_json,
    replace,
)

ALL = ReportSettings()
ROOT = Path(__file__).parents[2]
STYLE = (0.23411, -0.1234, 0.5678, 0.1234, -0.2341, 0.3456)
HOSTILE = "</script><img src=x onerror=alert(1)>|`*_\n\u202e"


def render_report(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report.render_report(profiles, settings))


def render_json(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report_json.render_json(profiles, settings))


def render_csv(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report.render_csv(profiles, settings))


def render_markdown(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report.render_markdown(profiles, settings))


def wallet(name: str = "0x" + "a" * 40, *, scored: bool = True) -> WalletProfile:
    said = Scores(
        profitability_score=0.8123,
        risk_score=0.7234,
        bot_probability=0.85,
        sophistication_score=0.6789,
        influence_score=5.2341,
        trading_style=STYLE,
    )
    return WalletProfile(
        wallet=name,
        first_seen_ms=1_784_678_400_000,
        last_seen_ms=1_784_764_800_000,
        features={"tx_count": 1250.0, "age_days": 45.234, "median_gap_s": float("nan")},
        scores=said if scored else None,
        categories=(
            Category(
                name="Bot",
                group="Bot detection",
                confidence=0.85,
                evidence="bot probability 0.85 (above 0.7)",
                boost=0.1,
            ),
            Category(
                name="Profitable Trader",
                group="Model scores",
                confidence=0.72,
                evidence="profitability score 0.81 (above 0.6)",
                is_proven=False,
                caveat="profitability: skill −0.02, 95 % CI [−0.05, 0.01]",
            ),
        ),
        why_none=None,
        activity=(3, 0, 1),
    )


def without_category() -> WalletProfile:
    return WalletProfile(
        wallet="0x" + "b" * 40,
        first_seen_ms=0,
        last_seen_ms=0,
        features={"tx_count": 2.0, "age_days": 0.0, "median_gap_s": 1.5},
        scores=None,
        categories=(),
        why_none="nearest is Moderate Trader: transactions 2 (needs at least 5)",
        activity=(2,),
    )


def judged(profiles: MadeSet) -> MadeSet:
    """Return the same, where nobody could be told from luck."""
    header = replace(profiles.header, skill=NOBODY_TOLD_FROM_LUCK)
    return MadeSet(header, profiles.profiles)


def report_set(*some: WalletProfile, notice: str | None = None) -> MadeSet:
    return with_profiles(profile_set(0, notice=notice), *(some or (wallet(),)))


def test_text_keeps_the_layout_of_the_predecessor() -> None:
    text = render_report(report_set(), ALL)

    assert text.startswith(
        "=" * 80 + "\nWALLET PROFILING REPORT\n" + "=" * 80 + "\nGenerated: 2026-"
    )
    assert "\nTotal wallets analyzed: 1\n" in text
    assert text.endswith(
        f"""
Wallet #1: 0x{"a" * 40}
{"-" * 80}
Categories: Bot (0.85), Profitable Trader (0.72, unproven)
  Bot: bot probability 0.85 (above 0.7); network +0.10
  Profitable Trader: profitability score 0.81 (above 0.6); unproven, profitability: skill −0.02,
    95 % CI [−0.05, 0.01]

Trading Style Score (6D vector): ['0.2341', '-0.1234', '0.5678', '0.1234', '-0.2341', '0.3456']
Risk Score: 0.7234
Profitability Score: 0.8123 (unproven)
Bot Probability: 0.8500
Influence Score: 5.2341 (unproven)
Sophistication Score: 0.6789

Transaction Count: 1250
Age (days): 45.23
"""
    )


EXPLAINED = replace(
    wallet(),
    reasons={
        "bot_probability": tuple(
            Reason(feature=name, value=2.0, typical=8.0, contribution=added)
            for name, added in zip(BASE_FEATURES[:5], (0.4, 0.2, -0.1, 0.05, 0.01), strict=True)
        ),
        "momentum_15m": (
            Reason(feature="avg_slippage", value=None, typical=3.0, contribution=-0.2),
        ),
    },
)


def test_text_says_why_by_the_three_strongest_features() -> None:
    text = render_report(report_set(EXPLAINED), ALL)

    why = " ".join(text[text.index("Why, against the typical wallet:") :].split())
    assert (
        "Bot probability 0.85 (typical 0.07): tx_count 2 (typical 8) +0.40; erc20_count 2 "
        "(typical 8) +0.20; unique_tokens 2 (typical 8) −0.10 Sophistication 0.68"
    ) in why
    assert "Profitability 0.81 (typical 0.21, unproven): no single feature moves it" in why
    assert "momentum 15m −0.12 (typical +0.00): avg_slippage none (typical 3 bps) −0.20" in why
    assert max(map(len, text.splitlines())) <= 100


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


def test_markdown_says_why() -> None:
    text = render_markdown(report_set(EXPLAINED), ALL)

    assert "- why Bot probability 0.85 (typical 0.07): tx\\_count 2 (typical 8) +0.40; " in text


def test_text_says_first_what_was_observed_and_how_good_the_model_is() -> None:
    text = render_report(judged(report_set(notice="Simulated.")), ALL)

    order = [
        "NOTICE: Simulated.",
        "SKILL: no wallet can be told from luck in 5.8 h",
        "WHAT WAS OBSERVED",
        "HOW GOOD THE MODEL IS",
        "Wallet #1",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "coverage  98.0 % of the span observed" in text
    assert "Profitability: probability that the wallet's next trades" in text
    assert "unproven: skill −0.02, 95 % CI [−0.05, +0.01] on 812 held-out rows" in text


def test_text_says_why_a_wallet_has_no_category() -> None:
    text = render_report(report_set(without_category()), ALL)

    assert "Categories: None\n  why: nearest is Moderate Trader" in text


def test_text_without_a_model_shows_no_scores() -> None:
    profiles = with_profiles(profile_set(0, unearned=None), wallet(scored=False))

    text = render_report(profiles, ALL)

    assert "no model: categories come from the rules alone" in text
    assert "Risk Score: no model" in text


def test_text_counts_who_is_left_out() -> None:
    profiles = report_set(wallet(), without_category())

    text = render_report(profiles, ReportSettings(min_tx=10))

    assert "Shown: 1 of 2 wallets; left out: 1 with fewer than 10 transactions" in text
    assert "Wallet #2" not in text


LONG = "0x" + "f" * 140
TOLD_FROM_LUCK = WalletSkill(
    verdict=Verdict.WATCH,
    gate="copier",
    says="follows another wallet",
    follows=LONG,
    numbers=dict.fromkeys(SKILL_NUMBERS, 0.5) | {"days_needed": math.nan},
)


def test_no_line_of_the_text_passes_100_columns() -> None:
    strange = replace(wallet(LONG), skill=TOLD_FROM_LUCK, why_none="long " * 60)

    text = render_report(judged(report_set(strange, EXPLAINED, notice="word " * 60)), ALL)

    assert max(map(len, text.splitlines())) <= 100
    assert "95 %\n" not in text and "\n    %" not in text


def test_every_format_tells_the_verdict() -> None:
    profiles = report_set(replace(wallet(), skill=TOLD_FROM_LUCK), without_category())

    rows = list(csv.DictReader(io.StringIO(render_csv(profiles, ALL))))

    assert "\nVerdict: WATCH: follows another wallet\n" in render_report(profiles, ALL)
    assert "\n- verdict WATCH: follows another wallet\n" in render_markdown(profiles, ALL)
    assert (rows[0]["verdict"], rows[0]["follows"]) == ("WATCH", LONG)
    assert (rows[0]["edge_bps"], rows[0]["days_needed"]) == ("0.5", "")
    assert rows[1]["verdict"] == rows[1]["edge_bps"] == ""  # not judged


def test_first_wallets_are_shown_in_their_order_in_every_format() -> None:
    profiles = profile_set(40, unearned=())
    scores = {each.wallet: each.scores.risk_score for each in profiles.profiles if each.scores}
    best = sorted(scores, key=lambda wallet: -scores[wallet])[:3]
    choice = Choice(top=3, by="risk_score")

    text = "".join(report.render_report(profiles, ALL, choice))
    rows = csv.DictReader(io.StringIO("".join(report.render_csv(profiles, ALL, choice))))
    plain = decode_json("".join(report_json.render_json(profiles, ALL, choice)))

    assert [line[-42:] for line in text.splitlines() if line.startswith("Wallet #")] == best
    assert [row["wallet"] for row in rows] == best
    assert [each["wallet"] for each in plain["profiles"]] == best
    assert plain["left_out"] == [{"n_wallets": 37, "reason": "below the first 3 by risk_score"}]


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


def test_name_cannot_forge_a_line_of_the_report() -> None:
    text = render_report(report_set(wallet("0xab\nRisk Score: 0.0000")), ALL)

    assert "\nRisk Score: 0.0000" not in text


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


def test_every_format_shows_profit_with_its_source() -> None:
    known = replace(wallet(), profit=PROFIT)
    wallets = report_set(known, without_category())

    rows = list(csv.DictReader(io.StringIO(render_csv(wallets, ALL))))
    told = decode_json(render_json(wallets, ALL))["profiles"]
    text, markdown = render_report(wallets, ALL), render_markdown(wallets, ALL)

    assert (rows[0]["pnl_source"], rows[0]["profit_usd"]) == ("derived", "-1234.5")
    assert rows[0]["realised_pnl_usd"] == rows[1]["profit_usd"] == ""
    assert (told[0]["profit"]["pnl_source"], told[0]["profit"]["return_bps"]) == ("derived", -4.25)
    assert told[0]["profit"]["realised_pnl_usd"] is told[1]["profit"] is None
    says = "−$1.2k (derived: positions told later), −4.2 bps of notional"
    assert f"\nProfit: {says}\n" in text
    assert f" | {says} |\n" in markdown
    assert max(map(len, text.partition("Age (days)")[2].splitlines())) <= 100


def test_every_format_shows_what_the_venue_said_of_an_account() -> None:
    known = replace(wallet(), account=replace(ACCOUNT, account_links=HOSTILE))
    wallets = report_set(known, without_category())

    rows = list(csv.DictReader(io.StringIO(render_csv(wallets, ALL), newline="")))
    told = decode_json(render_json(wallets, ALL))["profiles"]
    text, markdown = render_report(wallets, ALL), render_markdown(wallets, ALL)

    assert (rows[0]["equity_usd"], rows[0]["account_positions"]) == ("1500.0", "BTC +2.5; ETH -1")
    assert rows[0]["net_flow_usd"] == rows[1]["equity_usd"] == ""
    assert told[0]["account"]["leverage"] == 2.0
    assert told[0]["account"]["net_flow_usd"] is told[1]["account"] is None
    assert "\nEquity: $1.5k, leverage 2.00 (venue, 2026-01-05T08:00:00Z)\n" in text
    assert "\nHolds: BTC +2.5; ETH −1 (venue, 2026-01-05T08:00:00Z)\n" in text
    assert "- return: −3.2% on capital in its last month (venue)\n" in markdown
    for shown in (text, markdown):
        assert "\u202e" not in shown
    assert "<img" not in markdown


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


def test_markdown_shows_the_same_facts_as_tables() -> None:
    text = render_markdown(report_set(wallet(), without_category(), notice="Simulated."), ALL)

    assert "> **Simulated.**" in text
    assert "| coverage | 98.0 % of the span observed (2.94 days) |" in text
    assert (
        f"| `0x{'a' * 40}` | Bot (0.85), Profitable Trader (0.72, unproven) "
        "| 0.72 | 0.81 | 0.85 | 5.23 | 0.68 | 1,250 | 45.23 |"
    ) in text
    assert "- none: nearest is Moderate Trader" in text


def test_markdown_interprets_nothing_in_a_name() -> None:
    text = render_markdown(report_set(wallet(HOSTILE), notice=HOSTILE), ALL)

    assert "<img" not in text
    assert r"&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;\|\`\*\_" in text


UNKNOWN = replace(
    wallet(),
    features={
        **wallet().features,
        "median_holding_s": float("nan"),
        "closed_episode_count": float("nan"),
        "flow_pnl_usd": -950.5,
    },
    reasons={
        "risk_score": (
            Reason(feature="median_holding_s", value=None, typical=60.0, contribution=0.5),
            Reason(feature="flow_pnl_usd", value=-950.5, typical=2.0, contribution=0.25),
        )
    },
    remarks={
        "median_holding_s": "position unknown",
        "closed_episode_count": "position unknown",
        "flow_pnl_usd": "of the trades seen, as if flat before",
    },
)


def test_csv_says_that_a_position_is_unknown_in_place_of_a_number() -> None:
    (row,) = csv.DictReader(io.StringIO(render_csv(report_set(UNKNOWN), ALL)))

    assert row["median_holding_s"] == row["closed_episode_count"] == "position unknown"
    assert row["flow_pnl_usd (of the trades seen, as if flat before)"] == "-950.5"
    assert row["median_gap_s"] == ""  # missing for another reason


def test_json_says_that_a_position_is_unknown_beside_the_null() -> None:
    (shown,) = decode_json(render_json(report_set(UNKNOWN), ALL))["profiles"]

    assert shown["features"]["median_holding_s"] is None
    assert shown["remarks"] == UNKNOWN.remarks


@pytest.mark.parametrize("render", [render_report, render_markdown])
def test_reasons_say_that_a_position_is_unknown(
    render: Callable[[MadeSet, ReportSettings], str],
) -> None:
    text = " ".join(render(report_set(UNKNOWN), ALL).replace("\\", "").split())

    assert "median_holding_s position unknown (typical 1.0 min) +0.50" in text
    assert "flow_pnl_usd (of the trades seen, as if flat before) −$950" in text
    assert "nan" not in text
