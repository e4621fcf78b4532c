"""Commands that show what is known: report, dashboard, wallet, categories, config."""

import typer
from rich.table import Table

from hypertrack.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    command(app, name="config", help=config.__doc__)(config)


def config(session: Session) -> None:
    """Print the settings in force and where each value came from.

    Example: HYPERTRACK_RECORD__COINS=BTC,ETH hypertrack config
    """
    loaded = session.load()
    if session.is_json:
        plain = loaded.settings.model_dump(mode="json")
        session.emit({"settings": plain, "origins": {key: o for key, _, o in loaded.items()}})
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("setting", "value", "from"):
        table.add_column(heading, overflow="fold")
    for key, value, origin in loaded.items():
        table.add_row(key, str(value), origin, style="dim" if origin == "default" else None)
    session.out.print(table)
