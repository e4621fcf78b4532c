"""What moved a wallet's money beside its trades, as the venue tells it: transfers and funding."""

from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from hypertrack.simulate.market.cash_flows import CashFlow, FlowKind
from hypertrack.simulate.market.funding import RATE_DECIMALS
from hypertrack.simulate.market.identifiers import hashes
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.account_ledger import USD_DECIMALS, FundingPayment
from hypertrack.simulate.venue.numbers import residual, rounded, wire_number

Json = dict[str, Any]

MAX_ROWS = 500
"""Of one answer."""
_FLOW_SALT = 82
_FUNDING_HASH = "0x" + "0" * 64


def told_flows(flows: Sequence[CashFlow]) -> list[Json]:
    """Return ledger updates."""
    numbers = np.array([_number(flow) for flow in flows], dtype=np.int64)
    return [
        {"time": flow.time_ms, "hash": digest, "delta": _DELTAS[flow.kind](flow)}
        for flow, digest in zip(flows, hashes(numbers, _FLOW_SALT), strict=True)
    ]


def told_payments(coins: Sequence[Coin], payments: Sequence[FundingPayment]) -> list[Json]:
    """Return funding updates."""
    return [
        {
            "time": payment.paid_ms,
            "hash": _FUNDING_HASH,
            "delta": {
                "type": "funding",
                "coin": coins[payment.coin].name,
                "usdc": rounded(payment.usd, USD_DECIMALS),
                "szi": wire_number(coins[payment.coin].size_of(payment.units)),
                "fundingRate": rounded(payment.rate, RATE_DECIMALS),
                "nSamples": None,
            },
        }
        for payment in payments
    ]


def usd_by_place(flow: CashFlow, wallet: str) -> list[tuple[str, float]]:
    """Return what a flow changed of a wallet: perps ("" or a dex) and "spot", each with USD."""
    if flow.kind == "to_spot":
        return [("", -flow.usd), ("spot", flow.usd)]
    if flow.kind == "to_dex":
        return [("", -flow.usd), (flow.dex, flow.usd)]
    return [("", flow.usd if flow.target == wallet else -flow.usd - flow.fee_usd)]


def _number(flow: CashFlow) -> int:
    text = f"{flow.time_ms} {flow.kind} {flow.source} {flow.target} {flow.dex}"
    return crc32(text.encode())


def _withdrawal(flow: CashFlow) -> Json:
    told = {"usdc": residual(flow.usd), "nonce": flow.time_ms, "fee": residual(flow.fee_usd)}
    return {"type": "withdraw", **told}


def _send(flow: CashFlow) -> Json:
    return {
        "type": "send",
        "user": flow.source,
        "destination": flow.target,
        "sourceDex": "",
        "destinationDex": flow.dex,
        "token": "USDC",
        "amount": residual(flow.usd),
        "usdcValue": residual(flow.usd),
        "fee": "0.0",
        "nativeTokenFee": "0.0",
        "nonce": flow.time_ms,
        "feeToken": "",
    }


def _transfer(flow: CashFlow, kind: str) -> Json:
    transfer = {"usdc": residual(flow.usd), "user": flow.source, "destination": flow.target}
    return {"type": kind, **transfer}


_DELTAS: dict[FlowKind, Callable[[CashFlow], Json]] = {
    "deposit": lambda flow: {"type": "deposit", "usdc": residual(flow.usd)},
    "withdrawal": _withdrawal,
    "to_spot": lambda flow: {
        **{"type": "accountClassTransfer", "usdc": residual(flow.usd)},
        "toPerp": False,
    },
    "to_dex": _send,
    "gift": lambda flow: {**_transfer(flow, "internalTransfer"), "fee": residual(flow.fee_usd)},
    "sub_account": lambda flow: _transfer(flow, "subAccountTransfer"),
    "vault_deposit": lambda flow: {
        **{"type": "vaultDeposit", "vault": flow.target},
        "usdc": residual(flow.usd),
    },
    "vault_create": lambda flow: {
        **{"type": "vaultCreate", "vault": flow.target},
        **{"usdc": residual(flow.usd), "fee": "0.0"},
    },
}
