"""Answers that are read by several threads at once, the first of their kind."""

from __future__ import annotations

import subprocess
import sys

FIRST_OF_THEIR_KIND = """
import sys, threading
from types import ModuleType
from agent_memory.summaries.providers.tolerant import read_as

SOURCE = '''
from __future__ import annotations
import msgspec
class Inner(msgspec.Struct):
    a: int = 0
    b: list[str] = []
class Outer(msgspec.Struct):
    x: Inner | None = None
    y: list[Inner] = []
'''
sys.setswitchinterval(1e-6)
for number in range(200):
    module = ModuleType(f"kinds{number}")
    sys.modules[module.__name__] = module
    exec(SOURCE, module.__dict__)
    barrier = threading.Barrier(4)

    def read():
        barrier.wait()
        read_as(b'{"x": {"a": 1, "b": ["q"]}, "y": [{"a": 2}]}', module.Outer)

    threads = [threading.Thread(target=read) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print("read")
"""


def test_threads_that_read_the_first_of_a_kind_at_once_do_not_end_the_process() -> None:
    ended = subprocess.run([sys.executable, "-c", FIRST_OF_THEIR_KIND], capture_output=True, text=True, check=False)

    assert (0, "read\n", "") == (ended.returncode, ended.stdout, ended.stderr)
