"""Summaries by a language model: asked with numbered events, checked against them, recorded in the log."""
