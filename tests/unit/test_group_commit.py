"""Group commit: what waits at the same time is one group, as long as it is not too much."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from agent_memory.log.commit import EventSubmission, GroupCommitter, Submission
from agent_memory.log.plan import prepare
from agent_memory.testing.events import event


@pytest.mark.parametrize(
    ("sizes", "groups"),
    [
        ([100] * 5, [5]),
        ([4_000] * 5, [2, 2, 1]),
        ([20_000, 100, 100], [1, 2]),
        ([100, 20_000, 100], [1, 1, 1]),
    ],
)
def test_a_group_is_bounded_by_the_bytes_of_its_records(sizes: list[int], groups: list[int]) -> None:
    seen: list[int] = []
    begun, waiting = threading.Event(), threading.Event()

    def commit(group: Sequence[Submission[Any]]) -> None:
        begun.set()
        waiting.wait()
        seen.append(len(group))
        for submission in group:
            submission.outcome.set_result([])

    committer = GroupCommitter(commit, group_bytes_max=10_000)
    # While the first is on its way, the others gather.
    submissions = [
        EventSubmission([prepare(event("first"))]),
        *(EventSubmission([prepare(event("x" * n))]) for n in sizes),
    ]
    committer.submit(submissions[0])
    begun.wait()
    for submission in submissions[1:]:
        committer.submit(submission)
    waiting.set()
    for submission in submissions:
        assert [] == submission.outcome.result(timeout=10)
    committer.close()

    assert [1, *groups] == seen
