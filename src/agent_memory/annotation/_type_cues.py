"""Turns of phrase that tell what a sentence states: a decision, a preference, a procedure …

Each row is some words and a pattern. The pattern is tried on sentences that have one of the words
(`a_b`: the two beside each other), so a row costs nothing where none of them stands. Sentences are
in lower case with straight apostrophes. Rows of ``clauses`` count only where a clause begins, those
of ``starts`` where the sentence does: `always use tabs` is wished for, `we always use tabs` is told.
Those of ``openings`` count there too, and their words are the first ones.
``takes_back`` undoes a cue where it stands before it, or in it.

The cues of the summariser (`inference/_cues.py`) are single words that make a sentence worth more,
in many languages, and one that errs costs little. These here decide alone what a filter lets
through, so they are phrases, and fewer. The two tables share no line, and so no room.
"""

from __future__ import annotations

import msgspec

from agent_memory.annotation.model import MemoryType

Row = tuple[str, str]


class Cues(msgspec.Struct, frozen=True, kw_only=True):
    """What gives a type away: rows by where their patterns have to stand, and what takes a cue back."""

    type: MemoryType
    anywhere: tuple[Row, ...]
    clauses: tuple[Row, ...] = ()
    starts: tuple[Row, ...] = ()
    openings: tuple[Row, ...] = ()
    takes_back: str


FENCED = "\x01"
"""What stands for a block of code, as a word of its own."""

_NUMBER = r"(?:[$€£]?\d|(?:one|two|three|four|five|six|seven|eight|nine|ten|a single|a dozen|a hundred|a thousand)\b)"

# What one is told not to do.
_SHUN = (
    r"(?:access|add|allow|assume|block|break|bypass|call|change|commit|copy|create|delete|depend|deploy|disable|drop"
    r"|edit|enable|expose|force|hard-?code|ignore|import|install|introduce|log|merge|mix|mock|modify|mutate|open"
    r"|overwrite|pass|print|push|rebase|release|remove|rename|retry|return|rewrite|run|send|share|ship|skip|store"
    r"|swallow|touch|trust|upgrade|use|write)"
)

_UNSAID = (
    r"\b(?:not|never|nobody|no one|if|whether|until|unless|once|when|who|what|how|should|would|could|yet to"
    r"|(?:have|has|had|did|do|does|is|was|are|were|could|would|should)n't)\b"
)

DECISION = Cues(
    type=MemoryType.DECISION,
    anywhere=(
        ("decided", r"decided (?:to|on|that|against|upon|for|in favou?r|we|i|it|by|together|between|which)\b"),
        ("decided", r"decided(?=[:,.!]|$)"),
        ("decision decisions", r"decisions?(?: \([^)]{1,40}\))?:|decision (?:is|was|fell|stands)\b"),
        (
            "decision decisions",
            r"(?:made|took|taken|came to|reached|final) (?:(?:the|a|our|my|an?) )?(?:\w+ )?decisions?(?![\w-])",
        ),
        ("settled_on settled_upon", r"settled (?:on|upon)\b"),
        ("chose", r"(?:we|i|they|he|she|you|team|finally|so|and) chose\b"),
        ("chosen", r"(?:have|has|had|been|was|were|we|we've|i've|they've)(?: \w+ly)? chosen\b"),
        ("opted", r"opted (?:for|to|out|in|not|against)\b"),
        (
            "agreed",
            r"(?:we|they|everyone|all|team|have|had|was|both|already|we've) agreed (?:to|on|that|upon|we)\b|agreed:",
        ),
        ("picked", r"picked [^.!?]{1,60}? (?:over|instead of|rather than|because)\b"),
        (
            "let's",
            r"let's (?:just |all |rather |therefore |instead )?(?:(?:go (?:with|for(?! it)|ahead with)|use"
            r"|stick (?:with|to)"
            r"|choose|pick|drop|adopt|ship|postpone|defer|skip|settle on|switch to|move to)\b"
            r"|call (?:it|them|this) (?!a (?:day|night))"
            r"|keep (?!in touch|it up|an eye|up\b|at it|on\b|each|this going|our|you|[a-z]+in[g'])\w)",
        ),
        (
            "we'll we_will we're_going are_going",
            r"we(?:'ll| will|'re going to| are going to) (?:not |now |just |therefore |instead )?"
            r"(?:use|go with|stick (?:with|to)|keep (?:the|using|it|both)|adopt|drop|switch to|move to|standardi[sz]e"
            r"|support|store|deprecate|postpone|defer|ship)\b",
        ),
        ("we_won't", r"we won't (?:use|support|ship|do|add|fix|keep)\b"),
        (
            "switched rejected discarded",
            r"we(?:'ve| have)? (?:now |just |finally )?(?:switched (?:from|to|over)|rejected|discarded)\b",
        ),
        (
            "go_with going_with went_with gone_with ahead_with",
            r"(?:go|going|went|gone) (?:ahead )?with (?:(?:the|a|an|our|your|my) )?(?:[\w-]+ ){0,2}(?:option|plan"
            r"|approach|variant|version|solution|design|proposal|route|one|library|model|idea|layout|former|latter)\b",
        ),
        (
            "instead_of in_place",
            r"(?:use|used|using|adopt|adopted|switch to|switched to|take|took|keep|kept) [^.!?;]{1,60}?"
            r" (?:instead of|in place of)\b",
        ),
        (
            "plan choice verdict resolution consensus",
            r"(?:the|our|my|final) (?:plan|choice|verdict|resolution|consensus) (?:is|was) (?:to|that|now)\b",
        ),
        ("mind minds", r"(?:made|make|making) up (?:my|our|his|her|their) minds?\b"),
        ("from_now", r"from now on\b"),
    ),
    takes_back=_UNSAID,
)

PREFERENCE = Cues(
    type=MemoryType.PREFERENCE,
    anywhere=(
        ("prefer prefers preferred", r"prefer(?:s|red)? (?=[\w\"'`(])"),
        ("preference preferences", r"preferences? (?:is|are|for|was|would be)\b|preferences?:"),
        (
            "favorite favourite favorites favourites preference preferences go-to",
            r"(?:my|our|his|her|their|[^\W\d]{1,20}'s) (?:own |all-time |absolute |personal |\w+ )?"
            r"(?:preferences?|favou?rites?|go-to)(?![\w-])",
        ),
        (
            "like likes love loves enjoy enjoys hate hates dislike dislikes can't_stand cannot_stand",
            r"(?:i|we|she|he|they) (?:(?:really|also|always|just|do|absolutely|usually|generally|personally|so) ){0,3}"
            r"(?:likes?|loves?|enjoys?|hates?|dislikes?|can't stand|cannot stand|(?:don't|doesn't|do not"
            r"|does not) like)"
            r" (?!(?:it|this|that|these|those|him|her|you|them|how|what|the way|your|hearing|seeing|knowing)\b)"
            r"(?:to [a-z]+|when\b|having\b|[a-z]+ing\b|(?:the |an? |my |our )?[\w`\"'/+.-]+(?: [\w`\"'/+.-]+){0,2}"
            r"(?=[.,;!]|$| (?:and|or|but|because|over|more than|better|most|best|in|for|with)\b))",
        ),
        ("i_don't i_do_not", r"i (?:really )?(?:don't|do not) want\b"),
        ("rather", r"(?:i'd|we'd|he'd|she'd|they'd|would) (?:much |really )?rather\b"),
        ("fan_of", r"(?:a|such a|much of a) (?:big |huge |great |real )?fan of\b"),
        ("fond_of keen_on", r"(?:fond of|keen on)\b"),
    ),
    clauses=(
        (
            "always never",
            r"(?:always|never) (?:[a-z]+ly )?(?:use|write|put|run|prefer|add|include|name|format|keep|ask|answer|reply"
            r"|respond|start|sign|wrap|indent|order|show|tell|call)\b",
        ),
        (
            "don't_use not_use don't_add don't_write stop_using avoid_using stop_adding avoid_adding stop_writing",
            r"(?:don't|do not|stop|avoid) (?:use|using|add|adding|write|writing)\b",
        ),
        (
            "please",
            r"please (?:use|keep|write|avoid|prefer|answer|reply) [^.!?]{1,60}?"
            r"(?:\binstead\b|\brather than\b|\bfrom now on\b|, not\b)",
        ),
        ("use", r"use [^.!?,]{1,40}?, (?:not|never)\b"),
    ),
    takes_back=r"\b(?:if|whether|who|what|how|would you|do you|did you|as you)\b",
)

CONSTRAINT = Cues(
    type=MemoryType.CONSTRAINT,
    anywhere=(
        (
            "must mustn't",
            r"must(?:n't)? (?:not |never |always |only |all |at least |also |first |either |both )?"
            r"(?:be\b(?! (?:really|so|very|such|quite|awesome|amazing|nice|fun|great|hard|tough|exciting|wonderful"
            r"|lovely|cool"
            r"|proud|nervous|thrilled|excited|happy|sad|tired|kidding|joking|[a-z]+ing)\b)|have (?=(?:an? |the |no "
            r"|at |exactly |only |one |two |\d))|(?!(?:be|have|say|admit|confess|feel"
            r"|know|seem|mean|think|look|sound|love|miss|try|see|visit|watch|read|hear|enjoy|like|want|hurt|take|come"
            r"|check|get|of)\b)[a-z]+(?<!ed)\b)",
        ),
        ("never", r"(?:should|can|may|must|shall) never (?:ever )?(?!forget|know|be able)[a-z]"),
        ("at_most", rf"at most {_NUMBER}"),
        (
            "than",
            r"(?:no|not|never) (?:more|fewer|less|longer|larger|bigger|older|later|earlier) than (?:the |on )?"
            rf"(?:{_NUMBER}|(?:monday|tuesday|wednesday|thursday|friday|end)\b)",
        ),
        ("required", r"(?:is|are|be|being|strictly) required(?! reading)\b"),
        ("required", r"required (?:fields?|arguments?|parameters?|to (?:be|have|use|sign|run|pass|provide|set))\b"),
        ("required", r"required for (?:all|every|each|any)\b"),
        ("requires", r"requires (?!(?:a lot|lots|patience|some|effort|courage)\b)[\w`\"'.>=<-]"),
        (
            "requirement constraint restriction rule deadline limit",
            r"(?:an?|the|hard|our|one|key|main|only|strict|new) (?:[\w-]+ )?(?:requirement|constraint|restriction|rule"
            r"|deadline|limit) (?:is|was|for|that|moved|on|has)\b",
        ),
        (
            "requirement requirements constraint constraints deadline deadlines limit limits rule rules max maximum"
            " minimum budget",
            r"(?:requirements?|constraints?|deadlines?|limits?|rules?|max|maximum|minimum"
            r"|budget)(?: for [^.!?:]{1,40})?: ?\S",
        ),
        ("only_if", r"only if\b"),
        ("deadline", r"deadline (?:is|was|for|of|on|by|has|moved)\b"),
        ("due_by due_on due_before due_date due_no", r"due (?:by|on|before|date|no later)\b"),
        ("allowed permitted", r"(?:isn't|aren't|not|never|only) (?:allowed|permitted)\b"),
        (
            "forbidden prohibited mandatory off-limits compulsory",
            r"(?:is|are|strictly) (?:forbidden|prohibited|mandatory|off-limits|compulsory)\b",
        ),
        ("limited capped restricted", r"(?:is|are|be|was|were) (?:limited|capped|restricted) (?:to|at)\b"),
        (
            "max maximum minimum min cap limit ceiling budget",
            r"(?:max|maximum|minimum|min|cap|limit|ceiling|budget) (?:size |length |number |count |rate )?"
            rf"(?:of |is |was |= ?|at ){{1,3}}(?:the |a )?{_NUMBER}",
        ),
        ("exceed", r"(?:cannot|must|may|should|can't|not|never|to) exceed\b"),
        (
            "cannot_be can't_be not_be",
            r"(?:cannot|can't|can not|may not|shall not) be (?:changed|modified|null|empty|negative|renamed|removed"
            r"|longer|larger|bigger|more|less|blank|overridden|shared|reused|edited|deleted|undone|exposed|logged"
            r"|committed|stored)\b",
        ),
        (
            "has_to have_to needs_to need_to",
            r"(?:has|have|needs?) to (?:be|stay|remain|finish|run|fit) (?:done |ready |finished |delivered )?"
            r"(?:under|below|within|by|before|between|above|in under|offline|backwards?)\b",
        ),
        ("may_not may_only shall_not shall_only", r"(?:may|shall) (?:not|only) (?!be able|know|want|like|have)[a-z]"),
    ),
    clauses=(("never", rf"never (?:ever )?{_SHUN}\b"), ("don't do_not", rf"(?:don't|do not) (?:ever )?{_SHUN}\b")),
    takes_back=(
        r"\b(?:if(?<!only if)|whether|how|what (?=must)|(?:you|that|it|he|she|they|there|this|i"
        r"|who) (?=must(?:n't)? (?:be|have)\b))"
    ),
)

DEFINITION = Cues(
    type=MemoryType.DEFINITION,
    anywhere=(
        ("stands_for", r"stands for \S"),
        ("refers refer", r"refers? to (?:the|an?|any|all|one|what|how|every|each|some|whatever|[a-z]+s)\b"),
        (
            "short shorthand acronym abbreviation synonym alias term",
            r"(?:is|are|was) (?:short|shorthand|an? (?:acronym|abbreviation|synonym|alias|term)) (?:for|of)\b",
        ),
        (
            "defined_as known_as referred_to",
            r"(?:is|are|was|be) (?:formally |also |usually |otherwise |often |commonly )?"
            r"(?:defined as|known as|referred to as)\b",
        ),
        (
            "called",
            r"(?:is|are) (?:also |usually |often |commonly |otherwise )?called (?!(?:by|from|with|when|twice|once|on|in"
            r"|before|after|at|every|for|again|during|if|and|or|to|without|as|only|exactly|more|multiple|several"
            r"|repeatedly|back|out|off|up)\b)\S",
        ),
        ("definition", r"definition (?:of|for) .{1,40}? (?:is|was)\b|definition:"),
        ("we_call", r"we call (?:it|this|that|these|those|them|an?|the|such)\b(?! (?:a day|back|for|on|when|to))"),
        ("i_mean we_mean", r"by .{2,30}? (?:i|we) mean\b"),
        (
            "means",
            r"means (?:that |the (?!world|most)|an? (?!lot|great|ton)|any |one |whatever |every )\S",
        ),
        ("the_term", r"the term [\"'`\w]"),
    ),
    starts=(
        (
            "is_a is_an is_the is_any is_one is_what is_where is_when is_just is_simply is_anything is_something",
            r"an? (?!(?:lot|few|bit|little|good|great|nice|big|major|huge|key|friend|simple|quick|better|common)\b)"
            r"[\w'`/-]+(?: [\w'`/-]+){0,2} is (?:just |simply |basically |always )?"
            r"(?:an?|the|any|one|what|where|when|whatever|anything|something|whoever) ",
        ),
        (
            "is_a is_an is_the is_any is_where are_the",
            r"[\w ./:_-]{1,40}[\"`*”]+ (?:is|are) (?:just |simply |basically )?(?:an?|the|any|where) ",
        ),
        (
            "is_a is_an",
            r"(?!(?:this|that|it|he|she|there|what|here|one|everything|something|my|his|her|your|our|their|which|who|i"
            r"|we|they|the|these|those|all|life|so|and|but|now|today|if|when|yes|no|having|being)\b)"
            r"[a-z][\w./-]*(?: [\w./-]+)? is an? .{2,60}? (?:that|which|used (?:to|for|by)|whose|where"
            r"|for [a-z]+ing)\b",
        ),
    ),
    takes_back=(
        r"\b(?:if|whether|doesn't|not)\b"
        r"|\b(?:which|that|this|also|what|really|just|it|by|all|any|only|so|and) (?=means\b)"
        r"|\b(?:i|he|she|who|they|it|what|that) (?=stands\b)"
    ),
)
