"""The dashboard command: all wallets for looking."""

from typing import Annotated

import typer

from hypertrack.cli.session import NoModelOption, OutOption, Session


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
    from hypertrack.pipeline.dashboard import write_dashboard

    settings = session.load({"out": out}).settings
    with session.err.status("writing the dashboard"):
        file = write_dashboard(settings, with_model=not no_model)
    session.done({"file": str(file)}, f"wrote {file}")
    if open_:
        open_page(session, file)
