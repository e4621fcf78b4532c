import base64
import hashlib
import re
from html.parser import HTMLParser

from profile_fakes import (
    NOBODY_TOLD_FROM_LUCK,
    MadeSet,
    hostile_set,
    profile_set,
    with_profiles,
)

from hypertrack.config import DashboardSettings, ReportSettings
from hypertrack.outputs.cards import PageData, page_data, script_json
from hypertrack.outputs.dashboard import render_dashboard
from hypertrack.outputs.reason_views import score_views
from hypertrack.records import Reason, decode_json, replace

SETTINGS = DashboardSettings()


class Attributes(HTMLParser):
    """Collects every attribute of every element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, name, value) for name, value in attrs]


def embedded(html: str) -> PageData:
    match = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', html, re.S)
    assert match is not None
    return decode_json(match.group(1), PageData)


def test_page_refers_to_nothing_outside_itself() -> None:
    html = render_dashboard(profile_set(20), SETTINGS)

    loads = [
        value
        for tag, name, value in Attributes(html).found
        if name in {"src", "srcset", "data", "poster", "background"}
        or (name == "href" and tag != "a")
    ]
    assert [value[:20] for value in loads if value] == ["data:image/svg+xml,%"]
    assert "@import" not in html and "url(" not in html


def test_page_has_no_inline_handler_and_no_style_attribute() -> None:
    attributes = Attributes(render_dashboard(profile_set(20), SETTINGS)).found

    assert [name for _, name, _ in attributes if name.startswith("on") or name == "style"] == []


def test_policy_honors_exactly_the_script_and_the_style_inside() -> None:
    html = render_dashboard(profile_set(3), SETTINGS)
    policy = next(
        value or ""
        for tag, name, value in Attributes(html).found
        if tag == "meta" and name == "content" and (value or "").startswith("default-src")
    )

    for tag in ("script", "style"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.S)
        digests = [base64.b64encode(hashlib.sha256(b.encode()).digest()).decode() for b in bodies]
        assert len(digests) == 1
        assert f"{tag}-src 'sha256-{digests[0]}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_cards_hold_what_the_profiles_say() -> None:
    profiles = profile_set(30)

    page = embedded(render_dashboard(profiles, SETTINGS))

    busiest = max(profiles.profiles, key=lambda p: p.features["tx_count"])
    card = page.cards[0]
    assert len(page.cards) == 30
    assert card.address == busiest.wallet
    assert card.transactions == f"{busiest.features['tx_count']:,.0f}"
    assert [page.categories[held.category].name for held in card.held] == [
        category.name for category in busiest.categories
    ]
    assert card.activity == busiest.activity


def test_page_shows_the_busiest_and_counts_the_rest() -> None:
    html = render_dashboard(profile_set(30), DashboardSettings(max_wallets=10))

    assert len(embedded(html).cards) == 10
    assert "Showing 10 of 30 wallets; left out: 20 less active." in html


def test_page_leaves_out_whom_the_report_leaves_out() -> None:
    html = render_dashboard(profile_set(30), SETTINGS, ReportSettings(categories_only=True))

    assert all(card.held for card in embedded(html).cards)
    assert "without a category" in html


def test_scores_are_absent_without_a_model() -> None:
    page = embedded(render_dashboard(profile_set(5, unearned=None), SETTINGS))

    assert all(card.scores is card.style is card.influence is None for card in page.cards)
    assert all(card.why == () for card in page.cards)
    assert all(head.doubt is None for head in page.heads)


def test_reasons_of_a_card_refer_to_names_said_once() -> None:
    profiles = profile_set(30)

    page = embedded(render_dashboard(profiles, SETTINGS))

    assert len(page.explained.scores) == 6
    assert len(page.explained.features) == len(set(page.explained.features))
    views = score_views(
        profiles.header, max(profiles.profiles, key=lambda p: p.features["tx_count"])
    )
    for found, view in zip(page.cards[0].why, views, strict=True):
        assert page.explained.scores[found.score].name == view.name
        assert page.explained.scores[found.score].doubt == view.doubt
        assert [page.explained.features[reason.feature].name for reason in found.reasons] == [
            reason.feature for reason in view.reasons
        ]


def test_cards_say_that_a_position_is_unknown() -> None:
    profiles = profile_set(1)
    reasons = (
        Reason(feature="median_holding_s", value=None, typical=60.0, contribution=0.5),
        Reason(feature="flow_pnl_usd", value=-950.5, typical=None, contribution=0.25),
    )
    wallet = replace(
        profiles.profiles[0],
        reasons={"risk_score": reasons},
        remarks={"median_holding_s": "position unknown"},
    )

    page = embedded(render_dashboard(with_profiles(profiles, wallet), SETTINGS))

    (risk,) = (score for score in page.cards[0].why if score.reasons)
    assert [(page.explained.features[r.feature].name, r.value) for r in risk.reasons] == [
        ("median_holding_s", "position unknown"),
        ("flow_pnl_usd (of the trades seen, as if flat before)", "−$950"),
    ]


def test_doubt_stands_beside_heads_without_earned_weight() -> None:
    page = embedded(render_dashboard(profile_set(5, unearned=("risk_score",)), SETTINGS))

    doubts = {head.name: head.doubt for head in page.heads}
    assert doubts["Risk"] is not None and doubts["Risk"].startswith("unproven: skill −0.02")
    assert doubts["Profitability"] is None


def test_page_of_nobody_renders() -> None:
    assert embedded(render_dashboard(profile_set(0), SETTINGS)).cards == ()


def test_json_in_the_page_cannot_end_its_element() -> None:
    profiles = hostile_set()

    text = script_json(page_data(profiles.header, profiles.profiles))

    assert set("<>&\u2028\u2029").isdisjoint(text)
    assert "\\u003c/script\\u003e" in text


def test_hostile_text_never_becomes_markup() -> None:
    html = render_dashboard(hostile_set(), SETTINGS)

    tags = [tag for tag, name, value in Attributes(html).found if value == "x" or name == "onerror"]
    assert tags == []
    assert html.count("</script>") == 2
    assert "{{ 7 * 7 }}" in html


def test_escaped_json_reads_back_as_it_was() -> None:
    profiles = profile_set(40)
    page = page_data(profiles.header, profiles.profiles)

    assert decode_json(script_json(page), PageData) == page


def test_same_profiles_give_the_same_page() -> None:
    assert render_dashboard(profile_set(12), SETTINGS) == render_dashboard(
        profile_set(12), SETTINGS
    )


def test_page_says_first_whether_anybody_can_be_told_from_luck() -> None:
    profiles = profile_set(3)
    judged = MadeSet(replace(profiles.header, skill=NOBODY_TOLD_FROM_LUCK), profiles.profiles)

    html = render_dashboard(judged, SETTINGS)

    assert "no wallet can be told from luck in 5.8 h; the nearest would need 9 more days" in html
    assert 'class="luck"' not in render_dashboard(profiles, SETTINGS)
