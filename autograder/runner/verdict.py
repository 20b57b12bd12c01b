"""The result of one job, as data: the same bytes wherever and however often it was graded."""

import hashlib
import json


def write(result: dict) -> bytes:
    return json.dumps(result).encode()


def read(data: bytes) -> dict:
    return json.loads(data)


def infrastructure(error: BaseException) -> dict:
    """Trouble on our side: no mark, to be tried again."""
    detail = f"{type(error).__name__}: {error}"[:2000]
    return {"result": "infrastructure", "detail": detail, "seconds": 0.0}


def fingerprint(result: dict) -> str:
    """A hash of everything but how long it took."""
    lasting = {key: value for key, value in result.items() if key not in ("seconds", "cells")}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()
