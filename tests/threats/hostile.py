# ruff: noqa: E501 - the code of a case is one string; broken further it cannot be read
"""The cases: each is one edit to the released notebook, and what must come of it.

`@OUTSIDE@` stands for a folder of ours with a gradebook and another learner's work, open to
everybody; `@SHELF@` for a folder the room may read, with a masked `solutions` in it;
`@WORKER@` for the number of the process that grades. `attempt(name, do)` prints GOT when
something works that must not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from little_course import POINTS

ATTEMPT = """\
def attempt(name, do):
    try:
        found = do()
    except BaseException as error:
        print("no", name, type(error).__name__)
    else:
        print("GOT", name, str(found)[:300])
"""
#: What answers for a learner's process, found by one who reads our code; and its channel.
FIND_CELLS = """\
import gc
from autograder.kernels.cells import Cells
gc.unfreeze()
(cells,) = [one for one in gc.get_objects() if type(one) is Cells]
(sock,) = [one.cell_contents for one in cells.ask.__closure__ if hasattr(one.cell_contents, "recv")]
"""
#: Is there anything in the work folder but what belongs there, here or with stock nbgrader?
LEFT = """\
import os
left = set(os.listdir()) - {"notes.txt", "little.ipynb", "timestamp.txt"}
print("GOT" if left else "no")
"""
T1 = "def doubled(number):\n    return number * 2\n"
T2 = "def total(frame):\n    return int(frame['people'].sum())\n"
WRONG1 = "def doubled(number):\n    return -1\n"

FULL = {**POINTS, "t3": None}
NO_T1, NO_T2, NO_T4, NO_T5 = (FULL | {f"t{number}_check": 0.0} for number in (1, 2, 4, 5))
ZERO = dict.fromkeys(FULL, 0.0)
NO_CHECKS = ZERO | {"t3": None}


@dataclass(frozen=True)
class Case:
    """A hostile or unlucky notebook. `texts` are its answers by cell id; the rest is right.

    `edit` changes the notebook as a whole; `spy` is task 1 of the learner graded next, who
    looks for what was left behind. `reason` must occur in the reason given; None: there is
    none. A slow machine may meet the time limit before that of memory: `died or timed out`.
    `shows` must occur in what the learner's cells put out. `only` names the one kind of
    sandbox a case is about.
    """

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    scores: dict = field(default_factory=lambda: FULL)
    result: str = "graded"
    reason: str | None = None
    shows: str = ""
    spy: str = ""
    edit: Callable | None = None
    only: str = ""


def t1(code: str, answer: str = T1) -> dict[str, str]:
    """Task 1 with code before its right answer."""
    return {"t1": f"{code.strip()}\n{answer}"}


def tries(code: str, answer: str = T1) -> dict[str, str]:
    return t1(ATTEMPT + code, answer)


ENDLESS = "Look for a loop without an end."
ENDED = "ended the program that runs the notebook"
TOO_LONG = "gave back more data than is read"

RESOURCES = [
    Case("an endless loop",
         t1("while True:\n    pass"), NO_T1, "timed out", "Cell t1 ran for more than 2 s"),
    Case("a loop that swallows the interrupt",
         t1("while True:\n    try:\n        while True:\n            pass\n"
            "    except BaseException:\n        pass"),
         NO_T1, "timed out", "Cell t1 ran for more than 2 s"),
    Case("a loop in the function under test",
         {"t1": "def doubled(number):\n    while True:\n        pass\n"},
         NO_T1, "timed out", "Cell t1_check ran for more than 2 s"),
    Case("a function that swallows the interrupt",
         {"t1": "def doubled(number):\n    while True:\n        try:\n"
                "            while True:\n                pass\n"
                "        except BaseException:\n            pass\n"},
         NO_T1, "timed out", "Cell t1_check ran for more than 2 s"),
    Case("a process that stops itself",
         t1("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
         NO_T1, "timed out", "Cell t1 ran for more than 2 s"),
    Case("memory taken until none is left",
         t1("held = []\nwhile True:\n    held.append(bytearray(10_000_000))"),
         NO_T1, shows="MemoryError"),
    Case("memory taken by many processes",
         t1("import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n"
            "        held = bytearray(b'x') * 150_000_000\n        time.sleep(60)\n"
            "time.sleep(60)"),
         NO_T1, "died or timed out", "Cell t1 "),
    Case("memory shared between processes",
         t1("import mmap, os, time\nfor _ in range(20):\n    if os.fork() == 0:\n"
            "        held = mmap.mmap(-1, 150_000_000)\n"
            "        held.write(b'x' * 150_000_000)\n"
            "        time.sleep(60)\ntime.sleep(60)"),
         NO_T1, "died or timed out", "Cell t1 "),
    Case("memory in files without a name",
         tries("import os\nattempt('memfd', lambda: os.memfd_create('x'))")),
    Case("memory taken while the checks run",
         {"t1": "import os, time\ndef doubled(number):\n    for _ in range(20):\n"
                "        if os.fork() == 0:\n            held = bytearray(b'x') * 150_000_000\n"
                "            time.sleep(60)\n    time.sleep(60)\n"},
         NO_T1, "died or timed out", "Cell t1_check "),
    Case("a fork bomb",
         t1("import os, time\nwhile True:\n    try:\n        os.fork()\n"
            "    except OSError:\n        time.sleep(0.01)"),
         NO_T1, "died or timed out", "Cell t1 "),
    Case("a fork bomb that runs from its group",
         t1("import os, time\nif os.fork() == 0:\n    while True:\n        try:\n"
            "            if os.fork():\n                os._exit(0)\n            os.setsid()\n"
            "        except OSError:\n            pass\ntime.sleep(60)"),
         NO_T1, "timed out", "Cell t1"),
    Case("a thousand threads",
         t1("import threading, time\ntry:\n    for _ in range(1000):\n"
            "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
            "except RuntimeError as error:\n    print('stopped:', error)"),
         shows="stopped: can't start new thread"),
    Case("a file larger than allowed",
         t1("import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\ntry:\n"
            "    with open('big', 'wb') as file:\n        for _ in range(100):\n"
            "            file.write(bytes(1_000_000))\nexcept OSError as error:\n"
            "    print('stopped:', error.strerror)"),
         shows="stopped: File too large"),
    Case("the work folder filled",
         t1("total = 0\ntry:\n    for number in range(40):\n"
            "        total += open(f'big{number}', 'wb').write(bytes(19_000_000))\n"
            "except OSError as error:\n    print('stopped:', error.strerror)"),
         shows="stopped: No space left on device", only="bwrap"),
    Case("other folders filled",
         tries("import os\nfor folder in ('/', '/dev', '/run', '/var/tmp', '/etc'):\n"
               "    attempt(folder, lambda: open(os.path.join(folder, 'big'), 'wb'))")),
    Case("the folder for temporary files filled",
         t1("total = 0\ntry:\n    for number in range(40):\n"
            "        total += open(f'/tmp/big{number}', 'wb').write(bytes(19_000_000))\n"
            "except OSError as error:\n    print('stopped:', type(error).__name__)"),
         shows="stopped: ", spy="open('/tmp/mine', 'w').write('x' * 100)", only="bwrap"),
    Case("the folder for shared memory filled",
         t1("total = 0\ntry:\n    for number in range(40):\n"
            "        total += open(f'/dev/shm/big{number}', 'wb').write(bytes(19_000_000))\n"
            "except OSError as error:\n    print('stopped:', type(error).__name__)"),
         shows="stopped: "),
    Case("many files",
         t1("for number in range(500):\n    open(f'f{number}', 'w').close()"),
         spy=LEFT),
    Case("files without end",
         t1("number = 0\nwhile True:\n    open(f'f{number}', 'w').close()\n    number += 1"),
         NO_T1, "died or timed out", "Cell t1 ",
         spy=LEFT),
    Case("folders in folders in folders",
         t1("import os\nfor _ in range(2200):\n    os.mkdir('d')\n    os.chdir('d')"),
         spy=LEFT),
    Case("a folder nobody may open",
         t1("import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a/b', 0)\n"
            "os.chmod('a', 0)"),
         spy=LEFT),
    Case("a work folder nobody may open",
         t1("import os\nos.chmod('.', 0)"),
         spy="open('mine', 'w').write('x')"),
    Case("60 MB printed on one line",
         t1("print('x' * 60_000_000)"), shows="the rest of the output was cut off"),
    Case("a million display() calls",
         t1("for number in range(1_000_000):\n    display(number)"),
         NO_T1, "timed out", "Cell t1 ran for more than 2 s"),
    Case("thousands of small outputs",
         t1("for _ in range(4000):\n    get_ipython().display_pub.publish({})"),
         shows=""),
    Case("os._exit(0)",
         t1("import os\nos._exit(0)"), NO_T1, "died", "Cell t1 " + ENDED),
    Case("exit()",
         t1("exit()")),
    Case("os._exit(0) in the function under test",
         {"t1": "import os\ndef doubled(number):\n    os._exit(0)\n"},
         NO_T1, "died", "Cell t1_check " + ENDED),
    Case("raise SystemExit in the function under test",
         {"t1": "def doubled(number):\n    raise SystemExit\n"}, NO_T1),
    Case("a crash of the interpreter",
         t1("import ctypes\nctypes.string_at(0)"), NO_T1, "died", "Cell t1 " + ENDED),
    Case("recursion without end",
         {"t1": "def doubled(number):\n    return doubled(number)\n"}, NO_T1),
    Case("killing the parent",
         tries("import os, signal\n"
               "attempt('kill', lambda: os.kill(os.getppid(), signal.SIGKILL))\n"
               "attempt('worker', lambda: os.kill(@WORKER@, signal.SIGKILL))")),
    Case("killing everybody",
         t1("import os, signal\ntry:\n    os.kill(-1, signal.SIGKILL)\nexcept OSError:\n    pass")),
    Case("the parent's limits lowered",
         tries("import os, resource\nfor pid in (os.getppid(), @WORKER@, 1):\n"
               "    attempt('limit', lambda: resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0)))")),
    Case("the parent slowed down",
         tries("import os\ndef slow(pid):\n"
               "    os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))\n"
               "    assert os.sched_getscheduler(pid) == os.SCHED_IDLE\n"
               "for pid in (os.getppid(), @WORKER@, 1):\n"
               "    attempt('nice', lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))\n"
               "    attempt('cores', lambda: os.sched_setaffinity(pid, [0]))\n"
               "    attempt('idle', lambda: slow(pid))")),
    Case("a detached process left behind",
         t1("import subprocess\nsubprocess.Popen(['/usr/bin/sleep', '1000'], start_new_session=True)")),
    Case("a daemon left behind",
         t1("import os, signal, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork():\n"
            "        os._exit(0)\n    for one in range(1, 32):\n        try:\n"
            "            signal.signal(one, signal.SIG_IGN)\n        except OSError:\n"
            "            pass\n    time.sleep(1000)")),
    Case("the error stream filled",
         t1("import os\nos.set_blocking(2, False)\ntry:\n    for _ in range(1000):\n"
            "        os.write(2, b'x' * 60_000)\nexcept BlockingIOError:\n    os.set_blocking(2, True)"),
         spy="import os\nos.write(2, b'x' * 70_000)"),
    Case("input()", t1("name = input('Who? ')"),
         NO_T1, shows="nobody is there to answer input()"),
]  # fmt: skip

READING = [
    Case("the solution in the course folder",
         tries("import os\nattempt('solution', lambda: open('@SHELF@/solutions/t1.py').read())\n"
               "attempt('list', lambda: os.listdir('@SHELF@/solutions')[0])\n"
               "assert open('@SHELF@/data.csv').read() == 'ours'")),
    Case("another learner's work",
         tries("import os\nattempt('work', lambda: open('@OUTSIDE@/other.ipynb').read())\n"
               "attempt('list', lambda: os.listdir('@OUTSIDE@'))\n"
               "os.symlink('@OUTSIDE@/other.ipynb', 'link')\n"
               "attempt('link', lambda: open('link').read())\n"
               "attempt('root', lambda: open('/proc/self/root@OUTSIDE@/other.ipynb').read())\n"
               "attempt('parent', lambda: open('/proc/%d/cwd/x' % os.getppid(), 'w'))")),
    Case("the gradebook",
         tries("import os, sqlite3\nattempt('read', lambda: open('@OUTSIDE@/gradebook.db').read())\n"
               "attempt('write', lambda: open('@OUTSIDE@/gradebook.db', 'w').write('x'))\n"
               "attempt('delete', lambda: os.unlink('@OUTSIDE@/gradebook.db'))\n"
               "attempt('new', lambda: open('@OUTSIDE@/new', 'w'))\n"
               "attempt('sqlite', lambda: sqlite3.connect('@OUTSIDE@/gradebook.db')"
               ".execute('create table x (y)'))")),
    Case("rights and dates of our files",
         t1("import os\nfor change in (\n    lambda: os.chmod('@OUTSIDE@/gradebook.db', 0),\n"
            "    lambda: os.utime('@OUTSIDE@/gradebook.db', (0, 0)),\n"
            "    lambda: os.setxattr('@OUTSIDE@/gradebook.db', 'user.x', b'x'),\n):\n"
            "    try:\n        change()\n    except OSError:\n        pass")),
    Case("the source of checks in `In`",
         {"t2": "found = [one for one in In if 'pro' + 'be' in one]\nprint('GOT' if found else 'no')\n" + T2}),
    Case("a hook that writes every cell to a file",
         {"t1": "def note(info):\n    open('cells.txt', 'a').write(info.raw_cell)\n"
                "get_ipython().events.register('pre_run_cell', note)\n" + T1,
          "t2": "seen = open('cells.txt').read()\nprint('GOT' if 'pro' + 'be' in seen else 'no')\n" + T2}),
    Case("environment variables",
         tries("import glob, os\nattempt('token', lambda: os.environ['THREATS_TOKEN'])\n"
               "for path in ['/proc/%d/environ' % os.getppid(), '/proc/@WORKER@/environ',\n"
               "             *glob.glob('/proc/[0-9]*/environ')]:\n"
               "    if '/%d/' % os.getpid() not in path:\n"
               "        attempt(path, lambda: open(path, 'rb').read())")),
    Case("memory and files of other processes",
         tries("import os\nfor pid in (os.getppid(), @WORKER@, 1):\n"
               "    for name in ('mem', 'maps', 'fd/0', 'root/etc', 'cwd/x'):\n"
               "        attempt(name, lambda: os.open(f'/proc/{pid}/{name}', os.O_RDONLY))")),
    Case("other processes traced",
         tries("import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
               "def call(*args):\n    if libc.syscall(*args) < 0:\n"
               "        raise OSError(ctypes.get_errno(), 'refused')\n"
               "for pid in (os.getppid(), @WORKER@):\n"
               "    attempt('attach', lambda: call(101, 16, pid, 0, 0))\n"
               "    attempt('read', lambda: call(310, pid, 0, 0, 0, 0, 0))\n"
               "attempt('namespace', lambda: call(272, 0x10000000))\n"
               "attempt('clone', lambda: call(56, 0x10000000 | 17, 0, 0, 0, 0))")),
    Case("the network",
         tries("import socket, urllib.request\nkinds = [\n"
               "    (socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM),\n"
               "    (socket.AF_INET6, socket.SOCK_DGRAM), (socket.AF_NETLINK, socket.SOCK_RAW),\n"
               "    (socket.AF_VSOCK, socket.SOCK_STREAM), (socket.AF_PACKET, socket.SOCK_RAW)]\n"
               "for kind in kinds:\n    attempt(kind, lambda: socket.socket(*kind))\n"
               "attempt('http', lambda: urllib.request.urlopen('http://127.0.0.1:@PORT@').read())\n"
               "attempt('names', lambda: socket.getaddrinfo('example.org', 80))")),
    Case("a local service's socket",
         tries("import socket\nfor address in ('@OUTSIDE@/service', '\\0@ABSTRACT@'):\n"
               "    def reach():\n        socket.socket(socket.AF_UNIX).connect(address)\n"
               "    attempt(address, reach)\n"
               "def send():\n    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)"
               ".sendto(b'x', '@OUTSIDE@/post')\nattempt('post', send)\n"
               "def pair():\n    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0]"
               ".sendto(b'x', '@OUTSIDE@/post')\nattempt('pair', pair)")),
    Case("inputs printed by the function under test",
         {"t1": "import os, sys\ndef doubled(number):\n    print(number)\n"
                "    print(number, file=sys.__stdout__)\n    os.write(1, str(number).encode())\n"
                "    os.write(2, str(number).encode())\n    display(number)\n    return 2 * number\n"}),
    Case("inputs in the text of an error",
         {"t1": "def doubled(number):\n    if number > 10:\n        raise ValueError(number)\n"
                "    return 2 * number\n"}, NO_T1),
    Case("inputs in the name of an error",
         {"t1": "def doubled(number):\n    if number > 10:\n"
                "        raise type(f'E{number}', (Exception,), {})(number)\n"
                "    return 2 * number\n"}, NO_T1),
    Case("inputs in an error that calls itself ours",
         {"t1": "def doubled(number):\n    if number > 10:\n"
                "        raise type('NotYet', (AssertionError,), {})(number)\n"
                "    return 2 * number\n"}, NO_T1),
    Case("inputs written to files and read again after a crash",
         {"t1": "import glob, os\nfor place in ('.', '/tmp', '/dev/shm', '/', '/var/tmp'):\n"
                "    for path in glob.glob(os.path.join(place, 'kept*')):\n"
                "        print(path, open(path).read())\n"
                "def doubled(number):\n    for place in ('.', '/tmp', '/dev/shm', '/', '/var/tmp'):\n"
                "        try:\n            open(os.path.join(place, 'kept'), 'a').write(str(number))\n"
                "        except OSError:\n            pass\n    os._exit(0)\n"},
         NO_T1, "died", "Cell t1_check " + ENDED),
    Case("inputs kept and told in the error of a later check",
         {"t1": "kept = []\ndef doubled(number):\n    kept.append(number)\n    return 2 * number\n",
          "t2": "def total(frame):\n    raise ValueError(kept)\n"}, NO_T2),
    Case("inputs kept and returned to a later check",
         {"t1": "kept = []\ndef doubled(number):\n    kept.append(number)\n    return 2 * number\n",
          "t2": "def total(frame):\n    return kept[-1]\n"}, NO_T2),
]  # fmt: skip
SURVIVING = [
    Case("a file left in the work folder",
         t1("open('left', 'w').write('x')"),
         spy="import os\nprint('GOT' if os.path.exists('left') else 'no')"),
    Case("files left elsewhere",
         t1("for place in ('/tmp', '/dev/shm', '/', '/dev', '/tmp/mpl', '/tmp/ipython', '../mpl'):\n"
            "    try:\n        open(place + '/left', 'w').write('x')\n"
            "    except OSError:\n        pass"),
         spy="import os\nfor place in ('/tmp', '/dev/shm', '/', '/dev', '/tmp/mpl', "
             "'/tmp/ipython', '../mpl'):\n"
             "    print('GOT' if os.path.exists(place + '/left') else 'no', place)"),
    Case("a module left for the next",
         t1("open('statistics.py', 'w').write('left = 1')\n"
            "open('little_notes.py', 'w').write('left = 1')"),
         spy=ATTEMPT + "import importlib\n"
             "attempt('module', lambda: importlib.import_module('little_notes'))"),
    Case("a message left in the kernel",
         t1("import ctypes\nlibc = ctypes.CDLL(None)\n"
            "segment = libc.shmget(4711, 4096, 0o1666)\nqueue = libc.msgget(4711, 0o1666)\n"
            "lock = libc.semget(4711, 1, 0o1666)\nprint(segment, queue, lock)"),
         spy="import ctypes\nlibc = ctypes.CDLL(None)\n"
             "for find in (libc.shmget, libc.semget):\n"
             "    print('GOT' if find(4711, 1, 0) >= 0 else 'no')\n"
             "print('GOT' if libc.msgget(4711, 0) >= 0 else 'no')"),
    Case("a message left in a shared open file",
         t1("import os\nfor number in (0, 1, 2):\n    try:\n        os.write(number, b'left')\n"
            "    except OSError:\n        pass"),
         spy="import os\nfor number in range(10):\n    try:\n"
             "        handle = os.open(f'/proc/self/fd/{number}', os.O_RDONLY | os.O_NONBLOCK)\n"
             "        print('GOT' if b'left' in os.read(handle, 1000) else 'no')\n"
             "    except OSError:\n        pass"),
    Case("libraries patched for the next",
         t1("import json, builtins, pandas as pd\npd.DataFrame.sum = None\njson.dumps = None\n"
            "builtins.sum = None"), NO_T1, "died", ENDED,
         spy="print('GOT' if pd.DataFrame.sum is None else 'no')"),
]  # fmt: skip

FORGING = [
    Case("displayhook in the function under test",
         {"t1": "def doubled(number):\n    get_ipython().displayhook('ok')\n    return -1\n"}, NO_T1),
    Case("asserts dropped by an AST transformer",
         {"t1": "import ast\nclass Drop(ast.NodeTransformer):\n"
                "    def visit_Assert(self, node):\n        return ast.Pass()\n"
                "    def visit_With(self, node):\n        return ast.Pass()\n"
                "get_ipython().ast_transformers.append(Drop())\n" + WRONG1}, NO_T1),
    Case("cells blanked by an input transformer",
         {"t1": "get_ipython().input_transformers_post.append(lambda lines: [])\n" + WRONG1},
         NO_T1),
    Case("`pandas.testing` patched",
         {"t1": "import pandas.testing\npandas.testing.assert_frame_equal = print\n"
                "pd.DataFrame.equals = lambda *_: True\n" + WRONG1}, NO_T1),
    Case("the words of the checks patched",
         {"t1": "import course.check\n"
                "course.check.Expectation._judge = lambda self, _: self\n"
                "expect = probe = task = print\n" + WRONG1}, NO_T1),
    Case("an object equal to everything",
         {"t1": "class Any(int):\n    __eq__ = __ge__ = __le__ = lambda *_: True\n"
                "    __hash__ = int.__hash__\ndef doubled(number):\n    return Any()\n"}, NO_T1),
    Case("a value that pretends to be a number",
         {"t4": "class Any:\n    __class__ = int\n    __eq__ = lambda *_: True\n"
                "def tripled(number):\n    return Any()\n"}, NO_T4),
    Case("a comparison answered by the answer",
         {"t4": "class Any(float):\n    def __eq__(self, other):\n        return True\n"
                "    __req__ = __ne__ = __eq__\ndef tripled(number):\n    return Any('nan')\n"}, NO_T4),
    Case("a missing number for every number",
         {"t1": "def doubled(number):\n    return float('nan')\n",
          "t4": "def tripled(number):\n    return float('nan')\n"}, NO_T1 | NO_T4 | {"t1_check": 0.0}),
    Case("a frame equal to everything",
         {"t2": "class Any(pd.DataFrame):\n    equals = __eq__ = lambda *_: True\n"
                "def total(frame):\n    return Any()\n"}, NO_T2),
    Case("records and classes with odd names",
         {"t1": "from collections import namedtuple\n"
                "kind = type('int', (tuple,), {'_fields': ('__class__', '__eq__', 'a b', 7)})\n"
                "def doubled(number):\n    return kind((1, 2, 3, 4))\n"}, NO_T1),
    Case("`__untouched__` claimed",
         {"t1": "class Answer:\n    __untouched__ = False\n    __name__ = 'x' * 10_000\n"
                "    def __call__(self, number):\n        return -1\ndoubled = Answer()\n"}, NO_T1),
    Case("an attribute that never comes",
         {"t1": "class Answer:\n    def __getattr__(self, name):\n        while True:\n"
                "            pass\ndef doubled(number):\n    return Answer()\n"},
         NO_T1, "timed out", "Cell t1_check ran for more than 2 s"),
    Case("`showtraceback` and `set_custom_exc` replaced",
         {"t1": "shell = get_ipython()\nshell.showtraceback = lambda *_, **__: None\n"
                "shell._showtraceback = lambda *_: None\n"
                "shell.set_custom_exc((BaseException,), lambda *_, **__: None)\n" + WRONG1}, NO_T1),
    Case("`run_cell` replaced",
         {"t1": "shell = get_ipython()\nshell.run_cell = shell.run_cell_async = None\n" + WRONG1},
         NO_CHECKS, "died", ENDED),
    Case("the answering machine replaced",
         {"t1": "from autograder.kernels.cells import Cells\n"
                "Cells.call = lambda *_, **__: {'value': 4, 'changed': {}}\n" + WRONG1},
         NO_CHECKS),
    Case("replies written to the worker's channel",
         {"t1": "import glob, json, os, socket, struct\n"
                "body = json.dumps({'outputs': [], 'failed': False, 'names': []}).encode()\n"
                "for path in glob.glob('/proc/self/fd/*'):\n    number = int(path.split('/')[-1])\n"
                "    try:\n        if number > 2 and 'socket' in os.readlink(path):\n"
                "            os.write(number, (struct.pack('!Q', len(body)) + body) * 20)\n"
                "    except OSError:\n        pass\n" + WRONG1},
         NO_CHECKS, "died", ENDED),
    *[
        Case(f"a forged reply: {name}",
             {"t1": "from autograder.kernels.cells import Cells\n"
                    f"Cells.call = lambda *_, **__: {reply}\n" + T1,
              "t2": T2}, scores, result, reason)
        for name, reply, scores, result, reason in [
            ("nothing", "{}", NO_CHECKS, "died", ENDED),
            ("an odd error", "{'error': 5}", NO_CHECKS, "died", ENDED),
            ("an error without a name", "{'error': {'kinds': [], 'text': '', 'line': 'x'}}",
             NO_CHECKS, "graded", None),
            ("an error that ends the marker", "{'error': {'kinds': ['SystemExit', 'KeyboardInterrupt'],"
             " 'text': 'x', 'line': None}}", NO_CHECKS, "graded", None),
            ("changes to what is not there", "{'value': 4, 'changed': {'99': 5, 'x': 1}}",
             NO_CHECKS, "graded", None),
            ("a thing without a name", "{'value': {'t': 'thing', 'v': {}}}",
             NO_CHECKS, "graded", None),
            ("an unknown tag", "{'value': {'t': 'pickle', 'v': 'gASVBAAA'}}",
             NO_CHECKS, "graded", None),
            ("a fraction without end", "{'value': {'t': 'fraction', 'v': '1e999999999'}}",
             NO_CHECKS, "graded", None),
            ("a range without end", "{'value': {'t': 'range', 'v': [0, 10**18, 1]}}",
             NO_CHECKS, "graded", None),
        ]
    ],
    Case("a reply of 80 MB",
         {"t1": "def doubled(number):\n    return 'x' * 80_000_000\n"}, NO_T1, "died", TOO_LONG),
    Case("a reply that comes byte by byte",
         {"t1": FIND_CELLS + "import struct, time\ndef doubled(number):\n"
                "    sock.sendall(struct.pack('!Q', 1_000_000))\n    while True:\n"
                "        sock.sendall(b' ')\n        time.sleep(0.0005)\n"}, NO_T1, "died", ENDED),
    Case("replies of 45 MB one after the other",
         {"t1": "def doubled(number):\n    return 'x' * 45_000_000\n", "t2": "total = doubled\n",
          "t4": "tripled = doubled\n", "t5": "def applied(change, number):\n    return doubled(1)\n"},
         NO_CHECKS, "died or timed out", "Cell t"),
    Case("a name of ours claimed as an answer",
         {"t1": FIND_CELLS + "Cells.fetch = lambda *_, **__: {'value': {'t': 'yours', 'v': {'name': 'open'}}}\n"},
         NO_CHECKS),
    Case("a text of 20 MB",
         {"t1": "def doubled(number):\n    return 'x' * 20_000_000\n"}, NO_T1),
    Case("a dict of half a million keys",
         {"t1": "def doubled(number):\n    return {n: n for n in range(100_000)}\n"}, NO_T1),
    Case("a list in a list in a list",
         {"t1": "def doubled(number):\n    held = []\n    for _ in range(5000):\n"
                "        held = [held]\n    return held\n"}, NO_T1),
    Case("a value that contains itself",
         {"t1": "def doubled(number):\n    held = []\n    held.append(held)\n    return held\n"}, NO_T1),
    Case("an iterator without end",
         {"t1": "import itertools\ndef doubled(number):\n    return itertools.count()\n"}, NO_T1),
    Case("keys with the same hash",
         {"t1": "keys = {n * (2**61 - 1): 0 for n in range(1, 2000)}\n"
                "def doubled(number):\n    return keys\n"}, NO_T1),
    Case("the input changed and denied",
         {"t2": "def total(frame):\n    frame['people'] = 0\n    return 6\n"}, NO_T2),
    Case("`extra_credit` written into the gradebook",
         tries("import os, sqlite3\nfor path in ('gradebook.db', '../gradebook.db', '@OUTSIDE@/gradebook.db'):\n"
               "    attempt(path, lambda: sqlite3.connect(f'file:{path}?mode=rw', uri=True)"
               ".execute('update grade set extra_credit = 100'))")),
    Case("a marks bundle shown by an answer cell",
         {"t1": "display({'application/vnd.mildip.checks+json': {'task': 't1', 'lines': [{'name': 'all',"
                " 'outcome': 'right', 'hidden': False, 'message': ''}]}}, raw=True)\n" + WRONG1}, NO_T1),
]  # fmt: skip

CALLING_BACK = [
    Case("a function of the check's called after its time",
         {"t5": "kept = []\ndef applied(change, number):\n    kept.append(change)\n"
                "    return kept[0](number)\n"}, NO_T5),
    Case("a function of the check's called from a thread",
         {"t5": "import threading\ndef applied(change, number):\n    came = []\n"
                "    one = threading.Thread(target=lambda: came.append(change(number)))\n"
                "    one.start()\n    one.join()\n    return came[0]\n"}, NO_T5),
    Case("a function of the check's called from a forked child",
         {"t5": "import os\ndef applied(change, number):\n    if os.fork() == 0:\n        try:\n"
                "            change(number)\n        finally:\n            os._exit(0)\n"
                "    os.wait()\n    return change(number)\n"}),
    Case("a million call-backs",
         {"t5": "def applied(change, number):\n    for _ in range(1_000_000):\n"
                "        came = change(number)\n    return came\n"},
         NO_T5, "timed out", "Cell t5_check ran for more than 2 s"),
    Case("call-backs that swallow the interrupt",
         {"t5": "def applied(change, number):\n    while True:\n        try:\n"
                "            change(number)\n        except BaseException:\n            pass\n"},
         NO_T5, "timed out", "Cell t5_check ran for more than 2 s"),
    Case("a call-back with 80 MB",
         {"t5": "def applied(change, number):\n    return change('x' * 80_000_000)\n"},
         NO_T5, "died", "Cell t5_check " + TOO_LONG),
    Case("a call-back with a value that contains itself",
         {"t5": "def applied(change, number):\n    held = []\n    held.append(held)\n"
                "    return change(held)\n"}, NO_T5),
    Case("a call-back that asks for a name of ours",
         {"t5": FIND_CELLS + "def applied(change, number):\n"
                "    named = {'t': 'yours', 'v': {'name': 'counts'}}\n"
                "    said = cells.ask({'of': change.lent_as, 'args': [named], 'kwargs': {}})\n"
                "    return change(number) if 'value' in said else -1\n"}, NO_T5),
    Case("questions that are no call-backs",
         {"t5": FIND_CELLS + "odd = [5, [], {}, {'do': 'run', 'source': '1'}, {'of': 'counts'},\n"
                "       {'of': -1, 'args': [], 'kwargs': {}}, {'of': True, 'args': [], 'kwargs': {}},\n"
                "       {'do': 'run', 'of': 10**9, 'args': [], 'kwargs': {}, 'source': '1'}]\n"
                "def applied(change, number):\n"
                "    return change(number) if any(map(cells.ask, odd)) else -1\n"}, NO_T5),
    Case("questions whose answers nobody reads",
         {"t5": FIND_CELLS + "import json, struct\n"
                "text = json.dumps({'ask': {'of': 0, 'args': [], 'kwargs': {}}}).encode()\n"
                "def applied(change, number):\n    while True:\n"
                "        sock.sendall(struct.pack('!Q', len(text)) + text)\n"},
         NO_T5, "died or timed out", "Cell t5_check "),
]  # fmt: skip


def _flag(name: str, **values: object) -> Callable:
    def edit(nb):
        for cell in nb.cells:
            if cell.get("id") == name:
                cell.metadata.nbgrader.update(values)
        return nb

    return edit


def _recast(name: str, **values: object) -> Callable:
    def edit(nb):
        for cell in nb.cells:
            if cell.get("id") == name:
                cell.update(values)
                if cell.cell_type == "markdown":
                    cell.pop("outputs", None)
                    cell.pop("execution_count", None)
        return nb

    return edit


def _without(*names: str) -> Callable:
    def edit(nb):
        nb.cells = [cell for cell in nb.cells if cell.get("id") not in names]
        return nb

    return edit


def _twice(name: str) -> Callable:
    def edit(nb):
        again = next(cell for cell in nb.cells if cell.get("id") == name)
        nb.cells.append(type(again)(again))
        return nb

    return edit


def _stripped(nb):
    for cell in nb.cells:
        cell.metadata.clear()
        cell.pop("id", None)
    nb.metadata.clear()
    nb.nbformat_minor = 4
    return nb


def _text(change: Callable[[str], str]) -> Callable:
    def edit(nb):
        import nbformat

        return change(nbformat.writes(nb))

    return edit


STRUCTURE = [
    Case("a written task flagged as marked by a check",
         edit=_flag("t3", solution=False, locked=True)),
    Case("points raised", edit=_flag("t1_check", points=100),
         texts={"t1": WRONG1}, scores=NO_T1),
    Case("a check whose source is changed",
         edit=_recast("t1_check", source="pass"), texts={"t1": WRONG1}, scores=NO_T1),
    Case("a check retyped as markdown",
         edit=_recast("t1_check", cell_type="markdown"), texts={"t1": WRONG1}, scores=NO_T1),
    Case("a check marked as a solution",
         edit=_flag("t1_check", solution=True, locked=False), texts={"t1": WRONG1}, scores=NO_T1),
    Case("a check deleted", edit=_without("t1_check"),
         texts={"t1": WRONG1}, scores=NO_T1),
    Case("all checks and the set-up deleted",
         edit=_without("setup", *POINTS.keys() - {"t3"})),
    Case("an answer deleted", edit=_without("t1"), scores=NO_T1),
    Case("all labels stripped", edit=_stripped,
         scores=FULL | {"t3": 0.0}),
    Case("a check twice", edit=_twice("t1_check"),
         texts={"t1": WRONG1}, scores=NO_T1),
    Case("an answer twice, the first wrong",
         edit=_twice("t1")),
    Case("`schema_version: 99`",
         edit=_flag("t1", schema_version=99)),
    Case("labels of the wrong type",
         edit=_flag("t1_check", grade_id=["t1"], points="many", grade="yes")),
    Case("another kernel", edit=_text(
        lambda text: text.replace('"python3"', '"../../bin/sh"'))),
    Case("a cell of one's own that redefines the check's words",
         {"t1": "task = expect = probe = lambda *_: None\nassert True\n" + WRONG1}, NO_T1),
    Case("an untouched copy", {"t1": "def doubled(number):\n    ...\n",
         "t2": "def total(frame):\n    ...\n", "t3": "*Write your answer here.*",
         "t4": "def tripled(number):\n    ...\n", "t5": "def applied(change, number):\n    ...\n"}, ZERO),
]  # fmt: skip

FILES = [
    Case(name, edit=_text(change), scores=scores, result=result, reason=reason)
    for name, change, scores, result, reason in [
        ("truncated JSON", lambda text: text[: len(text) // 2],
         ZERO, "refused", "cut off"),
        ("no cells", lambda _: '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}',
         ZERO, "refused", "no cells"),
        ("an empty file", lambda _: "", ZERO, "refused", "empty"),
        ("bad UTF-8", lambda text: text + "\udcff",
         ZERO, "refused", "not UTF-8"),
        ("nested without end", lambda _: "[" * 100_000,
         ZERO, "refused", "nested too deeply"),
        ("nested deeply in a label",
         lambda text: text.replace('"metadata": {', '"metadata": {"x": ' + "[" * 500 + "]" * 500 + ",", 1),
         ZERO, "refused", "nested too deeply"),
        ("a number of a million digits",
         lambda text: text.replace('"nbformat_minor": 5', '"nbformat_minor": ' + "9" * 1_000_000),
         ZERO, "refused", "not a notebook"),
        ("format 3",
         lambda text: text.replace('"nbformat": 4', '"nbformat": 3'), ZERO, "refused", "format 3"),
        ("a list instead of a notebook", lambda _: "[1, 2]",
         ZERO, "refused", "not a notebook"),
        ("cells that are not cells",
         lambda text: text.replace('"cells": [', '"cells": [7, ', 1), ZERO, "refused", "cell 1"),
        ("another module's notebook",
         lambda text: text.replace("m99_little", "m98_other"), ZERO, "refused", "m98_other"),
        ("thousands of cells",
         lambda text: text.replace('"cells": [', '"cells": [' + 3000 * (
             '{"cell_type": "raw", "metadata": {}, "source": ""},'), 1),
         ZERO, "refused", "cells; at most"),
        ("half a surrogate in an answer",
         lambda text: text.replace("Because it is so.", "\\ud800"), FULL, "graded", None),
    ]
]  # fmt: skip

SHOWING = [
    Case("correct code that warns on stderr",
         {"t4": "import sys, warnings\ndef tripled(number):\n    warnings.warn('careful')\n"
                "    print('careful', file=sys.stderr)\n    return number * 3\n"}),
    Case("a script in an output",
         t1("from IPython.display import HTML\ndisplay(HTML('<script>alert(1)</script>"
            "<img src=x onerror=alert(1)><a href=\"javascript:alert(1)\">x</a>'))")),
    Case("a script in an answer's text",
         {"t3": "Because <script>alert(1)</script><img src=x onerror=alert(1)>"}),
    Case("a script in a picture",
         t1("from IPython.display import SVG\ndisplay({'image/svg+xml': '<svg onload=alert(1)>"
            "<script>alert(1)</script></svg>'}, raw=True)")),
    Case("a script in a picture's data",
         t1("display({'image/png': 'x\"><script>alert(1)</script>'}, raw=True)")),
    Case("JavaScript as an output",
         t1("display({'application/javascript': 'alert(1)'}, raw=True)")),
    Case("outputs that are not outputs",
         t1("shell = get_ipython()\nclass Odd(list):\n    pass\n"
            "shell.outputs.list += [5, None, {'output_type': 'x'}, {'output_type': 'stream'},\n"
            "    {'output_type': 'error', 'ename': {}, 'evalue': [], 'traceback': 'x'}]")),
    Case("an output nested without end",
         t1("held = {}\nfor _ in range(900):\n    held = {'x': held}\n"
            "get_ipython().outputs.list.append({'output_type': 'display_data', 'data': {},"
            " 'metadata': held})")),
    Case("half a surrogate printed", t1("print('\\ud800')")),
]  # fmt: skip
GROUPS = {
    "Resources and process": RESOURCES,
    "Reading and stealing": READING,
    "Surviving into the next notebook": SURVIVING,
    "Forging": FORGING,
    "Functions that a check passes": CALLING_BACK,
    "Notebook structure": STRUCTURE,
    "Files and names": FILES,
    "Showing results": SHOWING,
}
