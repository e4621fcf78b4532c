"""The dashboard command: all wallets for looking."""

from typing import Annotated

import typer

from hypertrack.cli.session import NoModelOption, OutOption, ProfilesOption, Session, refuse_both


def dashboard(
    session: Session,
    out: OutOption = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    no_model: NoModelOption = False,
    profiles: ProfilesOption = None,
) -> None:
    """Write wallet_dashboard.html: one file that works offline.

    Example: hypertrack dashboard --open
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.pipeline.dashboard import write_dashboard

    refuse_both(no_model, profiles)
    settings = session.load({"out": out}).settings
    with session.err.status("writing the dashboard"):
        file = write_dashboard(settings, with_model=not no_model, kept_file=profiles)
    session.done({"file": str(file)}, f"wrote {file}")
    if open_:
        open_page(session, file)
