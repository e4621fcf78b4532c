"""The config command: the settings in force."""

from typing import Annotated

import typer

from hypertrack.cli.session import Session


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
    from hypertrack.config import Settings
    from hypertrack.config.example import example_toml

    if example and session.is_json:
        session.emit(Settings().model_dump(mode="json"))
        return
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
