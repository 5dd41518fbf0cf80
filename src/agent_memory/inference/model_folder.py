"""A folder with an embedding model, as sentence-transformers lays it out.

model.onnx | onnx/model.onnx | …       the graph
tokenizer.json                         the tokenizer
config.json                            the architecture; hidden_size, max_position_embeddings
sentence_bert_config.json              max_seq_length
1_Pooling/config.json                  how token vectors become one; mean where it is missing
config_sentence_transformers.json      prompts for queries and documents
modules.json                           the steps; others than these are refused
agent-memory.json                      written by `agent-memory model install`: id, source, hashes
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from agent_memory.errors import InvalidModel

MANIFEST = "agent-memory.json"
GRAPHS = ("model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx")
CONFIGS = (
    "config.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "1_Pooling/config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
POOLINGS = ("cls_token", "max_tokens", "mean_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
"""In the order in which sentence-transformers joins them, should a model have several."""

_STEPS = ("Transformer", "Pooling", "Normalize")
_DOCUMENT_PROMPTS = ("document", "passage", "corpus")
_TOKENS_MAX = 512


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a model; ``name`` is relative to the folder."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What `install` leaves beside the model: where it came from and what it wrote."""

    format: int = 1
    id: str
    source: str
    source_sha256: str
    files: tuple[ModelFile, ...]


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the folder says that its model is run."""

    folder: Path
    graph: str
    dim: int
    tokens_max: int
    poolings: tuple[str, ...]
    pools_prompt: bool
    query_prompt: str
    document_prompt: str


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to know of an installed model. ``bytes`` is the sum of its files."""

    id: str
    path: str
    dim: int
    tokens_max: int
    bytes: int
    files: tuple[ModelFile, ...]
    pooling: str
    query_prompt: str
    document_prompt: str
    source: str


def settings_of(folder: Path) -> ModelSettings:
    """How the model in the folder is run. Errors: `InvalidModel`, naming what is missing."""
    if not folder.is_dir():
        raise InvalidModel("model", str(folder), "there is no such folder")
    graph = next((name for name in GRAPHS if (folder / name).is_file()), "")
    missing = [name for name in ("tokenizer.json", "config.json") if not (folder / name).is_file()]
    if not graph:
        missing.insert(0, "model.onnx")
    if missing:
        raise InvalidModel("model", str(folder), f"the folder is no embedding model: no {', no '.join(missing)}")
    for step in read_json(folder / "modules.json", missing=[]):
        kind = str(step.get("type", "")).rsplit(".", 1)[-1]
        if kind not in _STEPS:
            raise InvalidModel("modules.json", kind, f"only the steps {', '.join(_STEPS)} can be run")
    config = read_json(folder / "config.json")
    pooling = read_json(folder / "1_Pooling/config.json", missing={})
    poolings = _poolings(pooling)
    width = int(pooling.get("word_embedding_dimension") or config.get("hidden_size") or 0)
    if width <= 0:
        raise InvalidModel(
            "config.json: hidden_size", config.get("hidden_size"), "the width of the vectors is not given"
        )
    query, document = _prompts(read_json(folder / "config_sentence_transformers.json", missing={}))
    return ModelSettings(
        folder=folder,
        graph=graph,
        dim=width * len(poolings),
        tokens_max=_tokens_max(folder, config),
        poolings=poolings,
        pools_prompt=bool(pooling.get("include_prompt", True)),
        query_prompt=query,
        document_prompt=document,
    )


def info_of(folder: Path) -> ModelInfo:
    """The model in the folder, its files hashed. Errors: `InvalidModel`."""
    settings = settings_of(folder)
    names = [settings.graph, "tokenizer.json", *CONFIGS]
    graph_data = settings.graph + "_data"  # where big exports keep their weights
    files = tuple(file_of(folder, name) for name in [*names, graph_data] if (folder / name).is_file())
    manifest = manifest_of(folder)
    if manifest is not None and set(manifest.files) <= set(files):
        id, source = manifest.id, manifest.source
    else:
        # Other bytes than `install` wrote, or not installed by it: named by what runs.
        digest = hashlib.sha256("".join(sorted(f"{f.name} {f.sha256}\n" for f in files)).encode()).hexdigest()
        name = str(read_json(folder / "config.json").get("_name_or_path") or "model").rstrip("/").rsplit("/", 1)[-1]
        id, source = f"{name}@{digest[:12]}", str(folder)
    return ModelInfo(
        id=id,
        path=str(folder),
        dim=settings.dim,
        tokens_max=settings.tokens_max,
        bytes=sum(f.bytes for f in files),
        files=files,
        pooling="+".join(settings.poolings),
        query_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
        source=source,
    )


def manifest_of(folder: Path) -> Manifest | None:
    """What `install` wrote there, or None."""
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None


def file_of(folder: Path, name: str) -> ModelFile:
    """The file's size and hash."""
    with (folder / name).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(name=name, bytes=(folder / name).stat().st_size, sha256=digest)


def read_json(path: Path, *, missing: Any = None) -> Any:
    """The file's value; *missing* where there is no file, unless that is None."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        if missing is None:
            raise InvalidModel("model", str(path), "the file is missing") from None
        return missing
    except (OSError, ValueError) as error:
        raise InvalidModel("model", str(path), f"the file cannot be read: {error}") from error


def _poolings(config: dict[str, Any]) -> tuple[str, ...]:
    if not config:
        return ("mean_tokens",)
    named = config.get("pooling_mode")  # the newer, short form
    wanted = {named, f"{named}_tokens", f"{named}_token"} if isinstance(named, str) else set()
    chosen = tuple(p for p in POOLINGS if p in wanted or config.get(f"pooling_mode_{p}"))
    if not chosen:
        raise InvalidModel("1_Pooling/config.json", named, f"names no pooling among {', '.join(POOLINGS)}")
    return chosen


def _prompts(config: dict[str, Any]) -> tuple[str, str]:
    """The texts put before a query and before a document."""
    prompts: dict[str, str] = config.get("prompts") or {}
    default = prompts.get(config.get("default_prompt_name") or "", "")
    document = next((prompts[name] for name in _DOCUMENT_PROMPTS if prompts.get(name)), default)
    return prompts.get("query") or default, document


def _tokens_max(folder: Path, config: dict[str, Any]) -> int:
    positions = int(config.get("max_position_embeddings") or _TOKENS_MAX)
    stated = read_json(folder / "sentence_bert_config.json", missing={}).get("max_seq_length")
    return min(int(stated or positions), positions)
