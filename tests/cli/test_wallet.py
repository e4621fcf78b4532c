import math

from drawn_wallets import scores
from profile_fakes import MadeSet, profile_set, with_profiles
from rich.console import Console

from hypertrack.cli.wallet_display import sparkline, wallet_view
from hypertrack.pipeline.wallet import reasons
from hypertrack.records import HEADS, Reason, replace


def shown(profiles: MadeSet, *, width: int = 200) -> str:
    console = Console(width=width, record=True, quiet=False)
    profile = profiles.profiles[0]
    with console.capture() as captured:
        console.print(wallet_view(profiles.header, profile, reasons(profiles.header, profile)))
    return captured.get()


def test_every_unproven_head_says_so_with_its_numbers() -> None:
    text = shown(profile_set(3, unearned=HEADS))

    assert text.count("unproven: ") >= len(HEADS)


def test_proven_head_says_what_it_is_a_probability_of() -> None:
    text = shown(profile_set(3, unearned=()))

    assert "unproven" not in text
    assert "by more than its openings cost" in text


def test_without_a_model_no_score_is_shown() -> None:
    text = shown(profile_set(3, unearned=None))

    assert "no model: rules alone" in text
    assert "bot_probability " not in text
    assert "why, " not in text


def test_reasons_stand_below_the_scores_in_the_features_units() -> None:
    profiles = profile_set(1, unearned=("risk_score",))
    wallet = replace(
        profiles.profiles[0],
        scores=scores(bot_probability=0.9, risk_score=0.3),
        reasons={
            "bot_probability": (
                Reason(feature="avg_slippage", value=0.07, typical=4.1, contribution=0.21),
            )
        },
    )

    text = shown(with_profiles(profiles, wallet), width=80)

    lines = [" ".join(line.split()) for line in text.splitlines()]
    start = lines.index("bot_probability 0.90, typical 0.07")
    assert lines[start + 1] == "+0.21 ████████ avg_slippage 0.07 bps typical 4.1 bps"
    assert lines[start + 2] == "+0.62 all others"
    assert "risk_score 0.30, typical 0.19, unproven" in lines
    assert max(map(len, text.splitlines())) <= 80


def test_position_that_is_unknown_is_said_to_be_and_the_flow_says_what_it_is_of() -> None:
    profiles = profile_set(1, unearned=None)
    (bare,) = profiles.profiles
    wallet = replace(
        bare,
        features={
            **bare.features,
            "median_holding_s": math.nan,
            "closed_episode_count": math.nan,
            "flow_pnl_usd": -950.5,
        },
        remarks={
            "median_holding_s": "position unknown",
            "closed_episode_count": "position unknown",
            "flow_pnl_usd": "of the trades seen, as if flat before",
        },
    )

    lines = [" ".join(line.split()) for line in shown(with_profiles(profiles, wallet)).splitlines()]

    start = lines.index("positions")
    assert lines[start + 1 : start + 4] == [
        "median_holding_s position unknown",
        "closed_episode_count position unknown",
        "flow_pnl_usd −950.5 USD of the trades seen, as if flat before",
    ]
    assert "nan" not in " ".join(lines)
    assert "positions" not in shown(profiles)  # none of these was measured


def test_sparkline_never_hides_a_slice_with_activity() -> None:
    assert sparkline((0, 1, 1_000)) == " ▁█"
    assert sparkline((0, 0)) == "  "
    assert sparkline(()) == ""
