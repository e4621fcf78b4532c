"""What differs between two made-up sets of profiles."""

from hypertrack.records import (
    CategoryChange,
    ComparedProfiles,
    EstimateChange,
    MovedEstimate,
    Presence,
    ProfileDiff,
    ScoreChange,
    VerdictChange,
    WalletDiff,
    replace,
)

A, B, C = (f"0x{letter * 40}" for letter in "abc")
HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J"


def side(place: str, n_wallets: int) -> ComparedProfiles:
    return ComparedProfiles(
        place=place,
        generated_ms=0,
        start_ms=1_784_678_400_000,  # 2026-07-22
        end_ms=1_784_764_800_000,
        n_wallets=n_wallets,
        model=None,
        is_judged=True,
    )


DIFF = ProfileDiff(
    before=side("monday", 1_000),
    after=side("tuesday", 1_200),
    remarks=("both: simulated",),
    n_both=900,
    n_entered=300,
    n_left=100,
    n_changed=7,
    verdicts=(
        VerdictChange(before="WATCH", after="COPY", n_wallets=2),
        VerdictChange(before=None, after="AVOID", n_wallets=1),
    ),
    categories=(
        CategoryChange(name="Whale", n_before=5, n_after=6, n_gained=3, n_lost=2),
        CategoryChange(name="Bot", n_before=5, n_after=5, n_gained=0, n_lost=0),
    ),
    estimates=(EstimateChange(name="edge_bps", n_compared=40, n_up=3, n_down=1),),
    scores=(ScoreChange(name="risk_score", n_compared=900, median_change=0.0123, p95_change=None),),
)

CHANGED = WalletDiff(
    wallet=A,
    presence=Presence.BOTH,
    tx_count=9.0,
    verdict_before="WATCH",
    verdict_after="COPY",
    gained=("Whale",),
    lost=("Bot",),
    moved=(
        MovedEstimate(
            name="edge_bps",
            before=-1.0,
            before_low=-2.0,
            before_high=-0.5,
            after=3.25,
            after_low=1.0,
            after_high=5.0,
        ),
    ),
)
ENTERED = replace(CHANGED, wallet=B, presence=Presence.ENTERED, moved=(), gained=())
LEFT = replace(CHANGED, wallet=C, presence=Presence.LEFT, moved=(), verdict_after=None)
WALLETS = (CHANGED, ENTERED, LEFT)
