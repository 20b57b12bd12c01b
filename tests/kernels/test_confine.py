"""Each wall of `confine` by itself, in a process that put it up around itself.

Left out: whether the walls together hold (test_sandbox), and what hostile notebooks try
against them (tests/threats).
"""

import platform

import pytest

from autograder.kernels import confine

ABI = confine.landlock_abi()

needs_landlock = pytest.mark.skipif(ABI < 1, reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(
    platform.machine() not in confine._CALLS, reason="no seccomp rules for this machine"
)

START = """
import os, signal, socket, sys, ctypes
from autograder.kernels import confine

def tell(name, attempt):
    try:
        attempt()
        print(name, "yes")
    except OSError as error:
        print(name, "no")
"""


@needs_landlock
def test_does_landlock_open_only_the_paths_it_was_given(alone, open_folder, tmp_path):
    readable, work = tmp_path / "readable", tmp_path / "work"
    for place in (readable, work):
        place.mkdir()
        place.chmod(0o777)
    (readable / "data.csv").write_text("a\n")
    code = (
        START
        + """
readable, work, other = sys.argv[1:]
confine.landlock(["/usr", readable], [work])
tell("read", lambda: open(readable + "/data.csv").read())
tell("write-into-readable", lambda: open(readable + "/data.csv", "w"))
tell("write", lambda: open(work + "/mine", "w").write("x"))
tell("other", lambda: open(other + "/secret.txt").read())
tell("list-other", lambda: os.listdir(other))
tell("remove-other", lambda: os.unlink(other + "/secret.txt"))
"""
    )
    said = dict(line.split() for line in alone(code, readable, work, open_folder).splitlines())
    assert said == {
        "read": "yes",
        "write-into-readable": "no",
        "write": "yes",
        "other": "no",
        "list-other": "no",
        "remove-other": "no",
    }
    assert (open_folder / "secret.txt").read_text() == "the model answer"


@needs_landlock
def test_can_the_folder_of_sockets_hold_anything_but_sockets(alone, open_folder):
    code = (
        START
        + """
place = sys.argv[1]
confine.landlock(["/usr"], [], place)
unix = socket.socket(socket.AF_UNIX)
tell("socket", lambda: unix.bind(place + "/k"))
tell("file", lambda: open(place + "/new", "w"))
tell("folder", lambda: os.mkdir(place + "/new"))
tell("link", lambda: os.symlink("/etc/passwd", place + "/new"))
tell("pipe", lambda: os.mkfifo(place + "/new"))
tell("read", lambda: open(place + "/secret.txt").read())
tell("remove", lambda: os.unlink(place + "/k"))
"""
    )
    said = dict(line.split() for line in alone(code, open_folder).splitlines())
    assert [name for name, how in said.items() if how == "yes"] == ["socket", "remove"]


@needs_landlock
def test_do_children_inherit_landlock(alone, open_folder):
    code = (
        START
        + """
import subprocess
confine.landlock(["/usr", "/lib", "/lib64", "/bin"], ["/dev/null"])
print(subprocess.run(["/bin/cat", sys.argv[1] + "/secret.txt"], capture_output=True).stdout)
"""
    )
    assert alone(code, open_folder) == "b''"


@pytest.mark.skipif(ABI < 4, reason="Landlock confines TCP from ABI 4 on")
def test_does_landlock_close_tcp(alone):
    code = (
        START
        + """
server = socket.create_server(("127.0.0.1", 0))
confine.landlock([], [], files=False)
tell("connect", lambda: socket.create_connection(server.getsockname(), 1))
tell("bind", lambda: socket.create_server(("127.0.0.1", 0)))
tell("files", lambda: open("/etc/passwd").read())
"""
    )
    assert alone(code).split() == ["connect", "no", "bind", "no", "files", "yes"]


@pytest.mark.skipif(ABI < 6, reason="Landlock confines signals from ABI 6 on")
def test_does_landlock_keep_signals_inside(alone):
    code = (
        START
        + """
parent, child = os.getpid(), os.fork()
if child == 0:
    confine.landlock([], [], files=False)
    tell("upward", lambda: os.kill(parent, signal.SIGKILL))
    grandchild = os.fork()
    if grandchild == 0:
        signal.pause()
    tell("own", lambda: os.kill(grandchild, signal.SIGKILL))
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
print("alive yes")
"""
    )
    assert alone(code).split() == ["upward", "no", "own", "yes", "alive", "yes"]


@needs_seccomp
def test_does_seccomp_leave_unix_sockets_only(alone):
    code = (
        START
        + """
confine.seccomp()
for name in ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW):
        tell(name, lambda: socket.socket(getattr(socket, name), kind))
"""
    )
    said = alone(code).splitlines()
    assert {line for line in said if line.endswith("yes")} <= {"AF_UNIX yes"}
    assert said[0] == "AF_UNIX yes"
    assert "AF_INET no" in said and "AF_INET6 no" in said and "AF_NETLINK no" in said


@needs_seccomp
def test_does_seccomp_refuse_tracing_mounting_and_new_namespaces(alone):
    code = (
        START
        + """
confine.seccomp()
libc = ctypes.CDLL(None, use_errno=True)
calls = confine._CALLS[os.uname().machine][1]
for name, number in calls.items():
    ctypes.set_errno(0)
    print(name, libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno())
"""
    )
    lines = [line.split() for line in alone(code).splitlines()]
    refused = confine._CALLS[platform.machine()][1]
    assert {"ptrace", "mount", "unshare", "bpf", "io_uring_setup"} <= set(refused)
    assert lines == [[name, "-1", "1"] for name in refused]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is a second way in on x86-64 only")
def test_is_the_second_way_into_the_kernel_closed(alone):
    code = (
        START
        + """
confine.seccomp()
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(confine.X32_BIT | 41, socket.AF_INET, socket.SOCK_STREAM, 0), ctypes.get_errno())
"""
    )
    assert alone(code) == "-1 1"


@needs_seccomp
def test_can_no_new_privileges_be_taken_back(alone):
    code = (
        START
        + """
confine.no_new_privileges()
libc = ctypes.CDLL(None, use_errno=True)
print(libc.prctl(38, 0, 0, 0, 0), libc.prctl(39, 0, 0, 0, 0))
"""
    )
    assert alone(code) == "-1 1"


def test_does_each_limit_stop_what_it_is_for(alone):
    code = (
        START
        + """
import resource
confine.limit_resources(
    confine.Limits(seconds=1, memory_mb=400, processes=3, file_mb=1, open_files=20)
)
try:
    bytearray(500_000_000)
except MemoryError:
    print("memory")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open(os.memfd_create("x"), "wb") as file:
        file.write(bytes(2_000_000))
except OSError:
    print("size")
try:
    many = [open("/dev/null") for _ in range(30)]
except OSError:
    print("files")
    many = []
children = []
try:
    for _ in range(5):
        children.append(os.fork())
        if children[-1] == 0:
            signal.pause()
except BlockingIOError:
    print("processes")
for child in children:
    os.kill(child, signal.SIGKILL)
print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_CPU))
"""
    )
    assert alone(code).splitlines() == ["memory", "size", "files", "processes", "(0, 0) (6, 6)"]


def test_can_limits_be_raised_again(alone):
    code = (
        START
        + """
import resource
confine.limit_resources(confine.Limits())
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
except ValueError:
    print("no")
"""
    )
    assert alone(code) == "no"


def test_can_a_process_that_is_not_dumpable_be_read_by_its_child(alone):
    code = (
        START
        + """
for yes in (True, False):
    confine.set_dumpable(yes)
    parent, child = os.getpid(), os.fork()
    if child == 0:
        tell("read", lambda: open(f"/proc/{parent}/environ").read())
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
"""
    )
    assert alone(code).split() == ["read", "yes", "read", "no"]


def test_do_orphans_come_to_a_subreaper(alone):
    code = (
        START
        + """
import time
confine.become_subreaper()
ours, theirs = os.pipe()
if os.fork() == 0:
    middle = os.getpid()
    if os.fork() == 0:
        while os.getppid() == middle:
            time.sleep(0.01)
        os.write(theirs, str(os.getppid()).encode())
    os._exit(0)
os.wait()
print(int(os.read(ours, 20)) == os.getpid())
"""
    )
    assert alone(code) == "True"


def test_does_a_kernel_without_landlock_say_so(monkeypatch):
    monkeypatch.setattr(confine, "landlock_abi", lambda: 0)
    with pytest.raises(confine.CannotConfine, match="no Landlock"):
        confine.landlock([], [])


def test_does_an_unknown_machine_say_so(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "m68k")
    with pytest.raises(confine.CannotConfine, match="m68k"):
        confine.seccomp()
