"""Measure by hand: classes of growing size, and a large gradebook. Prints one line a figure.

    python tests/runner/scale.py class 100 300 1000     seconds and memory of whole runs
    python tests/runner/scale.py gradebook 70000        submissions a second into a database
    python tests/runner/scale.py gradebook 70000 --postgresql

What was measured last stands in docs/scale.md.
"""

import argparse
import contextlib
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import light
import postgres
import psutil

from autograder import gradebook, grading
from autograder.classroom import Course, Learner
from autograder.release import release

SCORES = (
    {"t1_check": 2.0, "t2_check": 1.5, "t3": None},
    {"t1_check": 0.0, "t2_check": 0.0, "t3": 0.0},
)


class Memory(threading.Thread):
    """Megabytes held by a process, and by all below it, looked at now and then."""

    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.process = process
        self.done = threading.Event()
        self.own: list[float] = []
        self.below: list[float] = []

    def run(self) -> None:
        while not self.done.wait(0.25):
            try:
                own = self.process.memory_info().rss / 1e6
                family = self.process.children(recursive=True)
            except psutil.Error:
                return
            total = 0.0
            for child in family:
                with contextlib.suppress(psutil.Error):
                    total += child.memory_full_info().pss / 1e6
            if own:  # it has not just ended
                self.own.append(own)
                self.below.append(total)

    def told(self) -> dict:
        """At a third of the way and at the end: flat means that both are alike."""
        self.done.set()
        self.join()
        third = len(self.own) // 3
        return {
            "parent_mb": [round(self.own[third]), round(max(self.own[-3:]))],
            "workers_mb": [round(max(self.below[: 2 * third] or [0])), round(max(self.below))],
        }


def a_class(released: Course, folder: Path, count: int, workers: int = 2) -> dict:
    """`mildip grade` of a class of `count` with nothing known; seconds, rate and memory."""
    course = light.copy(released, folder / f"class-{count}")
    light.hand_in(course, count)
    began = time.monotonic()
    grading.pending(course)
    found = time.monotonic() - began
    began = time.monotonic()
    process = light.mildip(course, "grade", "--workers", workers, stdout=subprocess.DEVNULL)
    memory = Memory(psutil.Process(process.pid))
    memory.start()
    process.wait()
    seconds = time.monotonic() - began
    results = {event["folder"]: event["result"] for event in course.events("grade")}
    as_expected = sum(
        result == light.expected(int(folder.split("-")[1])) for folder, result in results.items()
    )
    began = time.monotonic()
    gradebook.rows(course)
    return {
        "submissions": count,
        "as_expected": as_expected,
        "seconds": round(seconds, 1),
        "per_s": round(count / seconds, 1),
        "listing_s": round(found, 2),
        "rows_s": round(time.monotonic() - began, 2),
        **memory.told(),
    }


def big_gradebook(course: Course, count: int) -> dict:
    """Write `count` made-up submissions, one transaction each; then write a tenth again."""
    chance = random.Random(count)
    rates = []
    with course.gradebook() as gb:
        for share in (range(count), range(0, count, 10)):
            began = time.monotonic()
            for number in share:
                learner = Learner(f"l{number}", "", "", f"learner-{number:06d}")
                scores = {light.NAME: chance.choice(SCORES)}
                gradebook.write_scores(gb, learner, light.MODULE, None, scores)
            rates.append(len(share) / (time.monotonic() - began))
        began = time.monotonic()
        average = gb.average_assignment_score(light.MODULE)
        seconds = time.monotonic() - began
    return {
        "submissions": count,
        "new_per_s": round(rates[0]),
        "again_per_s": round(rates[1]),
        "average": round(average, 3),
        "average_s": round(seconds, 2),
        "parent_mb": round(psutil.Process().memory_info().rss / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["class", "gradebook"])
    parser.add_argument("count", type=int, nargs="+")
    parser.add_argument("--postgresql", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        Path(folder).chmod(0o755)
        released = light.make(Path(folder, "light"))
        for count in given.count:
            if given.what == "class":
                print(a_class(released, Path(folder), count), flush=True)
            elif given.postgresql:
                with postgres.Server() as server:
                    released.config.CourseDirectory.db_url = server.database()
                    release(released, light.MODULE)
                    print("postgresql", big_gradebook(released, count), flush=True)
            else:
                course = light.copy(released, Path(folder, f"lite-{count}"))
                print("sqlite", big_gradebook(course, count), flush=True)


if __name__ == "__main__":
    main()
