"""What differs between two sets of profiles, in finished strings for terminal and page."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypertrack.clock import utc
from hypertrack.outputs.wording import HEAD_NAMES, capitalized, plural
from hypertrack.records import (
    CategoryChange,
    ComparedProfiles,
    EstimateChange,
    MovedEstimate,
    Presence,
    ProfileDiff,
    ProfileHeader,
    ScoreChange,
    Verdict,
    WalletDiff,
)
from hypertrack.text import duration, printable, with_minus

ESTIMATE_NAMES = {"edge_bps": "edge", "copy_edge_bps": "edge left for a copier"}

LONGER = 1.1
"""From which ratio of lengths on counts are not to be compared without saying so."""

NOT_JUDGED = "not judged"

NO_BREAK = "\N{NO-BREAK SPACE}"

Row = tuple[str, ...]


@dataclass(frozen=True)
class DiffView:
    """What stands on the page, and on the terminal.

    Attributes:
        says: Sentences, the most important first.
        remarks: What besides the wallets differs.
        sides: Name, place, span and number of wallets of either.
        wallets: Address, what became of it, and the verdict now.
        n_more: Wallets that differ and are not among these.
    """

    says: tuple[str, ...]
    remarks: tuple[str, ...]
    sides: tuple[Row, ...]
    verdicts: tuple[Row, ...]
    categories: tuple[Row, ...]
    estimates: tuple[Row, ...]
    scores: tuple[Row, ...]
    wallets: tuple[Row, ...]
    n_more: int


def diff_view(diff: ProfileDiff, wallets: tuple[WalletDiff, ...]) -> DiffView:
    """Return the view.

    Args:
        wallets: Those to show, in their order.
    """
    changed = [each for each in diff.categories if each.n_gained or each.n_lost]
    return DiffView(
        says=tuple(map(capitalized, _sentences(diff))),
        remarks=tuple(map(printable, diff.remarks)),
        sides=(_side("before", diff.before), _side("after", diff.after)),
        verdicts=tuple(
            (_verdict(each.before), _verdict(each.after), f"{each.n_wallets:,}")
            for each in diff.verdicts
        ),
        categories=tuple(map(_category, changed)),
        estimates=tuple(map(_estimate, diff.estimates)),
        scores=tuple(map(_score, diff.scores)),
        wallets=tuple(map(_wallet, wallets)),
        n_more=diff.n_entered + diff.n_left + diff.n_changed - len(wallets),
    )


def remarks(before: ProfileHeader, after: ProfileHeader) -> Iterator[str]:
    """Yield what besides the wallets differs, so that a change may not be theirs."""
    if before.fingerprint and before.fingerprint == after.fingerprint:
        yield "both come from the same data, settings and model"
    for when, notice in _notices(before.notice, after.notice):
        yield f"{when}: {printable(notice)}"
    lengths = [each.data.observed_days * 86_400 for each in (before, after)]
    if max(lengths) > LONGER * min(lengths):
        told = " then ".join(duration(length) for length in lengths)
        yield f"observed for {told}: counts and sums grow with the time"
    if before.edition != after.edition:
        yield f"the rules are of two editions: {before.edition}, then {after.edition}"
    changed = sorted(
        name
        for name in {*before.thresholds, *after.thresholds}
        if before.thresholds.get(name) != after.thresholds.get(name)
    )
    if changed:
        yield f"the rules ask for other numbers: {', '.join(changed)}"
    versions = [None if each.model is None else each.model.version for each in (before, after)]
    if None not in versions and versions[0] != versions[1]:
        yield "scores come from other models, so that they differ without any change of a wallet"
    if versions.count(None) == 1:
        yield "only one of the two has scores, and the categories that rest on them"
    yield from _skill_remarks(before, after)


def _notices(before: str | None, after: str | None) -> Iterator[tuple[str, str]]:
    if before is not None and before == after:
        yield "both", before
        return
    yield from ((when, notice) for when, notice in (("before", before), ("after", after)) if notice)


def _skill_remarks(before: ProfileHeader, after: ProfileHeader) -> Iterator[str]:
    if before.skill is None or after.skill is None:
        if before.skill is not after.skill:
            yield "only one of the two tells of skill, so verdicts and edges are not compared"
        return
    asked = [(each.delay_s, each.size_usd) for each in (before.skill, after.skill)]
    if asked[0] != asked[1]:
        told = " then ".join(f"{delay:g} s and ${size:,.0f}" for delay, size in asked)
        yield f"a copier has another delay and size: {told}"


def _sentences(diff: ProfileDiff) -> Iterator[str]:
    yield (
        f"{plural(diff.before.n_wallets, 'wallet')} before, {diff.after.n_wallets:,} after: "
        f"{diff.n_both:,} in both, {diff.n_entered:,} entered, {diff.n_left:,} left"
    )
    if diff.before.is_judged and diff.after.is_judged:
        n_other = sum(each.n_wallets for each in diff.verdicts)
        have = "has" if n_other == 1 else "have"
        yield f"{plural(n_other, 'wallet')} in both {have} another verdict{_copy_words(diff)}"
    for each in diff.estimates:
        if not each.n_compared:
            continue
        n_moved = each.n_up + each.n_down
        yield (
            f"the {ESTIMATE_NAMES[each.name]} of {n_moved:,} of {each.n_compared:,} moved beyond "
            f"its intervals: the two of 90{NO_BREAK}% do not touch"
        )
    yield f"{diff.n_changed:,} in both changed in any of these or in a category"


def _copy_words(diff: ProfileDiff) -> str:
    copy = Verdict.COPY.value
    n_gained = sum(each.n_wallets for each in diff.verdicts if each.after == copy)
    n_lost = sum(each.n_wallets for each in diff.verdicts if each.before == copy)
    return f"; {n_gained:,} became COPY, {n_lost:,} ceased to be" if n_gained + n_lost else ""


def _side(name: str, side: ComparedProfiles) -> Row:
    start, end = (utc(at)[:16].replace("T", " ") for at in (side.start_ms, side.end_ms))
    span = f"{start} to {end} UTC"
    return name, printable(side.place), span, f"{side.n_wallets:,}", side.model or "rules alone"


def _verdict(verdict: str | None) -> str:
    return NOT_JUDGED if verdict is None else verdict


def _category(change: CategoryChange) -> Row:
    counts = (f"{n:,}" for n in (change.n_before, change.n_after))
    changes = (with_minus(f"{n:+,}") if n else "0" for n in (change.n_gained, -change.n_lost))
    return (printable(change.name), *counts, *changes)


def _estimate(change: EstimateChange) -> Row:
    up_and_down = (f"{change.n_up:,}", f"{change.n_down:,}")
    return (ESTIMATE_NAMES[change.name], f"{change.n_compared:,}", *up_and_down)


def _score(change: ScoreChange) -> Row:
    sizes = (change.median_change, change.p95_change)
    told = ("–" if size is None else f"{size:.3f}" for size in sizes)
    return (HEAD_NAMES[change.name], f"{change.n_compared:,}", *told)


def _wallet(wallet: WalletDiff) -> Row:
    cells = (wallet.wallet, "; ".join(_changes(wallet)), _verdict(wallet.verdict_after))
    return tuple(map(printable, cells))


def _changes(wallet: WalletDiff) -> Iterator[str]:
    if wallet.presence is Presence.ENTERED:
        yield f"entered: {', '.join(wallet.gained) or 'no category'}"
        return
    if wallet.presence is Presence.LEFT:
        was = "" if wallet.verdict_before is None else f"{wallet.verdict_before}, "
        yield f"left: was {was}{', '.join(wallet.lost) or 'no category'}"
        return
    if wallet.verdict_before != wallet.verdict_after:
        yield f"{_verdict(wallet.verdict_before)} → {_verdict(wallet.verdict_after)}"
    yield from map(_moved, wallet.moved)
    yield from (f"+ {name}" for name in wallet.gained)
    yield from (f"− {name}" for name in wallet.lost)


def _moved(each: MovedEstimate) -> str:
    before = f"{each.before:+.1f} [{each.before_low:+.1f}, {each.before_high:+.1f}]"
    after = f"{each.after:+.1f} [{each.after_low:+.1f}, {each.after_high:+.1f}]"
    return with_minus(f"{ESTIMATE_NAMES[each.name]} {before} → {after} bps")
