"""What the live comparison of two models says in words, and its heads as rows of a table."""

from collections.abc import Iterator

from hypertrack.clock import utc
from hypertrack.outputs.wording import plural
from hypertrack.records import DRIFTED, Decision, HeadDifference, Interval, LiveComparison
from hypertrack.text import duration, with_minus

FEWEST_BLOCKS = 30
"""From which on an interval is said."""

N_DRIFTED = 5
"""Named at most."""

SAYS = {
    Decision.OPEN: "Not decided yet",
    Decision.BETTER: "The challenger is better",
    Decision.WORSE: "The challenger is worse",
    Decision.EQUAL: "Both are as good, within the margin",
    Decision.UNDECIDED: "Undecided: no more blocks are waited for",
}

HEADINGS = ("head", "rows", "champion", "challenger", "difference, at any look")


def sentences(found: LiveComparison) -> tuple[str, ...]:
    """Return what is said of it, the most important first."""
    said = [_decision(found), _blocks(found), *_missing(found), *_beside(found)]
    return tuple(each for each in said if each)


def head_rows(found: LiveComparison) -> list[tuple[str, ...]]:
    """Return a row of `HEADINGS` for each head, and one for all."""
    rows = [_row(head) for head in found.heads]
    overall = ("overall, weighted", f"{found.n_rows:,}", "", "", difference(found.overall))
    return [*rows, overall]


def difference(found: Interval | None) -> str:
    """Return ``value [low, high]``, as fine as the margin is."""
    if found is None:
        return "–"
    return with_minus(f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]")


def _row(head: HeadDifference) -> tuple[str, ...]:
    skills = (head.champion_skill, head.challenger_skill)
    numbers = ("–" if skill is None else with_minus(f"{skill:.3f}") for skill in skills)
    name = head.head.removesuffix("_score")
    return (name, f"{head.n_rows:,}", *numbers, difference(head.difference))


def _decision(found: LiveComparison) -> str:
    challenge = found.challenge
    decided = "" if challenge.decided_ms is None else f" (at {utc(challenge.decided_ms)})"
    rematch = "; the challenger was in use before" if challenge.is_rematch else ""
    return (
        f"{SAYS[challenge.decision]}{decided}; a difference of {challenge.margin:g} of skill "
        f"matters{rematch}."
    )


def _blocks(found: LiveComparison) -> str:
    challenge = found.challenge
    is_joined = found.block_h * 3_600_000 > challenge.block_ms
    joined = ", joined where they resembled the ones before them" if is_joined else ""
    return (
        f"{plural(found.n_blocks, 'block')} of {found.block_h:g} h{joined}, of at most "
        f"{challenge.max_blocks:,}; {plural(found.n_waiting, 'row')} wait for their outcome."
    )


def _missing(found: LiveComparison) -> Iterator[str]:
    for cause, n in found.n_masked.items():
        yield f"{plural(n, 'row')} left out for both: {cause}."
    if found.chain_breaks:
        yield (
            f"{found.chain_breaks:,} lines of scores.jsonl and outcomes.jsonl do not follow from "
            "the one before: somebody changed them, and nothing is decided."
        )
    if found.champion_lost_weight is not None:
        yield (
            f"The champion has lost its weight (at {utc(found.champion_lost_weight.at_ms)}): worse "
            "than the constant, it boosts nothing until another is promoted."
        )
    if found.overall is None:
        yield f"Nothing is said of fewer than {FEWEST_BLOCKS} blocks."
    elif found.days_until_margin is not None:
        yield (
            "A difference of the margin could be seen after about "
            f"{found.days_until_margin:,.1f} days from the first row on."
        )


def _beside(found: LiveComparison) -> Iterator[str]:
    if found.n_asked:
        share = found.n_agreed / found.n_asked
        yield f"Both give {share:.1%} of {plural(found.n_asked, 'row')} the same categories."
    yield from _signals(found)
    yield _offline(found)
    yield _drift(found)


def _signals(found: LiveComparison) -> Iterator[str]:
    net = found.signals
    if net is None or net.net_bps is None:
        return
    reach = ""
    if net.interval is not None:
        reach = f" [{net.interval.low:+.1f}, {net.interval.high:+.1f}]"
    left_out = f" ({plural(net.n_masked, 'signal')} left out)" if net.n_masked else ""
    yield with_minus(
        f"{plural(net.n_signals, 'delivered signal')} brought {net.net_bps:+.1f}{reach} bps each "
        f"to who copied {net.delay_s:g} s later and held for {duration(net.held_s)}, after "
        f"costs{left_out}."
    )


def _offline(found: LiveComparison) -> str:
    offline = found.offline_difference
    if offline is None:
        return ""
    ahead = "challenger" if offline > 0 else "champion"
    said = (
        f"When they were trained the {ahead} was ahead by {abs(offline):.3f} of skill, each on its "
        "own held-out rows"
    )
    live = found.overall
    if live is None or live.low <= 0 <= live.high:
        return f"{said}; live cannot tell them apart yet."
    return f"{said}; live {'agrees' if (live.value > 0) == (offline > 0) else 'says the opposite'}."


def _drift(found: LiveComparison) -> str:
    if found.drift is None:
        return ""
    drifted = [one for one in found.drift if one.stability_index > DRIFTED]
    largest = found.drift[0]
    if not drifted:
        return (
            f"Nothing has drifted from training: the largest stability index is "
            f"{largest.stability_index:.2f} ({largest.name}), of {DRIFTED:g} that would be said."
        )
    named = ", ".join(f"{one.name} {one.stability_index:.2f}" for one in drifted[:N_DRIFTED])
    more = f" and {len(drifted) - N_DRIFTED:,} more" if len(drifted) > N_DRIFTED else ""
    return (
        f"{len(drifted):,} of {len(found.drift):,} numbers have drifted from training (stability "
        f"index above {DRIFTED:g}): {named}{more}."
    )
