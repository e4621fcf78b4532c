import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from diff_fakes import CHANGED, DIFF, HOSTILE, WALLETS, A, B, C
from jsonschema import Draft202012Validator
from profile_fakes import NOBODY_TOLD_FROM_LUCK, data, model, profile_header

from hypertrack.outputs.diff_json import diff_schema, render_json
from hypertrack.outputs.diff_page import render_diff
from hypertrack.outputs.diff_views import diff_view, remarks
from hypertrack.records import (
    ProfileHeader,
    WalletDiff,
    replace,
)


def test_sentences_say_what_differs() -> None:
    assert diff_view(DIFF, ()).says == (
        "1,000 wallets before, 1,200 after: 900 in both, 300 entered, 100 left",
        "3 wallets in both have another verdict; 2 became COPY, 0 ceased to be",
        "The edge of 4 of 40 moved beyond its intervals: the two of 90\N{NO-BREAK SPACE}% "
        "do not touch",
        "7 in both changed in any of these or in a category",
    )


def test_wallet_says_what_became_of_it() -> None:
    assert diff_view(DIFF, WALLETS).wallets == (
        (A, "WATCH → COPY; edge −1.0 [−2.0, −0.5] → +3.2 [+1.0, +5.0] bps; + Whale; − Bot", "COPY"),
        (B, "entered: no category", "COPY"),
        (C, "left: was WATCH, Bot", "not judged"),
    )
    assert diff_view(DIFF, WALLETS).n_more == 404  # of 300 + 100 + 7


def test_tables_show_what_changed_alone() -> None:
    view = diff_view(DIFF, ())

    assert view.verdicts == (("WATCH", "COPY", "2"), ("not judged", "AVOID", "1"))
    assert view.categories == (("Whale", "5", "6", "+3", "−2"),)
    one_way = (replace(DIFF.categories[0], n_lost=0),)
    assert diff_view(replace(DIFF, categories=one_way), ()).categories[0][3:] == ("+3", "0")
    assert view.estimates == (("edge", "40", "3", "1"),)
    assert view.scores == (("Risk", "900", "0.012", "–"),)


HEADER = profile_header(10)
SCORED = profile_header(10, summary=model())
JUDGED = replace(HEADER, skill=NOBODY_TOLD_FROM_LUCK)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (HEADER, HEADER, []),
        (
            replace(HEADER, fingerprint="x"),
            replace(HEADER, fingerprint="x"),
            ["both come from the same data, settings and model"],
        ),
        (
            replace(HEADER, notice="old"),
            replace(HEADER, notice="new"),
            ["before: old", "after: new"],
        ),
        (
            HEADER,
            replace(HEADER, edition="hypertrack"),
            ["the rules are of two editions: original, then hypertrack"],
        ),
        (
            HEADER,
            replace(HEADER, thresholds=HEADER.thresholds | {"bot_min_probability": 0.9}),
            ["the rules ask for other numbers: bot_min_probability"],
        ),
        (
            HEADER,
            replace(HEADER, data=replace(data(10), observed_days=30.0)),
            ["observed for 2.94 days then 30.00 days: counts and sums grow with the time"],
        ),
        (
            SCORED,
            replace(SCORED, model=replace(model(), version="another")),
            ["scores come from other models, so that they differ without any change of a wallet"],
        ),
        (
            HEADER,
            SCORED,
            ["only one of the two has scores, and the categories that rest on them"],
        ),
        (
            HEADER,
            JUDGED,
            ["only one of the two tells of skill, so verdicts and edges are not compared"],
        ),
        (
            JUDGED,
            replace(HEADER, skill=replace(NOBODY_TOLD_FROM_LUCK, delay_s=60.0)),
            ["a copier has another delay and size: 5 s and $1,000 then 60 s and $1,000"],
        ),
    ],
)
def test_what_besides_the_wallets_differs_is_said(
    before: ProfileHeader, after: ProfileHeader, said: list[str]
) -> None:
    assert list(remarks(before, after)) == said


def test_json_is_what_its_published_schema_says() -> None:
    validator = Draft202012Validator(diff_schema())

    found = json.loads("".join(render_json(DIFF, iter(WALLETS))))

    validator.validate(found)
    assert (found["schema"], found["schema_version"]) == ("hypertrack.diff", 1)
    assert [each["wallet"] for each in found["wallets"]] == [A, B, C]
    assert not validator.is_valid({**found, "n_both": "many"})


def test_json_makes_a_wallet_when_it_is_written() -> None:
    made = []

    def wallets() -> Iterator[WalletDiff]:
        for each in WALLETS:
            made.append(each.wallet)
            yield each

    parts = render_json(DIFF, wallets())
    next(parts), next(parts)

    assert made == [A]


def test_page_interprets_nothing_in_a_name() -> None:
    diff = replace(DIFF, before=replace(DIFF.before, place=HOSTILE), remarks=(HOSTILE,))

    page = render_diff(diff, (replace(CHANGED, gained=(HOSTILE,)),))

    assert "<img" not in page
    assert "\x1b" not in page


def test_published_schemas_are_in_the_docs() -> None:
    folder = Path(__file__).parents[2] / "docs" / "schemas"

    assert sorted(file.name for file in folder.iterdir()) == ["diff.v1.json", "report.v1.json"]
