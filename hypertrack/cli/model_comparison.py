"""Two versions side by side, on held-out rows or on live ones, on the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypertrack.cli.session import Session
from hypertrack.cli.tables import interval, number, plain_table

if TYPE_CHECKING:
    from hypertrack.pipeline.models import Comparison
    from hypertrack.records import LiveComparison

N_POINTS = 6
"""Of the curve over time."""


def show_comparison(session: Session, found: "Comparison") -> None:
    """Print a comparison on held-out rows, head by head."""
    rows = [
        (
            head.head.removesuffix("_score"),
            f"{head.n_test:,}",
            number(head.skill_a),
            number(head.skill_b),
            interval(head.difference),
        )
        for head in found.heads
    ]
    rows.append(("overall, weighted", "", "", "", interval(found.overall)))
    session.out.print(f"A {found.version_a}\nB {found.version_b}", markup=False)
    session.out.print(plain_table(("head", "rows", "A", "B", "A - B [95 % CI]"), rows))


def show_live_comparison(session: Session, found: "LiveComparison") -> None:
    """Print each head with both skills and the difference, how it came to it, and what it says."""
    from hypertrack.pipeline.live_comparing import told

    said = told(found)
    names = f"champion   {found.challenge.champion}\nchallenger {found.challenge.challenger}"
    session.out.print(names, markup=False)
    session.out.print(plain_table(said.headings, said.rows))
    points = list(_over_time(found))
    if len(points) > 1:
        session.out.print(plain_table(("after blocks", "overall difference"), points))
    for sentence in said.sentences:
        session.out.print(sentence, markup=False)


def _over_time(found: "LiveComparison") -> Iterator[tuple[str, str]]:
    """Yield some points of the curve, the last one among them."""
    from hypertrack.pipeline.live_comparing import difference_words

    step = max(len(found.curve) // N_POINTS, 1)
    for point in reversed(found.curve[::-step][:N_POINTS]):
        yield f"{point.n_blocks:,}", difference_words(point)
