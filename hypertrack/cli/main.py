"""The command line: one Typer app, where foreseen errors become one line and an exit code."""

import errno
import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hypertrack import __version__
from hypertrack.cli import alerts, models, signals, skill
from hypertrack.cli.accounts import accounts
from hypertrack.cli.backtest import backtest
from hypertrack.cli.categories import categories
from hypertrack.cli.classify import classify
from hypertrack.cli.config import config as show_config
from hypertrack.cli.dashboard import dashboard
from hypertrack.cli.demo import demo
from hypertrack.cli.diff import diff
from hypertrack.cli.features import features
from hypertrack.cli.follow import follow
from hypertrack.cli.importing import import_
from hypertrack.cli.live import live
from hypertrack.cli.logs import log_to_stderr, say_error
from hypertrack.cli.mcp import mcp
from hypertrack.cli.record import record
from hypertrack.cli.report import report
from hypertrack.cli.seal import seal
from hypertrack.cli.serve import serve
from hypertrack.cli.session import (
    ConfigOption,
    DataOption,
    JsonOption,
    QuietOption,
    Shared,
    VerboseOption,
    command,
)
from hypertrack.cli.simulate import simulate
from hypertrack.cli.terminal import show_what_can_be_shown
from hypertrack.cli.train import train
from hypertrack.cli.verdict import verdict
from hypertrack.cli.verify import verify
from hypertrack.cli.wallet import wallet
from hypertrack.errors import HypertrackError

INTERRUPTED = 130

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
"""A full disk is foreseen wherever it is met, stdout's included."""

UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Wrong usage of any kind, the base of the one kind that Typer exports."""


class ErrorLineGroup(TyperGroup):
    """Ends foreseen failures with one line on stderr; unforeseen ones keep their traceback."""

    def make_context(self, *names: Any, **more: Any) -> Any:
        """Read the words before the command."""
        with _error_lines():
            return super().make_context(*names, **more)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _error_lines():
            return super().invoke(ctx)


@contextmanager
def _error_lines() -> Iterator[None]:
    try:
        yield
    except HypertrackError as error:
        say_error(str(error))
        raise typer.Exit(error.exit_code) from None
    except UsageError as error:
        if "NoArgs" in type(error).__name__:  # asks for the help, which is many lines
            raise
        raise _wrong_usage(error) from None
    except KeyboardInterrupt:
        raise _interrupted() from None
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # what DuckDB makes of Ctrl-C
            raise _interrupted() from None
        raise
    except OSError as error:
        raise _failed(error) from None


def _failed(error: OSError) -> Exception:
    """Return how a command ends; an error that was not foreseen is raised again."""
    if isinstance(error, BrokenPipeError):
        _close_stdout()
        return typer.Exit(0)
    if error.errno == errno.ENAMETOOLONG:
        say_error(f"no file has a name like {str(error.filename)[:60]}…: it is too long")
        return typer.Exit(2)
    if error.errno in NO_SPACE:
        _close_stdout()  # may be what is full, and would be tried once more at the end
        where = f"{error.filename}: " if error.filename else ""
        say_error(f"{where}nothing more can be written ({error.strerror}): free some space")
        return typer.Exit(1)
    return error


def _wrong_usage(error: Any) -> typer.Exit:
    if "--json" in sys.argv:  # no session has begun that would have set this up
        log_to_stderr(logging.WARNING, is_json=True)
    say_error(f"{error.format_message()} (--help shows what is known)")
    return typer.Exit(error.exit_code)


def _interrupted() -> typer.Exit:
    say_error("interrupted")
    return typer.Exit(INTERRUPTED)


def _close_stdout() -> None:
    """Send the rest of stdout nowhere: whoever read it (``| head``) has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=ErrorLineGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Record Hyperliquid, profile every wallet, and learn which are worth copying.\n\n"
    "The whole story on a simulated exchange, in a few minutes: [bold]hypertrack demo --open[/]",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"hypertrack {__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    *,
    config: ConfigOption = None,
    data: DataOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    json: JsonOption = False,
    version: Annotated[  # noqa: ARG001  # acted on by its callback
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the shared options given before the command."""
    context.obj = Shared(config, data, quiet, verbose, json)


command(app)(record)
command(app, name="import")(import_)
command(app)(accounts)
command(app)(simulate)
command(app)(demo)
command(app)(features)
command(app)(train)
command(app)(classify)
models.register(app)
skill.register(app)
command(app)(report)
command(app)(dashboard)
command(app)(wallet)
command(app)(verdict)
command(app)(backtest)
command(app)(live)
command(app)(follow)
command(app)(serve)
alerts.register(app)
signals.register(app)
command(app)(mcp)
command(app)(diff)
command(app)(categories)
command(app)(show_config)
command(app)(verify)
command(app)(seal)


def run() -> None:
    """Run the command line."""
    # Expressions are many small objects, and no garbage: looking for some took 8 % of `features`.
    gc.set_threshold(20_000, 20, 20)
    show_what_can_be_shown()
    app()
