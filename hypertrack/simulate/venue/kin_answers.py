"""Who belongs together, as the venue tells it: roles, vaults, sub-accounts, agents."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.market.kinship import Vault
from hypertrack.simulate.venue.account_history import portfolio
from hypertrack.simulate.venue.account_ledger import USD_DECIMALS
from hypertrack.simulate.venue.account_states import (
    clearinghouse_state,
    spot_clearinghouse_state,
)
from hypertrack.simulate.venue.account_values import AccountValues
from hypertrack.simulate.venue.numbers import residual, rounded
from hypertrack.simulate.venue.wallet_records import Role, SubAccount

Json = dict[str, Any]

_COMMISSION = 0.1
_LOCKED_MS = 4 * DAY_MS
_YEAR_DAYS = 365
"""The venue never closes."""
_AGENTS_VALID_MS = 90 * DAY_MS
_LEADER = "Leader"


def told_role(role: Role) -> Json:
    """Return a wallet's role, with whose it is."""
    if role.kind == "agent":
        return {"role": "agent", "data": {"user": role.owner}}
    if role.kind == "sub_account":
        return {"role": "subAccount", "data": {"master": role.owner}}
    return {"role": role.kind}


def told_agents(agents: Sequence[str], now_ms: int) -> list[Json]:
    """Return a wallet's agents."""
    return [
        {"name": f"agent {nth}", "address": agent, "validUntil": now_ms + _AGENTS_VALID_MS}
        for nth, agent in enumerate(agents, start=1)
    ]


def told_sub_accounts(
    subs: Sequence[SubAccount],
    values: Callable[[str], AccountValues],
    dexes: Sequence[str] | None = None,
) -> list[Json] | None:
    """Return a master's sub-accounts, None where there are none.

    Args:
        subs: Names and addresses.
        values: Returns the account of an address.
        dexes: Those that are told; None tells the venue's own alone, as the older request does.
    """
    return [_sub_account(sub, values(sub.address), dexes) for sub in subs] or None


def told_vault(
    address: str,
    vault: Vault,
    values: AccountValues,
    places: Sequence[str],
    user: str | None,
) -> Json:
    """Return a vault's details.

    Args:
        address: Of the vault.
        vault: Who leads and who follows.
        values: Of its account.
        places: All of the account.
        user: Follower who asks.
    """
    equity = _equity_usd(values, places)
    followers = [_follower(flow, values, equity, vault) for flow in _funding(values.flows)]
    asked = [one for one in followers if one["user"] == user]
    leader = sum(float(one["vaultEquity"]) for one in followers if one["user"] == _LEADER)
    return {
        "name": vault.name,
        "vaultAddress": address,
        "leader": vault.leader,
        "description": f"{vault.name}: trades of one mind, shared.",
        "portfolio": portfolio(values),
        "apr": _yearly_return(values, equity),
        "followerState": asked[0] if asked else None,
        "leaderFraction": leader / equity if equity > 0 else 0.0,
        "leaderCommission": _COMMISSION,
        "followers": followers,
        "maxDistributable": round(max(equity, 0.0), USD_DECIMALS),
        "maxWithdrawable": round(max(equity, 0.0), USD_DECIMALS),
        "isClosed": False,
        "relationship": {"type": "normal"},
        "allowDeposits": True,
        "alwaysCloseOnWithdraw": False,
    }


def told_equity(
    address: str, values: AccountValues, places: Sequence[str], user: str
) -> Json | None:
    """Return what a user holds of a vault, None where nothing."""
    mine = [flow for flow in _funding(values.flows) if flow.source == user]
    if not mine:
        return None
    share = sum(flow.usd for flow in mine) / _deposited_usd(values)
    return {
        "vaultAddress": address,
        "equity": residual(share * _equity_usd(values, places)),
        "lockedUntilTimestamp": mine[-1].time_ms + _LOCKED_MS,
    }


def _sub_account(sub: SubAccount, values: AccountValues, dexes: Sequence[str] | None) -> Json:
    entry: Json = {
        "name": sub.name,
        "subAccountUser": sub.address,
        "master": sub.master,
    }
    if dexes is None:
        entry["clearinghouseState"] = clearinghouse_state(values, "")
    else:
        states = [[dex, clearinghouse_state(values, dex)] for dex in dexes]
        entry["dexToClearinghouseState"] = states
    return {**entry, "spotState": spot_clearinghouse_state(values)}


def _funding(flows: Sequence[CashFlow]) -> list[CashFlow]:
    return [flow for flow in flows if flow.kind in ("vault_create", "vault_deposit")]


def _deposited_usd(values: AccountValues) -> float:
    return sum(flow.usd for flow in _funding(values.flows))


def _equity_usd(values: AccountValues, places: Sequence[str]) -> float:
    return float(values.worth_usd(np.array([values.now_ms]), places)[0])


def _follower(flow: CashFlow, values: AccountValues, equity: float, vault: Vault) -> Json:
    share = flow.usd / _deposited_usd(values)
    pnl = rounded(share * equity - flow.usd, USD_DECIMALS)
    return {
        "user": _LEADER if flow.source == vault.leader else flow.source,
        "vaultEquity": residual(round(share * equity, USD_DECIMALS)),
        "pnl": pnl,
        "allTimePnl": pnl,
        "daysFollowing": (values.now_ms - flow.time_ms) // DAY_MS,
        "vaultEntryTime": flow.time_ms,
        "lockupUntil": flow.time_ms + _LOCKED_MS,
    }


def _yearly_return(values: AccountValues, equity: float) -> float:
    paid = _deposited_usd(values)
    if not paid:
        return 0.0
    days = max((values.now_ms - values.flows[0].time_ms) / DAY_MS, 1.0)
    return (equity / paid - 1) * _YEAR_DAYS / days
