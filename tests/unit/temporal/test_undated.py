"""Queries that say nothing of time, however much they look like it, are not given any."""

from __future__ import annotations

import pytest

from agent_memory.temporal import TIMELESS, read_query
from agent_memory.toc import Calendar

NOW_MS = 1_752_672_600_000
BERLIN = Calendar("Europe/Berlin")

UNDATED = r"""
May I ask something?
May we proceed?
the last day of the project
the day of the week
the week of the month
who plays on Tuesdays
the name of the release branch
none of these cases, one may
only one may.
a template by Jan Novak
a letter from April Novak
wait until we need to
before release
what to check before a release
a thread during any training
you may use either one
it may 5 times out of 10 fail
March through the code
march on with the next step
he will march the troops
second argument
the second argument of the function
first argument
the last line of the file
last name
what is her last name
the last name field
sun
the sun is bright
Sun Microsystems JDK
sat down with Anna
the cat sat on the mat
mon_process
the monitor job named mon
wed in a small church
version 1.2.3
python 3.11
10.5
error 404
port 8080
listen on port 2024
main-2
report-2025-03-01.csv
open logs/2025-05-05/app.log
backup_2025-05-05.tar.gz
2025-05-05-notes.md
CVE-2025-1234
release v2025.03
1999
Windows 2000
in 2000 steps
after 2000 ms
since 2048 is a power of two
lines from 2000 to 2020
resize from 1920 to 1080
ubuntu-latest
FROM python:latest
the latest version of numpy
the last element of the list
last() in jQuery
the first element
on the first attempt
on the 5th floor
the 5th element
chapter 3 of the book
page 12
section 4.2
3/4 of the users
1/2 cup of sugar
24/7 support
Spring Boot configuration
how do I configure it in Spring?
spring the trap
fall back to lexical search
if the tests fall through
the winter coat
the Christmas tree lights
where is the Halloween costume
What did April say about the party?
Did June like the cake?
ask August about it
since June left the team
from April I got a book
the Jan class
in dec and hex
convert oct to bin
sep=','
mar_file
MAY NOT be used
it MUST or MAY
every Monday
each week
once a week
twice per month
on Mondays
daily standup notes
a year of experience
how many days
how many hours does it take
the day job
week-long retreat
up-to-date docs
day-to-day work
end-to-end tests
the last-minute change
one-on-one
what time is it
timeout after 30 seconds
retry in 5 minutes
learn rust in 3 weeks
5 days of work
three months of data
the null before the comma
what comes after the colon
the function before the return statement
what should I do after the deploy
how to run migrations before the release
what do we do before the release
before the loop starts
the next day
next to the door
next step
the next page
previous value
past participle
the past tense
in the past
this function
this one
in the morning I drink tea
at night
good evening
now
how are things now
until now
the end of the line
the beginning of the string
middle of the list
early return
late binding
early stopping
mid-air collision
the quarter note
a quarter of the users
Q4_K_M quantization
the 8 o'clock rule
at 3pm
15:30
src/app.py:12:30
half of it
a decade of work
a century ago
the minutes of the meeting
hour glass
minute details
who is Monday.com's founder
weekday enum
is_weekend
DATE_FORMAT '%Y-%m-%d'
what did he mean by "next week"
find `yesterday` in the code
the string 'today' in the config
today.py
yesterday_total
USA.Today
created_at
99 bottles
1234
twenty-one
seventy
two of the three
first things first
at first sight
last but not least
at last
last resort
the last of us
the very first line
args.first
between 3 and 5 files
between 9 and 11
from 3 to 7
from 1 to 10
5-7 people
10-12 items
room 101
by 2024 percent
increase it by 2000
in 5 lines
the 500s errors
bullet 2.1
a.m. radio
AM/FM radio
PM said no
who am I
the may fly
this may fail
the last may be wrong
the next may work
May
March
august company
HTTP 200
utf-8
sha256
3 of may
a 2d array
3D models
week 3 of the course
a timeout of 30s
retry after 5m
resize to 10w
error W60
W5
April's answer
last resort
the first place
"""


@pytest.mark.parametrize("query", UNDATED.strip().splitlines())
def test_an_undated_query_is_timeless(query: str) -> None:
    assert TIMELESS == read_query(query, now_ms=NOW_MS, calendar=BERLIN)


@pytest.mark.parametrize("query", UNDATED.strip().splitlines())
def test_the_words_around_it_do_not_make_it_timely(query: str) -> None:
    """As part of a question, in small letters, and at the end of a sentence."""
    for around in ("where is {} defined", "tell me about {}", "I asked: {}"):
        reading = read_query(around.format(query.lower()), now_ms=NOW_MS, calendar=BERLIN)

        assert () == reading.spans
        assert "" == reading.anchor


@pytest.mark.parametrize(
    "query",
    [
        "what did he mean by 'see you tomorrow'",
        'the message "meeting moved to Friday, 5 March 2025"',
        "“since last week” in the changelog",
        "the column `2025-03-05`",
    ],
)
def test_what_is_quoted_is_looked_for_and_not_understood(query: str) -> None:
    assert TIMELESS == read_query(query, now_ms=NOW_MS, calendar=BERLIN)
