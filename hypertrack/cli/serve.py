"""The serve command: the dashboard, live."""

import threading
from typing import Annotated

import typer

from hypertrack.cli.session import OutOption, Session


def serve(
    session: Session,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; default this machine alone.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Default 8787; 0 takes a free one.", min=0, max=65_535)
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name under which others reach it; may be repeated."),
    ] = None,
    out: OutOption = None,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Show the dashboard, live, over a dataset that may be growing; until Ctrl-C.

    It only reads: beside it `hypertrack record` may write, `hypertrack live` signal and
    `hypertrack classify` profile, and the page shows each as it comes. Who has the printed address
    can read it and nobody else; nothing can be changed.

    Example: hypertrack serve --open

    Example: hypertrack serve --host 0.0.0.0 --allow-host charts.example.org
    """
    from hypertrack.cli.browser import open_url
    from hypertrack.cli.recording_display import stopped_by_signals
    from hypertrack.pipeline.serve import serve as run

    flags = {"serve.host": host, "serve.port": port, "serve.allow_hosts": allow_host or None}
    settings = session.load({"out": out, **flags}).settings
    stop = threading.Event()

    def say_ready(url: str) -> None:
        if session.is_json:
            session.emit({"event": "listening", "url": url})
        else:
            session.out.print(url, markup=False, soft_wrap=True)
            session.err.print("Ctrl-C ends it. Whoever has this address can read the page.")
        if open_:
            open_url(session, url)

    with stopped_by_signals(stop):
        run(settings, stop, say_ready)
