"""The report for reading: text and Markdown."""

import csv
import io
from collections.abc import Callable

import pytest
from profile_fakes import (
    ACCOUNT,
    PROFIT,
    MadeSet,
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
    render_markdown,
    render_report,
    report_set,
    wallet,
    without_category,
)

from hypertrack.config import ReportSettings
from hypertrack.outputs import report, report_json
from hypertrack.records import (
    Category,
    Choice,
    decode_json,
    replace,
)


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
    assert "Profitability: probability that prices next move its way by more" in text
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


def test_name_cannot_forge_a_line_of_the_report() -> None:
    text = render_report(report_set(wallet("0xab\nRisk Score: 0.0000")), ALL)

    assert "\nRisk Score: 0.0000" not in text


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


@pytest.mark.parametrize("render", [render_report, render_markdown])
def test_reasons_say_that_a_position_is_unknown(
    render: Callable[[MadeSet, ReportSettings], str],
) -> None:
    text = " ".join(render(report_set(UNKNOWN), ALL).replace("\\", "").split())

    assert "median_holding_s position unknown (typical 1.0 min) +0.50" in text
    assert "flow_pnl_usd (of the trades seen, as if flat before) −$950" in text
    assert "nan" not in text


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


def test_category_at_chance_says_so_beside_its_strength() -> None:
    marked = Category(
        name="Scalper",
        group="Trading frequency",
        confidence=0.4,
        evidence="often",
        caveat="at chance: 2% of them truly are, 3% of all",
    )

    text = render_report(report_set(replace(wallet(), categories=(marked,))), ALL)

    assert "Scalper (0.40, at chance)" in text
    assert "often; at chance: 2% of them truly are, 3% of all" in " ".join(text.split())
    assert "unproven, at chance" not in text
