"""What a recording says of skill as a whole."""

from enum import StrEnum

from hypertrack.records.base import Record


class Verdict(StrEnum):
    """Whether a wallet is worth copying."""

    COPY = "COPY"
    WATCH = "WATCH"
    AVOID = "AVOID"
    NOT_ENOUGH_DATA = "NOT ENOUGH DATA"


class SkillSummary(Record, frozen=True, kw_only=True):
    """What could be told from luck, and how much the telling is to be trusted."""

    span_hours: float
    n_wallets: int
    """Judged: system wallets are not."""
    n_entities: int
    """Wallets that act as one are one."""
    n_tested: int
    """Entities with bets enough."""
    n_flagged: int
    """Told from luck."""
    max_false_discovery_frac: float
    power_edge_bps: float
    power: float | None
    """Share of the tested that would be told from luck, had each an edge so large."""
    placebo_z_sd: float | None
    """Of entities whose bets were moved in time; 1 where errors are right."""
    n_placebo: int
    least_days_needed: float | None
    """Further days at the present rate until the nearest could be told from luck, were its edge
    what was measured; None where nobody's is positive."""
    n_by_verdict: dict[str, int]
    delay_s: float
    size_usd: float
