"""Events of profiles that have changed while their wallets traded."""

import hashlib
from collections.abc import Collection, Iterator, Mapping

from hypertrack.config import LiveSettings
from hypertrack.live.board import ProfileChange
from hypertrack.live.desk import short
from hypertrack.live.rules import Event
from hypertrack.records import BINARY_HEADS, LostWeight


def profile_events(
    change: ProfileChange,
    of_wallet: Mapping[str, object],
    settings: LiveSettings,
    earned: Collection[str],
) -> Iterator[Event]:
    """Yield the events of a change.

    Args:
        of_wallet: What rules may ask of its wallet.
        earned: Scores that have earned weight.
    """
    for name, names in (("category.entered", change.entered), ("category.left", change.left)):
        verb = "is now" if name == "category.entered" else "is no longer"
        for category, is_proven in names.items():
            yield _event(
                name,
                change,
                {**of_wallet, "category": (category,), "is_proven": is_proven},
                f"{short(change.wallet)} {verb} {category}{_doubt(is_proven)}",
                category,
            )
    for score in BINARY_HEADS:
        if score in change.scores:
            yield from _crossings(change, score, of_wallet, settings, score in earned)


def model_changed(before: str | None, now: str | None, time_ms: int) -> Event:
    """Return the event of another model in force."""
    return Event(
        name="model.changed",
        id=_id("model", before, now, time_ms),
        time_ms=time_ms,
        fields={"model": now or "none", "before": before or "none"},
        text=f"wallets are scored by {now or 'no model'}, and were by {before or 'none'}",
    )


def weight_lost(model: str, lost: LostWeight, time_ms: int) -> Event:
    """Return the event of a model that boosts nothing any more."""
    skill = lost.skill
    return Event(
        name="model.lost_weight",
        id=_id("weight", model, lost.at_ms),
        time_ms=time_ms,
        fields={
            "model": model,
            "skill": skill.value,
            "skill_high": skill.high,
            "n_blocks": lost.n_blocks,
        },
        text=f"{model} has lost its weight: live it is worse than the constant (skill "
        f"{skill.value:+.3f}, at most {skill.high:+.3f}, over {lost.n_blocks:,} blocks)",
    )


def _crossings(
    change: ProfileChange,
    score: str,
    of_wallet: Mapping[str, object],
    settings: LiveSettings,
    is_proven: bool,
) -> Iterator[Event]:
    before, value = change.scores[score]
    for level in settings.score_levels:
        if (before >= level) == (value >= level):
            continue
        direction = "up" if value >= level else "down"
        fields = {
            **of_wallet,
            "score": score,
            "level": level,
            "direction": direction,
            "value": value,
            "before": before,
            "is_proven": is_proven,
        }
        text = (
            f"{score} of {short(change.wallet)} went {direction} through {level:g}: {value:.2f}, "
            f"was {before:.2f}{_doubt(is_proven)}"
        )
        yield _event("score.crossed", change, fields, text, score, level)


def _event(
    name: str, change: ProfileChange, fields: Mapping[str, object], text: str, *of: object
) -> Event:
    return Event(
        name=name,
        id=_id(name, change.wallet, change.as_of_ms, *of),
        time_ms=change.as_of_ms,
        fields=fields,
        text=text,
    )


def _doubt(is_proven: bool) -> str:
    return "" if is_proven else "; unproven, its score has earned no weight"


def _id(*parts: object) -> str:
    return f"ev_{hashlib.sha256('|'.join(map(str, parts)).encode()).hexdigest()[:24]}"
