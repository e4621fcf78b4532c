"""What the network need not learn: how far the signs of a program tell what later ones will say.

Outcomes that the signs tell of are few: a network that begins with none of this forgets more of
it than it adds.
"""

import numpy as np
import torch
from torch import Tensor

from hypertrack.labels.targets import TARGETS
from hypertrack.model.baselines import fit_one
from hypertrack.model.inputs import InputScaler
from hypertrack.model.samples import Samples

SIGNS = "program_lean"
BOT = TARGETS.index("bot_probability")


def signs_of_programs(samples: Samples, scaler: InputScaler) -> Tensor | None:
    """Return what each input adds to each logit, ``[inputs, targets]``: the signs, to that of bots.

    By logistic regression on the signs alone, over the training rows. None where the features do
    not hold them, or too few rows are known to be bots or not.
    """
    if SIGNS not in scaler.names:
        return None
    place = scaler.names.index(SIGNS)
    inputs = scaler.transform(samples.train.features)[:, [place]].astype(np.float64)
    model = fit_one(samples, inputs, BOT)
    if model is None:
        return None
    head_start = torch.zeros(scaler.n_inputs, len(TARGETS))
    head_start[place, BOT] = float(model.coef_[0, 0])
    return head_start
