import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from profile_fakes import NOBODY_TOLD_FROM_LUCK, data, model, profile_header

from hypertrack.outputs.diff_json import diff_schema, render_json
from hypertrack.outputs.diff_page import render_diff
from hypertrack.outputs.diff_views import diff_view, remarks
from hypertrack.records import (
    CategoryChange,
    ComparedProfiles,
    EstimateChange,
    MovedEstimate,
    Presence,
    ProfileDiff,
    ProfileHeader,
    ScoreChange,
    VerdictChange,
    WalletDiff,
    replace,
)

A, B, C = (f"0x{letter * 40}" for letter in "abc")
HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J"


def side(place: str, n_wallets: int) -> ComparedProfiles:
    return ComparedProfiles(
        place=place,
        generated_ms=0,
        start_ms=1_784_678_400_000,  # 2026-07-22
        end_ms=1_784_764_800_000,
        n_wallets=n_wallets,
        model=None,
        is_judged=True,
    )


DIFF = ProfileDiff(
    before=side("monday", 1_000),
    after=side("tuesday", 1_200),
    remarks=("both: simulated",),
    n_both=900,
    n_entered=300,
    n_left=100,
    n_changed=7,
    verdicts=(
        VerdictChange(before="WATCH", after="COPY", n_wallets=2),
        VerdictChange(before=None, after="AVOID", n_wallets=1),
    ),
    categories=(
        CategoryChange(name="Whale", n_before=5, n_after=6, n_gained=3, n_lost=2),
        CategoryChange(name="Bot", n_before=5, n_after=5, n_gained=0, n_lost=0),
    ),
    estimates=(EstimateChange(name="edge_bps", n_compared=40, n_up=3, n_down=1),),
    scores=(ScoreChange(name="risk_score", n_compared=900, median_change=0.0123, p95_change=None),),
)

CHANGED = WalletDiff(
    wallet=A,
    presence=Presence.BOTH,
    tx_count=9.0,
    verdict_before="WATCH",
    verdict_after="COPY",
    gained=("Whale",),
    lost=("Bot",),
    moved=(
        MovedEstimate(
            name="edge_bps",
            before=-1.0,
            before_low=-2.0,
            before_high=-0.5,
            after=3.25,
            after_low=1.0,
            after_high=5.0,
        ),
    ),
)
ENTERED = replace(CHANGED, wallet=B, presence=Presence.ENTERED, moved=(), gained=())
LEFT = replace(CHANGED, wallet=C, presence=Presence.LEFT, moved=(), verdict_after=None)
WALLETS = (CHANGED, ENTERED, LEFT)


def test_sentences_say_what_differs() -> None:
    assert diff_view(DIFF, ()).says == (
        "1,000 wallets before, 1,200 after: 900 in both, 300 entered, 100 left",
        "3 wallets in both have another verdict; 2 became COPY, 0 ceased to be",
        "The edge of 4 of 40 moved beyond its intervals: the two of 90 % do not touch",
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
