"""What a backtest says in words: beats, does not beat, or cannot tell and what it would take."""

from hypertrack.outputs.wording import plural
from hypertrack.records import (
    RESOLUTION_BPS,
    Answer,
    Backtest,
    BlockMean,
    Comparison,
    Followed,
)
from hypertrack.text import duration, with_minus

PROFIT_NAME, COPY_NAME = "realised profit", "COPY only"
NARROW = "\N{NO-BREAK SPACE}"


def bps(value: float | None, digits: int = 1) -> str:
    """Return ``+3.1``, ``−0.4``; a dash for what is not defined."""
    return "–" if value is None else with_minus(f"{value:+.{digits}f}")


def with_error(mean: BlockMean | None) -> str:
    """Return ``+3.1 ± 2.2``: half the 95 % interval; ``± ?`` of too few blocks of time."""
    if mean is None:
        return "–"
    if mean.high is None:
        return f"{bps(mean.value)}{NARROW}±{NARROW}?"
    return f"{bps(mean.value)}{NARROW}±{NARROW}{mean.high - mean.value:.1f}"


def sentences(found: Backtest) -> tuple[str, ...]:
    """Return what the backtest says, the most important first."""
    judged = found.ranking(found.judged)
    told = [_would_have_paid(found, judged), _against_profit(judged)]
    copied = found.ranking(COPY_NAME)
    told.append(_of_copy(found, copied))
    if judged.above_random_frac is not None:
        told.append(
            f"It earned more a bet than {judged.above_random_frac:.0%} of "
            f"{found.random.n_draws} draws of random active wallets."
        )
    told += _by_truth(found, judged)
    if judged.n_unseen:
        told.append(
            f"{plural(judged.n_unseen, 'bet')} of it left out: a price at an end is missing, "
            "trades between, or the end itself."
        )
    if found.n_by_profit:
        told.append(
            f"{plural(found.n_by_profit, 'wallet')} chosen by past profit: left out of the rounds "
            "before, and judged by what came after."
        )
    return tuple(told)


def comparison_words(ranking: str, comparison: Comparison) -> str:
    """Return how a ranking compares with ranking by realised profit."""
    if comparison.answer is Answer.FOLLOWED_NOBODY:
        return f"{ranking}: nobody it chose made a bet that could be copied"
    difference = comparison.adjusted_bps
    if difference is None:
        return f"{ranking}: cannot tell: ranking by realised profit made no bet"
    by = f"{with_error(difference).removeprefix('+')} bps a bet"
    if comparison.answer is Answer.BEATS:
        return f"{ranking} beats ranking by realised profit by {by}"
    if comparison.answer is Answer.DOES_NOT_BEAT:
        return f"{ranking} does not beat ranking by realised profit: {by}"
    unsure = f"{ranking}: cannot tell from ranking by realised profit"
    if comparison.recordings_needed is None:
        why = "the same bets, or too few blocks of time"
        return f"{unsure} ({bps(difference.value)} bps a bet): {why}"
    return (
        f"{unsure} ({with_error(difference)} bps a bet): to tell {RESOLUTION_BPS:g} bps apart "
        f"needs about {comparison.recordings_needed:,} such recordings"
    )


def short_answer(followed: Followed) -> str:
    """Return the comparison in two or three words, for a table."""
    if followed.over_profit is None:
        return ""
    return followed.over_profit.answer.value


def _would_have_paid(found: Backtest, judged: Followed) -> str:
    start = (
        f"Following the top {found.top} by {judged.ranking}, {found.delay_s:g} s late, over "
        f"{duration(found.days_followed * 86_400)}"
    )
    net = judged.net_bps
    if net is None:
        return f"{start}, would have made no bet: nothing was earned and nothing lost."
    earned = f"{with_error(net)} bps a bet after costs ({plural(judged.n_bets, 'bet')})"
    if net.low is not None and net.low > 0:
        return f"{start}, would have paid: {earned}."
    if net.high is not None and net.high < 0:
        return f"{start}, would have lost: {earned}."
    return f"{start}: cannot tell whether it would have paid: {earned}."


def _against_profit(judged: Followed) -> str:
    assert judged.over_profit is not None
    words = comparison_words(judged.ranking, judged.over_profit)
    raw = judged.over_profit.net_bps
    with_drift = "" if raw is None else f"; with the market's drift {with_error(raw)}"
    return f"{words[:1].upper()}{words[1:]}{with_drift}."


def _of_copy(found: Backtest, copied: Followed) -> str:
    if not copied.n_picks:
        is_told = any(each.n_flagged for each in found.rounds)
        nobody = "Nobody was" if is_told else "Nobody could be told from luck, and nobody was"
        return (
            f"{nobody} called COPY at any of the {plural(len(found.rounds), 'cut')}: whoever "
            "follows COPY alone stayed in cash."
        )
    if copied.net_bps is None or copied.over_profit is None:
        return f"{plural(copied.n_picks, 'wallet')} called COPY made no bet that could be copied."
    return (
        f"COPY alone earned {with_error(copied.net_bps)} bps a bet "
        f"({plural(copied.n_bets, 'bet')} of {plural(copied.n_leaders, 'wallet')}); "
        f"{comparison_words(copied.ranking, copied.over_profit)}."
    )


def _by_truth(found: Backtest, judged: Followed) -> list[str]:
    if found.truth_delay_s is None or judged.expected_bps is None:
        return []
    profit = found.ranking(PROFIT_NAME).expected_bps
    random = found.random.expected_bps
    return [
        f"By the truth of the simulation a copy {found.truth_delay_s:g} s late was worth "
        f"{bps(judged.expected_bps)} bps a bet; of the top by realised profit {bps(profit)}, of "
        f"random wallets {bps(random)}."
    ]
