"""The words of a verdict."""

from math import nan

import pytest
from judged_fakes import judged_set
from profile_fakes import ACCOUNT, HOSTILE
from profile_fakes import NOBODY_TOLD_FROM_LUCK as NOBODY

from hypertrack.outputs.verdict_views import headline, reliability, skill_lines, verdict_row
from hypertrack.pipeline.wallet import skill_facts
from hypertrack.records import SKILL_NUMBERS, Verdict, WalletSkill, replace


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "no wallet can be told from luck in 5.8 h; the nearest would need 9 more days"),
        (
            {"least_days_needed": 0.25},
            "no wallet can be told from luck in 5.8 h; the nearest would need 6 more hours",
        ),
        ({"least_days_needed": None}, "no wallet can be told from luck in 5.8 h"),
        (
            {"n_tested": 0},
            "no wallet can be told from luck in 5.8 h: none made enough bets that could be judged",
        ),
        (
            {"n_flagged": 1, "span_hours": 72.0},
            "1 entity of 60 tested can be told from luck in 3.0 days; none is worth copying 5 s "
            "later with $1,000",
        ),
        (
            {"n_flagged": 3, "n_by_verdict": {"COPY": 2}},
            "2 wallets are worth copying 5 s later with $1,000; 3 entities of 60 tested can be "
            "told from luck in 5.8 h",
        ),
    ],
)
def test_first_sentence_says_what_the_recording_can_say(
    changes: dict[str, object], says: str
) -> None:
    assert headline(replace(NOBODY, **changes)) == says


def test_errors_that_the_placebo_refutes_are_not_to_be_trusted() -> None:
    fine, off = (list(reliability(replace(NOBODY, placebo_z_sd=sd)))[-1] for sd in (1.02, 1.31))

    assert fine == "placebo over 58 entities: z spreads by 1.02, as it should (0.9 to 1.1)"
    assert off.endswith("z spreads by 1.31, not 0.9 to 1.1: the errors are not to be trusted")


def test_wallets_chosen_by_profit_are_counted() -> None:
    assert "chosen" not in " ".join(reliability(NOBODY))
    says = list(reliability(replace(NOBODY, n_by_profit=2)))[-1]
    assert says == "2 wallets were chosen by past profit: only what came after counts"


def test_estimator_is_told_with_its_reason_where_it_is_not_the_usual_one() -> None:
    why = "a prior explains +2.0% [-1.0%, +5.0%]: not shown to be better than none"

    assert "expected by" not in " ".join(reliability(NOBODY))
    says = list(reliability(replace(NOBODY, estimator_why=why)))[-1]
    assert says == f"edges are expected by shrinkage: {why}"


def test_power_stands_beside_who_was_flagged() -> None:
    assert next(reliability(NOBODY)).startswith("of wallets with a true edge of 5 bps, 7% of")


def test_unknown_numbers_make_no_line() -> None:
    numbers = {**dict.fromkeys(SKILL_NUMBERS, nan), "n_bets": 3.0, "n_blocks": 2.0}
    few = WalletSkill(
        verdict=Verdict.NOT_ENOUGH_DATA,
        gate="bets",
        says="3 bets as taker, 30 needed",
        follows=None,
        numbers={**numbers, "horizon_s": 60.0, "entity_size": 3.0},
    )

    assert dict(skill_lines(few)) == {
        "verdict": "NOT ENOUGH DATA: 3 bets as taker, 30 needed",
        "bets as taker": "3, judged 60 s later; bets of either role in 2 blocks of time",
        "entity": "acts as one with 2 other wallets",
    }


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (
            {},
            {
                "edge": "+4.0 bps, no edge told, after shrinkage; above 0 with a chance of 0.00; "
                "q 0.66",
                "copied": "−13.7 bps, costs alone, after 13.7 bps of costs",
                "capacity": "nothing is left at any size",
            },
        ),
        (
            {"half_life_s": 0.5},
            {
                "edge": "+4.0 bps, no edge told, after shrinkage; above 0 with a chance of 0.00; "
                "q 0.66",
                "copied": "−13.7 bps, costs alone, after 13.7 bps of costs",
                "capacity": "nothing is left at any size",
            },
        ),
        (
            {"edge_high_bps": 9.0, "copy_edge_high_bps": 1.0, "half_life_s": 240.0}
            | {"capacity_usd": 2_500.0},
            {
                "edge": "+4.0 [+4.0, +9.0] bps, after shrinkage; above 0 with a chance of 0.00; "
                "q 0.66",
                "copied": "−13.7 [−13.7, +1.0] bps, after 13.7 bps of costs",
                "half-life": "half of the move is over in 240 s",
                "capacity": "nothing is left at $2,500 a trade",
            },
        ),
    ],
)
def test_edge_that_shrank_to_nothing_has_neither_half_life_nor_capacity(
    changes: dict[str, float], lines: dict[str, str]
) -> None:
    numbers = dict.fromkeys(SKILL_NUMBERS, nan) | {"n_bets": 22.0, "n_blocks": 10.0}
    numbers |= dict.fromkeys(("edge_bps", "edge_low_bps", "edge_high_bps"), 4.0)
    numbers |= {"p_edge_positive": 0.0, "q": 0.66, "markout_bps": 6.8, "markout_error_bps": 3.0}
    numbers |= dict.fromkeys(("copy_edge_bps", "copy_edge_low_bps", "copy_edge_high_bps"), -13.7)
    numbers |= {"cost_bps": 13.7, "half_life_s": 0.0, "capacity_usd": 0.0, "entity_size": 1.0}
    skill = WalletSkill(
        verdict=Verdict.NOT_ENOUGH_DATA,
        gate="bets",
        says="22 bets as taker, 30 needed",
        follows=None,
        numbers={**numbers, "horizon_s": 718.0, **changes},
    )

    told = dict(skill_lines(skill))

    assert {name: told[name] for name in told if name in {*lines, "half-life"}} == lines


@pytest.mark.parametrize(
    ("gain", "says"),
    [
        ((-0.5, -1.25, 0.3), "−0.5 [−1.2, +0.3]"),
        ((-0.5, nan, nan), "−0.5"),
        ((2.0, 2.0, 2.0), "+2.0, alike in all blocks of time"),
        ((nan, nan, nan), "–"),
    ],
)
def test_curve_of_each_role_is_shown_beside_what_it_gained_on_its_price_and_not_tested(
    gain: tuple[float, float, float], says: str
) -> None:
    numbers = dict.fromkeys(SKILL_NUMBERS, nan) | {"n_bets": 22.0, "n_blocks": 10.0}
    numbers |= {"horizon_s": 60.0, "entity_size": 1.0}
    numbers |= dict(
        zip(("maker_gain_bps", "maker_gain_low_bps", "maker_gain_high_bps"), gain, strict=True)
    )
    numbers |= {"maker_after_5s_bps": 0.3, "maker_after_30s_bps": -2.0}
    wallet = judged_set(1).profiles[0]
    assert wallet.skill is not None

    told = dict(skill_lines(replace(wallet.skill, numbers=numbers)))

    assert told["as maker"] == (
        "+0.3 −2.0 – – bps from the mid after 5 s, 30 s, 5 min, 30 min; gained on its own price "
        f"{says} in 5 min: shown, not tested"
    )
    assert "as taker" not in told


@pytest.mark.parametrize(
    ("book_frac", "says"),
    [
        (0.0, "nothing is left at $25,000 a trade, by what takers paid"),
        (1.0, "nothing is left at $25,000 a trade, by recorded books"),
        (
            0.25,
            "nothing is left at $25,000 a trade, by recorded books in 25% of its openings, else by "
            "what takers paid",
        ),
    ],
)
def test_capacity_says_whether_books_told_it(book_frac: float, says: str) -> None:
    wallet = next(each for each in judged_set(20).profiles if each.features["tx_count"] >= 10)
    assert wallet.skill is not None
    numbers = {**wallet.skill.numbers, "book_frac": book_frac}

    assert dict(skill_lines(replace(wallet.skill, numbers=numbers)))["capacity"] == says


@pytest.mark.parametrize(
    ("needed", "days", "says"),
    [
        (40.0, 0.01, "40 bets, 1 more hour at its rate, to be told from luck"),
        (90.0, 0.9, "90 bets, 22 more hours at its rate, to be told from luck"),
        (90.0, nan, None),
        (12.0, 0.0, None),
    ],
)
def test_bets_needed_are_told_of_who_has_not_had_them(
    needed: float, days: float, says: str | None
) -> None:
    wallet = judged_set(1).profiles[0]
    assert wallet.skill is not None
    numbers = {**wallet.skill.numbers, "bets_needed": needed, "days_needed": days}

    told = dict(skill_lines(replace(wallet.skill, numbers=numbers)))

    assert told.get("needs") == (says and f"{says}, were its edge what was measured")


def test_vault_is_told_by_its_name_wherever_it_is_judged() -> None:
    links = "vault 'Gains' led by 0xabc; 1 transfers of 5 USD with 0xdef"
    wallet = judged_set(1).profiles[0]
    vault = replace(wallet, account=replace(ACCOUNT, account_links=links))

    assert verdict_row(vault).why == f"{verdict_row(wallet).why}; {links} (venue)"
    assert skill_facts(vault) == (("vault", f"{links} (venue)"), *skill_facts(wallet))


def test_name_of_a_vault_writes_nothing_but_text_beside_a_verdict() -> None:
    links = f"vault 'A\x1b[31m{HOSTILE}' led by 0xabc"
    account = replace(ACCOUNT, account_links=links)

    why = verdict_row(replace(judged_set(1).profiles[0], account=account)).why

    assert "\x1b" not in why
    assert "led by 0xabc (venue)" in why


def test_leader_of_a_vault_and_who_was_not_asked_about_are_no_vaults() -> None:
    wallet = judged_set(1).profiles[0]
    leader = replace(ACCOUNT, account_links="leads the vault 'Gains' 0xabc")

    for account in (None, ACCOUNT, leader):
        assert "vault" not in verdict_row(replace(wallet, account=account)).why
