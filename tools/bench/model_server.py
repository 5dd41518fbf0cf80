"""A language model that answers after 50 ms, spoken to by HTTP; the other side of the row `summaries`.

Run as a process of its own, `model_server.py SECONDS`; the first line that it prints is its URL. It ends with its
standard input, and tells then what it was asked: calls, the most that were under way, prompts answered twice.
"""

from __future__ import annotations

import json
import sys

from agent_memory.testing.language_models import LanguageModelServer


def main() -> None:
    with LanguageModelServer(wait_s=float(sys.argv[1])) as server:
        print(server.url("openai"), flush=True)
        sys.stdin.read()
        counts = server.answered.values()
        told = {
            "calls": len(server.calls),
            "under_way_most": server.under_way_most,
            "twice": sum(n > 1 for n in counts),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
