"""Sentence vectors by onnxruntime, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from agent_memory.errors import Closed, InvalidModel
from agent_memory.inference.bert_recipe import ROWS_INDEPENDENT
from agent_memory.inference.model_folder import ModelSettings, info_of, settings_of
from agent_memory.inference.port import Vectors

if TYPE_CHECKING:
    from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession
    from tokenizers import Tokenizer

BATCH_TOKENS_MAX = 2048
"""Tokens run at once: bounds the memory of a call (about 30 MB for MiniLM)."""

_CHARACTERS_A_TOKEN_MAX = 32
"""Text beyond this many characters for each token of the model is not even looked at."""


class OnnxEmbedder:
    """An `Embedder` over a sentence-transformers folder. Safe to use from several threads.

    A text's vector is a function of the text: it does not depend on what it is batched with.
    Nothing is ever padded. Texts of equal token count are run together where the graph
    treats rows independently (as those that `model install` builds do), else one by one.
    """

    def __init__(self, settings: ModelSettings, model_id: str, tokenizer: Tokenizer, session: InferenceSession) -> None:
        self._settings = settings
        self._model_id = model_id
        self._tokenizer = tokenizer
        self._session: InferenceSession | None = session
        self._inputs = [i.name for i in session.get_inputs()]
        self._output, self._is_pooled = _output_of(session)
        self._batches = session.get_modelmeta().custom_metadata_map.get(ROWS_INDEPENDENT) == "1"
        self._lock = threading.Lock()

    @classmethod
    def open(cls, folder: Path, *, threads: int = 1) -> OnnxEmbedder:
        """Load the model of the folder (about 0.1 s for MiniLM). Errors: `InvalidModel`."""
        # Here, not above: together they cost 110 ms that a process without a model need not pay.
        from onnxruntime.capi.onnxruntime_inference_collection import InferenceSession
        from onnxruntime.capi.onnxruntime_pybind11_state import SessionOptions
        from tokenizers import Tokenizer

        settings = settings_of(folder)
        info = info_of(folder)
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise InvalidModel("tokenizer.json", str(error), "the tokenizer cannot be read") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(settings.tokens_max)
        options = SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The arena grows with the largest batch and never shrinks.
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = InferenceSession(str(folder / settings.graph), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise InvalidModel(settings.graph, str(error), "the graph cannot be run") from error
        return cls(settings, info.id, tokenizer, session)

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def dim(self) -> int:
        return self._settings.dim

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        session = self._session
        if session is None:
            raise Closed("the embedding model is closed")
        prompt = self._settings.query_prompt if query else self._settings.document_prompt
        characters = self._settings.tokens_max * _CHARACTERS_A_TOKEN_MAX
        # A lone surrogate has no UTF-8 form, which the tokenizer needs.
        cut = [(prompt + text[:characters]).encode("utf-8", "replace").decode() for text in texts]
        tokens = self._tokens_of(cut, query)
        vectors = np.empty((len(texts), self.dim), np.float32)
        skip = 0 if self._settings.pools_prompt or not prompt else self._prompt_tokens(prompt)
        for batch in self._batches_of(tokens):
            ids = np.array([tokens[i] for i in batch], np.int64)
            vectors[batch] = self._run(session, ids, skip)
        return vectors

    def close(self) -> None:
        with self._lock:
            self._session = None

    def _tokens_of(self, texts: Sequence[str], query: bool) -> list[list[int]]:
        if query:
            # A batch would let go of the interpreter, and whoever searches beside keep that for a millisecond, before
            # the model is begun.
            return [self._tokenizer.encode(text).ids for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]

    def _batches_of(self, tokens: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
        first = 0
        while first < len(order):
            length = len(tokens[order[first]])
            end = first + 1
            count_max = max(1, BATCH_TOKENS_MAX // max(1, length)) if self._batches else 1
            while end < len(order) and end - first < count_max and len(tokens[order[end]]) == length:
                end += 1
            yield order[first:end]
            first = end

    def _run(self, session: InferenceSession, ids: NDArray[np.int64], skip: int) -> Vectors:
        # No more than the model asks for: what lets go of the interpreter here has a search wait to get it back.
        asked: dict[str, Any] = {name: _INPUTS[name](ids) for name in self._inputs}
        (output,) = cast("list[NDArray[np.float32]]", session.run([self._output], asked))
        pooled = output if self._is_pooled else _pooled(output[:, skip:], self._settings.poolings)
        # float64, so that the norm does not depend on the order of a SIMD sum.
        norms = np.sqrt((pooled.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
        unit: Vectors = (pooled / np.maximum(norms, 1e-12)).astype(np.float32)
        return unit

    def _prompt_tokens(self, prompt: str) -> int:
        """How many tokens the prompt fills; the closing special token is not its own."""
        encoding = self._tokenizer.encode(prompt)
        return len(encoding.ids) - (encoding.special_tokens_mask[-1] if encoding.ids else 0)


def _output_of(session: InferenceSession) -> tuple[str, bool]:
    """The output to read, and whether it is one vector for each text already."""
    outputs = session.get_outputs()
    unknown = [i.name for i in session.get_inputs() if i.name not in _INPUTS]
    if unknown:
        raise InvalidModel("model.onnx", ", ".join(unknown), f"the graph asks for inputs besides {', '.join(_INPUTS)}")
    for output in outputs:
        if len(output.shape) == 3:
            return output.name, False
    for output in outputs:
        if len(output.shape) == 2:
            return output.name, True
    raise InvalidModel("model.onnx", [o.name for o in outputs], "the graph gives no token vectors")


_INPUTS: dict[str, Callable[[NDArray[np.int64]], NDArray[np.int64]]] = {
    "input_ids": lambda ids: ids,
    "attention_mask": np.ones_like,
    "token_type_ids": np.zeros_like,
    "position_ids": lambda ids: np.broadcast_to(np.arange(ids.shape[1], dtype=np.int64), ids.shape),
}
"""What a graph may ask for, of the ids of tokens."""


def _pooled(tokens: NDArray[np.float32], poolings: Sequence[str]) -> NDArray[np.float32]:
    """One vector for each text; several poolings are joined side by side."""
    parts = []
    for pooling in poolings:
        match pooling:
            case "cls_token":
                parts.append(tokens[:, 0])
            case "lasttoken":
                parts.append(tokens[:, -1])
            case "max_tokens":
                parts.append(tokens.max(axis=1))
            case "weightedmean_tokens":
                weights = np.arange(1, tokens.shape[1] + 1, dtype=np.float32)
                parts.append(np.einsum("btd,t->bd", tokens, weights / weights.sum()))
            case "mean_sqrt_len_tokens":
                parts.append(tokens.sum(axis=1) / np.float32(tokens.shape[1] ** 0.5))
            case _:
                parts.append(tokens.mean(axis=1))
    return np.concatenate(parts, axis=1)
