"""A real PostgreSQL server of our own: on 127.0.0.1, in a folder of its own, for these tests."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")
USER, PASSWORD = "postgres", "p@ss/word"
QUOTED_PASSWORD = "p%40ss%2Fword"
PATIENCE_S = 30


def find_server() -> Path | None:
    """Return the folder of the newest server's programs, None where none is installed."""
    versions = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class PostgresServer:
    """Started where `start` returns, stopped where `stop` returns; it refuses to run as root."""

    def __init__(self, programs: Path, *, is_synced: bool = False):
        self._programs = programs
        self._fsync = "on" if is_synced else "off"
        self._folder = Path(tempfile.mkdtemp(prefix="hypertrack-postgres-"))
        self._data = self._folder / "data"
        self.port = _free_port()
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, "postgres", "postgres")
        self._run(
            *("initdb", "-D", str(self._data), "-U", USER, "-E", "UTF8", "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={password}"),
        )

    def url(self, schema: str, password: str = QUOTED_PASSWORD) -> str:
        """Return the URL of a dataset in a schema of its own."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/postgres?schema={schema}"

    def start(self) -> None:
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories= "
            f"-c fsync={self._fsync}"
        )
        log = str(self._folder / "log")
        self._control("start", "-l", log, "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; ``immediate`` lets it crash."""
        self._control("stop", "-m", mode)

    def remove(self) -> None:
        """Delete all that it kept; it is stopped."""
        shutil.rmtree(self._folder)

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", str(PATIENCE_S), *words)

    def _run(self, program: str, *words: str) -> None:
        command: Sequence[str] = (str(self._programs / program), *words)
        if os.geteuid() == 0:
            as_postgres = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
            command = ("setpriv", *as_postgres, *command)
        log = self._folder / f"{program}.out"
        with log.open("wb") as output:
            done = subprocess.run(
                command, stdout=output, stderr=output, timeout=2 * PATIENCE_S, cwd="/", check=False
            )
        assert done.returncode == 0, log.read_text()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
