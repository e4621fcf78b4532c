"""What is known of a wallet's skill, in words; made when the wallet is looked at."""

from collections.abc import Iterator

from hypertrack.records import (
    SKILL_NUMBERS,
    ProfileColumns,
    Verdict,
    WalletSkill,
    gate_sentence,
)


def wallet_skills(columns: ProfileColumns) -> Iterator[WalletSkill | None]:
    """Yield the skill of wallets in the order of the columns; None of one that was not judged."""
    if not columns.skill:
        yield from [None] * len(columns)
        return
    numbers = (columns.skill[name].tolist() for name in SKILL_NUMBERS)
    texts = (columns.skill[name].tolist() for name in ("follows", "verdict", "verdict_gate"))
    for follows, verdict, gate, *own in zip(*texts, *numbers, strict=True):
        yield _skill(follows, verdict, gate, own) if verdict else None


def _skill(follows: str | None, verdict: str, gate: str, numbers: list[float]) -> WalletSkill:
    by_name = dict(zip(SKILL_NUMBERS, numbers, strict=True))
    return WalletSkill(
        verdict=Verdict(verdict),
        gate=gate,
        says=gate_sentence(gate, by_name["verdict_value"], by_name["verdict_threshold"]),
        follows=follows or None,
        numbers=by_name,
    )
