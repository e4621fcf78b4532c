"""The classify command: scores and categories of every wallet."""

from typing import Annotated

import typer

from hypertrack.cli.categories import EditionOption, TruthOption
from hypertrack.cli.session import OutOption, Session


def classify(
    session: Session,
    out: OutOption = None,
    no_model: Annotated[bool, typer.Option("--no-model", help="Rules alone.")] = False,
    edition: EditionOption = None,
    truth: TruthOption = None,
) -> None:
    """Give every wallet its scores and categories, in wallet_profiles.parquet.

    With --truth every output marks the categories that are right no more often than chance.

    Example: hypertrack classify --no-model --edition original
    """
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.classify import PROFILES_NAME
    from hypertrack.pipeline.classify import classify as run

    settings = session.load({"out": out, "categories.edition": edition}).settings
    with session.err.status("classifying wallets"):
        header = run(settings, with_model=not no_model, truth=truth).header
    counts = header.n_wallets_by_category
    file = settings.out / PROFILES_NAME
    if not (session.is_quiet or session.is_json):
        rows = [(name, f"{n:,}") for name, n in counts.items()]
        session.out.print(plain_table(("category", "wallets"), rows))
    session.done(
        {"file": str(file), "wallets": header.n_wallets, "categories": counts},
        f"{header.n_with_category:,} of {header.n_wallets:,} wallets hold a category; wrote {file}",
    )
