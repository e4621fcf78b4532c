"""The whole job as a script: record, train, classify, report, dashboard.

For an hour of Hyperliquid itself:
    python examples/whole_flow.py --seconds 3600
For what `hypertrack simulate --speed 0` serves:
    python examples/whole_flow.py --seconds 40 --url http://127.0.0.1:8765
"""

import argparse
import threading
from pathlib import Path

from hypertrack.config import load_config
from hypertrack.errors import NotEnoughDataError
from hypertrack.pipeline import classify, dashboard, record, report, train
from hypertrack.records import EpochResult


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--url", help="another venue with the same protocol")
    parser.add_argument("--folder", type=Path, default=Path("whole_flow"))
    words = parser.parse_args()
    settings = load_config(
        flags={
            "data": words.folder / "recorded_data",
            "out": words.folder,
            "venue.url": words.url,
            "record.feeds": ("trades", "candles"),
            "record.coins": "top:10",
        }
    ).settings

    plan = record.plan(settings)  # asks the venue for its coins
    print(f"recording {', '.join(plan.coins)} for {words.seconds:.0f} s")
    record.record(
        settings,
        plan,
        stop=threading.Event(),  # set it from elsewhere to end sooner
        on_status=lambda status: print(f"\r{status.n_rows:,} lines", end="", flush=True),
        duration_s=words.seconds,
    )

    has_model = True
    try:
        trained = train.train(settings, print_stage, print_epoch)
        for head in trained.summary.heads:
            print(head.reason)
    except NotEnoughDataError as error:
        print(f"\n{error}; going on with the rules alone")
        has_model = False

    header = classify.classify(settings, with_model=has_model).header
    for name, n in header.n_wallets_by_category.items():
        print(f"{n:>6,}  {name}")
    print(report.write_report(settings, with_model=has_model))
    print(dashboard.write_dashboard(settings, with_model=has_model))


def print_stage(stage: "train.Stage") -> None:
    print(f"\n{stage.text}")


def print_epoch(epoch: EpochResult) -> None:
    print(f"epoch {epoch.epoch}: validation loss {epoch.validation_loss:.4f}")


if __name__ == "__main__":
    main()
