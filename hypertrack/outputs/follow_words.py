"""What following on paper says in words, and its result as a table."""

from decimal import Decimal

from hypertrack.outputs.wording import plural
from hypertrack.records import Answer, Beside, BlockMean, FollowResult
from hypertrack.text import duration, with_minus

FEWEST_BLOCKS = 30
"""From which on an interval is said."""


def usd(amount: Decimal) -> str:
    """Return ``+117.65``, ``−1,037.00``."""
    return with_minus(f"{amount:+,.2f}")


def sentences(found: FollowResult) -> tuple[str, ...]:
    """Return what is said of it, the most important first."""
    return (
        _in_short(found),
        *map(_beside, found.beside),
        *_remarks(found),
    )


def parts_table(found: FollowResult) -> list[tuple[str, str]]:
    """Return the leaders' result, what lies between, and ours: a column that sums."""
    parts = found.paper.parts
    is_unknown = found.paper.n_hours_funding_unknown and not parts.funding_usd
    return [
        ("leaders, at their prices", usd(found.paper.leader_usd)),
        ("delay", usd(parts.delay_usd)),
        ("spread and depth", usd(parts.spread_usd)),
        ("fees", usd(parts.fees_usd)),
        ("funding", "unknown" if is_unknown else usd(parts.funding_usd)),
        ("skipped", usd(parts.skipped_usd)),
        ("gaps", usd(parts.gaps_usd)),
        ("net", usd(found.paper.net_usd)),
    ]


def _in_short(found: FollowResult) -> str:
    terms = found.terms
    share = with_minus(f"{float(found.paper.net_usd / terms.capital_usd * 100):+.2f}")
    lasted = duration((found.until_ms - found.since_ms) / 1_000)
    if not found.paper.n_orders:
        return (
            f"Nothing was traded on paper in {lasted}; leaders made "
            f"{plural(found.n_actions, 'action')}."
        )
    return (
        f"Following {plural(len(found.leaders), 'leader')} on paper, "
        f"{terms.delay_ms / 1_000:g} s late with ${terms.capital_usd:,.0f}, brought "
        f"{usd(found.paper.net_usd)} USD ({share} %) net in {lasted}; their own result on the "
        f"same actions {usd(found.paper.leader_usd)}."
    )


def _beside(one: Beside) -> str:
    difference = one.difference_day_bps
    if one.answer is Answer.FOLLOWED_NOBODY:
        return f"Nothing to hold against {one.name}, which brought {usd(one.net_usd)} USD."
    if difference is None or difference.high is None:
        why = _why_not_yet(one)
        return f"It cannot be told yet from {one.name} ({usd(one.net_usd)} USD): {why}."
    by = f"{_with_reach(difference)} bps of the capital a day"
    if one.answer is Answer.BEATS:
        return f"It beats {one.name} by {by}."
    if one.answer is Answer.DOES_NOT_BEAT:
        return f"It does not beat {one.name}: {by}."
    return f"It cannot be told from {one.name}: {by}."


def _why_not_yet(one: Beside) -> str:
    block = "full hour" if one.block_h == 1 else f"{one.block_h}-hour block"
    if one.n_blocks >= FEWEST_BLOCKS:
        return f"every {block} differs by the same"
    return f"{plural(one.n_blocks, block)} of the {FEWEST_BLOCKS} that an interval needs"


def _with_reach(mean: BlockMean) -> str:
    assert mean.high is not None
    value = with_minus(f"{mean.value:+.1f}").removeprefix("+")
    return f"{value}\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}{mean.high - mean.value:.1f}"


def _remarks(found: FollowResult) -> list[str]:
    paper = found.paper
    told = []
    if not found.beside:
        told.append(
            "It is held against nobody: no wallets were classified when it began "
            "(hypertrack classify does it)."
        )
    if paper.is_stopped:
        told.append(
            f"It was stopped {float(found.terms.stop_drawdown_frac):.0%} below its highest "
            "equity: everything was closed, nothing is opened any more."
        )
    if paper.n_not_filled:
        causes = ", ".join(f"{why} ({n:,})" for why, n in paper.n_not_filled.items())
        told.append(f"Not followed, or in part: {causes}.")
    if paper.n_hours_funding_unknown:
        told.append(
            f"Funding is unknown of {plural(paper.n_hours_funding_unknown, 'hour')} of a position: "
            "no context told the rate."
        )
    return told
