"""What was collected: the facts of a session, and the same as a page of text."""

import platform
from pathlib import Path

from hypertrack import __version__
from hypertrack.clock import utc
from hypertrack.config import Settings
from hypertrack.recording.plan import RecordingPlan
from hypertrack.records import FeedStatus, RecordingReport
from hypertrack.store.files.layout import dataset_files
from hypertrack.store.files.manifest import Manifest

RULE = "=" * 80


def render_collection_report(report: RecordingReport) -> str:
    """Return the text of ``data_collection_report.txt``."""
    status = report.status
    lines = [
        RULE,
        "DATA COLLECTION REPORT",
        RULE,
        *([f"Note: {report.notice}"] if report.notice else []),
        f"Dataset: {report.folder}",
        f"Started: {utc(report.started_ms)}",
        f"Ended:   {utc(report.ended_ms)} after {status.elapsed_s:,.1f} s",
        f"Exchange time: {utc(report.exchange_start_ms)} to {utc(report.exchange_end_ms)}",
        *([f"Session before: moved to {report.archived}"] if report.archived else []),
        "",
        f"{'feed':<14}{'frames':>12}{'lines':>12}{'repeated':>10}{'shed':>8}{'gaps':>6}"
        f"{'lag p50':>12}{'lag p99':>12}",
        *map(_feed_line, status.feeds),
        "",
        f"Connections lost and made again: {status.n_reconnects}",
        f"Unreadable frames, kept in the quarantine: {status.n_quarantined}",
        f"Coins refused by the venue: {', '.join(status.refused) or 'none'}",
        f"Never observed: {', '.join(report.unobserved) or 'none'}",
        f"Intervals missing: {_gaps(report.n_gaps_by_cause)}",
        "",
        "Repeated: trades that the venue sent again at a subscription; stored once.",
        "What was observed when, and what is missing, stands in the coverage ledger.",
    ]
    return "\n".join(lines) + "\n"


def describe(
    report: RecordingReport, plan: RecordingPlan, settings: Settings, *, is_complete: bool
) -> Manifest:
    """Return the manifest of a session as it stands; secrets are masked."""
    folder = Path(report.folder)
    return Manifest(
        hypertrack_version=__version__,
        python_version=platform.python_version(),
        notice=report.notice,
        is_complete=is_complete,
        coins=plan.coins,
        aliases=plan.aliases,
        feeds=tuple(plan.feeds),
        report=report,
        bytes_by_file={
            str(path.relative_to(folder)): path.stat().st_size for path in dataset_files(folder)
        }
        or {str(feed.feed): feed.n_bytes for feed in report.status.feeds},
        settings=settings.model_dump(mode="json", include={"venue", "record"}),
    )


def _feed_line(feed: FeedStatus) -> str:
    return (
        f"{feed.feed:<14}{feed.n_frames:>12,}{feed.n_rows:>12,}{feed.n_duplicates:>10,}"
        f"{feed.n_shed:>8,}{feed.n_gaps:>6,}{_ms(feed.lag_p50_ms):>12}{_ms(feed.lag_p99_ms):>12}"
    )


def _ms(value: int | None) -> str:
    return "–" if value is None else f"{value:,} ms"


def _gaps(n_by_cause: dict[str, int]) -> str:
    return ", ".join(f"{n} ({cause})" for cause, n in n_by_cause.items()) or "none"
