"""What is to be asked of which wallets, and what of it is left to ask."""

from collections.abc import Iterator, Mapping, Sequence

from hypertrack.feeds.account_questions import KINDS, MAX_FILLS, Step, is_funded
from hypertrack.importing.accounts.step_progress import StepLine, StepProgress, StepState
from hypertrack.records import Record, replace

OVERLAP_MS = 60_000
"""Fills and flows are asked for from so long before the newest stored one."""

TradeKey = tuple[str, int, int]
"""Coin, exchange time in ms, trade id."""

FULL_PAGES = -(-MAX_FILLS // KINDS["userFillsByTime"].max_items)


class Asking(Record, frozen=True, kw_only=True):
    """Wallets, steps and how they are asked."""

    wallets: tuple[str, ...]
    """Lower case."""
    steps: tuple[Step, ...]
    """In the order in which they are asked."""
    dexes: Mapping[str, tuple[str, ...]] = {}
    """By wallet, the builders' dexes that it is asked about, beside the venue's own."""
    since_ms: int = 0
    """Nothing older is asked for, exchange time."""
    max_age_ms: int = 3_600_000
    """A position or a portfolio that is younger is not asked for again, wall clock."""
    slices: Mapping[str, frozenset[TradeKey]] = {}
    """By wallet, what it took on the tape that seems to be slices of a TWAP."""
    coins: Mapping[str, int] = {}
    """What the wallets traded on the tape, and when first, exchange time in ms."""

    def jobs(self, progress: StepProgress, now_ms: int) -> list[StepLine]:
        """Return what is to be done, each as the last line that was written of it.

        Where an earlier run was cut short only what it left is done; else what may be new.
        """
        wanted = [
            (wallet, step)
            for wallet in self.wallets
            for step in self.steps
            if step is not Step.RATES and (step is not Step.TWAP or wallet in self.slices)
        ]
        last = {key: progress.last(*key) for key in wanted}
        is_resumed = any(line is not None and line.is_open for line in last.values())
        return [
            job
            for key, line in last.items()
            if (job := self._job(key, line, now_ms, is_resumed=is_resumed)) is not None
        ]

    def _job(
        self, key: tuple[str, Step], line: StepLine | None, now_ms: int, *, is_resumed: bool
    ) -> StepLine | None:
        wallet, step = key
        if line is None:
            return StepLine(
                wallet=wallet,
                step=step,
                state=StepState.TODO,
                at_ms=now_ms,
                since_ms=self.since_ms,
            )
        if line.is_open:
            return line
        if line.state is StepState.DONE and (is_resumed or self._is_fresh(line, now_ms)):
            return None
        since_ms = line.since_ms if line.newest_ms is None else line.newest_ms - OVERLAP_MS
        return replace(
            line,
            state=StepState.TODO,
            at_ms=now_ms,
            since_ms=since_ms,
            cursor_ms=None,
            end_ms=None,
            reason=None,
        )

    def _is_fresh(self, line: StepLine, now_ms: int) -> bool:
        if line.step is Step.ROLE:
            return True
        is_state = line.step in {Step.POSITIONS, Step.PORTFOLIO, Step.SPOT}
        return is_state and now_ms - line.at_ms < self.max_age_ms


class Estimate(Record, frozen=True, kw_only=True):
    """What a step of all wallets comes to, from least to most."""

    step: Step
    n_wallets: int
    n_questions: tuple[int, int]
    weight: tuple[int, int]


def estimates(asking: Asking, jobs: Sequence[StepLine]) -> Iterator[Estimate]:
    """Yield what the jobs of each step come to.

    Fills are at least one full page and at most all that the venue keeps; the other pages one. Of
    rates a page for each coin of the tape: fills of longer ago, or of other coins, need more.
    """
    for step in asking.steps:
        if step is Step.RATES and (n := sum(map(is_funded, asking.coins))):
            kind = KINDS["fundingHistory"]
            weight = (n * kind.weight, n * kind.most)
            yield Estimate(
                step=step, n_wallets=len(asking.wallets), n_questions=(n, n), weight=weight
            )
        mine = [job for job in jobs if job.step is step]
        if mine:
            parts = [_cost(asking, job) for job in mine]
            yield Estimate(
                step=step,
                n_wallets=len(mine),
                n_questions=(sum(n[0] for n, _ in parts), sum(n[1] for n, _ in parts)),
                weight=(sum(w[0] for _, w in parts), sum(w[1] for _, w in parts)),
            )


def likely_weight(asking: Asking, job: StepLine) -> int:
    """Return about what a job weighs, for telling how far a run is."""
    return _cost(asking, job)[1][0]


def _cost(asking: Asking, job: StepLine) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return least and most questions, and least and most weight."""
    match job.step:
        case Step.POSITIONS:
            n = 1 + len(asking.dexes.get(job.wallet, ()))
            return (n, n), (n * KINDS["clearinghouseState"].weight,) * 2
        case Step.FILLS | Step.TWAP:
            page = KINDS["userFillsByTime"].most
            return (1, FULL_PAGES), (page, FULL_PAGES * page)
        case Step.PORTFOLIO:
            return (1, 1), (KINDS["portfolio"].weight,) * 2
        case Step.SPOT:
            return (1, 1), (KINDS["spotClearinghouseState"].weight,) * 2
        case Step.ROLE:
            base, more = KINDS["userRole"].weight, KINDS["vaultDetails"].weight
            return (1, 2), (base, base + more)
        case _:
            kind = KINDS["userFunding"]
            return (1, 1), (kind.weight, kind.most)
