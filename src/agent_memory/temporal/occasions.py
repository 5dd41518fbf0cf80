"""Nouns for what happens once, at a time: what `before the …` and `our first …` can speak of."""

from __future__ import annotations

from agent_memory.temporal.words import listed

OCCASIONS = listed(
    "accident acquisition anniversary announcement appointment attack audit baptism birth birthday breach "
    "breakdown breakup brunch burglary camp celebration ceremony checkup chat collapse concert conference "
    "conversation crash cutover date deadline death debate deployment deploy dinner discussion disaster divorce "
    "earthquake election engagement exam excursion exhibition failover festival fire flight flood freeze "
    "fundraiser funeral gala graduation hackathon handover hike holiday honeymoon hotfix hurricane incident "
    "injury installation interview invasion kickoff launch layoff layoffs lecture lesson lockdown lunch marathon "
    "meeting meetup merger migration move offsite onboarding outage pandemic parade party performance picnic "
    "postmortem premiere presentation promotion protest race raid rebrand redesign refactor refactoring rehearsal "
    "release relocation renovation reorg resignation retirement retreat retro retrospective reunion rewrite "
    "rollback rollout robbery seminar show shutdown sleepover sprint standup stroke surgery switchover talk tour "
    "tournament training transition transplant trip turnaround unveiling upgrade vacation visit vote walkthrough "
    "war wedding weekend wildfire workshop "
)
"""Neither steps of a program (`call`, `loop`, `return`, `build`) nor states: those have no date to look for."""
