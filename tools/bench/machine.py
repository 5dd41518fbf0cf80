"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

_ENGINES = ("rocksdict", "tantivy", "hnswlib", "onnxruntime", "grpcio", "protobuf", "numpy", "agent-memory")
_STEAL = 7


def facts(folder: Path) -> dict[str, object]:
    """Processor, memory, system, engines, and the disk that holds *folder*."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "file_system": _file_system(folder),
        "engines": {name: version(name) for name in _ENGINES},
    }


class Stolen:
    """What the machine's host gave to others of the processors' time, since this was made.

    Of a rented machine it may be a tenth, for minutes: whoever uses both cores then loses more than a floor on one.
    Source: https://man7.org/linux/man-pages/man5/proc_stat.5.html, *steal*.
    """

    def __init__(self) -> None:
        self._before = _ticks()

    def share(self) -> float:
        """Of all processors' time; 0 where the system does not tell it."""
        spent = [now - before for now, before in zip(_ticks(), self._before, strict=True)]
        return spent[_STEAL] / sum(spent) if sum(spent) else 0.0


def resident_bytes(pid: int) -> tuple[int, int]:
    """What the process and its children hold in memory: resident, and proportional (shared pages divided)."""
    every = [pid, *_children(pid)]
    resident = sum(_fields(Path(f"/proc/{one}/status")).get("VmRSS", 0) for one in every)
    proportional = sum(_fields(Path(f"/proc/{one}/smaps_rollup")).get("Pss", 0) for one in every)
    return resident * 1024, proportional * 1024


def peak_bytes(pid: int) -> int:
    """The most that the process and each of its children ever held resident, added up."""
    return sum(_fields(Path(f"/proc/{one}/status")).get("VmHWM", 0) for one in [pid, *_children(pid)]) * 1024


def _ticks() -> list[int]:
    stat = Path("/proc/stat")
    return [int(ticks) for ticks in stat.read_text().split(maxsplit=9)[1:9]] if stat.exists() else []


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _fields(path: Path) -> dict[str, int]:
    found = {}
    for line in path.read_text().splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _file_system(folder: Path) -> str:
    best, kind = "", "unknown"
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return kind
    place = str(folder.resolve())
    for line in mounts.read_text().splitlines():
        _, at, found, *_ = line.split()
        inside = place == at or place.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= len(best):
            best, kind = at, found
    return kind
