"""The file format of trained weights, read by hand: it is a header and a heap of bytes.

    size of the header: u64, little-endian
    header:  JSON, name -> {dtype, shape, data_offsets: [first, end)}, and `__metadata__`
    tensors: their bytes, little-endian, row-major; offsets count from the end of the header

Source: https://github.com/huggingface/safetensors, section "Format".
"""

from __future__ import annotations

import json
import mmap
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent_memory.errors import InvalidModel

HEADER_BYTES_MAX = 100_000_000
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor of the file, by name; their bytes stay in the file until they are used.

    Errors: `InvalidModel` for another format, a cut file, or a type that numpy has no word for.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < 8:
            raise InvalidModel("model.safetensors", size, "too short to be a safetensors file")
        header_bytes = struct.unpack("<Q", file.read(8))[0]
        if header_bytes > min(HEADER_BYTES_MAX, size - 8):
            raise InvalidModel("model.safetensors", header_bytes, "its header is longer than the file")
        try:
            header = json.loads(file.read(header_bytes))
        except ValueError as error:
            raise InvalidModel("model.safetensors", str(error), "its header is no JSON") from error
        # mmap, so that building a graph of 90 MB of weights does not hold them twice.
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return {
        name: _tensor(content, name, entry, heap=8 + header_bytes)
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _tensor(content: mmap.mmap, name: str, entry: dict[str, Any], *, heap: int) -> NDArray[Any]:
    try:
        dtype = np.dtype(_TYPES[entry["dtype"]])
        shape = tuple(int(n) for n in entry["shape"])
        first, end = entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModel("model.safetensors", name, "a tensor of unknown type or form") from error
    count = int(np.prod(shape, dtype=np.int64))
    if first < 0 or end - first != count * dtype.itemsize or heap + end > len(content):
        raise InvalidModel("model.safetensors", name, "a tensor reaches beyond the file; the download was cut short")
    return np.frombuffer(content, dtype, count=count, offset=heap + first).reshape(shape)
