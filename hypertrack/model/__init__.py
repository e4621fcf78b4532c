"""The network, its training, evaluation and versions."""
