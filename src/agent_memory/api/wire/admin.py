"""Status, and the reports of replay and verify."""

from __future__ import annotations

from agent_memory._pb.agent_memory.v1 import admin_service_pb2 as pb
from agent_memory.api.wire.enums import VIEW_STATES
from agent_memory.api.wire.summaries import summaries_status_from_pb, summaries_status_to_pb
from agent_memory.api.wire.text import shown, time_ms_of, timestamp
from agent_memory.errors import UnknownFormat
from agent_memory.memory import (
    ReplayProgress,
    ReplayReport,
    ReplayVerdict,
    SpoolStatus,
    Status,
    VerifyFinding,
    VerifyProgress,
    VerifyReport,
    VerifyVerdict,
    ViewStatus,
)
from agent_memory.summaries.reports import SummariesStatus


def status_to_pb(status: Status) -> pb.Status:
    """How the store is."""
    return pb.Status(
        healthy=status.healthy,
        position=status.position,
        event_count=status.event_count,
        views=[
            pb.ViewStatus(
                name=view.name,
                state=VIEW_STATES.number_of[view.state],
                position=view.position,
                lag=view.lag,
                oldest_pending_s=view.oldest_pending_s,
                error=shown(view.error),
                error_position=view.error_position,
                generation=view.generation,
            )
            for view in status.views
        ],
        store_path=shown(status.store_path),
        time_zone=status.time_zone,
        model_id=status.model_id,
        store_format=status.store_format,
        version=status.version,
        start_time=timestamp(status.start_ms),
        disk_free_bytes=status.disk_free_bytes,
        append_error=shown(status.append_error),
        spool=_spool_to_pb(status.spool),
        summaries=summaries_status_to_pb(status.summaries),
    )


def _spool_to_pb(spool: SpoolStatus) -> pb.SpoolStatus:
    return pb.SpoolStatus(
        path=shown(spool.path),
        waiting=spool.waiting,
        oldest_waiting_s=spool.oldest_waiting_s,
        drained=spool.drained,
        skipped=spool.skipped,
        refused=spool.refused,
        lost=spool.lost,
        redacted={shown(kind): count for kind, count in spool.redacted.items()},
        paused=spool.paused,
        error=shown(spool.error),
    )


def _spool_from_pb(spool: pb.SpoolStatus) -> SpoolStatus:
    return SpoolStatus(
        path=spool.path,
        waiting=spool.waiting,
        oldest_waiting_s=spool.oldest_waiting_s,
        drained=spool.drained,
        skipped=spool.skipped,
        refused=spool.refused,
        lost=spool.lost,
        redacted=dict(spool.redacted),
        paused=spool.paused,
        error=spool.error,
    )


def status_from_pb(message: pb.Status) -> Status:
    """The inverse of `status_to_pb`."""
    return Status(
        healthy=message.healthy,
        position=message.position,
        event_count=message.event_count,
        views=tuple(
            ViewStatus(
                name=view.name,
                state=VIEW_STATES.read(view.state),
                position=view.position,
                lag=view.lag,
                oldest_pending_s=view.oldest_pending_s,
                error=view.error,
                error_position=view.error_position,
                generation=view.generation,
            )
            for view in message.views
        ),
        store_path=message.store_path,
        time_zone=message.time_zone,
        model_id=message.model_id,
        store_format=message.store_format,
        version=message.version,
        start_ms=time_ms_of(message.start_time),
        disk_free_bytes=message.disk_free_bytes,
        append_error=message.append_error,
        spool=_spool_from_pb(message.spool),
        # A daemon of an earlier release says nothing of them.
        summaries=summaries_status_from_pb(message.summaries) if message.HasField("summaries") else SummariesStatus(),
    )


def replay_report_to_pb(report: ReplayReport) -> pb.ReplayViewsResponse:
    """One step of a replay, or its verdict on one view."""
    if isinstance(report, ReplayProgress):
        return pb.ReplayViewsResponse(
            progress=pb.ReplayProgress(view=report.view, position=report.position, target=report.target)
        )
    return pb.ReplayViewsResponse(
        verdict=pb.ReplayVerdict(
            view=report.view,
            identical=report.identical,
            first_difference=shown(report.first_difference),
            position=report.position,
            duration_s=report.duration_s,
        )
    )


def replay_report_from_pb(message: pb.ReplayViewsResponse) -> ReplayReport:
    """The inverse of `replay_report_to_pb`."""
    match message.WhichOneof("report"):
        case "progress":
            progress = message.progress
            return ReplayProgress(view=progress.view, position=progress.position, target=progress.target)
        case "verdict":
            verdict = message.verdict
            return ReplayVerdict(
                view=verdict.view,
                identical=verdict.identical,
                first_difference=verdict.first_difference,
                position=verdict.position,
                duration_s=verdict.duration_s,
            )
        case _:
            raise UnknownFormat("the daemon's answer: a report of replay", 0, 2)


def verify_report_to_pb(report: VerifyReport) -> pb.VerifyStoreResponse:
    """One step of a verification, something found, or its verdict."""
    if isinstance(report, VerifyProgress):
        return pb.VerifyStoreResponse(
            progress=pb.VerifyProgress(check=report.check, done=report.done, total=report.total)
        )
    if isinstance(report, VerifyFinding):
        return pb.VerifyStoreResponse(finding=pb.VerifyFinding(check=report.check, message=shown(report.message)))
    return pb.VerifyStoreResponse(
        verdict=pb.VerifyVerdict(sound=report.sound, checks=report.checks, finding_count=report.finding_count)
    )


def verify_report_from_pb(message: pb.VerifyStoreResponse) -> VerifyReport:
    """The inverse of `verify_report_to_pb`."""
    match message.WhichOneof("report"):
        case "progress":
            progress = message.progress
            return VerifyProgress(check=progress.check, done=progress.done, total=progress.total)
        case "finding":
            return VerifyFinding(check=message.finding.check, message=message.finding.message)
        case "verdict":
            verdict = message.verdict
            return VerifyVerdict(sound=verdict.sound, checks=tuple(verdict.checks), finding_count=verdict.finding_count)
        case _:
            raise UnknownFormat("the daemon's answer: a report of verify", 0, 3)
