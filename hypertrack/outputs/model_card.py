"""The card of a model in Markdown: what it says, what that is worth, what it rests on."""

from collections.abc import Iterator

from hypertrack.outputs.wording import interval, span
from hypertrack.records import HEAD_MEANINGS, Card, HeadEvaluation
from hypertrack.text import printable

FRONT = """\
---
library_name: hypertrack
tags: [hyperliquid, tabular-classification]
---
"""


def render_model_card(card: Card) -> str:
    """Return the ``README.md`` of a version."""
    return printable_lines(FRONT, *_lines(card))


def printable_lines(front: str, *lines: str) -> str:
    """Return a page whose lines hold nothing that steers a terminal."""
    return front + "".join(f"{printable(line)}\n" for line in lines)


def _lines(card: Card) -> Iterator[str]:
    summary, details = card.summary, card.details
    yield f"# hypertrack {summary.version}"
    yield ""
    if details.notice:
        yield f"**{details.notice}**"
        yield ""
    earned = sum(head.has_earned_weight for head in summary.heads)
    yield (
        f"Scores of wallets from {len(card.feature_names)} features of what they traded. "
        f"{earned} of {len(summary.heads)} heads were better than all baselines on held-out rows; "
        "the others say nothing that a baseline does not."
    )
    if summary.is_forced:
        yield ""
        yield "It was trained by force, on less data than is needed to judge it."
    yield ""
    yield "| score | is | skill | rows | earned |"
    yield "|---|---|---|---|---|"
    yield from map(_row, summary.heads)
    yield ""
    yield "Skill is 1 − loss / loss of a constant: above 0 it says more than the average does."
    yield ""
    yield (
        f"Trained on {summary.n_train_rows:,} rows of {summary.n_train_wallets:,} wallets, "
        f"recorded {span(details.data)}; seeds, settings, cuts and every metric are in `card.json`."
    )


def _row(head: HeadEvaluation) -> str:
    skill = "not measured" if head.skill is None else interval(head.skill)
    earned = "yes" if head.has_earned_weight else "no"
    return (
        f"| `{head.head}` ({head.estimator}) | {HEAD_MEANINGS.get(head.head, '')} | {skill} "
        f"| {head.n_test:,} | {earned} |"
    )
