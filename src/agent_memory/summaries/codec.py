"""The bytes of an answer, as they lie in the log: `agent_memory.storage.v1.AnswerRecord`.

A record says its format. An older one is lifted, one step at a time, when it is read; the bytes on
disk stay as they were. Words are WTF-8, for a model may break a character in two.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from google.protobuf.message import DecodeError

from agent_memory._pb.agent_memory.storage.v1.answer_record_pb2 import (
    AnsweredExcerpt,
    AnsweredPoint,
    AnsweredSummary,
    AnswerRecord,
)
from agent_memory.errors import Corrupt, Invalid, UnknownFormat
from agent_memory.summaries.model import Answer, Usage
from agent_memory.toc.material import Excerpt, Point, Summary

ANSWER_FORMAT = 1

ANSWER_BYTES_MAX = 256 << 10
"""Of a record. A summary has a few thousand; what is beyond this is no summary, and every reader would carry it."""

UPCASTS: dict[int, Callable[[AnswerRecord], AnswerRecord]] = {}
"""From a format to the function that lifts it to the next."""

_DIGEST_BYTES = 32
_DIGEST = re.compile("[0-9a-f]{64}")


class InvalidAnswer(Invalid):
    """An answer that cannot be recorded."""


def answer_to_record(answer: Answer) -> bytes:
    """The record of *answer*: equal answers have equal records.

    Errors: `InvalidAnswer` for what is no digest, for both a summary and a refusal or neither, for a name or a
    number that has no such form, and for more than `ANSWER_BYTES_MAX`.
    """
    if not _DIGEST.fullmatch(answer.digest):
        raise InvalidAnswer("digest", answer.digest, "is no SHA-256 in hex", hint="Take it from `material_digest`.")
    if (answer.summary is None) == (not answer.refusal):
        raise InvalidAnswer(
            "refusal",
            answer.refusal,
            "must be there where there is no summary, and only there",
            hint="Give the summary, or say why there is none.",
        )
    try:
        record = AnswerRecord(
            format=ANSWER_FORMAT,
            digest=bytes.fromhex(answer.digest),
            node_id=answer.node_id,
            summary=None if answer.summary is None else _summary_message(answer.summary),
            refusal=_bytes(answer.refusal),
            provider=answer.provider,
            model=answer.model,
            prompt_version=answer.prompt_version,
            calls=answer.usage.calls,
            tokens_in=answer.usage.tokens_in,
            tokens_out=answer.usage.tokens_out,
            cost_usd=answer.usage.cost_usd,
            answered_ms=answer.answered_ms,
            took_ms=answer.took_ms,
            dropped=answer.dropped,
            anchored=answer.anchored,
        ).SerializeToString(deterministic=True)
    except (TypeError, ValueError) as error:
        raise InvalidAnswer("answer", answer.node_id, f"cannot be kept: {error}") from error
    if len(record) > ANSWER_BYTES_MAX:
        raise InvalidAnswer(
            "summary",
            answer.node_id,
            f"takes {len(record):,} bytes, {ANSWER_BYTES_MAX:,} at most",
            hint="Word the node in fewer or shorter bullets.",
        )
    return record


def answer_from_record(record: bytes, *, at: str) -> Answer:
    """The answer in a record, whatever its format; *at* says where it lies.

    Errors: `UnknownFormat` for a newer one; `Corrupt`.
    """
    try:
        r = AnswerRecord.FromString(record)
    except DecodeError as error:
        raise Corrupt(f"the answer at {at} cannot be read: {error}") from error
    if r.format != ANSWER_FORMAT:
        r = _lifted(r, at)
    if len(r.digest) != _DIGEST_BYTES:
        raise Corrupt(f"the answer at {at} has a digest of {len(r.digest)} bytes, not {_DIGEST_BYTES}")
    try:
        return Answer(
            digest=r.digest.hex(),
            node_id=r.node_id,
            summary=_summary(r.summary) if r.HasField("summary") else None,
            refusal=_text(r.refusal),
            provider=r.provider,
            model=r.model,
            prompt_version=r.prompt_version,
            usage=Usage(
                calls=r.calls,
                tokens_in=r.tokens_in,
                tokens_out=r.tokens_out,
                cost_usd=r.cost_usd if r.HasField("cost_usd") else None,
            ),
            answered_ms=r.answered_ms,
            took_ms=r.took_ms,
            dropped=r.dropped,
            anchored=r.anchored,
        )
    except UnicodeDecodeError as error:
        raise Corrupt(f"the answer at {at} holds {error!r}") from error


def _lifted(record: AnswerRecord, at: str) -> AnswerRecord:
    if record.format > ANSWER_FORMAT:
        raise UnknownFormat(f"the answer at {at}", record.format, ANSWER_FORMAT)
    for step in range(record.format, ANSWER_FORMAT):
        if step not in UPCASTS:
            raise Corrupt(f"the answer at {at} says format {step}, which never was")
        record = UPCASTS[step](record)
    return record


def _summary_message(summary: Summary) -> AnsweredSummary:
    return AnsweredSummary(
        title=_bytes(summary.title),
        abstract=_bytes(summary.abstract),
        points=[
            AnsweredPoint(
                text=_bytes(point.text),
                type=_bytes(point.type),
                weight=point.weight,
                evidence=[AnsweredExcerpt(event_id=e.event_id, start=e.start, end=e.end) for e in point.evidence],
            )
            for point in summary.points
        ],
        keywords=map(_bytes, summary.keywords),
    )


def _summary(message: AnsweredSummary) -> Summary:
    return Summary(
        title=_text(message.title),
        abstract=_text(message.abstract),
        points=tuple(
            Point(
                text=_text(point.text),
                type=_text(point.type),
                weight=point.weight,
                evidence=tuple(Excerpt(event_id=e.event_id, start=e.start, end=e.end) for e in point.evidence),
            )
            for point in message.points
        ),
        keywords=tuple(map(_text, message.keywords)),
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(words: bytes) -> str:
    return words.decode("utf-8", "surrogatepass")
