"""Training on the terminal: stages and epochs while it runs, the evaluation when it is done."""

from typing import TYPE_CHECKING

from rich.progress import Progress

from hypertrack.cli.session import Session
from hypertrack.cli.tables import evaluation_table
from hypertrack.records import EpochResult, LeakChecks, ModelSummary, as_dict
from hypertrack.text import with_minus

if TYPE_CHECKING:
    from hypertrack.pipeline.train import Stage, TrainedModel


class TrainingProgress:
    """Draws stages as one bar, epochs as its detail."""

    def __init__(self, session: Session, bars: Progress):
        self._session = session
        self._bars = bars
        self._task = bars.add_task("training", total=None, detail="")

    def on_stage(self, stage: "Stage") -> None:
        """Show what is about to be done."""
        self._bars.update(
            self._task,
            description=stage.text,
            completed=stage.n_done,
            total=stage.n_stages,
            detail="",
        )
        if self._session.is_json:
            self._session.emit({"event": "stage", **as_dict(stage)})

    def on_epoch(self, epoch: EpochResult) -> None:
        """Show losses, and print them where they stay."""
        mark = "*" if epoch.is_best else " "
        skills = "  ".join(
            with_minus(f"{head.split('_')[0]} {s:+.3f}") for head, s in epoch.skill_by_head.items()
        )
        line = (
            f"epoch {epoch.epoch:>2}/{epoch.n_epochs}{mark} loss {epoch.train_loss:.4f} "
            f"validation {epoch.validation_loss:.4f}"
        )
        self._bars.update(self._task, detail=line)
        if self._session.is_json:
            self._session.emit({"event": "epoch", **as_dict(epoch)})
        else:
            self._bars.console.print(f"{line}  skill: {skills}", style="dim", soft_wrap=True)

    def finish(self) -> None:
        """Mark all as done."""
        self._bars.update(self._task, description="trained", total=1, completed=1, detail="")


def show_model(session: Session, trained: "TrainedModel") -> None:
    """Print each head beside what it had to beat, and what that means."""
    model = trained.summary
    if session.is_json:
        session.emit(
            {
                "event": "trained",
                "folder": str(trained.folder),
                "is_promoted": trained.is_promoted,
                **as_dict(model),
            }
        )
        return
    session.out.print(evaluation_table(model))
    session.err.print(verdict(model), soft_wrap=True)
    session.err.print(leak_line(trained.model.card.leaks), markup=False, soft_wrap=True)
    session.err.print(f"saved {trained.folder}", markup=False, soft_wrap=True)
    if not trained.is_promoted:
        session.err.print(_why_not_promoted(trained), style="yellow", markup=False, soft_wrap=True)


def verdict(model: ModelSummary) -> str:
    """Return in words which heads are heard."""
    earned = [head.head for head in model.heads if head.has_earned_weight]
    trained = (
        f"{model.n_train_rows:,} rows of {model.n_train_wallets:,} wallets trained, "
        f"{model.n_test_rows:,} later rows tested"
    )
    if model.n_by_profit:
        trained += f"; {model.n_by_profit:,} chosen by past profit left out until they were"
    if not earned:
        return f"{trained}. No head showed skill: all scores are shown as unproven."
    return f"{trained}. Earned weight: {', '.join(earned)}. The others are shown as unproven."


def leak_line(leaks: LeakChecks | None) -> str:
    """Return in a sentence what the checks for leaks found."""
    if leaks is None:
        return "Not checked for leaks."
    if leaks.failed:
        return "Leaks: " + "; ".join(sorted(set(leaks.failed.values())))
    truncation = leaks.truncation
    features = (
        ""
        if truncation is None
        else f"; {truncation.n_features} features of {truncation.n_wallets:,} wallets are the same "
        "without later data"
    )
    return f"No leak found: no skill is left on outcomes dealt out anew{features}."


def _why_not_promoted(trained: "TrainedModel") -> str:
    against = trained.against_champion
    if against is None or against.overall is None or not against.is_a_worse:
        return "not in use: trained by force, beside a champion that was not"
    return (
        f"not in use: worse than {against.version_b} by {-against.overall.value:.3f} skill on the "
        f"same rows; `hypertrack models promote {trained.summary.version} --force` puts it in use"
    )
