from drawn_wallets import scores
from profile_fakes import profile_set

from hypertrack.outputs.reason_views import ScoreView, score_name, score_views
from hypertrack.records import ProfileHeader, Reason, WalletProfile, replace

FAST = Reason(feature="tx_count", value=812.0, typical=14.2, contribution=0.25)
SLOW = Reason(feature="avg_slippage", value=None, typical=3.14, contribution=-0.125)
NOTHING = Reason(feature="total_value", value=1.0, typical=1.0, contribution=0.004)


def explained(**reasons: tuple[Reason, ...]) -> tuple[ProfileHeader, WalletProfile]:
    profiles = profile_set(1, unearned=("risk_score",))
    said = scores(bot_probability=0.82, influence_score=3.5)
    wallet = replace(profiles.profiles[0], scores=said, reasons=reasons)
    return profiles.header, wallet


def view_of(score: str, *reasons: Reason) -> ScoreView:
    return next(v for v in score_views(*explained(**{score: reasons})) if v.score == score)


def test_reason_says_the_value_the_typical_one_and_what_it_adds() -> None:
    view = view_of("bot_probability", FAST, SLOW)

    assert view.title == "Bot probability 0.82 (typical 0.07)"
    assert [reason.sentence for reason in view.reasons] == [
        "tx_count 812 (typical 14) +0.25",
        "avg_slippage none (typical 3.1 bps) −0.12",
    ]
    assert [reason.share for reason in view.reasons] == [1.0, -0.5]


def test_what_is_not_shown_is_summed() -> None:
    view = view_of("bot_probability", FAST, SLOW, NOTHING)

    assert len(view.reasons) == 2
    assert view.others == "+0.62"  # 0.82 - 0.07 - 0.25 + 0.125, whatever made it


def test_influence_is_in_percent_and_style_is_named_by_its_dimension() -> None:
    assert view_of("influence_score", FAST).reasons[0].contribution == "+0.25 %"
    assert view_of("market_making", FAST).name == "Trading style: market making"
    assert score_name("directional_bias") == "Trading style: long / short"


def test_score_of_a_head_without_earned_weight_says_so() -> None:
    view = view_of("risk_score", FAST)

    assert view.doubt is not None
    assert view.doubt.startswith("unproven: skill −0.02")
    assert view.title.endswith(", unproven)")
    assert view_of("bot_probability", FAST).doubt is None


def test_score_without_reasons_says_that_nothing_moves_it() -> None:
    (risk,) = (v for v in score_views(*explained()) if v.score == "risk_score")

    assert risk.because(3) == "no single feature moves it"


def test_no_model_means_no_reasons() -> None:
    profiles = profile_set(1, unearned=None)

    assert score_views(profiles.header, profiles.profiles[0]) == ()


def test_feature_that_needs_a_position_says_that_it_is_unknown() -> None:
    held = Reason(feature="median_holding_s", value=None, typical=600.0, contribution=0.25)
    flow = Reason(feature="flow_pnl_usd", value=-950.0, typical=None, contribution=-0.125)
    header, wallet = explained(risk_score=(held, flow))
    unknown = replace(wallet, remarks={"median_holding_s": "position unknown"})

    view = next(v for v in score_views(header, unknown) if v.score == "risk_score")

    assert [reason.sentence for reason in view.reasons] == [
        "median_holding_s position unknown (typical 10.0 min) +0.25",
        "flow_pnl_usd (of the trades seen, as if flat before) −$950 (typical none) −0.12",
    ]
