"""Whoever waits for an answer goes first."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

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


def test_nobody_waits_where_nobody_is_served() -> None:
    assert [1, 2, 3] == list(courtesy.giving_way([1, 2, 3]))


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


def test_work_goes_on_after_a_while_though_somebody_waits_and_then_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "WAIT_S", 0.001)
    monkeypatch.setattr(courtesy, "WORK_S", 3600.0)
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


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="elsewhere the byte is in a file")
def test_a_full_disk_is_no_matter_to_the_byte_that_others_see() -> None:
    assert "/memfd:" in str(Path(f"/proc/self/fd/{courtesy.descriptor()}").readlink())


def test_where_there_is_no_such_memory_the_byte_has_its_place_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    byte = courtesy._shared_byte()
    try:
        assert 1 == os.fstat(byte).st_size
        assert b"\0" == os.pread(byte, 2, 0)
    finally:
        os.close(byte)


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process does in the background, it does for another one: for itself."""
    monkeypatch.setattr(courtesy, "_heeded", None)
    courtesy.heed(os.dup(courtesy.descriptor()))


@pytest.mark.usefixtures("aside")
def test_who_works_for_another_process_goes_on_when_that_serves_nobody_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [1, 2, 3] == list(courtesy.giving_way([1, 2, 3]))
    monkeypatch.setattr(courtesy, "WAIT_S", 60.0)
    work = threading.Event()
    with courtesy.serving():
        with courtesy.serving():
            thread = in_background(work)

            assert not work.wait(0.02)
        assert not work.wait(0.02)
    assert work.wait(30)
    thread.join()


@pytest.mark.usefixtures("aside")
def test_who_works_for_another_process_goes_on_after_a_while_and_then_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courtesy, "WAIT_S", 0.001)
    monkeypatch.setattr(courtesy, "WORK_ASIDE_S", 3600.0)
    again = threading.Event()

    def run() -> None:
        courtesy.give_way()
        # It would wait for longer than the test may take.
        monkeypatch.setattr(courtesy, "WAIT_S", 3600.0)
        courtesy.give_way()
        again.set()

    with courtesy.serving():
        threading.Thread(target=run, daemon=True).start()

        assert again.wait(60)


@pytest.mark.usefixtures("aside")
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
