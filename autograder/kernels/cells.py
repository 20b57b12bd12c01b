"""Runs cells the way a notebook's kernel does, and answers for what they defined.

One `Cells` lives in a forked process and serves requests until its channel closes:

    run     run a cell; gives outputs (as in a notebook), whether it failed, names bound
    fetch   a name's value as data, or what kind of thing it is
    call    call a function with data; gives a value or an error, and changed arguments
    get     an attribute of something that cannot cross as data

On the checks' side one more serves the learner's, while an answer of theirs is awaited:

    back    call a function that the check has passed to the answer

A grader has no use for a kernel's sockets and threads; leaving them out makes a notebook
several times cheaper. `provisioner.py` gives the same sandbox to ordinary Jupyter clients.
"""

import ast
import builtins
import contextlib
import dis
import io
import json
import os
import signal
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder.kernels import channel
from autograder.marking import wire
from autograder.marking.remote import Remote, rebuilt

PAST = "a function that a check passes can be called only while that check waits for the answer"
ELSEWHERE = "a function that a check passes cannot be called from a thread or another process"
THEIRS = "the function that the check passed raised this error"
OUTPUT_CUT = "\n… the rest of the output was cut off here.\n"


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, **kwargs):
        output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
        self.shell.outputs.add(output)

    def clear_output(self, wait=False):
        self.shell.outputs.clear()


class _Hook(DisplayHook):
    def quiet(self):
        """A semicolon at the end shows nothing. IPython asks the history, which is off."""
        with contextlib.suppress(Exception):  # what is not plain Python may not be told apart
            return self.semicolon_at_end_of_expression(self.shell.cell)

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        self.shell.outputs.add(
            {
                "output_type": "execute_result",
                "execution_count": None,
                "data": format_dict,
                "metadata": md_dict or {},
            }
        )

    def finish_displayhook(self):
        pass


class Shell(InteractiveShell):
    """IPython without a terminal: everything shown becomes an output of the cell."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def init_history(self):
        super().init_history()
        self.history_manager.enabled = False

    def _showtraceback(self, etype, evalue, stb):
        self.outputs.add(
            {
                "output_type": "error",
                "ename": getattr(etype, "__name__", str(etype)),
                "evalue": _text_of(evalue),
                "traceback": list(stb),
            }
        )

    def enable_gui(self, gui=None):
        pass

    def ask_exit(self):
        """`exit()` lets the rest of its cell run, as in a kernel; there is no kernel to end."""

    def transform_cell(self, raw_cell):
        """Plain Python as it stands: IPython's own syntax, which it looks for token by token,
        does not parse. With checks of some length this is a tenth of all their time."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # told when the cell is compiled
            try:
                ast.parse(raw_cell)
            except Exception:
                return super().transform_cell(raw_cell)
        return raw_cell if raw_cell.endswith("\n") else raw_cell + "\n"


class Outputs:
    """The outputs of the running cell, capped in bytes; streams of one kind are joined."""

    def __init__(self, most: int):
        self.most = most
        self.clear()

    def clear(self) -> None:
        self.list: list[dict] = []
        self.size = 0

    def add(self, output: dict) -> None:
        output = json.loads(json.dumps(output, default=str))
        size = len(json.dumps(output))
        if self.size + size > self.most:
            if self.size <= self.most:
                self.list.append({"output_type": "stream", "name": "stdout", "text": OUTPUT_CUT})
            self.size = self.most + 1
            if output["output_type"] != "error":
                return
            output = {
                key: str(value)[:2000] if isinstance(value, str) else []
                for key, value in output.items()
            }
        self.size += size
        self.list.append(output)

    def write(self, name: str, text: str) -> None:
        room = self.most - self.size
        if room < 0:
            return
        text = text if len(text) <= room else text[:room] + OUTPUT_CUT
        self.size += len(text)
        last = self.list[-1] if self.list else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self.list.append({"output_type": "stream", "name": name, "text": text})
        if len(text) >= room:
            self.size = self.most + 1


class _Stream(io.TextIOBase):
    def __init__(self, shell: Shell, name: str):
        self.shell, self.kind = shell, name

    def write(self, text: str) -> int:
        self.shell.outputs.write(self.kind, str(text))
        return len(text)

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


def make_shell(output_mb: float = 2.0) -> Shell:
    """The one shell of this process, with the inline backend for figures."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 0
    shell = Shell.instance(config=config)
    shell.outputs = Outputs(int(output_mb * 1_000_000))
    shell.colors = "nocolor"
    builtins.input = _no_input
    return shell


def _nothing(obj: Any, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
    return {}, {}


def _no_input(prompt: object = "") -> str:
    raise EOFError("nobody is there to answer input(); put the value in the code")


class Cells:
    """A shell, what it has been asked, and the things it keeps for the other side."""

    def __init__(self, shell: Shell, as_data: str = ""):
        self.shell = shell
        self.kept: list[Any] = []
        self.as_data = _function(as_data) if as_data else None
        self.ask: Callable[[dict], dict] | None = None
        self.pristine: dict[str, Any] = {}
        self.memory: dict[tuple, tuple[str, Any]] = {}
        self.borrowed: dict[int, Callable] = {}
        self.defined: set[str] = set()

    def serve(self, sock: Any) -> None:
        """Answer requests until the channel closes."""

        def ask(question: dict) -> dict:
            channel.send(sock, {"ask": question})
            while "reply" not in (message := channel.receive(sock)):
                channel.send(sock, self.answer(message))  # asked before it can reply
            return message["reply"]

        ask.memory = self.memory
        self.ask = ask
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it may come as the answer is on its way
        with contextlib.suppress(channel.Gone):
            while True:
                request = channel.receive(sock)
                channel.send(sock, self.answer(request))

    def answer(self, request: dict) -> dict:
        operation = {"run": self.run, "fetch": self.fetch, "call": self.call, "get": self.get}
        operation |= {"define": self.define, "forget": self.forget, "back": self.back}
        with _interruptible():
            return operation[request.pop("do")](**request)

    def run(self, source: str, shown: bool = True, told: str = "") -> dict:
        """Run one cell as a notebook would; `names` are those it bound or changed.

        What it would show is not drawn unless somebody is to see it: a figure takes long. So
        does an error with the lines around it, ten times as long as one `told` as "Plain"."""
        shell = self.shell
        shell.outputs.clear()
        shell.cell = source
        if told:
            shell.InteractiveTB.set_mode(told)
        if not shown:
            shell.display_formatter.format = _nothing
        space = shell.user_ns
        before = {name: id(value) for name, value in space.items()}
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream(shell, "stdout"), _Stream(shell, "stderr")
        try:
            result = shell.run_cell(source, store_history=False)
            failed = not result.success
        except SystemExit as error:
            failed = True
            shell._showtraceback(SystemExit, error, [f"SystemExit: {error}"])
        finally:
            sys.stdout, sys.stderr = streams
            shell.display_formatter.__dict__.pop("format", None)
        names = [
            name
            for name, value in space.items()
            if isinstance(name, str) and not name.startswith("_") and before.get(name) != id(value)
        ]
        return {"outputs": shell.outputs.list, "failed": failed, "names": names}

    def fetch(self, name: str) -> dict:
        """`{"value": …}`, `{"thing": …}` for what stays here, or `{"missing": True}`."""
        if name not in self.shell.user_ns:
            return {"missing": True}
        return self._sent(self.shell.user_ns[name], {"name": name})

    def get(self, of: dict, name: str) -> dict:
        try:
            return self._sent(getattr(self._thing(of), name))
        except Exception as error:
            return _error(error)

    def call(self, of: dict, args: list, kwargs: dict, without: list[str]) -> dict:
        """Call a thing; names in `without` are taken out of the notebook meanwhile."""
        space = self.shell.user_ns
        hidden = {name: space.pop(name) for name in without if name in space}
        given = [self._received(one) for one in args]
        named = {name: self._received(one) for name, one in kwargs.items()}
        prints = io.StringIO()
        try:
            with contextlib.redirect_stdout(prints), contextlib.redirect_stderr(prints):
                answer = self._sent(self._thing(of)(*given, **named))
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            answer = _error(error)
        finally:
            space.update(hidden)
        answer["changed"] = self._changed(args, given)
        return answer

    def define(self, name: str, value: Any = None, thing: dict | None = None) -> dict:
        """Give a name to data, or to a stand-in for something on the other side."""
        self.defined.add(name)
        self.shell.user_ns[name] = (
            wire.decode(value, self._stand_in) if thing is None else self._stand_in(thing)
        )
        return {}

    def back(self, of: int, args: list, kwargs: dict) -> dict:
        """Call a function of ours that a call under way has lent: {} if none has. The text of
        its error stays here."""
        for remote, lent in self.ask.__dict__.get("under_way", []):
            if of in lent:
                try:
                    return {"value": remote.called_back(lent, of, args, kwargs)}
                except (Exception, SystemExit) as error:
                    kinds = [kind.__name__ for kind in type(error).__mro__ if _is_built_in(kind)]
                    return {"error": {"kinds": kinds, "text": THEIRS, "line": None}}
        return {}

    def share_tables(self, there: list[str] | None = None) -> list[str]:
        """Name by content the tables that are here before any notebook; `there` are the other
        side's. A check passes what both have by its name alone."""
        for value in list(self.shell.user_ns.values()):
            if (place := wire.address(value)) is not None:
                with contextlib.suppress(wire.CannotCross):
                    name = wire.digest(wire.encode(value))
                    if there is None or name in there:
                        self.pristine[name] = value.copy(deep=False)
                        self.memory[place] = name, self.pristine[name]
        return sorted(self.pristine)

    def forget(self, name: str) -> dict:
        """Take a name out of the notebook."""
        self.shell.user_ns.pop(name, None)
        return {}

    # Data in and out.

    def _sent(self, value: Any, of: dict | None = None) -> dict:
        if self.as_data is not None:
            value = self.as_data(value)
        try:
            return {"value": wire.encode(value, self._refer)}
        except wire.CannotCross as error:
            return _error(error)

    def _refer(self, value: Any) -> dict:
        number = getattr(value, "lent_as", None)  # a decorator may have copied it
        if type(number) is int and self.borrowed.get(number) is value:
            return {"t": "yours", "v": number}
        self.kept.append(value)
        return {
            "t": "thing",
            "v": {
                "of": {"kept": len(self.kept) - 1},
                "type": type(value).__name__[:100],
                "name": str(getattr(value, "__name__", ""))[:100],
                "callable": callable(value),
                "idle": is_idle(value),
            },
        }

    def _thing(self, of: dict) -> Any:
        if "name" in of:
            return self.shell.user_ns[of["name"]]
        return self.kept[of["kept"]]

    def _stand_in(self, data: dict) -> Remote:
        """For something on the learner's side, who can name nothing on ours."""
        if data["t"] != "thing":
            raise wire.Malformed("not a thing")
        return Remote(self.ask, data["v"], self._taken_away)

    def _passed(self, data: dict) -> Any:
        """What a check passes besides data: a thing of ours, or a function of its own."""
        if data["t"] == "yours":
            return self._thing(data["v"])
        if data["t"] != "lent":
            raise wire.Malformed("not a thing")
        number, name = data["v"]["of"], data["v"]["name"]
        function = self.borrowed.setdefault(number, self._call_back(number))
        function.__name__ = function.__qualname__ = name  # checks run twice, and count anew
        return function

    def _call_back(self, number: int) -> Callable:
        def here() -> tuple:
            return os.getpid(), threading.get_ident()

        def call_back(*args: Any, **kwargs: Any) -> Any:
            if here() != borrower:
                raise RuntimeError(ELSEWHERE)
            given = [wire.encode(one, self._refer) for one in args]
            named = {key: wire.encode(one, self._refer) for key, one in kwargs.items()}
            reply = self.ask({"of": number, "args": given, "kwargs": named})
            if "error" in reply:
                raise rebuilt(reply["error"])
            if "value" not in reply:
                raise RuntimeError(PAST)
            return wire.decode(reply["value"], self._passed)

        borrower = here()
        call_back.lent_as = number
        return call_back

    def _taken_away(self) -> list[str]:
        """Names that were defined here and that a check has deleted since."""
        return sorted(self.defined - self.shell.user_ns.keys())

    def _received(self, data: Any) -> Any:
        """Decoded; large values are decoded once and handed out as copies ever after."""
        if type(data) is not dict or "seen" not in data:
            return wire.decode(data, self._passed)
        name = data["seen"]
        if "data" in data:
            self.pristine[name] = wire.decode(data["data"], self._passed)
        return wire.copied(self.pristine[name])

    def _changed(self, args: list, given: list) -> dict:
        """Arguments that are no longer what was sent: place -> new data."""
        changed = {}
        for place, (sent, now) in enumerate(zip(args, given, strict=True)):
            if type(sent) is not dict:
                continue
            was = self.pristine[sent["seen"]] if "seen" in sent else self._received(sent)
            if not wire.same(was, now):
                with contextlib.suppress(wire.CannotCross):
                    changed[str(place)] = wire.encode(now, self._refer)
        return changed


def is_idle(value: Any) -> bool:
    """A function of nothing but its docstring and `...`: the stub as it was released."""
    if not isinstance(value, types.FunctionType):
        return False
    idle = {"RESUME", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS", "NOP"}
    steps = list(dis.get_instructions(value))
    return all(
        step.opname in idle and (step.opname in ("RESUME", "NOP") or step.argval is None)
        for step in steps
    )


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_built_in(kind: type) -> bool:
    return vars(builtins).get(kind.__name__) is kind


def _error(error: BaseException) -> dict:
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind is not object]
    line = None
    trace = error.__traceback__
    while trace is not None:
        if "ipython-input" in trace.tb_frame.f_code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"error": {"kinds": kinds[:20], "text": _text_of(error)[:2000], "line": line}}


def _text_of(error: BaseException) -> str:
    """An error's text; a learner's own error may fail to give one."""
    try:
        return str(error)
    except Exception as other:
        return f"(its text could not be told: {type(other).__name__})"


def _function(dotted: str) -> Callable:
    module, name = dotted.rsplit(".", 1)
    return getattr(import_module(module), name)
