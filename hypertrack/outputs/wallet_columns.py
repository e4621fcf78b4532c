"""The wallets of the dashboard as two packs of columns: what a list needs, and all the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hypertrack.outputs.account_views import account_lines
from hypertrack.outputs.measures import Measure, measures
from hypertrack.outputs.packing import Pack
from hypertrack.outputs.profit_views import FEES_SAY, FUNDING_SAYS, SOURCE_SAYS
from hypertrack.outputs.reason_views import is_shown, score_value
from hypertrack.outputs.wording import amount, doubt, signed
from hypertrack.records import MINUTE_MS, Category, ProfileHeader, Reason, WalletProfile
from hypertrack.text import printable

LISTED = frozenset(
    {
        *("edge_bps", "edge_low_bps", "edge_high_bps", "n_bets", "q", "p_edge_positive"),
        *("copy_edge_bps", "copy_edge_low_bps", "copy_edge_high_bps", "horizon_s"),
        *("profit_usd", "flow_pnl_usd", "return_bps", "max_drawdown_usd", "win_rate"),
        *("tx_count", "tx_per_day", "total_value", "unique_tokens", "age_days"),
        *("median_holding_s", "last_seen_before_end_s", "order_book_participation"),
        *("profitability_score", "risk_score", "bot_probability", "sophistication_score"),
        *("influence_score",),
    }
)
"""Numbers of the table, of cards, and to sort and filter by."""

REST_TEXTS = ("says", "gate", "follows", "fees_source", "funding_source", "coins", "why_none")

ACCOUNT = "account"
"""A line of name, tab and value for each thing that the venue said."""

BAR_STEPS = 28
"""Heights of a bar of activity."""

N_REASONS = 3
"""Of a score, on the page; the terminal's `wallet` tells more."""


@dataclass(frozen=True)
class WalletColumns:
    """Both packs as text, and what they refer to."""

    listed: str
    rest: str
    measures: tuple[Measure, ...]


def wallet_columns(
    header: ProfileHeader, shown: Iterable[WalletProfile], by_evidence: NDArray[np.intp]
) -> WalletColumns:
    """Return the wallets shown, in their order.

    Args:
        by_evidence: Their places, the best evidence first.
    """
    asked = measures(header)
    rows = _Rows(header, asked)
    for wallet in shown:
        rows.add(wallet)
    return WalletColumns(rows.listed(by_evidence), rows.rest(), asked)


@dataclass
class _Holdings:
    """Categories of all wallets, one after the other."""

    n_by_wallet: list[int] = field(default_factory=list)
    held: list[Category] = field(default_factory=list)


@dataclass
class _Reasons:
    """Reasons of all wallets: by wallet, by score, the strongest first."""

    n_by_wallet: list[int] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    n_by_score: list[int] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    typical: list[str] = field(default_factory=list)
    contributions: list[float] = field(default_factory=list)


class _Rows:
    """Collects wallets, a row each."""

    def __init__(self, header: ProfileHeader, asked: Sequence[Measure]):
        self._header = header
        self._measures = asked
        self._values: list[list[float]] = [[] for _ in asked]
        self._wallets: list[str] = []
        self._texts: dict[str, list[str | None]] = {
            name: [] for name in (*REST_TEXTS, ACCOUNT, "verdict", "pnl_source")
        }
        self._times: dict[str, list[int]] = {"first_seen_minute": [], "last_seen_minute": []}
        self._activity: list[tuple[int, ...]] = []
        self._holdings = _Holdings()
        self._reasons = _Reasons()

    def add(self, wallet: WalletProfile) -> None:
        """Add one wallet."""
        self._wallets.append(printable(wallet.wallet))
        for column, measure in zip(self._values, self._measures, strict=True):
            column.append(measure.read(wallet))
        for name, text in _texts(wallet).items():
            self._texts[name].append(None if text is None else printable(text))
        self._texts[ACCOUNT].append(_account(wallet))
        self._times["first_seen_minute"].append(wallet.first_seen_ms)
        self._times["last_seen_minute"].append(wallet.last_seen_ms)
        self._activity.append(wallet.activity)
        self._holdings.n_by_wallet.append(len(wallet.categories))
        self._holdings.held += wallet.categories
        self._add_reasons(wallet)

    def listed(self, by_evidence: NDArray[np.intp]) -> str:
        """Return what the table, the cards, sorting and filtering need."""
        pack = Pack()
        pack.addresses("wallet", self._wallets)
        pack.words("verdict", self._texts["verdict"])
        pack.words("pnl_source", self._texts["pnl_source"])
        pack.counts("by_evidence", by_evidence)
        self._pack_numbers(pack, is_listed=True)
        pack.counts("n_held", self._holdings.n_by_wallet)
        pack.words("held", (printable(each.name) for each in self._holdings.held))
        pack.words("held_doubt", map(doubt, self._holdings.held))
        return pack.text()

    def rest(self) -> str:
        """Return what a card or a tear sheet needs beside that."""
        pack = Pack()
        self._pack_numbers(pack, is_listed=False)
        for name in (*REST_TEXTS, ACCOUNT):
            pack.words(name, self._texts[name])
        for name, times in self._times.items():
            pack.counts(name, [time_ms // MINUTE_MS for time_ms in times])
        held = self._holdings.held
        pack.numbers("confidence", [each.confidence for each in held], "{:.2f}".format)
        pack.numbers("boost", [each.boost for each in held], "{:.2f}".format)
        pack.words("evidence", (printable(each.evidence) for each in held))
        pack.words("caveat", (_printable(each.caveat) for each in held))
        self._pack_activity(pack)
        self._pack_reasons(pack)
        return pack.text()

    def _pack_numbers(self, pack: Pack, *, is_listed: bool) -> None:
        for values, measure in zip(self._values, self._measures, strict=True):
            if (measure.name in LISTED) == is_listed:
                pack.numbers(measure.name, values, measure.write)

    def _pack_activity(self, pack: Pack) -> None:
        """Add bars as heights of the wallet's highest, and how many executions that is."""
        n_slices = max(map(len, self._activity), default=0)
        most = [max(slices, default=0) for slices in self._activity]
        heights = [
            -(-count * BAR_STEPS // highest) if highest else 0
            for slices, highest in zip(self._activity, most, strict=True)
            for count in (*slices, *[0] * (n_slices - len(slices)))
        ]
        pack.counts("activity", heights)
        pack.numbers("most_active", most, "{:,.0f}".format)

    def _add_reasons(self, wallet: WalletProfile) -> None:
        said, typical, column = wallet.scores, self._header.typical, self._reasons
        if said is None or typical is None:
            column.n_by_wallet.append(0)
            return
        column.n_by_wallet.append(len(wallet.reasons))
        for score, found in wallet.reasons.items():
            shown = [reason for reason in found if is_shown(reason)][:N_REASONS]
            column.scores.append(score)
            column.n_by_score.append(len(shown))
            for reason in shown:
                self._add_reason(reason, wallet)
            whole = score_value(said, score) - score_value(typical, score)
            column.others.append(whole - sum(reason.contribution for reason in shown))

    def _add_reason(self, reason: Reason, wallet: WalletProfile) -> None:
        header, name, column = self._header, reason.feature, self._reasons
        unit = header.units.get(name, "")
        is_said = reason.value is None and name in wallet.remarks
        column.features.append(printable(name))
        column.values.append(wallet.remarks[name] if is_said else amount(reason.value, unit))
        column.typical.append(amount(reason.typical, unit))
        column.contributions.append(reason.contribution)

    def _pack_reasons(self, pack: Pack) -> None:
        found = self._reasons
        pack.counts("n_why", found.n_by_wallet)
        pack.words("why_score", found.scores)
        pack.numbers("why_others", found.others, signed)
        pack.counts("n_reasons", found.n_by_score)
        pack.words("reason_feature", found.features)
        pack.words("reason_value", found.values)
        pack.words("reason_typical", found.typical)
        pack.numbers("reason_adds", found.contributions, signed)


def _texts(wallet: WalletProfile) -> dict[str, str | None]:
    skill, profit = wallet.skill, wallet.profit
    return {
        "verdict": None if skill is None else skill.verdict.value,
        "says": None if skill is None else skill.says,
        "gate": None if skill is None else skill.gate,
        "follows": None if skill is None else skill.follows,
        "pnl_source": None if profit is None else SOURCE_SAYS[profit.pnl_source],
        "fees_source": None if profit is None else FEES_SAY[profit.fees_source],
        "funding_source": None if profit is None else FUNDING_SAYS[profit.funding_source],
        "coins": None if profit is None else profit.coins or None,
        "why_none": wallet.why_none,
    }


def _account(wallet: WalletProfile) -> str | None:
    lines = () if wallet.account is None else account_lines(wallet.account)
    return "\n".join(f"{name}\t{value}" for name, value in lines) or None


def _printable(text: str | None) -> str | None:
    return None if text is None else printable(text)
