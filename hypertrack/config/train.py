"""How models are trained and held to account: samples, targets, the network, its evaluation."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hypertrack.config.section import Section

Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]

ORIGINAL = {
    "hidden": (256, 256, 128),
    "n_members": 1,
    "input_noise": 0.0,
    "binary_loss": "brier",
    "is_calibrated": False,
    "has_head_start": False,
    "learning_rate": 1e-3,
}
"""What ``train.preset = "original"`` changes."""


class TrainSettings(Section):
    """Samples, targets, the network and its evaluation (model.md)."""

    min_wallets: Count = 50
    min_train_rows: Count = 200
    min_train_executions: Count = 10
    """Executions in the feature window that make a wallet a sample."""
    train_cuts_frac: Annotated[tuple[Fraction, ...], Field(min_length=1)] = (0.3, 0.4, 0.5, 0.6)
    test_cut_frac: Fraction = 0.8
    outcome_frac: Fraction = 0.2
    """Length of an outcome window over the observed span, embargo included."""
    embargo_s: Positive = 1_800.0
    """Between features and outcome: the longest markout horizon."""
    held_out_wallet_frac: Fraction = 0.2
    validation_wallet_frac: Fraction = 0.1
    profit_hurdle_bps: float = 0.0
    """By which the next openings must gain more than they cost, to be a yes of profitability."""
    estimator: Literal["net", "linear", "trees", "best"] = "net"
    """What ``classify`` asks: the network, a linear model, boosted trees, or for each head the
    one that was best on wallets it was not trained on (never on the test rows)."""
    preset: Literal["tuned", "original"] = "tuned"
    """``original`` is the network of the predecessor: it changes the defaults of hidden (256, 256,
    128), n_members (1), learning_rate (1e-3), binary_loss (brier), input_noise (0),
    is_calibrated (false) and has_head_start (false)."""
    hidden: tuple[Count, ...] = (128, 64)
    """Widths of the encoder's layers."""
    n_members: Count = 5
    """Networks whose mean is the answer. Each leaves out another part of the training wallets,
    on which it stops early; one alone stops on the validation wallets."""
    dropout_frac: Annotated[float, Field(ge=0, lt=1)] = 0.3
    input_noise: Annotated[float, Field(ge=0)] = 0.3
    """Noise on the inputs in training, in standard deviations of each."""
    binary_loss: Literal["log", "brier"] = "log"
    """What the yes-or-no heads minimise in training; they are judged by Brier either way."""
    is_calibrated: bool = True
    """Shrink answers towards the average as far as wallets not trained on say."""
    has_head_start: bool = True
    """Let the bot score begin with what the signs of a program tell (`program_lean`), and both
    scores of skill with what the wallet's own past lets expect (`own_edge_bps`), so that the
    network learns what they leave open."""
    learning_rate: Positive = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-5
    batch_size: Count = 32
    max_steps_per_epoch: Count = 150
    """Batches of more rows where there would be more. Of 1,000 steps the network of a simulated
    month (21,661 rows) took 49 CPU seconds instead of 21, and no head was better for it."""
    max_epochs: Count = 20
    patience_epochs: Count = 5
    max_gradient_norm: Positive = 1.0
    diversity_weight: Annotated[float, Field(ge=0)] = 0.01
    """The original's output-diversity term; 0 turns it off."""
    loss_weight_bot: Annotated[float, Field(ge=0)] = 0.25
    loss_weight_profitability: Annotated[float, Field(ge=0)] = 0.25
    loss_weight_risk: Annotated[float, Field(ge=0)] = 0.15
    loss_weight_sophistication: Annotated[float, Field(ge=0)] = 0.15
    loss_weight_style: Annotated[float, Field(ge=0)] = 0.10
    loss_weight_influence: Annotated[float, Field(ge=0)] = 0.10
    n_bootstrap: Count = 1_000
    """Resamples behind each 95 % interval."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def weight_by_head(self) -> dict[str, float]:
        """Return the weight of each head in the loss."""
        return {
            "profitability_score": self.loss_weight_profitability,
            "risk_score": self.loss_weight_risk,
            "bot_probability": self.loss_weight_bot,
            "sophistication_score": self.loss_weight_sophistication,
            "influence_score": self.loss_weight_influence,
            "trading_style": self.loss_weight_style,
        }

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, given: Any) -> Any:
        is_original = isinstance(given, dict) and given.get("preset") == "original"
        return {**ORIGINAL, **given} if is_original else given

    @model_validator(mode="after")
    def _cuts_are_ordered(self) -> "TrainSettings":
        cuts = (*self.train_cuts_frac, self.test_cut_frac)
        if list(cuts) != sorted(set(cuts)):
            raise ValueError(
                "train_cuts_frac must rise and stay below test_cut_frac, found "
                f"{self.train_cuts_frac} and {self.test_cut_frac}"
            )
        return self
