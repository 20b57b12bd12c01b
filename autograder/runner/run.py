"""Many jobs on any `concurrent.futures` executor, results as they come.

A failure belongs to one job. What went wrong on our side (`infrastructure`: a worker was
killed, a sandbox would not start) is tried again and never becomes a zero.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import connection

from autograder.classroom import Problem
from autograder.runner.one import grade_one
from autograder.runner.verdict import infrastructure, read

#: How often a job is tried in all when the trouble is ours.
TRIES = 3

#: Jobs under way for each worker: enough to keep it busy, few enough to keep memory flat.
AHEAD = 3

NOTHING = (None, None)

#: How long a Dask scheduler has to answer at first.
CONNECT_SECONDS = 20


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))


def workers() -> int:
    """One more than cores: while one waits for a message, the others have work."""
    return cores() + 1


def run(
    jobs: Iterable[tuple[Hashable, bytes | dict]],
    executor: Callable[[], Executor],
    count: int,
    work: Callable[[bytes], bytes] = grade_one,
) -> Iterator[tuple[Hashable, dict]]:
    """Every job's key with its result, in the order they finish.

    A job that is a result already comes through as it is. `executor` makes an executor with
    `count` workers; it is called again if one breaks. What was under way then is tried again
    one at a time, so that a job that breaks executors harms no other.
    """
    waiting = iter(jobs)
    again: list[tuple[Hashable, bytes, int]] = []
    under_way: dict[Future, tuple[Hashable, bytes, int]] = {}
    pool = executor()
    try:
        while True:
            while len(under_way) < _room(again, under_way, count):
                key, data, tries = again.pop() if again else (*next(waiting, NOTHING), 1)
                if isinstance(data, dict):
                    yield key, data
                elif data is None:
                    break
                else:
                    under_way[_submit(pool, work, data)] = key, data, tries
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            broken = False
            for future in done:
                key, data, tries = under_way.pop(future)
                result, lost = _result(future)
                broken |= lost
                if result["result"] == "infrastructure" and tries < TRIES:
                    again.append((key, data, tries + 1))
                else:
                    yield key, result
            if broken:
                again += [(key, data, tries + 1) for key, data, tries in under_way.values()]
                _end(pool, under_way, wait=False)
                under_way.clear()
                pool = executor()
    finally:
        _end(pool, under_way, wait=True)


def _room(again: list, under_way: dict[Future, tuple], count: int) -> int:
    """How many jobs may be under way: one, as long as one is tried again."""
    suspect = again or any(tries > 1 for _, _, tries in under_way.values())
    return 1 if suspect else AHEAD * count


def _end(pool: Executor, under_way: Iterable[Future], wait: bool) -> None:
    for future in under_way:
        future.cancel()
    pool.shutdown(wait=wait)


def _submit(pool: Executor, work: Callable, data: bytes) -> Future:
    try:
        return pool.submit(work, data)
    except Exception as error:  # a broken pool says so when it is next used
        future: Future = Future()
        future.set_exception(error)
        return future


def _result(future: Future) -> tuple[dict, bool]:
    """The result, and whether the executor itself was lost."""
    try:
        return read(future.result()), False
    except Exception as error:
        return infrastructure(error), True


class Here(Executor):
    """Runs each job at once, in this process."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def serial() -> Iterator[Callable[[], Executor]]:
    """No pool at all: one job after the other, in this process."""
    yield Here


@contextmanager
def pool(count: int) -> Iterator[Callable[[], Executor]]:
    """A pool of processes on this machine, forked from one that has loaded what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.runner.one"])
    yield lambda: ProcessPoolExecutor(count, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Ctrl+C is for the parent, which ends its workers in good order. If it is killed, we end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


@contextmanager
def dask(address: str) -> Iterator[Callable[[], Executor]]:
    """A Dask cluster's executor. Raises Problem if there is none, or none any more."""
    try:
        from distributed import Client
    except ImportError:
        raise Problem(
            "Dask is not installed here. It comes with the extra `dask`: "
            "`pip install 'military-diplomacy-course[dask]'`."
        ) from None

    # They log tracebacks of a lost scheduler; our own sentence says what to do.
    for name in ("distributed", "distributed.client", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def executor() -> Executor:
        if client.status != "running":
            raise Problem(
                f"The Dask scheduler at {address} is gone. What was graded is kept: start it "
                "again, then the same command grades the rest."
            )
        return client.get_executor(pure=False, retries=0)

    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise Problem(f"No Dask scheduler answers at {address}: {error}") from error
    with client:
        yield executor
