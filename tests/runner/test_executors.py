"""One class, any executor: in this process, a pool, shards merged, a Dask cluster.

Verdicts are the same byte for byte, and so are the gradebook's rows and the graded notebooks.
Also: what is known already is not run, and a job that breaks workers harms no neighbour. Left
out: kills from outside, which are in `test_kills.py`.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import deadly
import pytest

from autograder import grading
from autograder.classroom import Problem
from autograder.grading import How
from autograder.runner import run as runner

COUNT = 12


def graded(course, how: How):
    results = list(grading.grade(course, grading.pending(course), how))
    assert len(results) == COUNT
    return course


@pytest.fixture(scope="module")
def serial(tmp_path_factory, released_light, light):
    """The class, one notebook after the other in this process."""
    course = light.copy(released_light, tmp_path_factory.mktemp("serial") / "class")
    light.hand_in(course, COUNT)
    return graded(course, How(workers=0))


def test_does_each_work_come_out_as_it_is_to(serial, light):
    results = {event["folder"]: event["result"] for event in serial.events("grade")}
    wanted = {f"learner-{n:05d}": light.expected(n) for n in range(1, COUNT + 1)}
    assert results == wanted


def test_is_a_pool_equal_to_one_after_the_other(serial, a_class, outcome):
    assert outcome(graded(a_class(COUNT), How(workers=2))) == outcome(serial)


def test_are_seven_shards_merged_equal_to_one_run(serial, a_class, outcome):
    course = a_class(COUNT)
    jobs = grading.pending(course)
    paths = [course.room / "shards" / f"{part}-of-7.jsonl" for part in range(1, 8)]
    for part, path in enumerate(paths):
        list(grading.grade_to_file(course, grading.shard(jobs, part, 7), path, How(workers=0)))
    assert sum(len(path.read_text().splitlines()) for path in paths) == COUNT
    assert len(list(grading.merge(course, paths))) == COUNT
    assert outcome(course) == outcome(serial)
    assert list(grading.merge(course, paths)) == []


@pytest.mark.slow
def test_is_a_dask_cluster_equal_to_one_after_the_other(serial, a_class, outcome):
    distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=":0") as one:
        course = graded(a_class(COUNT), How(dask=one.scheduler_address))
    assert outcome(course) == outcome(serial)


def test_do_threads_of_one_worker_give_each_notebook_a_room_to_itself(
    serial, a_class, outcome, monkeypatch
):
    @contextmanager
    def threads(count):
        yield lambda: ThreadPoolExecutor(count)

    monkeypatch.setattr(runner, "pool", threads)
    assert outcome(graded(a_class(COUNT), How(workers=4))) == outcome(serial)


def test_does_work_known_already_come_through_without_a_worker(light, a_class, outcome):
    course = a_class(6)
    list(grading.grade(course, grading.pending(course), How(workers=0)))
    before = outcome(course)
    (course.room / "log.jsonl").unlink()

    def nobody():
        raise AssertionError("a worker was asked for")

    jobs = [(number, {"result": "graded", "seconds": number}) for number in range(9)]
    assert list(runner.run(jobs, runner.Here, 1, nobody)) == jobs
    assert len(list(grading.grade(course, grading.pending(course), How(workers=0)))) == 6
    assert outcome(course) == before


def test_does_a_job_that_kills_its_worker_harm_no_other():
    jobs = [(n, b"deadly" if n in (2, 7) else f"work {n}".encode()) for n in range(12)]
    with runner.pool(2) as executor:
        results = dict(runner.run(jobs, executor, 2, deadly.answer))
    assert len(results) == 12
    lost = {key for key, result in results.items() if result["result"] == "infrastructure"}
    assert lost == {2, 7}
    assert all(results[n]["of"] == f"work {n}" for n in range(12) if n not in lost)


def test_does_a_dask_scheduler_that_is_not_there_say_so(a_class, monkeypatch):
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    monkeypatch.setattr(runner, "CONNECT_SECONDS", 1)
    course = a_class(1)
    with pytest.raises(Problem, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(grading.grade(course, grading.pending(course), How(dask="tcp://127.0.0.1:9")))


def test_does_a_worker_load_only_what_it_grades_with():
    # Each would add a third of a second and more to the start of every worker.
    code = "import autograder.runner.run, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert {"nbgrader", "nbconvert", "sqlalchemy", "pandas"} & set(loaded.stdout.split()) == set()
