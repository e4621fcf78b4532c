"""The command line: one Typer app."""

import typer

app = typer.Typer(help="Record Hyperliquid, profile every wallet.")


def run() -> None:
    """Run the command line."""
    app()
