"""Readers of what agents leave on disk, one file per agent: decoded, redacted records → `Told`.

A file of JSON lines gives one record per line; a JSON document that is an array, one per element, any other
document, one in all. `importing` decodes those. A module whose agent keeps its history otherwise (SQLite, a
folder of small files) has a function `records(path) -> Iterator[Record]` beside its reader, which reads it
without ever writing there.
"""

from agent_memory.capture.histories.port import HistoryReader, Place, Record

__all__ = ["HistoryReader", "Place", "Record"]
