import base64
import hashlib
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from judged_fakes import judged_set, without_model
from page_reading import ReadPack, read_pack, script_text
from profile_fakes import ACCOUNT, HOSTILE, hostile_set, profile_set, with_profiles
from profile_set_fakes import MadeSet

from hypertrack.config import DashboardSettings, ReportSettings
from hypertrack.outputs.account_views import account_lines
from hypertrack.outputs.dashboard import render_dashboard
from hypertrack.outputs.measures import measures
from hypertrack.outputs.page_data import PageData, page_data, script_json
from hypertrack.outputs.reason_views import score_views
from hypertrack.outputs.selection import Selection
from hypertrack.outputs.verdict_views import verdict_row
from hypertrack.outputs.wording import doubt, usd
from hypertrack.records import Reason, decode_json, replace

SETTINGS = DashboardSettings()
JUDGED = judged_set(60)
PAGE = render_dashboard(JUDGED, SETTINGS)


class Attributes(HTMLParser):
    """Collects every attribute of every element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value) for name, value in attrs]


def embedded(html: str) -> PageData:
    return decode_json(script_text(html, "page-data"), PageData)


def pack(html: str, name: str) -> ReadPack:
    return read_pack(script_text(html, f"pack-{name}"))


def test_page_refers_to_nothing_outside_itself() -> None:
    loads = [
        value
        for tag, name, value in Attributes(PAGE).found
        if name in {"src", "srcset", "data", "poster", "background"}
        or (name == "href" and tag != "a")
    ]

    assert [value[:20] for value in loads if value] == ["data:image/svg+xml,%"]
    assert "@import" not in PAGE and "url(" not in PAGE


def test_page_has_no_inline_handler_and_no_style_attribute() -> None:
    attributes = Attributes(PAGE).found

    assert [name for _, name, _ in attributes if name.startswith("on") or name == "style"] == []


def test_policy_honors_exactly_the_script_and_the_style_inside() -> None:
    policy = next(
        value or ""
        for tag, name, value in Attributes(PAGE).found
        if tag == "meta" and name == "content" and (value or "").startswith("default-src")
    )

    for tag in ("script", "style"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(b.encode()).digest()).decode() for b in bodies]
        assert len(digests) == 1
        assert f"{tag}-src 'sha256-{digests[0]}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_every_number_is_the_profiles_own() -> None:
    listed, rest = pack(PAGE, "listed"), pack(PAGE, "rest")

    assert listed.addresses("wallet") == [each.wallet for each in JUDGED.profiles]
    for measure in measures(JUDGED.header):
        holder = listed if measure.name in listed.head else rest
        values = [measure.read(wallet) for wallet in JUDGED.profiles]
        texts = [measure.write(value) if np.isfinite(value) else None for value in values]
        assert holder.texts(measure.name) == texts, measure.name


def test_pause_of_less_than_a_second_is_no_zero() -> None:
    pause = next(each for each in measures(JUDGED.header) if each.name == "median_gap_s")

    assert [pause.write(value) for value in (0.34, 11.2, 1_308.0)] == ["0.34 s", "11 s", "21.8 min"]


def test_edges_are_written_as_the_verdict_command_writes_them() -> None:
    listed = pack(PAGE, "listed")
    columns = [listed.texts(f"edge{end}_bps") for end in ("", "_low", "_high")]

    for wallet, edge, low, high in zip(JUDGED.profiles, *columns, strict=True):
        written = "–" if edge is None else f"{edge} [{low}, {high}]"
        assert verdict_row(wallet).edge == written


def test_profit_is_missing_where_positions_are_not_known() -> None:
    listed = pack(PAGE, "listed")

    for wallet, text in zip(JUDGED.profiles, listed.texts("profit_usd"), strict=True):
        assert wallet.profit is not None
        profit = wallet.profit.profit_usd
        assert text == (None if np.isnan(profit) else usd(profit))
    assert None in listed.texts("profit_usd")


def test_categories_stand_with_their_evidence_and_their_mark() -> None:
    listed, rest = pack(PAGE, "listed"), pack(PAGE, "rest")
    held = [category for wallet in JUDGED.profiles for category in wallet.categories]

    assert listed.codes("n_held") == [len(wallet.categories) for wallet in JUDGED.profiles]
    assert listed.texts("held") == [category.name for category in held]
    assert listed.texts("held_doubt") == [doubt(category) for category in held]
    assert rest.texts("evidence") == [category.evidence for category in held]
    assert rest.texts("confidence") == [f"{category.confidence:.2f}" for category in held]
    assert any(not category.is_proven for category in held)


def test_panels_count_everybody_and_not_only_whom_the_page_lists() -> None:
    few = embedded(render_dashboard(JUDGED, DashboardSettings(max_wallets=10)))

    assert few.n_shown == 10
    assert few.categories == embedded(PAGE).categories
    assert {each.name: each.n_wallets for each in few.categories} == (
        JUDGED.header.n_wallets_by_category
    )


def test_page_lists_the_busiest_and_knows_whom_it_leaves_out() -> None:
    html = render_dashboard(JUDGED, DashboardSettings(max_wallets=10))

    assert "Showing 10 of 60 wallets; left out: 50 less active." in html
    assert embedded(html).left_out == "50 less active"
    assert pack(html, "listed").addresses("wallet") == [w.wallet for w in JUDGED.profiles[:10]]
    assert pack(html, "left-out").codes("marks") == sorted(
        int(each.wallet[2:10], 16) for each in JUDGED.profiles[10:]
    )


def test_page_leaves_out_whom_the_report_leaves_out() -> None:
    html = render_dashboard(JUDGED, SETTINGS, ReportSettings(categories_only=True))

    assert all(pack(html, "listed").codes("n_held"))
    assert "without a category" in html


def test_all_wallets_are_listed_up_to_fifty_thousand() -> None:
    assert SETTINGS.max_wallets == 50_000


def test_reasons_are_the_strongest_of_each_score() -> None:
    rest = pack(PAGE, "rest")
    wallet = JUDGED.profiles[0]
    views = score_views(JUDGED.header, wallet)

    n = rest.codes("n_why")[0]
    counts = rest.codes("n_reasons")[:n]
    assert rest.texts("why_score")[:n] == [view.score for view in views]
    expected = [reason for view in views for reason in view.reasons[:3]]
    assert sum(counts) == len(expected)
    assert rest.texts("reason_feature")[: sum(counts)] == [r.feature for r in expected]
    assert rest.texts("reason_value")[: sum(counts)] == [r.value for r in expected]
    assert rest.texts("reason_typical")[: sum(counts)] == [r.typical for r in expected]


def test_reason_says_that_a_position_is_unknown() -> None:
    reasons = (
        Reason(feature="median_holding_s", value=None, typical=60.0, contribution=0.5),
        Reason(feature="flow_pnl_usd", value=-950.5, typical=None, contribution=0.25),
    )
    wallet = replace(
        JUDGED.profiles[0],
        reasons={"risk_score": reasons},
        remarks={"median_holding_s": "position unknown"},
    )

    rest = pack(render_dashboard(with_profiles(JUDGED, wallet), SETTINGS), "rest")

    assert rest.texts("reason_value") == ["position unknown", "−$950"]
    assert rest.texts("reason_feature")[1] == "flow_pnl_usd"
    titles = embedded(PAGE).titles
    assert titles["flow_pnl_usd"] == (
        "Profit of the trades seen (of the trades seen, as if flat before)"
    )


def test_account_is_told_line_by_line_whatever_a_vault_is_called() -> None:
    account = replace(ACCOUNT, account_links=f"vault A\tB\nC {HOSTILE}")
    asked = replace(JUDGED.profiles[0], account=account)
    other = replace(JUDGED.profiles[1], account=None)

    texts = pack(render_dashboard(with_profiles(JUDGED, asked, other), SETTINGS), "rest").texts(
        "account"
    )

    assert texts[1] is None
    assert texts[0] is not None
    assert [tuple(line.split("\t")) for line in texts[0].split("\n")] == list(
        account_lines(account)
    )


def test_doubt_stands_beside_heads_without_earned_weight() -> None:
    page = embedded(render_dashboard(profile_set(5, unearned=("risk_score",)), SETTINGS))

    doubts = {measure.name: measure.doubt for measure in page.measures}
    assert (doubts["risk_score"] or "").startswith("unproven: skill −0.02")
    assert doubts["profitability_score"] is None
    assert doubts["edge_bps"] is None


def test_scores_are_absent_without_a_model() -> None:
    html = render_dashboard(without_model(JUDGED), SETTINGS)

    assert [each for each in embedded(html).measures if each.group in {"Scores", "Style"}] == []
    assert "bot_probability" not in pack(html, "listed").head
    assert "No model: rules alone" in html


def test_page_of_nobody_renders() -> None:
    html = render_dashboard(profile_set(0), SETTINGS)

    assert embedded(html).n_shown == 0
    assert pack(html, "listed").texts("held") == []


def test_page_says_first_whether_anybody_can_be_told_from_luck() -> None:
    assert JUDGED.header.skill is not None
    nobody = replace(JUDGED.header, skill=replace(JUDGED.header.skill, n_flagged=0))

    html = render_dashboard(MadeSet(nobody, JUDGED.profiles), SETTINGS)

    answer = "No wallet can be told from luck in 5.8_h; the nearest would need 9_more days."
    whole = answer.replace("_", "\N{NO-BREAK SPACE}")  # no line ends between a number and its unit
    assert f'<h1 id="answer">{whole}</h1>' in html
    assert "Skill was not judged" in render_dashboard(profile_set(3), SETTINGS)


def test_model_quality_is_one_strip() -> None:
    assert "4 of 6 heads proven" in PAGE


def test_json_in_the_page_cannot_end_its_element() -> None:
    made = hostile_set()
    header = made.header
    selection = Selection(np.arange(2), 2, ())

    text = script_json(page_data(header, selection, measures(header)))

    assert set("<>&\u2028\u2029").isdisjoint(text)
    assert "\\u003c/script\\u003e" in text


def test_hostile_text_never_becomes_markup() -> None:
    html = render_dashboard(hostile_set(), SETTINGS)

    tags = [tag for tag, name, value in Attributes(html).found if value == "x" or name == "onerror"]
    assert tags == []
    assert html.count("</script>") == 6
    assert "{{ 7 * 7 }}" in html


def test_same_profiles_give_the_same_page() -> None:
    assert render_dashboard(judged_set(12), SETTINGS) == render_dashboard(judged_set(12), SETTINGS)


@pytest.mark.parametrize(
    "group", ["Skill", "Profit", "Account", "Activity", "Behaviour", "Markouts"]
)
def test_every_number_is_named_in_words_and_once(group: str) -> None:
    words = [measure.words for measure in measures(JUDGED.header) if measure.group == group]

    assert words and len(set(words)) == len(words)
    assert all("_" not in text for text in words)
