"""The sandbox as an ordinary Jupyter kernel: nbclient, nbgrader, nbval and `jupyter execute`.

The kernelspec is taken from the checkout; the entry point must be installed (it comes with
the package). Left out: JupyterLab in a browser, and the walls one by one (test_sandbox).
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import Config

from autograder.kernels import provisioner
from autograder.kernels.confine import Limits
from autograder.kernels.sandbox import NoSandbox, Sandbox, View, own_by_sandbox
from course.places import ROOT

NAME = "mildip-sandbox"
SPECS = ROOT / "share" / "jupyter"


@pytest.fixture(autouse=True)
def specs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Jupyter find the checkout's kernelspec."""
    monkeypatch.setenv("JUPYTER_PATH", str(SPECS))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")


@pytest.fixture(scope="module", autouse=True)
def nothing_left() -> Iterator[None]:
    """After the tests of this file no process and no folder of sockets is left."""
    yield
    rooms = list(provisioner._all)
    processes = [psutil.Process(room.sandbox.pid) for room in rooms]
    processes += [one for process in processes for one in process.children(recursive=True)]
    provisioner.close_rooms()
    assert psutil.wait_procs(processes, timeout=10)[1] == []
    assert not any(Path(room.folder).exists() for room in rooms)


@pytest.fixture
def config(kind: str) -> Config:
    config = Config()
    config.SandboxProvisioner.sandbox = kind
    return config


def execute(config: Config, *sources: str, **options: object) -> list[list[dict]]:
    """The outputs of a notebook run by nbclient through the sandbox, a list a cell."""
    nb = new_notebook(cells=[new_code_cell(source) for source in sources])
    NotebookClient(nb, kernel_name=NAME, config=config, **options).execute()
    return [cell.outputs for cell in nb.cells]


def printed(outputs: list[dict]) -> str:
    return "".join(out.get("text", "") for out in outputs).strip()


def test_does_nbclient_get_every_output_from_the_first_on(config):
    first, value, figure, table, warned = execute(
        config,
        "print('first')",
        "6 * 7",
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2]);",
        "import pandas as pd\npd.DataFrame({'state': ['Ghana']})",
        "import sys\nprint('to stderr', file=sys.stderr)",
    )
    assert printed(first) == "first"
    assert value[0].data["text/plain"] == "42"
    assert [out.output_type for out in figure] == ["display_data"] and figure[0].data["image/png"]
    assert "Ghana" in table[0].data["text/html"]
    assert warned[0].name == "stderr"


def test_is_no_output_of_a_first_cell_lost_in_many_kernels(config):
    for turn in range(8):
        assert printed(execute(config, f"print({turn})")[0]) == str(turn)


def test_does_an_error_stop_the_notebook_as_with_any_kernel(config):
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(config, "1 / 0", "print('never')")
    error = execute(config, "1 / 0", "print('on')", allow_errors=True)
    assert error[0][0].ename == "ZeroDivisionError" and printed(error[1]) == "on"


def test_do_the_walls_hold_inside(config, open_folder, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "from outside")
    probe = f"""
import os, socket
def tell(name, attempt):
    try:
        print(name, attempt())
    except OSError:
        print(name, "closed")
tell("root", lambda: os.geteuid() == 0)
tell("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
tell("tcp", lambda: socket.create_connection(("127.0.0.1", 80), 1))
tell("outside", lambda: os.listdir({str(open_folder)!r}))
tell("parent", lambda: open(f"/proc/{{os.getppid()}}/environ").read())
tell("signal", lambda: os.kill(os.getppid(), 9))
tell("secret", lambda: "SECRET_TOKEN" in os.environ)
tell("beside", lambda: os.listdir("."))
"""
    (told,) = execute(config, probe)
    assert dict(line.split(" ", 1) for line in printed(told).splitlines()) == {
        "root": "False",
        "udp": "closed",
        "tcp": "closed",
        "outside": "closed",
        "parent": "closed",
        "signal": "closed",
        "secret": "False",
        "beside": "[]",
    }


def test_can_the_folder_of_sockets_be_filled_with_files(config):
    outputs = execute(
        config,
        "from ipykernel.kernelapp import IPKernelApp\n"
        "import os\n"
        "place = os.path.dirname(IPKernelApp.instance().ip)\n"
        "print(sorted(os.listdir(place)))\n"
        "for attempt in (lambda: open(place + '/x', 'w'), lambda: os.mkdir(place + '/y'),\n"
        "                lambda: os.symlink('/etc', place + '/z')):\n"
        "    try:\n"
        "        attempt()\n"
        "        print('made')\n"
        "    except PermissionError:\n"
        "        print('closed')",
    )
    lines = printed(outputs[0]).splitlines()
    assert lines == [str([f"k-{n}" for n in range(1, 6)]), "closed", "closed", "closed"]


def test_does_nothing_stay_for_the_next_kernel(config):
    execute(
        config,
        "open('left', 'w').write('x')\n"
        "import math, os, time\n"
        "math.pi = 3\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    time.sleep(600)",
    )
    (room,) = [one for one in provisioner._idle if one.sandbox.kind == kind_of(config)]
    assert room.sandbox.usage()["memory_mb"] < 1
    outputs = execute(config, "import math, os\nprint(os.listdir('.'), round(math.pi, 2))")
    assert printed(outputs[0]) == "[] 3.14"


def kind_of(config: Config) -> str:
    return config.SandboxProvisioner.sandbox


def test_does_the_next_kernel_find_the_room_warm(config):
    execute(config, "1")
    before = {room.sandbox.pid for room in provisioner._all}
    execute(config, "1")
    assert {room.sandbox.pid for room in provisioner._all} == before


def test_are_the_files_beside_the_notebook_only_there_if_named(config, tmp_path):
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "pandas.py").write_text("raise SystemExit")
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    config.SandboxProvisioner.files = ["*.csv"]
    outputs = execute(
        config,
        "import os, pandas as pd\nprint(sorted(os.listdir('.')), pd.read_csv('data.csv').a[0])",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    assert printed(outputs[0]) == "['data.csv'] 1"


def test_are_files_too_large_to_copy_refused_with_their_size(config, tmp_path, monkeypatch):
    monkeypatch.setattr(provisioner, "MOST_FILE_BYTES", 3)
    (tmp_path / "data.csv").write_text("four")
    config.SandboxProvisioner.files = ["*.csv"]
    with pytest.raises(NoSandbox, match="4 bytes; at most 3"):
        execute(config, "1", resources={"metadata": {"path": str(tmp_path)}})


def test_is_a_sandbox_that_cannot_run_refused(config, monkeypatch):
    def never(kind: str) -> str:
        raise NoSandbox("No sandbox runs here")

    monkeypatch.setattr(provisioner, "choose", never)
    with pytest.raises(NoSandbox, match="No sandbox runs here"):
        execute(config, "1")


def test_does_a_time_out_end_a_cell_and_leave_the_next_kernel_well(config):
    with pytest.raises(CellTimeoutError):
        execute(config, "while True: pass", timeout=1)
    assert printed(execute(config, "print('well')")[0]) == "well"


def test_can_a_cell_be_interrupted_and_the_kernel_go_on(config):
    stopped, after = execute(
        config,
        "while True: pass",
        "print('on')",
        timeout=3,
        interrupt_on_timeout=True,
        allow_errors=True,
    )
    assert stopped[0].ename == "KeyboardInterrupt" and printed(after) == "on"


def test_is_a_kernel_that_ends_itself_noticed(config):
    nb = new_notebook(cells=[new_code_cell("import os; os._exit(3)")])
    with pytest.raises(Exception, match="died"):
        NotebookClient(nb, kernel_name=NAME, config=config).execute()
    assert printed(execute(config, "print('well')")[0]) == "well"


def started(config: Config) -> KernelManager:
    manager = KernelManager(kernel_name=NAME, config=config)
    manager.start_kernel()
    return manager


def answer(manager: KernelManager, code: str) -> str:
    """What a cell printed, asked through a client of its own."""
    client = manager.client()
    client.start_channels()
    said: list[str] = []
    try:
        client.wait_for_ready(timeout=20)
        client.execute_interactive(
            code,
            timeout=20,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
    return "".join(said).strip()


def test_can_a_kernel_be_started_again_in_place(config):
    manager = started(config)
    try:
        assert answer(manager, "mine = 1\nprint('one')") == "one"
        before = manager.get_connection_info()
        manager.restart_kernel(now=True)
        assert manager.get_connection_info() == before
        assert answer(manager, "print('mine' in dir())") == "False"
    finally:
        manager.shutdown_kernel()


@pytest.mark.parametrize("now", [True, False])
def test_does_a_shut_down_kernel_leave_nothing(config, now):
    manager = started(config)
    room = manager.provisioner._room
    assert manager.is_alive() and manager.has_kernel
    answer(manager, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    manager.shutdown_kernel(now=now)
    assert not manager.is_alive()
    assert room.sandbox.usage()["memory_mb"] < 1
    assert os.listdir(room.folder) == []


def test_does_a_signal_reach_the_kernel(config):
    manager = started(config)
    try:
        manager.signal_kernel(9)
        deadline = time.monotonic() + 10
        while manager.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not manager.is_alive()
        assert asyncio.run(manager.provisioner.poll()) == -9
    finally:
        manager.shutdown_kernel(now=True)


def test_is_a_room_that_died_a_dead_kernel_and_not_used_again(config):
    manager = started(config)
    room = manager.provisioner._room
    for one in psutil.Process(room.sandbox.pid).children(recursive=True):
        one.kill()
    psutil.Process(room.sandbox.pid).kill()
    assert not manager.is_alive()
    manager.shutdown_kernel(now=True)
    assert room not in provisioner._all
    assert printed(execute(config, "print('well')")[0]) == "well"


def test_do_two_kernels_at_once_have_a_room_each(config):
    async def both() -> list[str]:
        notebooks = [
            new_notebook(cells=[new_code_cell(f"open('n{n}', 'w')\nimport os, time\n"
                                              "time.sleep(0.5)\nprint(os.listdir('.'))")])
            for n in range(2)
        ]  # fmt: skip
        clients = [
            NotebookClient(nb, kernel_name=NAME, config=config,
                           kernel_manager_class=AsyncKernelManager)
            for nb in notebooks
        ]  # fmt: skip
        await asyncio.gather(*(client.async_execute() for client in clients))
        return [printed(nb.cells[0].outputs) for nb in notebooks]

    assert asyncio.run(both()) == ["['n0']", "['n1']"]


def tool(name: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    """Run a command of this environment as a user would, the environment not activated."""
    scripts = sysconfig.get_path("scripts")
    return subprocess.run(
        [Path(scripts, name), *map(str, arguments)],
        cwd=cwd,
        env={
            "PATH": f"{scripts}:/usr/bin:/bin",
            "HOME": str(cwd),
            "JUPYTER_PATH": str(SPECS),
            "JUPYTER_PLATFORM_DIRS": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        },
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_does_jupyter_execute_run_a_notebook_in_the_sandbox(kind, tmp_path):
    nb = new_notebook(cells=[new_code_cell("import os\nprint(os.geteuid(), os.getcwd())")])
    nbformat.write(nb, tmp_path / "short.ipynb")
    done = tool(
        "jupyter-execute", "short.ipynb", "--inplace", f"--kernel_name={NAME}",
        f"--SandboxProvisioner.sandbox={kind}", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = printed(nbformat.read(tmp_path / "short.ipynb", 4).cells[0].outputs).split()
    assert int(said[0]) != 0 and said[1] != str(tmp_path)


@pytest.mark.slow
def test_does_nbval_compare_stored_outputs_through_the_sandbox(tmp_path):
    stored = new_code_cell("print('the same')", execution_count=1)
    stored.outputs = [nbformat.v4.new_output("stream", text="the same\n")]
    other = new_code_cell("print('another')", execution_count=2)
    other.outputs = [nbformat.v4.new_output("stream", text="changed\n")]
    spec = {"name": NAME, "display_name": NAME, "language": "python"}
    nb = new_notebook(cells=[stored, other], metadata={"kernelspec": spec})
    nbformat.write(nb, tmp_path / "stored.ipynb")
    done = tool("pytest", "--nbval", "-q", "-p", "no:cacheprovider", "stored.ipynb", cwd=tmp_path)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "changed" in done.stdout and "another" in done.stdout


def labelled(cell: nbformat.NotebookNode, name: str, **flags: object) -> nbformat.NotebookNode:
    cell.metadata["nbgrader"] = {
        "grade": False, "solution": False, "locked": False, "task": False, "grade_id": name,
        "schema_version": 3, "cell_type": cell.cell_type, **flags,
    }  # fmt: skip
    return cell


@pytest.mark.slow
def test_does_stock_nbgrader_autograde_in_the_sandbox(tmp_path):
    check = (
        "import os\n"
        "assert square(3) == 9\n"
        "assert os.geteuid() != 0 and os.getcwd() == '/sandbox' or 'work' in os.getcwd()\n"
        "assert open('list.txt').read() == 'beside'"
    )
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nb = new_notebook(
        cells=[
            new_markdown_cell("# Squares"),
            labelled(
                new_code_cell("def square(x):\n    ### BEGIN SOLUTION\n    return x * x\n"
                              "    ### END SOLUTION"), "square", solution=True),
            labelled(new_code_cell(check), "check", grade=True, locked=True, points=3),
        ],
        metadata={"kernelspec": spec},
    )  # fmt: skip
    source = tmp_path / "source" / "ps1"
    source.mkdir(parents=True)
    nbformat.write(nb, source / "squares.ipynb")
    (source / "list.txt").write_text("beside")
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.CourseDirectory.course_id = 'tiny'\n"
        f"c.ExecutePreprocessor.kernel_name = {NAME!r}\n"
        "c.SandboxProvisioner.files = ['*.txt']\n"
    )
    made = tool("nbgrader", "generate_assignment", "ps1", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    for learner, body in {"right": "return x ** 2", "wrong": "return x"}.items():
        released = nbformat.read(tmp_path / "release" / "ps1" / "squares.ipynb", 4)
        released.cells[1].source = f"def square(x):\n    {body}"
        folder = tmp_path / "submitted" / learner / "ps1"
        folder.mkdir(parents=True)
        nbformat.write(released, folder / "squares.ipynb")
    graded = tool("nbgrader", "autograde", "ps1", "--create", cwd=tmp_path)
    assert graded.returncode == 0, graded.stderr
    outputs = {
        learner: nbformat.read(
            tmp_path / "autograded" / learner / "ps1" / "squares.ipynb", 4
        ).cells[2].outputs
        for learner in ("right", "wrong")
    }  # fmt: skip
    assert outputs["right"] == []
    assert outputs["wrong"][0].ename == "AssertionError"
    exported = tool("nbgrader", "export", cwd=tmp_path)
    rows = (tmp_path / "grades.csv").read_text().splitlines()
    assert exported.returncode == 0 and len(rows) == 3
    header, *marks = (row.split(",") for row in rows)
    score, learner = header.index("raw_score"), header.index("student_id")
    assert {row[learner]: float(row[score]) for row in marks} == {"right": 3.0, "wrong": 0.0}


def test_does_the_kernelspec_ask_for_interrupts_as_messages():
    spec = json.loads((SPECS / "kernels" / NAME / "kernel.json").read_text())
    assert spec["interrupt_mode"] == "message"
    assert spec["metadata"]["kernel_provisioner"]["provisioner_name"] == NAME


def test_does_one_more_kernel_cost_less_than_60_mb(kind, capsys):
    """Rise in the summed PSS of a room from n kernels to n + 1, each having run a cell."""
    folder = provisioner.tempfile.mkdtemp(prefix="mk", dir="/tmp")
    own_by_sandbox(folder)
    managers, sums = [], []
    modules = provisioner.SandboxProvisioner(kernel_id="x").modules
    view = View(sockets=folder)
    try:
        with Sandbox(kind, view, Limits(seconds=600, processes=400)) as room:
            room.prepare(["autograder.kernels.served", *modules])
            sums.append(_pss(room))
            for n in range(3):
                manager = KernelManager(transport="ipc", ip=f"{folder}/n{n}")
                manager.write_connection_file()
                info = manager.get_connection_info()
                info["key"] = info["key"].decode()
                room.fork(info)
                managers.append(manager)
                assert answer(manager, "import pandas as pd\nprint(pd.DataFrame([1]).sum()[0])")
                sums.append(_pss(room))
    finally:
        for manager in managers:
            manager.cleanup_connection_file()
        provisioner.shutil.rmtree(folder)
    rises = [after - before for before, after in itertools.pairwise(sums)]
    with capsys.disabled():
        print(f"\n{kind}: PSS {sums[0]:.0f} MB without a kernel; one more kernel",
              ", ".join(f"{rise:.1f}" for rise in rises), "MB")  # fmt: skip
    assert 5 < max(rises) < 60


def _pss(room: Sandbox) -> float:
    """Summed PSS in MB: the warm process told from within, the others read from outside."""
    total = room.pss_kb()
    for one in psutil.Process(room.pid).children(recursive=True):
        rollup = Path(f"/proc/{one.pid}/smaps_rollup")
        if "warm" in "".join(one.cmdline()) and one.num_threads() > 1:
            text = rollup.read_text()
            total += int(
                next(row for row in text.splitlines() if row.startswith("Pss:")).split()[1]
            )
    return total / 1000
