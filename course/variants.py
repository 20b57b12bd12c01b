"""A learner's own parameters, for figures and written answers.

A variant never touches what is graded automatically: checks call functions with all
parameters. The same learner gets the same parameters every time, on every machine.
"""

import hashlib
import os
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from course import syllabus

KEY_FILE = "learner-key.txt"
EXAMPLE_KEY = "example"


class Parameters(dict):
    """Name -> value, shown as a short list."""

    def __repr__(self) -> str:
        return "Your parameters: " + ", ".join(f"{name} = {value}" for name, value in self.items())


@cache
def table() -> dict[str, dict[str, list]]:
    """All choices: `{"m07": {"country": ["BGD", …]}}`."""
    return tomllib.loads(files("course").joinpath("variants.toml").read_text("utf-8"))


def parameters(module: str, key: str) -> Parameters:
    """The parameters of one learner in one module, chosen by a hash of course and key."""
    choices = table().get(syllabus.module(module).id, {})
    return Parameters(
        {name: options[_pick(module, name, key, len(options))] for name, options in choices.items()}
    )


def mine(module: str) -> Parameters:
    """My parameters: by the key typed in module 00, else by the server's user name."""
    return parameters(module, my_key())


def my_key(folder: Path | None = None) -> str:
    """The key in use: the nearest key file upwards, the server's user name, or the example."""
    folder = (folder or Path.cwd()).resolve()
    for place in (folder, *folder.parents[:2]):
        if (place / KEY_FILE).is_file():
            return (place / KEY_FILE).read_text("utf-8").strip() or EXAMPLE_KEY
    # Binder's user name is new every session; a typed key lasts.
    return os.environ.get("JUPYTERHUB_USER") or EXAMPLE_KEY


def set_my_key(key: str, folder: Path | None = None) -> str:
    """Keep the key beside the lessons, where every module finds it."""
    key = " ".join(key.split())
    if not key:
        raise ValueError("A learner key is any text you will remember, such as your initials.")
    if os.environ.get("NBGRADER_EXECUTION"):
        return "Left out while the work is being checked."
    place = (folder or Path.cwd().resolve().parent) / KEY_FILE
    place.write_text(key + "\n", "utf-8")
    return f"Kept. Your key is {key!r}; every lesson reads it from {place.name}."


def _pick(module: str, name: str, key: str, count: int) -> int:
    text = "/".join([syllabus.course_id(), syllabus.module(module).id, name, key.strip()])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % count
