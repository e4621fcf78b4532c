"""The network, its training, evaluation and versions."""

MODEL_NAME = "wallet_model.pt"
"""The checkpoint in use, in the working folder."""
