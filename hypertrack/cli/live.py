"""Commands that run on time: record, simulate, demo."""

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
