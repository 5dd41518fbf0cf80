"""The engines by themselves: what a search and an indexing cost without anything around them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import hnswlib
import numpy as np
import tantivy

from agent_memory.inference.port import Embedder, Vectors

HITS = 10
_WRITER_BYTES = 32_000_000


class BareTantivy:
    """One stemmed text field and a number: the least that can answer a keyword query."""

    def __init__(self, folder: Path) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="bare", index_option="freq")
        builder.add_unsigned_field("number", fast=True)
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, path=str(folder))
        filters = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
        self._analyzer = (
            filters.filter(tantivy.Filter.stopword("english")).filter(tantivy.Filter.stemmer("english")).build()
        )
        self._index.register_tokenizer("bare", self._analyzer)

    def index(self, texts: Sequence[str], *, commit_every: int = 0) -> float:
        """Index the texts; the seconds until all are committed.

        One commit at the end, on as many threads as the engine likes; or one on one thread for
        each *commit_every* texts.
        """
        started = time.perf_counter()
        writer = self._index.writer(_WRITER_BYTES, 1) if commit_every else self._index.writer(4 * _WRITER_BYTES)
        for number, text in enumerate(texts):
            document = tantivy.Document()
            document.add_text("text", text)
            document.add_unsigned("number", number)
            writer.add_document(document)
            if commit_every and (number + 1) % commit_every == 0:
                writer.commit()
        writer.commit()
        elapsed = time.perf_counter() - started
        writer.wait_merging_threads()
        self._index.reload()
        return elapsed

    def search(self, query: str) -> list[int]:
        terms = dict.fromkeys(self._analyzer.analyze(query))
        leaves = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "text", term, index_option="freq"))
            for term in terms
        ]
        searcher = self._index.searcher()
        hits = searcher.search(tantivy.Query.boolean_query(leaves), limit=HITS, count=False).hits
        found = searcher.fast_field_values("number", [address for _, address in hits])
        return [number for number in found if isinstance(number, int)]


class BareHnsw:
    """The graph alone, with the same settings."""

    def __init__(self, vectors: Vectors, *, m: int, ef_construction: int, ef: int) -> None:
        self._vectors = vectors
        self._index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        self._index.init_index(max_elements=len(vectors), M=m, ef_construction=ef_construction, random_seed=7)
        self._index.add_items(vectors, np.arange(len(vectors)))
        self._index.set_ef(ef)
        self._index.set_num_threads(1)

    def search(self, vector: Vectors) -> list[int]:
        labels, _ = self._index.knn_query(vector, k=HITS)
        return [int(label) for label in labels[0]]

    def recall(self, queries: Vectors) -> float:
        """The share of each query's true nearest neighbours that the graph returns."""
        found = 0
        for query in queries:
            exact = np.argsort(-(self._vectors @ query), kind="stable")[:HITS]
            found += len(set(exact.tolist()) & set(self.search(query[np.newaxis])))
        return found / (HITS * len(queries))


class BareSearch:
    """The query embedded, looked up in the one engine, then in the other; or in the first alone."""

    def __init__(
        self, lexical: BareTantivy, *, graph: BareHnsw | None = None, embedder: Embedder | None = None
    ) -> None:
        self._lexical = lexical
        self._graph = graph
        self._embedder = embedder

    def asked_ms(self, queries: Sequence[str]) -> list[float]:
        """Milliseconds of each query."""
        found = []
        for query in queries:
            started = time.perf_counter()
            if self._embedder is not None and self._graph is not None:
                self._graph.search(self._embedder.embed([query], query=True))
            self._lexical.search(query)
            found.append((time.perf_counter() - started) * 1000)
        return found

    def recall(self, queries: Sequence[str]) -> float | None:
        """The graph's, over the queries; None where there is none."""
        if self._graph is None or self._embedder is None:
            return None
        return self._graph.recall(self._embedder.embed(list(queries), query=True))

    def close(self) -> None:
        if self._embedder is not None:
            self._embedder.close()
