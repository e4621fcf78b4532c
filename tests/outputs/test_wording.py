import pytest
from drawn_wallets import START_MS
from profile_fakes import data, head

from hypertrack.clock import utc
from hypertrack.outputs.wording import (
    amount,
    bps_interval,
    coverage,
    doubt,
    gaps,
    left_out,
    plural,
    quality,
    signed,
    span,
    usd,
)
from hypertrack.records import Category, DataSummary, as_dict, decode_json, encode_json
from hypertrack.text import duration, printable


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (949.6, "$950"),
        (61_300, "$61.3k"),
        (1_240_000, "$1.24M"),
        (3.1e9, "$3.10B"),
        (-950, "−$950"),
        (-0.4, "$0"),
        (-2_500, "−$2.5k"),
    ],
)
def test_amounts_are_short(value: float, text: str) -> None:
    assert usd(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0723, "s", "0.072 s"),
        (4.1, "s", "4.1 s"),
        (539.7, "s", "9.0 min"),
        (133.3, "count", "133"),
        (48_357.2, "1/day", "48,357 a day"),
        (99.6, "1/day", "100 a day"),
        (0.00213, "ratio", "0.0021"),
        (0.7498, "0..1", "0.75"),
        (-0.67, "-1..1", "−0.67"),
        (-12.34, "bps", "−12 bps"),
        (0.154, "bps", "0.15 bps"),
        (-1.0e-5, "bps", "0 bps"),
        (3.2, "kUSD/min", "$3.2k/min"),
        (61_300, "USD", "$61.3k"),
        (None, "s", "none"),
    ],
)
def test_amounts_of_features_are_in_their_units(value: float | None, unit: str, text: str) -> None:
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (90, "1.5 min"), (5_400, "1.5 h"), (254_016, "2.94 days")],
)
def test_durations_take_the_fitting_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_utc() -> None:
    assert utc(START_MS) == "2026-07-22T00:00:00Z"


def test_negative_numbers_carry_a_real_minus() -> None:
    assert (signed(0.214), signed(-0.02)) == ("+0.21", "−0.02")


def test_plural_follows_the_count() -> None:
    assert (plural(1, "gap"), plural(1_204, "gap")) == ("1 gap", "1,204 gaps")


def test_forged_lines_are_not_printable() -> None:
    assert printable("0xab\nRisk Score: 0\u202e\x1b[31m") == "0xab�Risk Score: 0��[31m"


def test_observation_is_put_into_words() -> None:
    facts = data(60)

    assert span(facts) == "2026-07-22T00:00:00Z to 2026-07-25T00:00:00Z (3.00 days)"
    assert coverage(facts) == "98.0 % of the span observed (2.94 days)"
    assert gaps(facts) == "2 by silence (21.8 min); 5 by closed (3.5 min, 37 trades missed)"
    assert left_out(facts) == "3 self-trades, 118 duplicates, 1 torn line"


def test_without_a_ledger_nothing_is_claimed() -> None:
    plain = as_dict(data(60)) | {"has_ledger": False, "gaps": []}
    facts = decode_json(encode_json(plain), DataSummary)

    assert coverage(facts) == "unknown: the dataset has no coverage ledger"
    assert gaps(facts) == "unknown"


def test_quality_names_the_verdict_and_its_numbers() -> None:
    assert quality(head("risk_score")) == (
        "has earned weight: skill +0.21, 95 % CI [+0.15, +0.27] on 812 held-out rows, "
        "+0.18 on wallets never seen, best baseline persistence +0.13"
    )
    assert quality(head("risk_score", earned=False)).startswith("unproven: skill −0.02")


def test_constant_is_no_baseline_to_beat() -> None:
    assert head("risk_score", earned=False).best_baseline == ("persistence", pytest.approx(-0.1))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((4.12, -0.31, 8.49), "+4.1 [−0.3, +8.5]"),
        ((0.001, 0.0, 0.02), "+0.0, no edge told"),
        ((-0.2, -0.21, -0.19), "−0.2, no edge told"),
        ((float("nan"), 0.0, 0.0), "–"),
    ],
)
def test_interval_without_width_is_not_shown_as_certainty(
    numbers: tuple[float, float, float], text: str
) -> None:
    assert bps_interval(*numbers) == text


@pytest.mark.parametrize(
    ("is_proven", "caveat", "word"),
    [
        (True, None, None),
        (True, "at chance: 2% of them truly are, 1% of all", "at chance"),
        (False, "unproven: skill −0.02", "unproven"),
    ],
)
def test_category_that_is_not_to_be_believed_says_why_in_a_word(
    is_proven: bool, caveat: str | None, word: str | None
) -> None:
    category = Category(
        name="Bot", group="", confidence=1.0, evidence="", is_proven=is_proven, caveat=caveat
    )

    assert doubt(category) == word
