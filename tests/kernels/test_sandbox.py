"""Rooms: which kind is chosen, what the inside sees, and what is left for the next notebook.

Every test of a room runs with bubblewrap and with Landlock. Left out: marks (tests/runner)
and the whole list of hostile notebooks (tests/threats).
"""

import os
import threading
import time
from pathlib import Path

import psutil
import pytest

from autograder.kernels import channel, confine, first_use, sandbox
from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import NoSandbox, Sandbox, View, choose, probe

#: Seconds after which a cell has surely begun: a signal before that ends the process.
BEGUN = 1.5
LOOP = "while True:\n    pass"
STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True:\n    pass"

needs_scopes = pytest.mark.skipif(
    confine.landlock_abi() < 6, reason="Landlock confines signals from ABI 6 on"
)


def test_does_auto_take_bubblewrap_before_landlock(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", lambda kind: None)
    assert choose() == "bwrap"


def test_does_auto_fall_back_to_landlock(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", {"bwrap": "not there", "landlock": None}.get)
    assert choose() == "landlock"


def test_does_auto_refuse_with_both_reasons_rather_than_run_without_walls(monkeypatch):
    reasons = {"bwrap": "it is not installed", "landlock": "too old", "none": None}
    monkeypatch.setattr(sandbox, "probe", reasons.get)
    with pytest.raises(NoSandbox) as refusal:
        choose()
    for part in ("it is not installed", "too old", "Install bubblewrap", "--sandbox none"):
        assert part in str(refusal.value)


def test_is_a_sandbox_asked_for_by_name_refused_with_its_reason(monkeypatch):
    monkeypatch.setattr(sandbox, "probe", lambda kind: "too old")
    with pytest.raises(NoSandbox, match="'landlock' does not run here: too old"):
        choose("landlock")


def test_does_the_probe_say_that_bubblewrap_is_not_installed(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert probe.__wrapped__("bwrap") == "bubblewrap is not installed"


def test_does_the_probe_find_a_hole_in_the_walls(kind, monkeypatch):
    def with_hole(read, hide, sockets=""):
        name, *rest = whole(read, hide, sockets)
        return [name, "--ro-bind", "/var/tmp", "/var/tmp", *rest]

    monkeypatch.setattr(sandbox.tempfile, "tempdir", "/var/tmp")

    if kind == "bwrap":
        whole = sandbox.bubblewrap
        monkeypatch.setattr(sandbox, "bubblewrap", with_hole)
        assert probe.__wrapped__(kind) == "its walls do not hold: outside"
    else:
        monkeypatch.setattr(sandbox, "SYSTEM", (*sandbox.SYSTEM, "/var/tmp"))
        assert probe.__wrapped__(kind) == "its walls do not hold: outside"


def test_does_the_probe_tell_why_a_sandbox_does_not_start(kind, monkeypatch):
    monkeypatch.setattr(sandbox.sys, "executable", "/nowhere/python")
    assert "/nowhere/python" in probe.__wrapped__(kind)


def test_is_the_network_closed(room, run):
    said = run(
        room.fork(),
        "import socket\n"
        "for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "    try:\n"
        "        socket.socket(socket.AF_INET, kind)\n"
        "    except OSError as error:\n"
        "        print(type(error).__name__)",
    )
    assert said == "PermissionError\nPermissionError"


def test_does_it_never_run_as_root(room, run):
    assert int(run(room.fork(), "import os; print(os.geteuid())")) != 0


def test_is_the_environment_bare(kind, monkeypatch, run):
    monkeypatch.setenv("SECRET_TOKEN", "from outside")
    with Sandbox(kind, View()) as room:
        room.prepare()
        said = run(
            room.fork(), "import os; print(sorted(os.environ), 'outside' in str(os.environ))"
        )
    assert "SECRET_TOKEN" not in said and said.endswith("False")


def test_can_other_folders_be_read(room, run, open_folder):
    assert run(room.fork(), f"open({str(open_folder / 'secret.txt')!r}).read()") in (
        "FileNotFoundError",
        "PermissionError",
    )


def test_can_what_the_view_names_be_read_but_not_written(kind, run, open_folder):
    with Sandbox(kind, View(read=(str(open_folder),))) as room:
        room.prepare()
        process = room.fork()
        name = str(open_folder / "secret.txt")
        assert run(process, f"print(open({name!r}).read())") == "the model answer"
        assert run(process, f"open({name!r}, 'w')") in ("OSError", "PermissionError")
    assert (open_folder / "secret.txt").read_text() == "the model answer"


def test_is_what_the_view_hides_masked(kind, run, open_folder):
    if kind == "landlock":
        pytest.skip("Landlock can only leave a path out of `read`; it cannot mask one inside it")
    with Sandbox(kind, View((str(open_folder),), (str(open_folder / "secret.txt"),))) as room:
        room.prepare()
        said = run(room.fork(), f"print(open({str(open_folder / 'secret.txt')!r}).read())")
    assert said in ("", "PermissionError")


def test_can_the_inside_read_the_memory_or_environment_of_others(room, run):
    said = run(
        room.fork(),
        "import os\n"
        "for pid in (os.getppid(), 1):\n"
        "    for name in ('environ', 'mem', 'root/etc/passwd', 'cwd'):\n"
        "        try:\n"
        "            path = f'/proc/{pid}/{name}'\n"
        "            os.listdir(path) if name == 'cwd' else open(path).read(1)\n"
        "            print(path)\n"
        "        except OSError:\n"
        "            pass",
    )
    assert said == ""


def test_is_every_place_that_can_be_written_to_emptied(room, run):
    found = run(
        room.fork(),
        "import os\n"
        "left = []\n"
        "for top, _, _ in os.walk('/'):\n"
        "    if not top.startswith(('/proc', '/sys')):\n"
        "        try:\n"
        "            open(top + '/left', 'x').close()\n"
        "            left.append(top + '/left')\n"
        "        except OSError:\n"
        "            pass\n"
        "open('left', 'w').close()\n"
        "print([*left, os.path.abspath('left')])",
    )
    room.clean()
    assert run(room.fork(), f"import os; print([p for p in {found} if os.path.exists(p)])") == "[]"


def test_are_the_files_laid_out_afresh(room, run):
    process = room.fork()
    assert run(process, "print(open('data/list.csv').read())") == "a,b\n1,2"
    run(process, "import shutil; shutil.rmtree('data'); open('data', 'w').write('mine')")
    room.clean()
    assert run(room.fork(), "print(open('data/list.csv').read())") == "a,b\n1,2"


def test_does_a_fresh_process_know_the_opening_cells_and_nothing_of_the_last_notebook(room, run):
    process = room.fork()
    assert run(process, "import math; math.pi = mine = given + 1; print(mine)") == "8"
    room.clean()
    process = room.fork()
    assert run(process, "print(given)") == "7"
    assert run(process, "mine") == "NameError"
    assert run(process, "import math; print(round(math.pi, 2))") == "3.14"


def test_are_random_numbers_the_same_in_every_process(room, run):
    draw = "import random, numpy as np; print(random.random(), np.random.rand(), hash('a'))"
    assert run(room.fork(), draw) == run(room.fork(), draw) != ""


def test_is_a_detached_process_ended_with_its_notebook(room, run):
    warm = psutil.Process(room.pid)
    before = set(warm.children(recursive=True))
    run(
        room.fork(),
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(600)\n"
        "    os._exit(0)",
    )
    assert len(set(warm.children(recursive=True)) - before) >= 2
    room.clean()
    assert set(warm.children(recursive=True)) == before


def test_is_nothing_left_when_a_room_is_closed_without_cleaning(kind, run):
    room = Sandbox(kind, View())
    room.prepare()
    run(
        room.fork(),
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)",
    )
    processes = psutil.Process(room.pid).children(recursive=True)
    assert processes
    room.close()
    assert psutil.wait_procs(processes, timeout=10)[1] == []


def test_is_a_loop_noticed_and_can_it_be_interrupted(room, run):
    process = room.fork()
    with pytest.raises(channel.TookTooLong):
        process.ask({"do": "run", "source": LOOP}, BEGUN)
    room.interrupt(process)
    reply = channel.receive(process.sock, time.monotonic() + 10)
    assert reply["outputs"][-1]["ename"] == "KeyboardInterrupt"
    assert run(process, "print(given)") == "7"


@pytest.mark.parametrize(
    ("cell", "shown"), [("6 * 7", ["42"]), ("6 * 7;", []), ("%time 6\n7;", [])]
)
def test_does_a_semicolon_keep_a_value_from_being_shown(room, cell, shown):
    outputs = room.fork().ask({"do": "run", "source": cell}, 10)["outputs"]
    values = [out["data"]["text/plain"] for out in outputs if out["output_type"] != "stream"]
    assert values == shown


def test_does_an_interrupt_that_comes_too_late_end_nothing(room, run):
    """The answer was on its way already: the next request finds the process well."""
    process = room.fork()
    assert run(process, "print(given)") == "7"
    room.interrupt(process)
    assert run(process, "print(given)") == "7"


def test_do_first_uses_of_libraries_work_and_leave_nothing(kind, run):
    for source in (code for name, code in first_use.CELLS.items() if name != "IPython"):
        exec(source, {})
    modules = ["numpy", "pandas", "matplotlib.pyplot"]
    look = (
        "import matplotlib.pyplot as plt\n"
        "print({'pd', 'frame', 'figure', 'axes'} & set(globals()), plt.get_fignums())"
    )
    with Sandbox(kind, View()) as used:
        used.prepare(modules)
        said = run(used.fork(), look)
    assert said == "set() []"


@pytest.mark.parametrize(("modules", "loaded"), [([], False), (["pandas"], True)])
def test_is_pandas_loaded_only_where_a_lesson_needs_it(kind, run, modules, loaded):
    with Sandbox(kind, View()) as room:
        room.prepare(modules)
        said = run(room.fork(), "import sys; print('pandas' in sys.modules)")
    assert said == str(loaded)


def test_is_a_loop_that_swallows_interrupts_ended(room, run):
    process = room.fork()
    with pytest.raises(channel.TookTooLong):
        process.ask({"do": "run", "source": STUBBORN}, BEGUN)
    room.interrupt(process)
    with pytest.raises(channel.TookTooLong):
        channel.receive(process.sock, time.monotonic() + 0.5)
    assert room.clean()["ended"][str(process.pid)] == -9
    assert run(room.fork(), "print(given)") == "7"


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_does_a_process_that_ends_itself_leave_the_room_usable(room, run, end):
    process = room.fork()
    with pytest.raises(channel.Gone):
        process.ask({"do": "run", "source": f"import os; {end}"}, 10)
    room.clean()
    assert run(room.fork(), "print(given)") == "7"


@needs_scopes
@pytest.mark.parametrize("whom", ["os.getppid()", "1", "-1", "0"])
def test_can_the_inside_signal_the_warm_process(room, run, whom):
    process = room.fork()
    code = f"import os\ntry:\n    os.kill({whom}, 9)\nexcept OSError:\n    print('refused')"
    if whom == "-1":  # all but itself, and there is nobody
        run(process, code)
    elif whom == "0":  # its own group
        with pytest.raises(channel.Gone):
            process.ask({"do": "run", "source": code}, 10)
    else:
        assert run(process, code) == "refused"
    room.clean()
    assert run(room.fork(), "print(given)") == "7"


def test_is_memory_watched_and_capped(room, run):
    process = room.fork()
    before = room.usage()["memory_mb"]
    run(process, "import numpy as np; held = np.ones(30_000_000)")
    assert 200 < room.usage()["memory_mb"] - before < 300
    assert run(process, "more = np.ones(300_000_000)").endswith("MemoryError")
    room.clean()
    assert room.usage()["memory_mb"] < 1


def test_are_files_counted_where_the_room_has_its_own_disk(room, run, kind):
    process = room.fork()
    before = room.usage()["files"]
    run(process, "import os\nfor n in range(500): open(f'f{n}', 'w').close()\n"
                 "for n in range(500): os.link('f0', f'l{n}')")  # fmt: skip
    assert room.usage()["files"] - before == (1000 if kind == "bwrap" else 0)
    room.clean()
    assert room.usage()["files"] <= before


def test_does_the_memory_of_children_count(room, run):
    process = room.fork()
    run(
        process,
        "import os, time\n"
        "ours, theirs = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    held = bytearray(b'x' * 100_000_000)\n"
        "    os.write(theirs, b'.')\n"
        "    time.sleep(600)\n"
        "os.read(ours, 1)",
    )
    assert room.usage()["memory_mb"] > 100


def test_is_printing_without_end_cut(room, run):
    said = run(room.fork(), "for _ in range(1000): print('x' * 100_000)")
    assert len(said) < 3_000_000
    assert said.endswith("the rest of the output was cut off here.")


def test_does_writing_past_python_stop_whoever_comes_next(room, run):
    flood = "import os\nfor _ in range(100): os.write(2, b'x' * 10_000)\nprint('done')"
    assert run(room.fork(), flood) == "done"
    room.clean()
    assert run(room.fork(), flood) == "done"


def test_is_the_exit_status_of_a_process_told(room, run):
    process = room.fork()
    assert room.poll(process) is None
    room.signal(process, 9)
    deadline = time.monotonic() + 10
    while room.poll(process) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert room.poll(process) == -9


def test_is_a_room_that_died_reported_with_its_last_words(kind):
    room = Sandbox(kind, View())
    room.prepare()
    for one in (*psutil.Process(room.pid).children(recursive=True), psutil.Process(room.pid)):
        one.kill()
    with pytest.raises(NoSandbox, match="the sandbox has stopped"):
        room.usage()
    room.close()


def test_does_a_room_that_died_fork_after_being_made_anew(kind, run):
    with Sandbox(kind, View()) as room:
        room.prepare([], {"list.csv": b"a"}, ["given = 7"])
        outer = psutil.Process(room.pid)
        family = [outer, *outer.children(recursive=True)]
        outer.kill()
        assert psutil.wait_procs(family, timeout=10)[1] == []
        said = run(room.fork(), "import os; print(given, os.listdir())")
    assert said == "7 ['list.csv']"


def test_is_a_room_that_is_slow_to_clean_thrown_away_with_its_folder(kind, run, monkeypatch):
    with Sandbox(kind, View()) as room:
        room.prepare([], {"list.csv": b"a"}, ["given = 7"])
        before, folder = psutil.Process(room.pid), room._own_folder
        run(room.fork(), "for n in range(3000): open(f'f{n}', 'w').close()")
        monkeypatch.setattr(sandbox, "CLEAN_SECONDS", 0.001)
        room.clean()
        monkeypatch.undo()
        assert not before.is_running()
        said = run(room.fork(), "import os; print(given, os.listdir())")
        assert said == "7 ['list.csv']"
    until = time.monotonic() + 10
    while folder and os.path.exists(folder) and time.monotonic() < until:
        time.sleep(0.05)
    assert not folder or not os.path.exists(folder)


def test_does_the_removal_of_a_room_reach_beyond_what_the_room_could(tmp_path):
    """What lies there may be swapped for a link meanwhile: no right of ours may help."""
    if os.geteuid() != 0:
        pytest.skip("only root has rights to give up")
    folder = tmp_path / "room"
    folder.mkdir()
    ours = folder / "ours"
    ours.mkdir()
    (ours / "kept").touch()
    os.chown(folder, sandbox._id(0), sandbox._id(0))
    sandbox._remove(str(folder), 0)
    assert (ours / "kept").exists()
    (tmp_path / "mine").touch()  # our own rights are as they were


def test_does_a_room_closed_as_the_process_ends_leave_no_folder(monkeypatch):
    if reason := probe("landlock"):
        pytest.skip(reason)
    room = Sandbox("landlock", View())
    folder = room._own_folder

    def too_late(thread):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", too_late)
    room.close()
    assert not os.path.exists(folder)


def test_does_a_forked_process_go_before_its_room_if_the_machine_is_short_of_memory(room, run):
    assert run(room.fork(), "print(open('/proc/self/oom_score_adj').read())") == "1000"
    ours = Path("/proc/self/oom_score_adj").read_text()
    assert Path(f"/proc/{room.pid}/oom_score_adj").read_text() == ours


def test_is_it_said_why_a_process_did_not_start(kind):
    with Sandbox(kind, View(), Limits(open_files=1)) as room:
        room.prepare()
        with pytest.raises(NoSandbox, match=r"did not start: .*Too many open files"):
            room.fork()


def test_does_a_forked_process_end_with_its_room(kind, run):
    room = Sandbox(kind, View())
    room.prepare()
    room.fork()
    below = psutil.Process(room.pid).children(recursive=True)
    psutil.Process(room.pid).kill()
    assert psutil.wait_procs(below, timeout=10)[1] == []
    room.close()


def test_does_a_room_need_an_interpreter_that_others_may_read(tmp_path):
    assert sandbox.readable("/usr/bin")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "bin").mkdir(mode=0o755)
    assert not sandbox.readable(str(closed / "bin"))
    assert not sandbox.readable(str(tmp_path / "nowhere"))


def test_are_two_rooms_apart(kind, run):
    with Sandbox(kind, View()) as one, Sandbox(kind, View()) as other:
        for room in (one, other):
            room.prepare()
        first, second = one.fork(), other.fork()
        place = run(
            first, "import os; open('mine', 'w').write('x'); print(os.path.abspath('mine'))"
        )
        assert run(second, f"open({place!r}).read()") in ("FileNotFoundError", "PermissionError")


def test_does_a_limit_on_processes_stop_a_fork_bomb(kind, run):
    if os.geteuid() != 0 and kind == "landlock":
        pytest.skip("without a namespace the limit counts all processes of this user")
    with Sandbox(kind, View(), Limits(seconds=20, processes=30)) as room:
        room.prepare()
        said = run(
            room.fork(),
            "import os, time\n"
            "made = 0\n"
            "try:\n"
            "    while made < 100:\n"
            "        if os.fork() == 0:\n"
            "            time.sleep(600)\n"
            "        made += 1\n"
            "except BlockingIOError:\n"
            "    print(made)",
        )
        assert 10 < int(said) < 30
        room.clean()
        assert run(room.fork(), "print('next')") == "next"
