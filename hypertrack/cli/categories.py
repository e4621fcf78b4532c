"""The categories command: the rules in force."""

from hypertrack.cli.session import Session


def categories(session: Session) -> None:
    """Print the 30 rules with the thresholds in force.

    Example: HYPERTRACK_CATEGORIES__MIN_EVIDENCE_TX=0 hypertrack categories
    """
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.categories import category_rows

    rows = category_rows(session.load().settings)
    if session.is_json:
        session.emit(rows)
        return
    session.out.print(
        plain_table(
            ("#", "category", "group", "holds when", "confidence"),
            [(str(i), r.name, r.group, r.condition, r.confidence) for i, r in enumerate(rows, 1)],
        )
    )
