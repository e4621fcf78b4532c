"""Everything hypertrack foresees going wrong, each with the exit status it ends a command with.

A message says what was needed, what was found and what to do next.

    HypertrackError
    ├── ConfigError          settings or usage (exit 2)
    ├── DatasetError         a dataset is missing, foreign, locked or full
    ├── NotEnoughDataError   the data is there and too little
    ├── VenueError           the venue is unreachable or answered with an error
    ├── EngineError          what computes features could not be started or reached
    ├── LeakageError         a feature uses what was recorded after its cut
    └── ModelError           a checkpoint is missing, torn, foreign or does not fit
"""


class HypertrackError(Exception):
    """A foreseen failure; its text is shown to the user as one line."""

    exit_code = 1


class ConfigError(HypertrackError):
    """Settings or arguments that cannot be meant."""

    exit_code = 2


def port_refused(host: str, port: int, flag: str, error: OSError) -> ConfigError:
    """Return what is to be said where a port is taken, not ours, or there is no such host."""
    return ConfigError(
        f"a free port is needed, found {host}:{port} in use or not ours; choose another {flag} "
        f"({error.strerror or error})"
    )


class DatasetError(HypertrackError):
    """A dataset that is missing, locked, full or not ours."""


class NotEnoughDataError(HypertrackError):
    """A dataset too small for what was asked."""


class EngineError(HypertrackError):
    """What computes features could not be started or reached."""


class LeakageError(HypertrackError):
    """A feature that uses what was recorded after its cut."""


class VenueError(HypertrackError):
    """The venue could not be reached, or refused."""


class ModelError(HypertrackError):
    """A checkpoint that is missing, torn, foreign or does not fit the features."""
