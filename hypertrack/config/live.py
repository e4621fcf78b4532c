"""What live tells, whom it watches, and when it speaks."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from hypertrack.config.section import Section, like
from hypertrack.records import BINARY_HEADS, MAX_AMOUNT, NotFilled

Positive = Annotated[float, Field(gt=0)]
Usd = Annotated[float, Field(gt=0, le=MAX_AMOUNT)]
Name = Annotated[str, like(r"[a-z][a-z0-9-]*", "mine, in small letters, digits and dashes")]
Wallet = Annotated[str, like(r"0[xX][0-9a-fA-F]{40}", "0x and forty hexadecimal digits")]


class LiveSettings(Section):
    """Wallets told while they trade."""

    settle_ms: Annotated[int, Field(ge=1)] = 1_000
    """Fills of a wallet in one coin and direction that follow each other so closely are one
    action."""
    twap_gap_s: Positive = 60.0
    """The same of the slices of a TWAP order, which come every 30 s."""
    lateness_s: Positive = 1.0
    """Exchange time that is waited for what comes late; later trades change nothing sent."""
    poll_s: Positive = 0.1
    """Between two looks at the dataset."""
    checkpoint_s: Positive = 10.0
    """Between two writings of what live holds in mind, at least: what came since is read again
    after a kill. They take 2 % of the time at most."""
    window_h: Annotated[float, Field(ge=0)] = 24.0
    """Hours that wallets are measured over; 0 measures nobody."""
    max_trades: Annotated[int, Field(ge=1)] = 5_000_000
    """In the window, which gets shorter beyond them."""
    tick_s: Positive = 1.0
    """Between two rounds of measuring, at least."""
    max_age_s: Positive = 300.0
    """A profile that is older is made anew once its wallet has traded."""
    cpu_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of one core that live spends while it measures; what is due beyond it waits."""
    profiles_s: Positive = 5.0
    """Between two writings of the profiles."""
    score_levels: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.5, 0.8)
    """A score from 0 to 1 that crosses one of them is an event."""


MIN_ORDER_USD = 10.0
"""The venue takes no smaller order."""


class FollowSettings(Section):
    """Whose actions become signals, and how they are followed on paper."""

    leaders: tuple[Wallet, ...] = ()
    """Addresses."""
    verdicts: tuple[str, ...] = ("COPY",)
    """And whoever has one of these verdicts."""
    notional_usd: Usd | None = None
    """Of the order that a signal proposes; none is proposed where unset."""
    max_slippage_bps: Positive = 50.0
    """How far beyond the reference price the proposed limit lies."""
    makers: bool = False
    """Tell of resting fills too, which nobody can copy."""
    expire_s: Positive = 30.0
    """After which a signal is no longer delivered."""
    to: tuple[str, ...] = ()
    """Names of ``[[sinks]]`` that get every signal."""
    capital_usd: Usd | None = None
    """Of the paper portfolio that follows the leaders; none is kept where unset."""
    sizing: Literal["fixed", "proportional"] = "fixed"
    """``fixed``: each opening and adding is ``notional_usd``, where unset ``copy.size_usd``;
    ``proportional``: the leader's share of his equity, which `hypertrack accounts` asks for."""
    delay_s: Annotated[float, Field(ge=0, le=86_400)] = 5.0
    """Exchange time after a leader's action at which paper trades."""
    max_notional_usd: Usd | None = None
    """In one coin, net; the capital where unset."""
    max_leverage: Annotated[float, Field(gt=0, le=1_000)] = 1.0
    """All positions together over the equity."""
    stop_drawdown_frac: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Below the highest equity by so much everything is closed, and nothing opened any more."""
    spread_bps: Annotated[float, Field(ge=0, lt=10_000)] = 5.0
    """By which the last trade is moved against us where neither book nor quote is fresh."""
    adopt: bool = False
    """Enter what leaders hold at the start too, where the venue told it."""

    @model_validator(mode="after")
    def _are_orders_taken(self) -> "FollowSettings":
        for name in ("notional_usd", "max_notional_usd", "capital_usd"):
            value = getattr(self, name)
            if value is not None and value < MIN_ORDER_USD:
                raise ValueError(
                    f"{name} is {value:g}, and the venue takes no order below {MIN_ORDER_USD:g} USD"
                )
        return self


class ConsensusSettings(Section):
    """When watched wallets agree."""

    watchlist: str | None = None
    """Whose wallets; no consensus is looked for where unset."""
    n_wallets: Annotated[int, Field(ge=2)] = 3
    """So many of them, with bets that are not the same bet where that is known."""
    within_s: Positive = 600.0
    """Of exchange time."""


class ChallengeSettings(Section):
    """Two models on the same rows, while they come: the rules of the decision, set before it."""

    block_h: Annotated[float, Field(ge=0.001, le=8_760)] = 1.0
    """A wallet is scored once in each; what happens within one is no independent evidence."""
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.005
    """Difference of skill that matters."""
    max_blocks: Annotated[int, Field(ge=30)] = 2_000
    """After which a comparison ends undecided."""
    min_executions: Annotated[int, Field(ge=1)] = 5
    """Fewer in the window of the outcome tell nothing."""


class WatchlistSettings(Section):
    """Wallets under one name, a ``[[watchlists]]`` table for each."""

    name: Name
    wallets: tuple[Wallet, ...] = ()
    """Addresses."""
    file: Path | None = None
    """One address a line, ``0x… label``; read again when it changes."""
    verdicts: tuple[str, ...] = ()
    """And whoever has one of these verdicts now."""


AT_MOST_EXAMPLE = "1 per 10m per wallet coin"

FieldType = Literal["text", "number", "yes or no"]


class EventField(NamedTuple):
    """What a rule may ask of an event."""

    type: FieldType
    says: str
    words: tuple[str, ...] = ()
    """The only values it has; none where any text may stand."""


SIDES = ("buy", "sell")
VERDICTS = ("COPY", "WATCH", "AVOID", "NOT ENOUGH DATA")

OF_A_WALLET: Mapping[str, EventField] = {
    "wallet": EventField("text", "its address"),
    "watchlist": EventField("text", "a list it is on"),
    "verdict": EventField("text", "of the profiles in force", VERDICTS),
    "category": EventField("text", "one it holds"),
}

OF_A_FILL: Mapping[str, EventField] = {
    **OF_A_WALLET,
    "coin": EventField("text", "that paper traded after him"),
    "side": EventField("text", "what paper did", SIDES),
    "size": EventField("number", "coins that it traded"),
    "price": EventField("number", "that it paid or got on average, before fees"),
    "notional_usd": EventField("number", "size at that price"),
    "delay_s": EventField("number", "since his action; none of what an account told"),
}

EVENT_FIELDS: Mapping[str, Mapping[str, EventField]] = {
    "action": {
        **OF_A_WALLET,
        "coin": EventField("text", "as the venue writes it"),
        "kind": EventField(
            "text",
            "what it did to the position",
            ("open", "add", "reduce", "close", "flip", "trade"),
        ),
        "side": EventField("text", "what the wallet did", SIDES),
        "notional_usd": EventField("number", "of all its fills"),
        "n_fills": EventField("number", "that belong together"),
        "part_closed": EventField("number", "share of the position that is gone, 0 to 1"),
        "is_maker": EventField("yes or no", "all of it rested"),
        "is_twap": EventField("yes or no", "slices of a TWAP order"),
        "position_known": EventField("text", "how", ("exact", "flat", "tape")),
    },
    "coin.entered": {
        **OF_A_WALLET,
        "coin": EventField("text", "which it had not traded before, as far as live looks back"),
    },
    "category.entered": {
        **OF_A_WALLET,
        "category": EventField("text", "the one it entered"),
        "is_proven": EventField("yes or no", "no score without earned weight drives it"),
    },
    "category.left": {
        **OF_A_WALLET,
        "category": EventField("text", "the one it left"),
        "is_proven": EventField("yes or no", "no score without earned weight drives it"),
    },
    "score.crossed": {
        **OF_A_WALLET,
        "score": EventField("text", "its name", BINARY_HEADS),
        "level": EventField("number", "one of `live.score_levels`"),
        "direction": EventField("text", "of the score", ("up", "down")),
        "value": EventField("number", "the score now, 0 to 1"),
        "before": EventField("number", "the score before"),
        "is_proven": EventField("yes or no", "the score has earned weight"),
    },
    "model.changed": {
        "model": EventField("text", "version that scores now"),
        "before": EventField("text", "version that did"),
    },
    "model.lost_weight": {
        "model": EventField("text", "version in use, which boosts nothing any more"),
        "skill": EventField("number", "over the constant, live, all heads together"),
        "skill_high": EventField("number", "the upper end of its interval, below 0"),
        "n_blocks": EventField("number", "that it rests on"),
    },
    "follow.opened": OF_A_FILL,
    "follow.added": OF_A_FILL,
    "follow.reduced": OF_A_FILL,
    "follow.closed": OF_A_FILL,
    "follow.skipped": {
        **OF_A_WALLET,
        "coin": EventField("text", "in which he was not followed, or not in whole"),
        "why": EventField("text", "the cause of the first part left out", tuple(NotFilled)),
    },
    "follow.stopped": {
        "drawdown_frac": EventField("number", "below the highest equity, 0 to 1"),
        "drawdown_usd": EventField("number", "the same in USD"),
    },
    "consensus": {
        "coin": EventField("text", "as the venue writes it"),
        "side": EventField("text", "that several took", SIDES),
        "watchlist": EventField("text", "whose wallets they are"),
        "n_wallets": EventField("number", "that took it"),
    },
    "verdict.changed": {
        **OF_A_WALLET,
        "before": EventField("text", "the verdict before", VERDICTS),
    },
    "gap": {
        "coin": EventField("text", "whose trades were missed"),
        "missed_s": EventField("number", "how long"),
    },
}
"""What happens, and what rules may ask of it."""

COMPARISONS = ("lt", "le", "gt", "ge", "ne")


class AlertSettings(Section):
    """What is told to whom, an ``[[alerts]]`` table for each rule."""

    name: str
    """What messages begin with."""
    on: Literal[
        "action",
        "coin.entered",
        "category.entered",
        "category.left",
        "score.crossed",
        "model.changed",
        "model.lost_weight",
        "follow.opened",
        "follow.added",
        "follow.reduced",
        "follow.closed",
        "follow.skipped",
        "follow.stopped",
        "consensus",
        "verdict.changed",
        "gap",
    ]
    """What happened; ``hypertrack alerts fields`` lists what can be asked of each."""
    where: dict[str, Any] = Field(default_factory=dict)
    """Conditions that must all hold: a value, a list (any of it), or ``lt le gt ge ne``."""
    at_most: (
        Annotated[
            str, like(r"[1-9]\d* per [1-9]\d*[smhd]( per( wallet| coin){1,2})?", AT_MOST_EXAMPLE)
        ]
        | None
    ) = None
    """What comes oftener is counted, and told with the next one."""
    unproven: bool = False
    """Tell of categories and scores too that have not earned weight."""
    to: tuple[str, ...]
    """Names of ``[[sinks]]``."""

    @model_validator(mode="after")
    def _asks_what_can_be_asked(self) -> "AlertSettings":
        for name, condition in self.where.items():
            known = EVENT_FIELDS[self.on]
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                raise ValueError(f"alert {self.name!r} asks for {name}: {hint}")
            for value in _values_of(condition):
                _check_value(self.name, name, known[name], value)
        return self


def _values_of(condition: Any) -> list[Any]:
    """Return the values that a condition compares with; those of a comparison are checked too."""
    if isinstance(condition, dict):
        unknown = [word for word in condition if word not in COMPARISONS]
        if unknown or not condition:
            raise ValueError(f"a comparison is one of {', '.join(COMPARISONS)}, found {condition}")
        return list(condition.values())
    return condition if isinstance(condition, list) else [condition]


def _check_value(rule: str, name: str, of: EventField, value: Any) -> None:
    types: dict[FieldType, tuple[type, ...]] = {
        "text": (str,),
        "number": (int, float),
        "yes or no": (bool,),
    }
    is_right = isinstance(value, types[of.type]) and (
        of.type == "yes or no" or not isinstance(value, bool)
    )
    if not is_right or (of.words and value not in of.words):
        wanted = (
            ", ".join(of.words) or f"a {of.type}" if of.type != "yes or no" else "true or false"
        )
        raise ValueError(f"alert {rule!r}: {name} is {wanted}, found {value!r}")
