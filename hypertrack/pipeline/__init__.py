"""One function per command: the rooms are put together here and nowhere else.

Each function loads only the rooms it uses, so that recording never waits for torch.
"""
