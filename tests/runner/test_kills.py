"""`kill -9` at random moments: a worker, `mildip grade` itself, the Dask scheduler, PostgreSQL.

After a resume each submission has one result, equal to that of an undisturbed run: the rows of
the gradebook, the last word of the log, the graded notebooks. The moments are drawn with fixed
seeds. Left out: a machine that loses its power in the middle of a write to disk.
"""

import random
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from autograder import grading

COUNT = 18
KILLS = {"parent": 20, "worker": 15, "scheduler": 7, "postgresql": 8}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, released_light, light, outcome) -> tuple:
    course = light.copy(released_light, tmp_path_factory.mktemp("undisturbed") / "class")
    light.hand_in(course, COUNT)
    assert len(list(grading.grade(course, grading.pending(course)))) == COUNT
    return outcome(course)


def finished(course, mildip, *options: object) -> None:
    """Resume until nothing waits any more; twice must do when nobody kills."""
    for _ in range(2):
        process = mildip(course, "grade", *options)
        said, _ = process.communicate(timeout=120)
        assert process.returncode in (0, 1) and "Traceback" not in said, said
        if not grading.pending(course):
            return
    raise AssertionError(f"work is left over: {grading.pending(course)}")


def some_moment(course, process: subprocess.Popen, chance: random.Random) -> None:
    """Back after a few more results, and a little later: at any point of the work on one."""
    logged = course.room / "log.jsonl"

    def lines() -> int:
        return logged.read_bytes().count(b"\n") if logged.exists() else 0

    wanted = lines() + chance.randint(0, 5)
    while lines() < wanted and process.poll() is None:
        time.sleep(0.002)
    time.sleep(chance.choice((0.0, chance.uniform(0.0, 0.1), chance.uniform(0.0, 1.5))))


def gone(processes: list[psutil.Process], seconds: float = 20.0) -> list[psutil.Process]:
    """Those that still run after a while."""
    return psutil.wait_procs(processes, timeout=seconds)[1]


@pytest.mark.parametrize("seed", range(KILLS["parent"] // 5))
def test_is_nothing_lost_when_the_parent_is_killed(
    seed, a_class, mildip, below, outcome, undisturbed, tell
):
    course, chance = a_class(COUNT), random.Random(f"parent {seed}")
    graded = []
    for _ in range(5):
        process = mildip(course, "grade")
        some_moment(course, process, chance)
        family = below(process.pid)
        process.kill()
        process.wait()
        assert not gone(family), "a worker or a sandbox outlived its parent"
        graded.append(len({event["folder"] for event in course.events("grade")}))
    finished(course, mildip)
    assert outcome(course) == undisturbed
    tell(f"parent killed 5 times, graded by then {graded} of {COUNT}, none lost")


@pytest.mark.parametrize("seed", range(KILLS["worker"] // 5))
def test_is_nothing_lost_when_workers_are_killed(
    seed, a_class, mildip, below, outcome, undisturbed, tell
):
    course, chance = a_class(COUNT), random.Random(f"worker {seed}")
    killed: list[str] = []
    while len(killed) < 5:
        process = mildip(course, "grade", "--workers", 2)
        while process.poll() is None and len(killed) < 5:
            some_moment(course, process, chance)
            # Not a learner's own process: its end is told as the learner's doing.
            family = [one for one in below(process.pid) if _words(one) in ("worker", "bwrap")]
            if family:
                victim = chance.choice(family)
                killed.append(_words(victim))
                victim.kill()
        said, _ = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        if not grading.pending(course):
            _begin_anew(course)
    finished(course, mildip)
    assert outcome(course) == undisturbed
    tell(f"killed: {'; '.join(killed)}; none lost")


def _begin_anew(course) -> None:
    """As before the first run. Results that are remembered would leave nothing to kill."""
    shutil.rmtree(course.room / "cache")
    (course.room / "log.jsonl").unlink()
    first = sorted((course.room / "backups").glob("gradebook-*.db"))[0]
    first.replace(course.room / "gradebook.db")


def _words(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return "gone"
    for word in ("bwrap", "warm", "forkserver", "resource_tracker"):
        if word in command:
            return {"forkserver": "worker", "warm": "sandbox"}.get(word, word)
    return "another"


@pytest.mark.parametrize("seed", range(KILLS["postgresql"] // 4))
def test_is_nothing_lost_when_postgresql_is_killed(
    seed, server, released_light, light, tmp_path, database, mildip, outcome, undisturbed, tell
):
    from autograder.release import release

    course = database(light.copy(released_light, tmp_path / "class"))
    release(course, light.MODULE)
    light.hand_in(course, COUNT)
    chance = random.Random(f"postgresql {seed}")
    ends = []
    for _ in range(4):
        process = mildip(course, "grade")
        some_moment(course, process, chance)
        server.kill()
        said, _ = process.communicate(timeout=120)
        ends.append(process.returncode)
        assert "Traceback" not in said, said
        server.start()
    finished(course, mildip)
    assert outcome(course) == undisturbed
    tell(f"PostgreSQL killed 4 times, exit codes {ends}, none lost")


@pytest.mark.parametrize("seed", range(KILLS["scheduler"]))
def test_is_nothing_lost_when_the_dask_scheduler_is_killed(
    seed, a_class, mildip, outcome, undisturbed, tell
):
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    course, chance = a_class(COUNT), random.Random(f"scheduler {seed}")
    for number in range(2):
        with _cluster() as (address, scheduler):
            process = mildip(course, "grade", "--dask", address)
            if number == 0:
                some_moment(course, process, chance)
                before = len(list(course.events("grade")))
                scheduler.kill()
            said, _ = process.communicate(timeout=120)
            assert "Traceback" not in said, (number, said)
    assert not grading.pending(course)
    assert outcome(course) == undisturbed
    tell(f"scheduler killed after {before} of {COUNT} results, none lost")


class _cluster:  # noqa: N801 - used as a function
    """A Dask scheduler with one worker, each a process of its own."""

    def __enter__(self):
        python = [sys.executable, "-m", "distributed.cli."]
        self.scheduler = subprocess.Popen(
            [*python[:2], "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--no-show"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        address = next(line.split()[-1] for line in self.scheduler.stderr if "Scheduler at" in line)
        self.worker = subprocess.Popen(
            [*python[:2], "distributed.cli.dask_worker", address, "--nthreads", "1",
             "--no-dashboard", "--no-nanny", "--death-timeout", "60"],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return address, self.scheduler

    def __exit__(self, *_):
        family = [*psutil.Process(self.worker.pid).children(recursive=True)]
        for process in (self.worker, self.scheduler):
            process.send_signal(signal.SIGKILL)
            process.wait()
        for process in family:
            if process.is_running():
                process.kill()
        self.scheduler.stderr.close()
