"""The card of a made-up training run, as it stands in ``card.json``."""

from typing import Any

from drawn_wallets import BASE_FEATURES, START_MS
from profile_fakes import data, model

from hypertrack.records import (
    BINARY_HEADS,
    DAY_MS,
    HEADS,
    Card,
    HeadEvaluation,
    Interval,
    Quality,
    ReliabilityBin,
    as_dict,
    decode_json,
    encode_json,
    replace,
)

EPOCHS = 12
BEST = 7
"""The epoch with the lowest validation loss."""


def training_card(*, hostile: str = "", n_epochs: int = EPOCHS) -> dict[str, Any]:
    """Return a card with every part of the report.

    Args:
        hostile: Appended to every free text.
    """
    summary = model("profitability_score", "sophistication_score")
    heads = tuple(_beside_baselines(head, hostile) for head in summary.heads)
    return {
        "summary": as_dict(replace(summary, heads=heads, version=summary.version + hostile)),
        "feature_names": list(BASE_FEATURES),
        "feature_hash": "dd834ba38cd6aaaa",
        "targets": [],
        "typical": [],
        "entries": {"reported_frac": None, "inherited_frac": None},
        "epochs": [_epoch(number) for number in range(1, n_epochs + 1)],
        "labelling_functions": [
            {
                "name": "fast",
                "says": "median gap under 5 s over at least 100 executions" + hostile,
                "vote": "bot",
                "coverage": 0.12,
                "agreement": 0.917,
                "conflict": None,
            }
        ],
        "importance": {
            head: {name + hostile: (i + 1) / 1_000 for i, name in enumerate(BASE_FEATURES)}
            for head in HEADS
        },
        "leaks": {
            "permutation": {"risk_score": as_dict(Interval(-0.01, -0.03, 0.01))},
            "truncation": None,
            "failed": {},
        },
        "unknown_to_this_version": 1,
        "details": {
            "data": as_dict(data(500)),
            "cuts": [_cut(frac, is_test=frac == 0.8) for frac in (0.3, 0.4, 0.5, 0.6, 0.8)],
            "embargo_s": 1_800.0,
            "embargo_is_shortened": False,
            "thresholds": {"profit_hurdle_bps": 0.0, "best_edge_bps": None},
            "settings": {"train": {"seed": 7, "hidden": [256, 128], "device": "auto" + hostile}},
            "versions": {"hypertrack": "0.1.0", "torch": "2.13.0" + hostile},
            "notice": f"Simulated.{hostile}" if hostile else None,
        },
    }


def as_card(plain: dict[str, Any]) -> Card:
    """Return what a program reads of ``card.json``."""
    return decode_json(encode_json(plain), Card)


def _beside_baselines(head: HeadEvaluation, hostile: str) -> HeadEvaluation:
    def quality(skill: float) -> Quality:
        found = Interval(skill, skill - 0.05, skill + 0.06)
        return Quality(
            skill=found, skill_new_wallets=skill, auc=None, rank_ic=None, calibration_error=None
        )

    bins = tuple(
        ReliabilityBin(
            n=81,
            mean_predicted=(i + 0.5) / 10,
            yes_share=Interval(i / 10, max(0.0, i / 10 - 0.08), min(1.0, i / 10 + 0.1)),
        )
        for i in range(10)
    )
    return replace(
        head,
        baselines={
            "constant": quality(0.0),
            "linear": quality(0.02),
            f"trees{hostile}": quality(0.3),
        },
        reliability=bins if head.head in BINARY_HEADS else (),
        reason=head.reason + hostile,
    )


def _epoch(number: int) -> dict[str, Any]:
    validation = 0.12 + 0.002 * abs(number - BEST)
    return {
        "epoch": number,
        "n_epochs": EPOCHS,
        "train_loss": 0.2 - 0.007 * number,
        "validation_loss": validation,
        "learning_rate": 1e-3,
        "is_best": number <= BEST,
        "skill_by_head": {},
        "train_loss_by_head": dict.fromkeys(HEADS, 0.3 - 0.01 * number),
        "validation_loss_by_head": dict.fromkeys(HEADS, validation),
    }


def _cut(frac: float, *, is_test: bool) -> dict[str, Any]:
    span_ms = 3 * DAY_MS
    at_ms = START_MS + round(frac * span_ms)
    return {
        "at_ms": at_ms,
        "outcome_start_ms": at_ms + 1_800_000,
        "outcome_end_ms": at_ms + span_ms // 5,
        "is_test": is_test,
    }
