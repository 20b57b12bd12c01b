"""What a process may no longer do, said to Linux from within the process.

Nothing here needs privileges and nothing can be taken back: limits, no new privileges,
Landlock (files, TCP, signals) and seccomp (sockets, tracing). Numbers are those of the
kernel's headers; `man 7 landlock`, `man 2 seccomp`.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER = 4, 38, 22, 36
PR_SET_PDEATHSIG = 1
SECCOMP_MODE_FILTER = 2

# The same numbers on every architecture.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

READ_FILES = (1 << 0) | (1 << 2) | (1 << 3)  # execute, read file, read folder
FILE_RIGHTS = (1 << 0) | (1 << 1) | (1 << 2) | (1 << 14) | (1 << 15)
ALL_FILES_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
TCP = (1 << 0) | (1 << 1)  # bind, connect; from ABI 4
SOCKET_RIGHTS = (1 << 3) | (1 << 5) | (1 << 9)  # read folder, remove file, make socket
SCOPES = (1 << 0) | (1 << 1)  # abstract sockets, signals; from ABI 6


class CannotConfine(OSError):
    """The running kernel does not offer this protection."""


@dataclass(frozen=True)
class Limits:
    """What one notebook may use. Seconds are of the clock; sizes in megabytes."""

    seconds: float = 60.0
    memory_mb: int = 3000
    processes: int = 64
    file_mb: int = 100
    files: int = 50_000
    open_files: int = 256
    output_mb: float = 2.0

    def as_dict(self) -> dict:
        return asdict(self)


def limit_resources(limits: Limits) -> None:
    """Set rlimits: address space, file size, open files, processes, CPU time, no core dumps."""
    seconds = int(limits.seconds) + 5
    for which, value in {
        resource.RLIMIT_AS: limits.memory_mb * 1_000_000,
        resource.RLIMIT_FSIZE: limits.file_mb * 1_000_000,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
    }.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def set_dumpable(yes: bool) -> None:
    """A process that is not dumpable cannot be traced or read by its own user."""
    _checked(_libc.prctl(PR_SET_DUMPABLE, int(yes), 0, 0, 0), "prctl(PR_SET_DUMPABLE)")


def become_subreaper() -> None:
    """Orphaned descendants become children of this process."""
    _checked(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)")


def end_with_parent() -> None:
    """This process is killed when the one it was forked from has ended."""
    _checked(_libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")


@contextlib.contextmanager
def files_touched_as(who: int) -> Iterator[None]:
    """Meanwhile this thread of root's, and no other, reaches files with that user's rights."""
    _libc.setfsgid(who)
    _libc.setfsuid(who)
    try:
        yield
    finally:
        _libc.setfsuid(os.geteuid())
        _libc.setfsgid(os.getegid())


def no_new_privileges() -> None:
    _checked(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def landlock_abi() -> int:
    """The Landlock version of the running kernel; 0 if there is none."""
    return max(0, _libc.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def landlock(
    read: Iterable[str | Path],
    write: Iterable[str | Path],
    sockets: str = "",
    files: bool = True,
) -> None:
    """Confine this process and its children: only these paths, no TCP, no signals outwards.

    In the folder `sockets` Unix sockets can be made and nothing else.
    With `files=False` only signals, abstract sockets and TCP are confined (the file system
    is then somebody else's business, such as a mount namespace's).
    Raises CannotConfine without Landlock.
    """
    abi = landlock_abi()
    if not abi:
        raise CannotConfine("this kernel has no Landlock")
    handled = max(bits for version, bits in ALL_FILES_BY_ABI.items() if version <= abi)
    attributes = struct.pack(
        "QQQ", handled if files else 0, TCP if abi >= 4 else 0, SCOPES if abi >= 6 else 0
    )[: 8 if abi < 4 else 16 if abi < 6 else 24]
    if not any(attributes):
        return
    ruleset = _checked(
        _libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0),
        "landlock_create_ruleset",
    )
    try:
        allowed = [(read, READ_FILES), (write, handled), ([sockets], SOCKET_RIGHTS)]
        for paths, rights in allowed if files else ():
            for path in filter(None, paths):
                _allow(ruleset, Path(path), rights & handled)
        no_new_privileges()
        _checked(_libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    if not path.exists():
        return
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = rights if path.is_dir() else rights & FILE_RIGHTS
        rule = struct.pack("=Qi", rights, handle)
        _checked(
            _libc.syscall(LANDLOCK_ADD_RULE, ruleset, 1, rule, 0), f"landlock_add_rule({path})"
        )
    finally:
        os.close(handle)


# System calls by machine: the audit architecture, then numbers by name. Those in the first
# table are refused; the others are allowed with some arguments only, or do nothing.
_SAME_EVERYWHERE = {
    "io_uring_setup": 425, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431,
    "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "mount_setattr": 442,
    "setxattrat": 463, "removexattrat": 466,
}  # fmt: skip
_CALLS = {
    "x86_64": (
        0xC000003E,
        _SAME_EVERYWHERE | {
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
            "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308,
            "keyctl": 250, "add_key": 248, "request_key": 249, "bpf": 321, "userfaultfd": 323,
            "perf_event_open": 298, "open_by_handle_at": 304, "init_module": 175,
            "finit_module": 313, "connect": 42, "memfd_create": 319, "mq_open": 240,
            "shmget": 29, "msgget": 68, "semget": 64, "setpriority": 141, "ioprio_set": 251,
            "sched_setaffinity": 203, "sched_setparam": 142,
            "sched_setattr": 314, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190,
            "removexattr": 197, "lremovexattr": 198, "fremovexattr": 199,
        },
        {"socket": 41, "socketpair": 53, "prlimit": 302, "clone": 56, "clone3": 435},
        {
            "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452, "chown": 92,
            "fchown": 93, "lchown": 94, "fchownat": 260, "utime": 132, "utimes": 235,
            "futimesat": 261, "utimensat": 280,
            "sched_setscheduler": 144,  # ZeroMQ aborts where this is refused
        },
    ),
    "aarch64": (
        0xC00000B7,
        _SAME_EVERYWHERE | {
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
            "mount": 40, "umount2": 39, "pivot_root": 41, "unshare": 97, "setns": 268,
            "keyctl": 219, "add_key": 217, "request_key": 218, "bpf": 280, "userfaultfd": 282,
            "perf_event_open": 241, "open_by_handle_at": 265, "init_module": 105,
            "finit_module": 273, "connect": 203, "memfd_create": 279, "mq_open": 180,
            "shmget": 194, "msgget": 186, "semget": 190, "setpriority": 140, "ioprio_set": 30,
            "sched_setaffinity": 122, "sched_setparam": 118,
            "sched_setattr": 274, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7,
            "removexattr": 14, "lremovexattr": 15, "fremovexattr": 16,
        },
        {"socket": 198, "socketpair": 199, "prlimit": 261, "clone": 220, "clone3": 435},
        {"fchmod": 52, "fchmodat": 53, "fchmodat2": 452, "fchownat": 54, "fchown": 55,
         "utimensat": 88, "sched_setscheduler": 119},
    ),
}  # fmt: skip

#: Call -> arguments it must have: place, mask, value.
_STREAM = [(0, 0xFFFFFFFF, 1), (1, 0xF, 1)]  # AF_UNIX, SOCK_STREAM: a datagram needs no connect
_NEW_NAMESPACES = 0x7E020000
_ONLY_WITH = {
    "socket": _STREAM,
    "socketpair": _STREAM,
    "prlimit": [(0, 0xFFFFFFFF, 0)],  # one's own limits, not those of the process we came from
    "clone": [(0, _NEW_NAMESPACES, 0)],
}

X32_BIT = 0x40000000


def seccomp() -> None:
    """No sockets but Unix streams that are not connected to anybody's; no tracing, mounting,
    new namespaces, io_uring, kernel keys, nor what outlives a process or changes another.

    io_uring is closed because it opens sockets past this filter. Rights, owners and dates of
    files cannot be changed, but calls that would are told they did: Landlock does not stop
    them, and copying a file should go on. Raises CannotConfine on a machine whose call
    numbers are not known here.
    """
    no_new_privileges()
    _checked(
        _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(seccomp_program()), 0, 0),
        "prctl(PR_SET_SECCOMP)",
    )


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("rules", ctypes.c_char_p)]


@cache
def seccomp_program() -> _Program:
    """What `seccomp` hands to Linux. Made before a fork, it is made once."""
    if platform.machine() not in _CALLS:
        raise CannotConfine(f"no seccomp rules for {platform.machine()}")
    architecture, refused, known, idle = _CALLS[platform.machine()]
    error = 0x00050000
    eperm, enosys = error | 1, error | 38
    allow, kill = 0x7FFF0000, 0x80000000
    load, mask, equal, above, give = 0x20, 0x54, 0x15, 0x35, 0x06
    steps = [
        (load, 0, 0, 4),
        (equal, 1, 0, architecture),
        (give, 0, 0, kill),
        (load, 0, 0, 0),
        (above, 0, 1, X32_BIT),  # the x32 way in has other numbers for the same calls
        (give, 0, 0, eperm),
        (equal, 0, 1, known["clone3"]),  # its flags lie in memory; the C library falls back
        (give, 0, 0, enosys),
    ]
    for name, arguments in _ONLY_WITH.items():
        tests = [
            step
            for place, bits, value in arguments
            for step in (
                (load, 0, 0, 16 + 8 * place),
                (mask, 0, 0, bits),
                (equal, 1, 0, value),
                (give, 0, 0, eperm),
            )
        ]
        steps += [(equal, 0, len(tests) + 1, known[name]), *tests, (give, 0, 0, allow)]
    for numbers, answer in ((refused, eperm), (idle, error)):
        for number in numbers.values():
            steps += [(equal, 0, 1, number), (give, 0, 0, answer)]
    steps += [(give, 0, 0, allow)]
    program = b"".join(struct.pack("HBBI", *step) for step in steps)
    return _Program(len(steps), program)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise CannotConfine(number, f"{what}: {os.strerror(number)}")
    return result
