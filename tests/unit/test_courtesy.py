"""Whoever waits for an answer goes first."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import threading
from typing import NoReturn

import pytest

from agent_memory import courtesy


def in_background(work: threading.Event) -> threading.Thread:
    """A thread that gives way once, then says so."""

    def run() -> None:
        courtesy.give_way()
        work.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.fixture(params=["here", "aside"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose background work this process does: its own, or that of another one, which is itself."""
    monkeypatch.setattr(courtesy, "_heeded", None)
    if request.param == "aside":
        courtesy.heed(os.dup(courtesy.descriptor()))


@pytest.mark.usefixtures("place")
def test_nobody_waits_where_nobody_is_served() -> None:
    assert [1, 2, 3] == list(courtesy.giving_way([1, 2, 3]))


@pytest.mark.usefixtures("place")
def test_work_goes_on_when_the_last_answer_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "WAIT_S", 60.0)
    work = threading.Event()
    with courtesy.serving():
        with courtesy.serving():
            thread = in_background(work)

            assert not work.wait(0.02)
        assert not work.wait(0.02)
    assert work.wait(30)
    thread.join()


@pytest.mark.usefixtures("place")
def test_work_goes_on_after_a_while_though_somebody_waits_and_then_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "WAIT_S", 0.001)
    monkeypatch.setattr(courtesy, "WORK_S", 3600.0)
    monkeypatch.setattr(courtesy, "WORK_ASIDE_S", 3600.0)
    works, again = threading.Event(), threading.Event()

    def run() -> None:
        courtesy.give_way()
        works.set()
        # It would wait for longer than the test may take.
        monkeypatch.setattr(courtesy, "WAIT_S", 3600.0)
        courtesy.give_way()
        again.set()

    with courtesy.serving():
        threading.Thread(target=run, daemon=True).start()

        assert works.wait(60)
        assert again.wait(60)


def test_an_answer_that_fails_is_given_too() -> None:
    with pytest.raises(ValueError, match="broken"), courtesy.serving():
        raise ValueError("broken")
    work = threading.Event()
    in_background(work).join()

    assert work.is_set()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the byte needs a disk")
def test_the_byte_that_others_see_needs_no_room_on_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", _no_room)
    byte = courtesy._shared_byte()
    try:
        assert b"\0" == os.pread(byte, 2, 0)
    finally:
        os.close(byte)


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="whether a file has holes is asked of the system")
def test_where_it_is_on_a_disk_it_has_its_place_before_it_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    byte = courtesy._shared_byte()
    try:
        # What touches a hole on a full disk is ended by a signal (SIGBUS).
        assert 0 == os.lseek(byte, 0, os.SEEK_DATA)
        assert b"\0" == os.pread(byte, 2, 0)
    finally:
        os.close(byte)


def test_a_full_disk_is_told_where_it_is_on_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "TemporaryFile", _no_room)
    monkeypatch.setattr(courtesy, "_shown", None)
    for _ in range(2):
        with pytest.raises(OSError, match="no room"):
            courtesy.descriptor()
    with courtesy.serving():
        courtesy.give_way()


def _no_room(**named: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "no room")


@pytest.mark.parametrize("place", ["aside"], indirect=True)
@pytest.mark.usefixtures("place")
def test_who_works_for_another_process_waits_no_longer_where_it_serves_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each wait is shorter than what it waits at most, and all of them together are not."""
    monkeypatch.setattr(courtesy, "WAIT_S", 0.05)
    monkeypatch.setattr(courtesy, "WORK_ASIDE_S", 3600.0)
    works = threading.Event()

    def run() -> None:
        # It has its time only when it need not wait any more.
        while not getattr(courtesy._own, "works_until_s", 0.0):
            courtesy.give_way()
        works.set()

    threading.Thread(target=run, daemon=True).start()
    for _ in range(10_000):
        with courtesy.serving():
            if works.wait(0.01):
                break

    assert works.is_set()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have the niceness of their process")
def test_what_nobody_waits_for_runs_after_all_others_and_so_do_the_threads_it_starts() -> None:
    def nicenesses() -> list[int]:
        started: list[int] = []
        thread = threading.Thread(target=lambda: started.append(os.nice(0)))
        thread.start()
        thread.join()
        return [os.nice(0), *started]

    here = os.nice(0)

    assert [max(here, courtesy.NICENESS)] * 2 == courtesy.behind_all(nicenesses)
    assert here == os.nice(0)


def test_what_goes_wrong_behind_all_others_is_told() -> None:
    with pytest.raises(ZeroDivisionError):
        courtesy.behind_all(lambda: 1 / 0)
