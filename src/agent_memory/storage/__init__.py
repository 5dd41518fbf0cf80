"""Where bytes lie: ordered rows behind one port, and the store that holds them."""

from agent_memory.storage.batch import RowBatch
from agent_memory.storage.in_memory import InMemoryRows
from agent_memory.storage.lock import StoreLock
from agent_memory.storage.port import Batch, Family, Range, Rows, prefix_end, scan_all
from agent_memory.storage.rocks import DISK_RESERVE_BYTES, RocksRows, store_free_bytes
from agent_memory.storage.store import (
    STORE_FORMAT,
    Manifest,
    Store,
    UnknownStore,
    open_store,
    read_manifest,
    sync_folder,
    write_atomically,
)

__all__ = [
    "DISK_RESERVE_BYTES",
    "STORE_FORMAT",
    "Batch",
    "Family",
    "InMemoryRows",
    "Manifest",
    "Range",
    "RocksRows",
    "RowBatch",
    "Rows",
    "Store",
    "StoreLock",
    "UnknownStore",
    "open_store",
    "prefix_end",
    "read_manifest",
    "scan_all",
    "store_free_bytes",
    "sync_folder",
    "write_atomically",
]
