"""The categories command: the rules in force, and how they did where the truth is known."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import OutOption, Session

if TYPE_CHECKING:
    from hypertrack.cli.tables import PlainTable
    from hypertrack.pipeline.categories import Rules
    from hypertrack.records import CategoryTruth

EditionOption = Annotated[
    str | None,
    typer.Option(
        "--edition",
        help="original: the predecessor's rules to the letter; default hypertrack.",
        metavar="EDITION",
    ),
]
TruthOption = Annotated[
    Path | None,
    typer.Option(help="Truth of a simulated recording, to measure the categories against."),
]


def categories(
    session: Session,
    edition: EditionOption = None,
    explain: Annotated[
        str | None, typer.Option(help="One category: its question, rule and numbers.")
    ] = None,
    truth: TruthOption = None,
    out: OutOption = None,
) -> None:
    """Print the rules with the thresholds in force; with --truth how often they were right.

    Example: hypertrack categories --explain "Momentum Follower"

    Example: HYPERTRACK_CATEGORIES__MIN_EVIDENCE_TX=0 hypertrack categories --edition original
    """
    from hypertrack.errors import ConfigError
    from hypertrack.pipeline.categories import category_truth, rules_here

    settings = session.load_without_data({"categories.edition": edition, "out": out})
    if explain is not None and truth is not None:
        raise ConfigError("--explain shows one rule and --truth all of them: choose one")
    if truth is not None:
        with session.err.status("asking every rule"):
            measured = category_truth(settings, truth)
        if session.is_json:
            session.emit(measured)
        else:
            session.out.print(truth_table(measured))
        return
    found = rules_here(settings)
    if explain is not None:
        _explain(session, found, explain)
    elif session.is_json:
        session.emit(found.rows)
    else:
        _show_rules(session, found)


def _show_rules(session: Session, found: "Rules") -> None:
    from hypertrack.cli.tables import plain_table

    session.out.print(
        plain_table(
            ("#", "category", "group", "holds when", "strength"),
            [
                (str(i), row.name, row.group, row.condition, row.confidence)
                for i, row in enumerate(found.rows, 1)
            ],
        )
    )
    for name, reason in found.not_testable.items():
        session.out.print(f"not testable here: {name}: {reason}", markup=False, style="dim")


def _explain(session: Session, found: "Rules", asked: str) -> None:
    from hypertrack.cli.tables import plain_table
    from hypertrack.errors import ConfigError
    from hypertrack.records import as_dict

    by_name = {row.name.lower(): row for row in found.rows}
    if (row := by_name.get(asked.strip().lower())) is None:
        names = [row.name for row in found.rows]
        near = [name for name in names if asked.lower() in name.lower()]
        raise ConfigError(f"no category is called {asked!r}: known are {', '.join(near or names)}")
    measured = [each for each in found.measured if each.category == row.name]
    if session.is_json:
        session.emit({"rule": vars(row), "measured": [as_dict(each) for each in measured]})
        return
    session.out.print(row.name, style="bold", markup=False)
    facts = [
        ("asks", row.question),
        ("holds when", row.condition),
        ("strength", row.confidence),
        ("decided by", row.driven_by or "behaviour"),
        ("here", found.not_testable.get(row.name) or _holders(found, row.name)),
    ]
    session.out.print(plain_table(("", ""), facts))
    if measured:
        session.out.print(truth_table(measured))


def _holders(found: "Rules", name: str) -> str:
    if found.n_wallets is None:
        return "nothing classified yet: hypertrack classify"
    return f"{found.n_wallets.get(name, 0):,} wallets hold it"


def truth_table(measured: "Iterable[CategoryTruth]") -> "PlainTable":
    """Return categories beside the truth; precision with its 95 % interval."""
    from hypertrack.cli.tables import number, plain_table

    rows = [
        (
            each.category,
            f"{each.n_assigned:,}",
            f"{each.n_true:,}",
            number(each.precision, 2),
            "–"
            if each.precision_low is None or each.precision_high is None
            else f"[{each.precision_low:.2f}, {each.precision_high:.2f}]",
            number(each.recall, 2),
            number(each.base_rate, 2),
            "at chance" if each.is_at_chance else "",
        )
        for each in measured
    ]
    headings = ("category", "held", "true", "precision", "95 %", "recall", "chance", "")
    return plain_table(headings, rows, gap=1)  # fits 80 columns
