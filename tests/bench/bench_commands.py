"""How long the small things take: ``python tests/bench/bench_commands.py``.

Prints CPU seconds and peak memory of answers that need no work: lists, helps, and every no.
"""

import os
import resource
import subprocess
import sys
import tempfile

COMMANDS = (
    "--help",
    "config",
    "categories",
    "models list",
    "models show",
    "train",
    "classify",
    "report",
    "dashboard",
    "wallet 0x9aa589355bf745db9784c8ef3c646360f11b58af",
    "features",
    "verify",
    "seal",
    "import nowhere",
    "record --coins",
    "simulate --write made --trades 0",
)


def main() -> None:
    print("| command | exit | CPU s | MB |\n|---|---|---|---|")
    for words in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            code, usage = measured(words.split(), folder)
        cpu_s = usage.ru_utime + usage.ru_stime
        print(f"| {words[:30]} | {code} | {cpu_s:.2f} | {usage.ru_maxrss / 1024:.0f} |")


def measured(words: list[str], folder: str) -> tuple[int, resource.struct_rusage]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hypertrack", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


if __name__ == "__main__":
    main()
