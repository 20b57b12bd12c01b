"""Print the seconds and the peak memory of each lesson, run from top to bottom.

    make bench

A benchmark, not a test: it promises nothing about other machines. The time includes the start
of the kernel; the memory is the most the kernel's process held at once.
"""

import sys
import time

import nbformat
from nbclient import NotebookClient

from course import syllabus
from course.syllabus import Module

GOAL = (20, 500)

PEAK = """
from pathlib import Path
status = Path("/proc/self/status")
if status.exists():
    kilobytes = int(status.read_text().split("VmHWM:")[1].split()[0])
else:
    import resource
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # bytes on macOS
print(kilobytes)
"""


def measure(module: Module) -> tuple[float, float]:
    """Seconds and megabytes of one lesson."""
    nb = nbformat.read(module.notebook, as_version=4)
    nb.cells.append(nbformat.v4.new_code_cell(PEAK))
    folder = {"metadata": {"path": str(module.notebook.parent)}}
    began = time.perf_counter()
    quiet = ["--IPKernelApp.log_level=40"]
    NotebookClient(
        nb, timeout=300, kernel_name="python3", extra_arguments=quiet, resources=folder
    ).execute()
    seconds = time.perf_counter() - began
    return seconds, int(nb.cells[-1].outputs[0].text) / 1000


def main() -> None:
    """Measure the modules named on the command line, or all."""
    chosen = [syllabus.module(name) for name in sys.argv[1:]] or syllabus.modules()
    print(f"{'module':<40}{'seconds':>9}{'peak MB':>9}    goal: {GOAL[0]} s, {GOAL[1]} MB")
    for module in chosen:
        seconds, megabytes = measure(module)
        over = seconds > GOAL[0] or megabytes > GOAL[1]
        print(f"{module.folder:<40}{seconds:>9.1f}{megabytes:>9.0f}" + ("    over" if over else ""))


if __name__ == "__main__":
    main()
