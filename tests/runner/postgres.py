"""A throw-away PostgreSQL in a temporary folder, run without root's rights."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psutil


def binaries() -> Path | None:
    """The folder of the newest PostgreSQL installed, or None."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: float(p.parts[-3])
    )
    on_path = shutil.which("postgres")
    return found[-1].parent if found else (Path(on_path).parent if on_path else None)


def missing() -> str | None:
    """Why there is none to be had here, or None."""
    try:
        import psycopg  # noqa: F401 - asked for, not used
    except ImportError:
        return "psycopg is not installed: the extra `postgresql` brings it"
    return None if binaries() else "PostgreSQL is not installed: `apt-get install postgresql`"


class Server:
    """A server of its own, reached by a Unix socket only. Use as a context manager."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.numbers = count()
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Server":
        as_root = os.geteuid() == 0
        # initdb wants a user with a name; Debian's package brings one, and nobody always is.
        names = {one.pw_name: one.pw_uid for one in pwd.getpwall()} if as_root else {}
        number = names.get("postgres", names.get("nobody"))
        self.user = {"user": number, "group": number, "extra_groups": []} if as_root else {}
        if as_root:
            os.chown(self.folder, number, number)
        self._run("initdb", "-D", "data", "-U", "marks", "--auth=trust", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start, or start again after a kill; back when it answers."""
        self.process = None
        for _ in range(600):
            if self.process is None or self.process.poll() is not None:
                # After a kill, its children may hold the memory a moment longer.
                self.process = self._launch()
            if self._run("pg_isready", "-h", self.folder, "-U", "marks", check=False) == 0:
                return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "log").read_text()[-2000:])

    def _launch(self) -> subprocess.Popen:
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [binaries() / "postgres", "-D", "data", "-k", self.folder, "-h", ""],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.user,
            )

    def kill(self) -> None:
        """kill -9, postmaster and all, as a machine does that loses its power."""
        for one in [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()

    def database(self) -> str:
        """The address of a new, empty database."""
        name = f"marks{next(self.numbers)}"
        self._run("createdb", "-h", self.folder, "-U", "marks", name)
        return f"postgresql://marks@/{name}?host={self.folder}"

    def _run(self, program: str, *arguments: object, check: bool = True) -> int:
        done = subprocess.run(
            [binaries() / program, *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            **self.user,
        )
        if check and done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")
        return done.returncode
