"""A stand-in for `grade_one`, importable by a worker: some jobs end the worker itself."""

import json
import os
import signal


def answer(job: bytes) -> bytes:
    if job == b"deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return json.dumps({"result": "graded", "of": job.decode(), "seconds": 0.0}).encode()
