"""How to record, on the command line: the options of every command that does."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.parsing import choose_feeds, parse_duration_s
from hypertrack.cli.session import Session
from hypertrack.errors import ConfigError
from hypertrack.text import printable

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.record import SessionMode


@dataclass(frozen=True)
class RecordingOptions:
    """What is recorded, from where, for how long, and what becomes of data that is there."""

    trades: Annotated[bool | None, typer.Option(help="Every trade, with both wallets.")] = None
    bbo: Annotated[bool | None, typer.Option(help="Best bid and offer.")] = None
    l2book: Annotated[bool | None, typer.Option(help="Order books, 20 levels.")] = None
    candles: Annotated[bool | None, typer.Option(help="Closed 1-minute candles.")] = None
    contexts: Annotated[
        bool | None, typer.Option(help="Funding, open interest, oracle price: each minute.")
    ] = None
    blocks: Annotated[bool | None, typer.Option(help="HyperCore and HyperEVM blocks.")] = None
    transactions: Annotated[
        bool | None, typer.Option(help="Their transactions, ERC-20 transfers decoded.")
    ] = None
    coins: Annotated[
        str | None, typer.Option(help="all, top:N by day volume, or BTC,ETH,xyz:SP500,@107.")
    ] = None
    network: Annotated[str | None, typer.Option(help="mainnet or testnet.")] = None
    url: Annotated[
        str | None, typer.Option(help="Another venue with the same protocol: http://host:port.")
    ] = None
    duration: Annotated[
        str | None, typer.Option(help="90s, 10m, 6h, 2d; default until Ctrl-C.")
    ] = None
    redundant: Annotated[
        bool | None,
        typer.Option("--redundant/--no-redundant", help="Receive trades over two sockets."),
    ] = None
    fills: Annotated[
        str | None,
        typer.Option(help="Every fill of the venue too: wss://provider, or a node's folder."),
    ] = None
    seal: Annotated[
        bool | None,
        typer.Option("--seal/--no-seal", help="Turn finished hours into Parquet meanwhile."),
    ] = None
    metrics_port: Annotated[
        int | None, typer.Option(help="Serve Prometheus metrics on this port.")
    ] = None
    metrics_host: Annotated[
        str | None, typer.Option(help="To whom; default 127.0.0.1, this machine alone.")
    ] = None
    append: Annotated[bool, typer.Option("--append", help="Go on with the data here.")] = False
    clear: Annotated[bool, typer.Option("--clear", help="Delete the data here (asks).")] = False
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False

    def given_but(self, names: Collection[str]) -> list[str]:
        """Return which options were given, but for some."""
        known = (one for one in fields(self) if one.name not in names)
        return [one.name for one in known if getattr(self, one.name) != one.default]

    def flags(self) -> dict[str, object]:
        """Return those that are settings, by dotted key; feeds are chosen by `settings`."""
        of_record = ("coins", "redundant", "fills", "seal", "metrics_port", "metrics_host")
        flags = {f"record.{name}": getattr(self, name) for name in of_record}
        return {**flags, "venue.network": self.network, "venue.url": self.url}

    def settings(self, session: Session, more: Mapping[str, object] | None = None) -> "Settings":
        """Return the settings in force with the feeds that were chosen.

        Args:
            more: Flags of the command, by dotted key.
        """
        flags = {**self.flags(), **(more or {})}
        names = ("trades", "bbo", "l2book", "candles", "contexts", "blocks", "transactions")
        chosen = {name: getattr(self, name) for name in names}
        configured = session.load(flags).settings.record.feeds
        return session.load({**flags, "record.feeds": choose_feeds(configured, chosen)}).settings

    def duration_s(self) -> float | None:
        """Return how long to record; None until told to stop.

        Raises:
            ConfigError: It is no duration.
        """
        return None if self.duration is None else parse_duration_s(self.duration)

    def mode(self, session: Session, *, is_dry: bool = False) -> "SessionMode":
        """Return what becomes of data that is there; to delete it is confirmed, if it is meant.

        Raises:
            ConfigError: Both were asked for, or nobody is there to confirm.
        """
        if self.append and self.clear:
            raise ConfigError("--append keeps what --clear deletes: give one of them")
        if not self.clear:
            return "append" if self.append else "rotate"
        folder = session.load().settings.data
        if not (self.yes or is_dry):
            if not sys.stdin.isatty():
                raise ConfigError(f"--clear deletes the recording in {folder}: confirm with --yes")
            asked = f"Delete the recording in {printable(str(folder))}?"
            typer.confirm(asked, abort=True, err=True)
        return "clear"
