"""The log: the one place where truth is written."""

from agent_memory.log.entries import Entry, RecordedAnswer, events_of
from agent_memory.log.port import EventLog
from agent_memory.log.row_log import RowEventLog

__all__ = ["Entry", "EventLog", "RecordedAnswer", "RowEventLog", "events_of"]
