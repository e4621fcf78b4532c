"""Run the command line as ``python -m hypertrack``."""

from hypertrack.cli.main import run

if __name__ == "__main__":
    run()
