"""Commands that show what is known: report, dashboard, wallet, categories, config."""

from enum import StrEnum
from typing import Annotated

import typer

from hypertrack.cli.session import OutOption, Session, command

NoModelOption = Annotated[
    bool, typer.Option("--no-model", help="Rules alone, without the network's scores.")
]


class ReportFormat(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app)(report)
    command(app)(dashboard)
    command(app)(wallet)
    command(app)(categories)
    command(app)(config)


def report(
    session: Session,
    out: OutOption = None,
    format_: Annotated[
        ReportFormat, typer.Option("--format", help="What to write.")
    ] = ReportFormat.TEXT,
    min_tx: Annotated[
        int | None, typer.Option(help="Leave out wallets with fewer transactions.")
    ] = None,
    categories_only: Annotated[
        bool, typer.Option("--categories-only", help="Leave out wallets without a category.")
    ] = False,
    no_model: NoModelOption = False,
) -> None:
    """Write final_report.txt (or .json, .csv, .md).

    Example: hypertrack report --min-tx 10 --categories-only --format md
    """
    from hypertrack.pipeline.views import write_report

    flags = {
        "out": out,
        "report.min_tx": min_tx,
        "report.categories_only": categories_only or None,
    }
    settings = session.load(flags).settings
    with session.err.status("writing the report"):
        file = write_report(settings, report_format=format_.value, with_model=not no_model)
    session.done({"file": str(file)}, f"wrote {file}")


def dashboard(
    session: Session,
    out: OutOption = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    no_model: NoModelOption = False,
) -> None:
    """Write wallet_dashboard.html: one file that works offline.

    Example: hypertrack dashboard --open
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.pipeline.views import write_dashboard

    settings = session.load({"out": out}).settings
    with session.err.status("writing the dashboard"):
        file = write_dashboard(settings, with_model=not no_model)
    session.done({"file": str(file)}, f"wrote {file}")
    if open_:
        open_page(session, file)


def wallet(
    session: Session,
    address: Annotated[str, typer.Argument(help="0x and 40 hexadecimal digits.")],
    out: OutOption = None,
    no_model: NoModelOption = False,
) -> None:
    """Show one wallet: scores and what moved them, categories with their evidence, activity.

    Example: hypertrack wallet 0x9aa589355bf745db9784c8ef3c646360f11b58af
    """
    from hypertrack.cli.wallet import wallet_view
    from hypertrack.pipeline.views import find_wallet, reasons

    settings = session.load({"out": out}).settings
    with session.err.status("looking the wallet up"):
        header, profile = find_wallet(settings, address, with_model=not no_model)
    if session.is_json:
        session.emit(profile)
    else:
        session.out.print(wallet_view(header, profile, reasons(header, profile)))


def categories(session: Session) -> None:
    """Print the 30 rules with the thresholds in force.

    Example: HYPERTRACK_CATEGORIES__MIN_EVIDENCE_TX=0 hypertrack categories
    """
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.views import category_rows

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


def config(
    session: Session,
    example: Annotated[
        bool, typer.Option("--example", help="Print a commented settings file instead.")
    ] = False,
) -> None:
    """Print the settings in force and where each value came from.

    Example: hypertrack config --example > hypertrack.toml
    """
    from hypertrack.cli.tables import plain_table
    from hypertrack.config.example import example_toml

    if example:
        typer.echo(example_toml(), nl=False)
        return
    loaded = session.load()
    if session.is_json:
        plain = loaded.settings.model_dump(mode="json")
        session.emit({"settings": plain, "origins": {key: o for key, _, o in loaded.items()}})
        return
    rows = [(key, str(value), str(origin)) for key, value, origin in loaded.items()]
    session.out.print(plain_table(("setting", "value", "from"), rows))
