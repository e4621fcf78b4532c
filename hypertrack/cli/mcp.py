"""The mcp command: an assistant asks, and only reads."""

import os
import signal
from typing import NoReturn

from hypertrack.cli.logs import say_error
from hypertrack.cli.session import OutOption, ProfilesOption, Session

INTERRUPTED = 130


def mcp(session: Session, out: OutOption = None, profiles: ProfilesOption = None) -> None:
    """Let an assistant ask for verdicts, wallets, coverage and signals; it can change nothing.

    It speaks the Model Context Protocol on stdin and stdout: an assistant starts it, with the
    command and its words in the assistant's list of servers.

    Example: hypertrack mcp --data recorded_data
    """
    from hypertrack.pipeline.mcp import open_server

    server = open_server(session.load({"out": out}).settings, profiles)
    signal.signal(signal.SIGINT, _leave)
    server.run("stdio")


def _leave(*_: object) -> NoReturn:
    """End at once: a thread that reads stdin cannot be stopped, and nothing is being written."""
    say_error("interrupted")
    os._exit(INTERRUPTED)
