"""What English asks with, refers by and holds sentences together with: in every text, whatever it is about."""

from __future__ import annotations

_WORDS = """
    a about after again all also am an and any are as at be because been before being between both but by can could
    d did do does doing done during each ever few for from had has have having he her here hers him his how i if in
    into is it its itself just ll m me more most my no nor not of off on once only or other our out over own re s
    shall she should so some such t than that the their theirs them then there these they this those through to too
    under until up us ve very was we were what when where which while who whom whose why will with would you your
    yours didn doesn don hasn haven isn wasn weren wouldn
"""
FUNCTION_WORDS = frozenset(_WORDS.split())
"""In lower case. Wider than an index's stop words: of a text that is searched none of them is left out."""
