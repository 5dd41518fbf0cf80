"""The wording of the contents: its status, what it would take, what would be sent, how far it is."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import summary_service_pb2 as pb
from agent_memory.api.wire.enums import SUMMARIES_STATES
from agent_memory.api.wire.text import shown, time_ms_of, timestamp
from agent_memory.errors import UnknownFormat
from agent_memory.summaries.reports import (
    PreviewedCall,
    SetAsideNode,
    SummariesEstimate,
    SummariesProgress,
    SummariesReport,
    SummariesStatus,
    SummariesVerdict,
    SummariesWanted,
    SummaryPreview,
    SummaryVersion,
)
from agent_memory.toc.material import Level


def wanted_to_pb(wanted: SummariesWanted) -> pb.SummariesWanted:
    """Which nodes."""
    return pb.SummariesWanted(
        node_id=shown(wanted.node_id), since=shown(wanted.since), again=wanted.again, set_aside=wanted.set_aside
    )


def wanted_from_pb(message: pb.SummariesWanted) -> SummariesWanted:
    """The inverse of `wanted_to_pb`."""
    return SummariesWanted(
        node_id=message.node_id, since=message.since, again=message.again, set_aside=message.set_aside
    )


def estimate_to_pb(estimate: SummariesEstimate) -> pb.SummariesEstimate:
    """What it would take."""
    return pb.SummariesEstimate(
        nodes=estimate.nodes,
        calls=estimate.calls,
        tokens_in=estimate.tokens_in,
        tokens_out_max=estimate.tokens_out_max,
        usd_max=estimate.usd_max,
        left_out=estimate.left_out,
        provider=shown(estimate.provider),
        model=shown(estimate.model),
    )


def estimate_from_pb(message: pb.SummariesEstimate) -> SummariesEstimate:
    """The inverse of `estimate_to_pb`."""
    return SummariesEstimate(
        nodes=message.nodes,
        calls=message.calls,
        tokens_in=message.tokens_in,
        tokens_out_max=message.tokens_out_max,
        usd_max=message.usd_max if message.HasField("usd_max") else None,
        left_out=message.left_out,
        provider=message.provider,
        model=message.model,
    )


def preview_to_pb(preview: SummaryPreview) -> pb.SummaryPreview:
    """What would be sent. A provider gets U+FFFD for a lone surrogate, and so does whoever looks before."""
    return pb.SummaryPreview(
        node_id=shown(preview.node_id),
        provider=shown(preview.provider),
        model=shown(preview.model),
        calls=[
            pb.PreviewedCall(
                system=shown(call.system),
                user=shown(call.user),
                schema=shown(call.schema),
                tokens_in=call.tokens_in,
                answer_tokens_max=call.answer_tokens_max,
            )
            for call in preview.calls
        ],
        later=preview.later,
        left_out=preview.left_out,
    )


def preview_from_pb(message: pb.SummaryPreview) -> SummaryPreview:
    """The inverse of `preview_to_pb`."""
    return SummaryPreview(
        node_id=message.node_id,
        provider=message.provider,
        model=message.model,
        calls=tuple(
            PreviewedCall(
                system=call.system,
                user=call.user,
                schema=call.schema,
                tokens_in=call.tokens_in,
                answer_tokens_max=call.answer_tokens_max,
            )
            for call in message.calls
        ),
        later=message.later,
        left_out=message.left_out,
    )


def summaries_report_to_pb(report: SummariesReport) -> pb.SummariseResponse:
    """How far it is, or what became of it."""
    if isinstance(report, SummariesProgress):
        return pb.SummariseResponse(
            progress=pb.SummariesProgress(
                done=report.done,
                total=report.total,
                tokens=report.tokens,
                usd=report.usd,
                waiting=shown(report.waiting),
                until_time=timestamp(report.until_ms) if report.until_ms else None,
            )
        )
    return pb.SummariseResponse(
        verdict=pb.SummariesVerdict(
            worded=report.worded,
            set_aside=report.set_aside,
            left=report.left,
            tokens=report.tokens,
            usd=report.usd,
            reason=shown(report.reason),
        )
    )


def summaries_report_from_pb(message: pb.SummariseResponse) -> SummariesReport:
    """The inverse of `summaries_report_to_pb`."""
    match message.WhichOneof("report"):
        case "progress":
            told = message.progress
            return SummariesProgress(
                done=told.done,
                total=told.total,
                tokens=told.tokens,
                usd=told.usd,
                waiting=told.waiting,
                until_ms=time_ms_of(told.until_time),
            )
        case "verdict":
            verdict = message.verdict
            return SummariesVerdict(
                worded=verdict.worded,
                set_aside=verdict.set_aside,
                left=verdict.left,
                tokens=verdict.tokens,
                usd=verdict.usd,
                reason=verdict.reason,
            )
        case _:
            raise UnknownFormat("the daemon's answer: a report of summarise", 0, 2)


def version_to_pb(version: SummaryVersion) -> pb.SummaryVersion:
    """An answer about a node."""
    return pb.SummaryVersion(
        provider=shown(version.provider),
        model=shown(version.model),
        prompt_version=shown(version.prompt_version),
        answered_time=timestamp(version.answered_ms),
        digest=version.digest,
        is_shown=version.is_shown,
        title=shown(version.title),
        abstract=shown(version.abstract),
        bullets=map(shown, version.bullets),
        refusal=shown(version.refusal),
        tokens=version.tokens,
        usd=version.usd,
        dropped=version.dropped,
        anchored=version.anchored,
    )


def version_from_pb(message: pb.SummaryVersion) -> SummaryVersion:
    """The inverse of `version_to_pb`."""
    return SummaryVersion(
        provider=message.provider,
        model=message.model,
        prompt_version=message.prompt_version,
        answered_ms=time_ms_of(message.answered_time),
        digest=message.digest,
        is_shown=message.is_shown,
        title=message.title,
        abstract=message.abstract,
        bullets=tuple(message.bullets),
        refusal=message.refusal,
        tokens=message.tokens,
        usd=message.usd if message.HasField("usd") else None,
        dropped=message.dropped,
        anchored=message.anchored,
    )


def set_aside_to_pb(node: SetAsideNode) -> pb.SetAsideNode:
    """A node that was set aside."""
    return pb.SetAsideNode(node_id=shown(node.node_id), level=node.level.value, refusal=shown(node.refusal))


def set_aside_from_pb(message: pb.SetAsideNode) -> SetAsideNode:
    """The inverse of `set_aside_to_pb`."""
    return SetAsideNode(node_id=message.node_id, level=Level(message.level), refusal=message.refusal)


def summaries_status_to_pb(status: SummariesStatus) -> pb.SummariesStatus:
    """How the wording is."""
    return pb.SummariesStatus(
        state=SUMMARIES_STATES.number_of[status.state],
        provider=shown(status.provider),
        model=shown(status.model),
        reason=shown(status.reason),
        until_time=timestamp(status.until_ms) if status.until_ms else None,
        waiting=status.waiting,
        worded=status.worded,
        set_aside=status.set_aside,
        left_out=status.left_out,
        under_way=map(shown, status.under_way),
        calls_today=status.calls_today,
        tokens_today=status.tokens_today,
        tokens_per_day_max=status.tokens_per_day_max,
        usd_today=status.usd_today,
        usd_per_day_max=status.usd_per_day_max,
        unpriced_today=status.unpriced_today,
        refused_today=status.refused_today,
        failed_today=status.failed_today,
        interrupted_today=status.interrupted_today,
        last_error=shown(status.last_error),
        last_error_time=timestamp(status.last_error_ms) if status.last_error_ms else None,
    )


def summaries_status_from_pb(message: pb.SummariesStatus) -> SummariesStatus:
    """The inverse of `summaries_status_to_pb`."""
    return SummariesStatus(
        state=SUMMARIES_STATES.read(message.state),
        provider=message.provider,
        model=message.model,
        reason=message.reason,
        until_ms=time_ms_of(message.until_time),
        waiting=message.waiting,
        worded=message.worded,
        set_aside=message.set_aside,
        left_out=message.left_out,
        under_way=tuple(message.under_way),
        calls_today=message.calls_today,
        tokens_today=message.tokens_today,
        tokens_per_day_max=message.tokens_per_day_max,
        usd_today=message.usd_today,
        usd_per_day_max=message.usd_per_day_max,
        unpriced_today=message.unpriced_today,
        refused_today=message.refused_today,
        failed_today=message.failed_today,
        interrupted_today=message.interrupted_today,
        last_error=message.last_error,
        last_error_ms=time_ms_of(message.last_error_time),
    )
