"""Two versions side by side, on held-out rows or on live ones, on the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypertrack.cli.session import Session
from hypertrack.cli.tables import interval, number, plain_table
from hypertrack.clock import utc
from hypertrack.records import Decision, Interval, LiveComparison
from hypertrack.text import with_minus

if TYPE_CHECKING:
    from hypertrack.pipeline.models import Comparison

SAYS = {
    Decision.OPEN: "not decided yet",
    Decision.BETTER: "the challenger is better",
    Decision.WORSE: "the challenger is worse",
    Decision.EQUAL: "both are as good, within the margin",
    Decision.UNDECIDED: "undecided: no more blocks are waited for",
}


def show_comparison(session: Session, found: "Comparison") -> None:
    """Print a comparison on held-out rows, head by head."""
    rows = [
        _row(head.head, head.n_test, (head.skill_a, head.skill_b), interval(head.difference))
        for head in found.heads
    ]
    rows.append(("overall, weighted", "", "", "", interval(found.overall)))
    session.out.print(f"A {found.version_a}\nB {found.version_b}", markup=False)
    session.out.print(plain_table(("head", "rows", "A", "B", "A - B [95 % CI]"), rows))


def show_live_comparison(session: Session, found: LiveComparison) -> None:
    """Print the decision, then each head with both skills and the difference."""
    names = f"champion   {found.challenge.champion}\nchallenger {found.challenge.challenger}"
    session.out.print(names, markup=False)
    rows = [
        _row(
            head.head,
            head.n_rows,
            (head.champion_skill, head.challenger_skill),
            _difference(head.difference),
        )
        for head in found.heads
    ]
    rows.append(("overall, weighted", f"{found.n_rows:,}", "", "", _difference(found.overall)))
    headings = ("head", "rows", "champion", "challenger", "difference, at any look")
    session.out.print(plain_table(headings, rows))
    for line in live_lines(found):
        session.out.print(line, markup=False, soft_wrap=True)


def _row(
    head: str, n_rows: int, skills: tuple[float | None, float | None], difference: str
) -> tuple[str, ...]:
    return (head.removesuffix("_score"), f"{n_rows:,}", *map(number, skills), difference)


def _difference(found: Interval | None) -> str:
    """Return ``value [low, high]``, as fine as the margin is."""
    if found is None:
        return "–"
    return with_minus(f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]")


def live_lines(found: LiveComparison) -> Iterator[str]:
    """Yield what is to be said beside the numbers."""
    challenge = found.challenge
    decided = "" if challenge.decided_ms is None else f" (at {utc(challenge.decided_ms)})"
    yield f"{SAYS[challenge.decision]}{decided}; a difference of {challenge.margin:g} matters"
    yield (
        f"{found.n_blocks:,} blocks of {found.block_h:g} h of at most {challenge.max_blocks:,}; "
        f"{found.n_waiting:,} rows wait for their outcome"
    )
    if found.block_h * 3_600_000 > challenge.block_ms:
        yield "blocks resembled the ones before them, so that they were joined"
    for cause, n in found.n_masked.items():
        yield f"{n:,} rows are left out for both: {cause}"
    if found.overall is None:
        yield "nothing is said of fewer than 30 blocks"
    elif found.days_until_margin is not None:
        yield f"the margin could be seen after about {found.days_until_margin:,.1f} days"
    if found.champion_lost_weight is not None:
        lost = found.champion_lost_weight
        yield (
            f"the champion has lost its weight (at {utc(lost.at_ms)}): worse than the constant, it "
            "boosts nothing until another is promoted"
        )
    if found.chain_breaks:
        yield (
            f"{found.chain_breaks:,} lines of scores.jsonl and outcomes.jsonl do not follow from "
            "the one before: somebody changed them, and nothing is decided"
        )
