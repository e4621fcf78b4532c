"""What can be set: one frozen section per stage, units in the names, defaults that are safe."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, PlainSerializer, SecretStr, field_validator, model_validator

from hypertrack.config.delivery import SinkSettings
from hypertrack.config.live import (
    AlertSettings,
    ChallengeSettings,
    ConsensusSettings,
    FollowSettings,
    LiveSettings,
    WatchlistSettings,
)
from hypertrack.config.names import require_known, require_one_of_each, with_secrets
from hypertrack.config.places import DataPlace
from hypertrack.config.section import Section, like
from hypertrack.config.serving import ServeSettings
from hypertrack.config.skill import CopySettings, SkillSettings
from hypertrack.config.thresholds import CategorySettings
from hypertrack.config.train import TrainSettings
from hypertrack.text import masked_url

Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
FeedName = Literal["trades", "bbo", "l2book", "candles", "contexts", "blocks", "transactions"]
Skill = Literal["none", "realistic", "default", "copyable"]
Trend = Annotated[
    str, like(r"[^=]+=[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)", "a coin and a fraction a day, BTC=0.02")
]
Engine = Annotated[
    str, like(r"duckdb|local(\[[0-9*]+\])?|spark://[^/]+", "duckdb, local[*] or spark://host:7077")
]

SealedUrl = Annotated[str, like(r"[a-z][a-z0-9+.-]*://.*[^/]", "s3a://bucket/recorded_data/sealed")]


def _shown(url: str | None) -> str | None:
    return None if url is None else masked_url(url)


def _check_url(url: str, *schemes: str) -> None:
    if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must start with {'://, '.join(schemes[:-1])}:// or {schemes[-1]}://")
    try:
        parts = urlsplit(url)
        is_reachable = bool(parts.hostname) and parts.port != 0  # asked for, a bad port raises
    except ValueError:
        is_reachable = False
    if not is_reachable or any(map(str.isspace, url)):
        raise ValueError(f"is no address that can be reached, such as {schemes[-1]}://host:8765")


class VenueSettings(Section):
    """Where the venue is."""

    network: Literal["mainnet", "testnet"] = "mainnet"
    """Which of the venue's own networks."""
    url: Annotated[str | None, PlainSerializer(_shown, return_type=str | None)] = None
    """Another base URL speaking the same protocol; ``/ws``, ``/info``, the explorer's and the
    EVM's paths follow from it."""
    evm_rpc_url: SecretStr | None = None
    """JSON-RPC of HyperEVM, ``https://`` (polled) or ``wss://`` (subscribed); may carry a key."""

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str | None) -> str | None:
        if url is not None:
            _check_url(url, "http", "https")
        return None if url is None else url.rstrip("/")

    @field_validator("evm_rpc_url")
    @classmethod
    def _is_rpc(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        _check_url(url.get_secret_value(), "http", "https", "ws", "wss")
        return url


class RecordSettings(Section):
    """The recorder."""

    feeds: tuple[FeedName, ...] = get_args(FeedName)
    """Feeds recorded when no feed flag is given."""
    coins: str = "top:20"
    """``all``, ``top:N`` by day volume, or names: ``BTC,ETH,xyz:SP500,@107``."""
    flush_interval_s: Positive = 1.0
    """At most this much is lost in a power cut (fsync interval)."""
    write_interval_s: Positive = 0.1
    """At most this much is lost when the process is killed."""
    ping_interval_s: Positive = 20.0
    pong_timeout_s: Positive = 10.0
    paced_silence_s: Positive = 15.0
    """Silence of a feed that the venue paces (l2book) before its socket is replaced."""
    backoff_min_s: Positive = 0.5
    backoff_max_s: Positive = 30.0
    max_sockets: Count = 10
    """The venue's limits per IP."""
    max_subscriptions: Count = 1_000
    max_messages_per_minute: Count = 2_000
    max_new_sockets_per_minute: Count = 30
    redundant: bool = False
    """Receive trades over two sockets, each stored once, so that one dying loses nothing."""
    fills: SecretStr | None = None
    """A source of every fill of the venue: ``wss://`` of a provider (may carry a key), or the
    folder in which a node of one's own writes its fills."""
    seal: bool = True
    """Turn finished hours into Parquet while recording: an eighth of the space."""
    max_queued_frames: Count = 100_000
    """Frames waiting for the disk before l2book, then bbo, are shed."""
    candle_grace_s: Positive = 5.0
    """Exchange time after a minute's end at which its candle counts as closed."""
    refuse_coin_after: Count = 3
    """Sockets a coin may kill before it is left out."""
    status_interval_s: Positive = 10.0
    """Seconds between status lines where the output is no terminal."""
    evm_requests_per_minute: Count = 100
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Serve Prometheus metrics of the recording on this port."""
    metrics_host: str = "127.0.0.1"
    """Whom the metrics are for: this machine alone, or ``0.0.0.0`` for all who can reach it."""


class FeeSettings(Section):
    """The venue's base fee schedule, in bps of notional.

    Source: the venue's public fee page, tier 0, before discounts.
    """

    perp_taker_bps: float = 4.5
    perp_maker_bps: float = 1.5
    spot_taker_bps: float = 7.0
    spot_maker_bps: float = 4.0
    hip3_multiplier: Positive = 2.0
    """Builder-deployed perps (``dex:COIN``) cost this times the perp's fee."""


class FeatureSettings(Section):
    """The feature engine."""

    groups: tuple[Literal["base", "extended", "profit", "account", "context", "conduct"], ...] = (
        "base",
        "extended",
    )
    """Feature groups computed and given to the model; ``profit`` has values where fills tell,
    ``account`` where the venue was asked (`hypertrack accounts`), ``context`` where contexts were
    recorded too, ``conduct`` is what the category rules read."""
    memory_limit_gib: Positive | None = None
    """Memory DuckDB may use before it spills to disk; its own default where unset."""
    keep_prepared: bool = True
    """Keep the numbered tables of a folder of 250,000 trades or more in it, as ``prepared/``, so
    that it opens in no time until lines are added."""
    engine: Engine = "duckdb"
    """What computes matrices, profiles and outcomes: ``duckdb``, or Spark (extra ``spark``) on this
    machine, ``local[*]``, or on a cluster, ``spark://host:7077``."""
    spark_folder: Path | None = None
    """Folder that this machine and all of Spark's workers see under this path, for handing the
    open lines over; the system's temporary folder where unset, which does for one machine."""
    sealed_url: SealedUrl | None = None
    """Where Spark finds the sealed hours: ``s3a://bucket/recorded_data/sealed``, ``file:///…`` or
    whatever else its Hadoop reads; the dataset's own ``sealed/`` where unset."""

    @field_validator("groups")
    @classmethod
    def _has_base(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        if "base" not in groups:
            raise ValueError('must contain "base", which the category rules read')
        return groups


class ReportSettings(Section):
    """What the report and the dashboard leave out."""

    min_tx: Annotated[int, Field(ge=0)] = 0
    """Wallets with fewer transactions are left out (the original's TX_COUNT_THRESHOLD)."""
    categories_only: bool = False
    """Leave out wallets without a category (the original's SHOW_NO_CATEGORIES = False)."""


class DashboardSettings(Section):
    """The dashboard page."""

    max_wallets: Count = 50_000
    """Wallets on the page, most active first; the rest is counted, and said when searched for."""
    max_histories: Annotated[int, Field(ge=0)] = 200
    """Wallets whose equity, coins, positions, actions and counterparties are on the page, the best
    evidence first; 0 reads the profiles alone."""


class SimulateSettings(Section):
    """The simulated exchange."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8_765
    """0 takes a free port."""
    seed: Seed = 7
    speed: Annotated[float, Field(ge=0)] = 1.0
    """Exchange seconds per wall second; 0 is as fast as clients read."""
    settle_s: Annotated[float, Field(ge=0)] = 1.0
    """Wall seconds without a further subscription after which exchange time starts."""
    start_at_once: bool = False
    """Start exchange time without waiting for a subscription."""
    hours: Positive = 24.0
    history_hours: Annotated[float, Field(ge=0)] | None = None
    """Of these, hours that lie in the past when the exchange opens; ten minutes where unset, or
    half of a shorter market."""
    wallets: Count = 2_000
    coins: Count = 12
    trades_per_second: Positive = 20.0
    """Mean rate over all coins, in exchange time."""
    skill: Skill = "default"
    """Who foresees prices: ``none`` nobody; ``realistic`` one wallet in a hundred, a little;
    ``copyable`` those and some whose edge outlives a copier's costs; ``default`` enough to find."""
    trend: tuple[Trend, ...] = ()
    """Coins that drift, a fraction a day: ``BTC=0.02``."""


with warnings.catch_warnings():
    # ``copy`` is the word that users look for; the method of that name has long been `model_copy`.
    warnings.filterwarnings("ignore", message='Field name "copy"')

    class _Copying(Section):
        copy: CopySettings = CopySettings()  # type: ignore[assignment]


class Settings(_Copying):
    """Everything that can be set."""

    data: DataPlace = Path("recorded_data")
    """Dataset: a folder, ``sqlite:///file.db`` or ``postgresql://user@host/database``; a password
    belongs into .env (HYPERTRACK_DATA)."""
    spool: Path = Path("hypertrack_spool")
    """Folder where recorded lines wait until the database has them."""
    out: Path = Path()
    """Folder for models, profiles, report and dashboard."""
    venue: VenueSettings = VenueSettings()
    record: RecordSettings = RecordSettings()
    fees: FeeSettings = FeeSettings()
    features: FeatureSettings = FeatureSettings()
    train: TrainSettings = TrainSettings()
    categories: CategorySettings = CategorySettings()
    skill: SkillSettings = SkillSettings()
    report: ReportSettings = ReportSettings()
    dashboard: DashboardSettings = DashboardSettings()
    simulate: SimulateSettings = SimulateSettings()
    live: LiveSettings = LiveSettings()
    follow: FollowSettings = FollowSettings()
    consensus: ConsensusSettings = ConsensusSettings()
    challenge: ChallengeSettings = ChallengeSettings()
    serve: ServeSettings = ServeSettings()
    watchlists: tuple[WatchlistSettings, ...] = ()
    alerts: tuple[AlertSettings, ...] = ()
    sinks: tuple[SinkSettings, ...] = ()
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    """From .env alone: addresses and keys of sinks, ``HYPERTRACK_SECRETS__PHONE_URL``."""

    @model_validator(mode="before")
    @classmethod
    def _hand_out_secrets(cls, given: Any) -> Any:
        """Give each sink the secrets that carry its name."""
        if not isinstance(given, dict) or not isinstance(sinks := given.get("sinks"), list):
            return given
        secrets = dict(given.get("secrets", {}))
        filled = [with_secrets(sink, secrets) for sink in sinks]
        return {**given, "sinks": filled, "secrets": secrets}

    @model_validator(mode="after")
    def _do_names_fit(self) -> "Settings":
        names = [sink.name for sink in self.sinks]
        for tables in (self.sinks, self.watchlists, self.alerts):
            require_one_of_each(tables)
        for whose, wanted in self._wanted_names():
            require_known(whose, wanted, names)
        lists = [one.name for one in self.watchlists]
        for whose, wanted in self._wanted_lists():
            require_known(whose, wanted, lists)
        if self.secrets:
            raise ValueError(
                f"secrets.{min(self.secrets)} belongs to no sink; these are known: "
                f"{', '.join(names) or 'none'}"
            )
        return self

    def _wanted_names(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield "follow.to names the sink", self.follow.to
        for alert in self.alerts:
            yield f"alert {alert.name!r} names the sink", alert.to

    def _wanted_lists(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        if self.consensus.watchlist is not None:
            yield "consensus.watchlist is", (self.consensus.watchlist,)
        for alert in self.alerts:
            found = alert.where.get("watchlist", ())
            if not isinstance(found, dict):
                lists = (found,) if isinstance(found, str) else tuple(found)
                yield f"alert {alert.name!r} names the watchlist", lists
