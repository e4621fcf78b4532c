import re
from html.parser import HTMLParser

from profile_fakes import HOSTILE
from training_fakes import BEST, as_card, training_card

from hypertrack.outputs.training_report import render_training_report
from hypertrack.outputs.training_views import TextTable, TrainingView, training_view
from hypertrack.records import HEADS


def view(**parts: object) -> TrainingView:
    return training_view(as_card({**training_card(), **parts}))


class Elements(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_every_head_stands_beside_its_baselines_the_best_first() -> None:
    heads = view().heads

    assert [head.is_earned for head in heads] == [False, True, True, False, True, True]
    for head in heads:
        assert head.forest is not None
        assert [row.name for row in head.forest.rows] == ["net", "trees", "linear"]
        assert [row.is_own for row in head.forest.rows] == [True, False, False]
    assert heads[1].forest is not None
    assert heads[1].forest.rows[0].text == "+0.21 [+0.15, +0.27]"
    assert ("AUC", "0.71 [0.66, 0.75]") in heads[1].measures


def test_losses_are_drawn_of_all_heads_together_and_of_each() -> None:
    losses = view().losses

    assert [chart.name for chart in losses][:2] == ["All heads, weighted", "Profitability"]
    assert len(losses) == 1 + len(HEADS)
    assert losses[0].note == f"0.1200 in epoch {BEST}"


def test_reliability_is_drawn_of_the_probabilities_alone() -> None:
    charts = view().reliabilities

    assert [chart.name for chart in charts] == [
        "Profitability",
        "Risk",
        "Bot probability",
        "Sophistication",
    ]
    assert all(len(chart.marks) == 10 for chart in charts)


def test_features_are_shown_by_how_far_they_move_a_score() -> None:
    panel = view().importance[0]

    assert [bar.text for bar in panel.bars][:2] == ["0.037", "0.036"]
    assert panel.bars[0].share == 100.0
    assert view().importance[4].bars[0].text == "0.037 %"


def test_flow_says_what_it_is_of() -> None:
    (bar,) = view(importance={"risk_score": {"flow_pnl_usd": 0.5}}).importance[0].bars

    assert bar.name == "flow_pnl_usd (of the trades seen, as if flat before)"


def test_data_checks_settings_and_versions_are_said() -> None:
    page = view()

    facts = {fact.name: fact.text for fact in (*page.data, *page.checks, *page.settings)}
    assert facts["coverage"] == "98.0 % of the span observed (2.94 days)"
    assert facts["embargo"] == "30.0 min between features and outcomes"
    assert facts["best edge bps"] == "not measured"
    assert facts["Risk, outcomes shuffled"] == "skill −0.01, 95 % CI [−0.03, +0.01]"
    assert (facts["train.seed"], facts["train.hidden"]) == ("7", "256, 128")
    assert [cut.name for cut in page.cuts][-2:] == ["Training 4", "Test"]
    assert page.cuts[-1].cut == 800.0
    assert page.labelling.headings[3:] == ("agreement",)  # of nobody is a conflict known
    assert page.labelling.rows[0][3:] == ("91.7 %",)


def test_column_in_which_nothing_is_known_is_not_shown() -> None:
    table = TextTable.of_known(
        ("rule", "agreement", "conflict"), [("a", "–", "–"), ("b", "–", "2")]
    )

    assert table == TextTable(("rule", "conflict"), (("a", "–"), ("b", "2")))


def test_failed_leak_check_is_said() -> None:
    failed = {"permutation": {}, "truncation": None, "failed": {"risk_score": "skill remained"}}

    assert ("Risk: FAILED", "skill remained") in [
        (fact.name, fact.text) for fact in view(leaks=failed).checks
    ]


def test_page_needs_nothing_but_itself() -> None:
    html = render_training_report(as_card(training_card()))

    elements = Elements(html).found
    loads = [
        value
        for tag, attributes in elements
        for name, value in attributes.items()
        if name in {"src", "srcset"} or (name == "href" and tag != "a")
    ]
    assert [value[:10] for value in loads if value] == ["data:image"]
    assert "url(" not in html and "@import" not in html
    assert not [a for _, a in elements if any(n.startswith("on") or n == "style" for n in a)]
    assert "<script" not in html


def test_hostile_text_is_only_text() -> None:
    html = render_training_report(as_card(training_card(hostile=HOSTILE)))

    assert "img" not in [tag for tag, _ in Elements(html).found]
    assert "<script" not in html and "</script" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") > 20
    assert "{{ 7 * 7 }}" in html


def test_run_without_outcomes_or_epochs_still_has_a_page() -> None:
    card = training_card(n_epochs=0)
    for head in card["summary"]["heads"]:
        head |= {"skill": None, "reliability": [], "auc": None, "calibration_error": None}
    card |= {"labelling_functions": [], "importance": {head: {} for head in HEADS}, "leaks": None}

    html = render_training_report(as_card(card))

    assert "No epoch was recorded." in html
    assert "Nothing moves it" in html
    assert len(re.findall('class="blank"', html)) == 2 + 2 * len(HEADS) + 1
