"""Expressions of time and the intervals that they mean.

Said on Wednesday, 16 July 2025, 15:30 in Berlin, unless the row says otherwise. Expected are local
days, both inclusive (`2025-07-14/2025-07-20`), or local times with the second one excluded
(`2025-07-16T09:00/2025-07-16T11:00`); a side that is open is left out. `now` itself is included.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest

from agent_memory.temporal import TimeReading, read_query
from agent_memory.toc import Calendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BERLIN = "Europe/Berlin"
NOW = "2025-07-16T15:30"

FROM_TODAY = """
1h ago                                            | 2025-07-16T14:00/2025-07-16T15:00
what did we do 2d ago?                            | 2025-07-14
3w ago                                            | 2025-06-23/2025-06-29
a fortnight ago                                   | 2025-06-30/2025-07-06
Friday the 13th                                   | 2025-06-13
What broke on Friday the 13th?                    | 2025-06-13
Friday 13 February                                | 2026-02-13
Wednesday, 5 March                                | 2025-03-05
week 51                                           | 2024-12-16/2024-12-22
what did we do in week 3                          | 2025-01-13/2025-01-19
W51                                               | 2024-12-16/2024-12-22
since W27                                         | 2025-06-30/
2026-W03                                          | 2026-01-12/2026-01-18
December's invoices                               | 2024-12-01/2024-12-31
last December's invoices                          | 2024-12-01/2024-12-31
today                                             | 2025-07-16
what did we do today?                             | 2025-07-16
yesterday                                         | 2025-07-15
Yesterday's standup                               | 2025-07-15
the day before yesterday                          | 2025-07-14
tomorrow                                          | 2025-07-17
the day after tomorrow                            | 2025-07-18
this morning                                      | 2025-07-16T04:00/2025-07-16T12:00
this afternoon                                    | 2025-07-16T12:00/2025-07-16T18:00
this evening                                      | 2025-07-16T17:00/2025-07-17T00:00
tonight                                           | 2025-07-16T18:00/2025-07-17T06:00
last night                                        | 2025-07-15T18:00/2025-07-16T06:00
yesterday morning                                 | 2025-07-15T04:00/2025-07-15T12:00
Monday evening                                    | 2025-07-14T17:00/2025-07-15T00:00
on the morning of May 5                           | 2025-05-05T04:00/2025-05-05T12:00
last Tuesday                                      | 2025-07-15
last Wednesday                                    | 2025-07-09
last Thursday                                     | 2025-07-10
next Thursday                                     | 2025-07-17
next Wednesday                                    | 2025-07-23
this Friday                                       | 2025-07-18
on Monday                                         | 2025-07-14
What broke on Wednesday?                          | 2025-07-09
last fri                                          | 2025-07-11
this week                                         | 2025-07-14/2025-07-20
last week                                         | 2025-07-07/2025-07-13
next week                                         | 2025-07-21/2025-07-27
the week before last                              | 2025-06-30/2025-07-06
last weekend                                      | 2025-07-12/2025-07-13
over the weekend                                  | 2025-07-12/2025-07-13
What did I do this weekend?                       | 2025-07-12/2025-07-13
next weekend                                      | 2025-07-19/2025-07-20
this month                                        | 2025-07-01/2025-07-31
last month                                        | 2025-06-01/2025-06-30
next month                                        | 2025-08-01/2025-08-31
this quarter                                      | 2025-07-01/2025-09-30
last quarter                                      | 2025-04-01/2025-06-30
this year                                         | 2025-01-01/2025-12-31
last year                                         | 2024-01-01/2024-12-31
next year                                         | 2026-01-01/2026-12-31
last decade                                       | 2010-01-01/2019-12-31
Monday last week                                  | 2025-07-07
last week on Thursday                             | 2025-07-10
3 days ago                                        | 2025-07-13
twenty-one days ago                               | 2025-06-25
a week ago                                        | 2025-07-07/2025-07-13
two weeks ago                                     | 2025-06-30/2025-07-06
a fortnight ago                                   | 2025-06-30/2025-07-06
three months ago                                  | 2025-04-01/2025-04-30
about two years ago                               | 2023-01-01/2023-12-31
a decade ago                                      | 2010-01-01/2019-12-31
a couple of days ago                              | 2025-07-14
a few days ago                                    | 2025-07-11/2025-07-14
several weeks ago                                 | 2025-05-26/2025-06-29
two or three weeks ago                            | 2025-06-23/2025-07-06
the other day                                     | 2025-07-09/2025-07-14
two weeks from now                                | 2025-07-28/2025-08-03
half a year ago                                   | 2025-01-01/2025-01-31
this time last year                               | 2024-07-12/2024-07-24
20 minutes ago                                    | 2025-07-16T15:05/2025-07-16T15:15
an hour ago                                       | 2025-07-16T14:00/2025-07-16T15:00
8 hours ago                                       | 2025-07-16T05:30/2025-07-16T09:30
half an hour ago                                  | 2025-07-16T14:50/2025-07-16T15:10
in the last 3 days                                | 2025-07-13T00:00/now
over the past week                                | 2025-07-09T00:00/now
in the last month                                 | 2025-06-16T00:00/now
the last few days                                 | 2025-07-11T00:00/now
these past two weeks                              | 2025-07-02T00:00/now
the last 24 hours                                 | 2025-07-15T15:30/now
within the past 90 minutes                        | 2025-07-16T14:00/now
the next 2 days                                   | 2025-07-16T15:30/2025-07-19T00:00
"""

MORE_FROM_TODAY = """
three Tuesdays ago                                | 2025-07-01
two weekends ago                                  | 2025-07-05/2025-07-06
the Monday before last                            | 2025-07-07
the week after next                               | 2025-07-28/2025-08-03
a year ago today                                  | 2024-07-16
this day last year                                | 2024-07-16
a week and a half ago                             | 2025-06-30/2025-07-06
this past Monday                                  | 2025-07-14
this coming Friday                                | 2025-07-18
the end of year                                   | 2025-09-01/2025-12-31
late last week                                    | 2025-07-12/2025-07-13
yesterday afternoon around 5                      | 2025-07-15T17:00/2025-07-15T18:00
an hour before noon yesterday                     | 2025-07-15T11:00/2025-07-15T12:00
"""

CALENDAR = """
4 July '24                                        | 2024-07-04
Friday the 13th of June                           | 2025-06-13
the last days of May                              | 2025-05-27/2025-05-31
in 2023 or 2024                                   | 2023-01-01/2023-12-31 and 2024-01-01/2024-12-31
in 2023-2024                                      | 2023-01-01/2024-12-31
Feb-Mar 2025                                      | 2025-02-01/2025-03-31
in the early 2000s                                | 2000-01-01/2003-04-30
since new year                                    | 2025-01-01/
in March                                          | 2025-03-01/2025-03-31
What did we decide in march?                      | 2025-03-01/2025-03-31
in July                                           | 2025-07-01/2025-07-31
in August                                         | 2024-08-01/2024-08-31
in may                                            | 2025-05-01/2025-05-31
What will we ship in August?                      | 2025-08-01/2025-08-31
in March or April                                 | 2025-03-01/2025-03-31 and 2025-04-01/2025-04-30
last March                                        | 2025-03-01/2025-03-31
last July                                         | 2024-07-01/2024-07-31
next March                                        | 2026-03-01/2026-03-31
this June                                         | 2025-06-01/2025-06-30
March last year                                   | 2024-03-01/2024-03-31
last year in March                                | 2024-03-01/2024-03-31
in March 2025                                     | 2025-03-01/2025-03-31
may 2023                                          | 2023-05-01/2023-05-31
Sept. 2024                                        | 2024-09-01/2024-09-30
2025-03                                           | 2025-03-01/2025-03-31
March 5                                           | 2025-03-05
March 5th                                         | 2025-03-05
on the 5th of March                               | 2025-03-05
on may 5                                          | 2025-05-05
the first of May                                  | 2025-05-01
5 March 2025                                      | 2025-03-05
March 5, 2025                                     | 2025-03-05
Wed, 5 Mar 2025                                   | 2025-03-05
2 August                                          | 2024-08-02
29 February                                       | 2024-02-29
2025-03-05                                        | 2025-03-05
"commit" from 2025/3/5                            | 2025-03-05
05.03.2025                                        | 2025-03-05
5/3/2025                                          | 2025-03-05
25/3/2025                                         | 2025-03-25
3/25/2025                                         | 2025-03-25
2025-03-05 14:30                                  | 2025-03-05T14:30/2025-03-05T14:31
2025-03-05T14:30:05                               | 2025-03-05T14:30:05/2025-03-05T14:30:06
2025-03-05T13:30:00Z                              | 2025-03-05T14:30:00/2025-03-05T14:30:01
2025-03-05T14:30+05:30                            | 2025-03-05T10:00/2025-03-05T10:01
on the 5th                                        | 2025-07-05
What did I write on the 20th?                     | 2025-06-20
the 5th of last month                             | 2025-06-05
in 2024                                           | 2024-01-01/2024-12-31
early 2025                                        | 2025-01-01/2025-04-30
late 2024                                         | 2024-09-01/2024-12-31
summer 2025                                       | 2025-06-01/2025-08-31
the summer of 2024                                | 2024-06-01/2024-08-31
last summer                                       | 2024-06-01/2024-08-31
this summer                                       | 2025-06-01/2025-08-31
in the spring                                     | 2025-03-01/2025-05-31
winter 2025                                       | 2024-12-01/2025-02-28
winter 2024                                       | 2024-12-01/2025-02-28
last winter                                       | 2024-12-01/2025-02-28
Q3 2025                                           | 2025-07-01/2025-09-30
in Q4                                             | 2024-10-01/2024-12-31
2024-Q1                                           | 2024-01-01/2024-03-31
the third quarter of 2024                         | 2024-07-01/2024-09-30
H2 2024                                           | 2024-07-01/2024-12-31
the first half of 2025                            | 2025-01-01/2025-06-30
in the 1990s                                      | 1990-01-01/1999-12-31
the nineties                                      | 1990-01-01/1999-12-31
early May                                         | 2025-05-01/2025-05-10
mid-May                                           | 2025-05-11/2025-05-21
late may                                          | 2025-05-22/2025-05-31
the beginning of June                             | 2025-06-01/2025-06-10
the end of June 2024                              | 2024-06-21/2024-06-30
the end of last year                              | 2024-09-01/2024-12-31
the end of the month                              | 2025-07-22/2025-07-31
2025-W19                                          | 2025-05-05/2025-05-11
week 19 of 2025                                   | 2025-05-05/2025-05-11
calendar week 28                                  | 2025-07-07/2025-07-13
calendar week 40                                  | 2024-09-30/2024-10-06
day 60 of 2024                                    | 2024-02-29
the 60th day of 2025                              | 2025-03-01
the week of May 5                                 | 2025-05-05/2025-05-11
the weekend of May 7                              | 2025-05-10/2025-05-11
the week starting 7 May                           | 2025-05-07/2025-05-13
the month of May                                  | 2025-05-01/2025-05-31
the year 2023                                     | 2023-01-01/2023-12-31
the first week of June                            | 2025-06-01/2025-06-07
the last week of June                             | 2025-06-24/2025-06-30
the second week in May 2024                       | 2024-05-08/2024-05-14
the last two weeks of May                         | 2025-05-18/2025-05-31
the first Monday of this month                    | 2025-07-07
the last Friday in May                            | 2025-05-30
the second Tuesday of March 2024                  | 2024-03-12
the first weekend of July                         | 2025-07-05/2025-07-06
the last day of February 2024                     | 2024-02-29
Christmas 2024                                    | 2024-12-25
around Christmas                                  | 2024-12-22/2024-12-28
on New Year's Eve                                 | 2024-12-31
Christmas last year                               | 2024-12-25
What did we eat at Easter?                        | 2025-04-20
on Good Friday 2024                               | 2024-03-29
Halloween 2023                                    | 2023-10-31
over Thanksgiving                                 | 2024-11-28
"""

BESIDE_AND_BETWEEN = """
since Monday                                      | 2025-07-14/
since last week                                   | 2025-07-07/
since March                                       | 2025-03-01/
since 2023                                        | 2023-01-01/
since 3 hours ago                                 | 2025-07-16T11:45/
from March 5 on                                   | 2025-03-05/
as of 1 July 2025                                 | 2025-07-01/
after 5 May 2025                                  | 2025-05-06/
after June                                        | 2025-07-01/
before June                                       | /2025-05-31
before 2024                                       | /2023-12-31
until March 5                                     | /2025-03-05
until the end of June                             | /2025-06-30
by July 10                                        | /2025-07-10
on or before 5 May                                | /2025-05-05
no later than 5 May                               | /2025-05-05
notes from 5 May                                  | 2025-05-05
between June and August 2025                      | 2025-06-01/2025-08-31
between June and August                           | 2025-06-01/2025-08-31
between October and February                      | 2024-10-01/2025-02-28
between december and january                      | 2024-12-01/2025-01-31
from November 2024 to January                     | 2024-11-01/2025-01-31
from November to January 2025                     | 2024-11-01/2025-01-31
between 2021 and 2023                             | 2021-01-01/2023-12-31
from 3 to 7 May                                   | 2025-05-03/2025-05-07
between the 3rd and the 7th of May                | 2025-05-03/2025-05-07
between June 3 and 7                              | 2025-06-03/2025-06-07
from June 3rd to the 7th                          | 2025-06-03/2025-06-07
May 3–7, 2025                                     | 2025-05-03/2025-05-07
28 April to 3 May                                 | 2025-04-28/2025-05-03
June–August 2025                                  | 2025-06-01/2025-08-31
from Monday to Wednesday                          | 2025-07-14/2025-07-16
between last Monday and yesterday                 | 2025-07-14/2025-07-15
from 2025-05-01 until 2025-05-07                  | 2025-05-01/2025-05-07
after 1 May and before 10 May                     | 2025-05-02/2025-05-09
two weeks before May 5                            | 2025-04-21/2025-04-27
the day after 5 May 2025                          | 2025-05-06
three days before Christmas                       | 2024-12-22
the week before May 5                             | 2025-04-28/2025-05-04
the week after Christmas                          | 2024-12-26/2025-01-01
the Friday after Christmas                        | 2024-12-27
the weekend before 5 May                          | 2025-05-03/2025-05-04
the month after March 2025                        | 2025-04-01/2025-04-30
two weeks from last Monday                        | 2025-07-28/2025-08-03
around May 5                                      | 2025-05-02/2025-05-08
yesterday at 3pm                                  | 2025-07-15T15:00/2025-07-15T16:00
yesterday at 3                                    | 2025-07-15T15:00/2025-07-15T16:00
at 15:30 on Monday                                | 2025-07-14T15:15/2025-07-14T15:45
3:30 pm yesterday                                 | 2025-07-15T15:15/2025-07-15T15:45
at noon on May 5                                  | 2025-05-05T12:00/2025-05-05T13:00
last night at 11                                  | 2025-07-15T23:00/2025-07-16T00:00
last night at 2am                                 | 2025-07-16T02:00/2025-07-16T03:00
between 9 and 11 this morning                     | 2025-07-16T09:00/2025-07-16T11:00
yesterday from 2 to 4pm                           | 2025-07-15T14:00/2025-07-15T16:00
yesterday between 10 and 2                        | 2025-07-15T10:00/2025-07-15T14:00
9am-5pm on Monday                                 | 2025-07-14T09:00/2025-07-14T17:00
since 3pm yesterday                               | 2025-07-15T15:00/
since 9am                                         | 2025-07-16T09:00/
after 3pm yesterday                               | 2025-07-15T15:00/2025-07-16T00:00
yesterday before noon                             | 2025-07-15T00:00/2025-07-15T12:00
"""

ELSEWHERE = """
UTC                 | 2025-01-01T00:00 | yesterday                    | 2024-12-31
UTC                 | 2025-01-01T00:00 | last week                    | 2024-12-23/2024-12-29
UTC                 | 2025-01-01T00:00 | this week                    | 2024-12-30/2025-01-05
UTC                 | 2025-01-01T00:00 | last month                   | 2024-12-01/2024-12-31
UTC                 | 2025-01-01T00:00 | last quarter                 | 2024-10-01/2024-12-31
UTC                 | 2024-12-31T23:59 | last year                    | 2023-01-01/2023-12-31
UTC                 | 2024-12-31T23:59 | tomorrow                     | 2025-01-01
UTC                 | 2026-12-31T12:00 | calendar week 53             | 2026-12-28/2027-01-03
UTC                 | 2025-06-01T12:00 | week 53 of 2020              | 2020-12-28/2021-01-03
UTC                 | 2024-02-29T12:00 | a year ago                   | 2023-01-01/2023-12-31
UTC                 | 2024-03-30T12:00 | last month                   | 2024-02-01/2024-02-29
UTC                 | 2024-03-31T12:00 | a month ago                  | 2024-02-01/2024-02-29
UTC                 | 2023-03-01T12:00 | yesterday                    | 2023-02-28
UTC                 | 2024-03-01T12:00 | yesterday                    | 2024-02-29
UTC                 | 2023-06-01T12:00 | on February 29               | 2020-02-29
UTC                 | 2024-02-29T09:00 | February 29                  | 2024-02-29
UTC                 | 2024-03-05T09:00 | the last day of last month   | 2024-02-29
UTC                 | 2025-05-05T09:00 | 5/3/2025                     | 2025-05-03
America/New_York    | 2025-05-05T09:00 | 5/3/2025                     | 2025-05-03
Australia/Sydney    | 2025-05-05T09:00 | 5/3/2025                     | 2025-03-05
America/New_York    | 2025-07-04T22:30 | today                        | 2025-07-04
Asia/Tokyo          | 2025-07-05T11:30 | today                        | 2025-07-05
Pacific/Kiritimati  | 2025-01-01T01:00 | yesterday                    | 2024-12-31
Pacific/Honolulu    | 2024-12-31T23:00 | next year                    | 2025-01-01/2025-12-31
Asia/Kathmandu      | 2025-07-16T00:10 | last night                   | 2025-07-15T18:00/2025-07-16T06:00
Europe/Berlin       | 2025-07-16T01:00 | tonight                      | 2025-07-15T18:00/2025-07-16T06:00
Europe/Berlin       | 2025-07-13T12:00 | last weekend                 | 2025-07-05/2025-07-06
Europe/Berlin       | 2025-07-13T12:00 | this weekend                 | 2025-07-12/2025-07-13
Europe/Berlin       | 2025-07-14T09:00 | on Monday                    | 2025-07-07
Europe/Berlin       | 2025-12-10T09:00 | winter 2025                  | 2025-12-01/2026-02-28
Europe/Berlin       | 2025-12-25T09:00 | last Christmas               | 2024-12-25
Europe/Berlin       | 2025-12-26T09:00 | at Christmas                 | 2025-12-25
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def ms(local: str, zone: str) -> int:
    return (datetime.fromisoformat(local).replace(tzinfo=zoneinfo.ZoneInfo(zone)) - EPOCH) // timedelta(milliseconds=1)


def interval(written: str, zone: str) -> tuple[int | None, int | None]:
    first, _, last = written.partition("/")
    if "/" not in written:
        last = first
    if last == "now":
        return ms(first, zone), ms(NOW, zone)
    day_after = date.fromisoformat(last) + timedelta(days=1) if last and "T" not in last else last
    return (ms(first, zone) if first else None, ms(str(day_after), zone) - 1 if last else None)


def read(query: str, zone: str = BERLIN, now: str = NOW) -> TimeReading:
    return read_query(query, now_ms=ms(now, zone), calendar=Calendar(zone))


def check(query: str, zone: str, now: str, expected: str) -> None:
    reading = read(query, zone, now)

    assert [interval(one, zone) for one in expected.split(" and ")] == [(s.from_ms, s.until_ms) for s in reading.spans]
    assert "" == reading.anchor
    for span in reading.spans:
        assert 0 <= span.start < span.end <= len(query)


@pytest.mark.parametrize(
    ("query", "expected"),
    rows("".join(t.lstrip() for t in (FROM_TODAY, MORE_FROM_TODAY, CALENDAR, BESIDE_AND_BETWEEN))),
)
def test_an_expression_means_its_interval(query: str, expected: str) -> None:
    check(query, BERLIN, NOW, expected)


@pytest.mark.parametrize(("zone", "now", "query", "expected"), rows(ELSEWHERE))
def test_days_are_those_of_the_store(zone: str, now: str, query: str, expected: str) -> None:
    check(query, zone, now, expected)


@pytest.mark.parametrize(
    ("zone", "query", "start", "end"),
    [
        # 23 and 25 hours.
        ("Europe/Berlin", "on 30 March 2025", "2025-03-29T23:00", "2025-03-30T22:00"),
        ("Europe/Berlin", "on 26 October 2025", "2025-10-25T22:00", "2025-10-26T23:00"),
        ("America/New_York", "2025-03-09", "2025-03-09T05:00", "2025-03-10T04:00"),
        ("America/New_York", "2025-11-02", "2025-11-02T04:00", "2025-11-03T05:00"),
        # Half an hour.
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-04T13:30", "2025-10-05T13:00"),
        ("Australia/Lord_Howe", "2025-04-06", "2025-04-05T13:00", "2025-04-06T13:30"),
        # Midnight that did not exist.
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00", "2024-03-31T21:00"),
        # The week in which a day is missing, and the day after it.
        ("Pacific/Apia", "the week of 2011-12-28", "2011-12-26T10:00", "2012-01-01T10:00"),
        ("Pacific/Apia", "the day after 2011-12-30", "2011-12-30T10:00", "2011-12-31T10:00"),
        # 02:00 to 03:00 happened twice, or not at all.
        ("Europe/Berlin", "between 1am and 4am on 2025-10-26", "2025-10-25T23:00", "2025-10-26T03:00"),
        ("Europe/Berlin", "at 2am on 2025-10-26", "2025-10-26T00:00", "2025-10-26T02:00"),
        ("Europe/Berlin", "between 1am and 4am on 2025-03-30", "2025-03-30T00:00", "2025-03-30T02:00"),
        ("America/New_York", "yesterday at 5pm", "2025-07-15T21:00", "2025-07-15T22:00"),
    ],
)
def test_where_clocks_change_the_interval_is_what_the_wall_shows(zone: str, query: str, start: str, end: str) -> None:
    (span,) = read(query, zone).spans

    assert (ms(start, "UTC"), ms(end, "UTC") - 1) == (span.from_ms, span.until_ms)


def test_a_day_that_a_zone_skipped_is_no_time() -> None:
    assert () == read("2011-12-30", "Pacific/Apia").spans


def test_hours_are_counted_through_a_change_of_clocks() -> None:
    """At 04:00 of the day with 23 hours, three hours ago was midnight."""
    (span,) = read("3 hours ago", BERLIN, "2025-03-30T04:00").spans

    assert ms("2025-03-29T23:00", "UTC") == ((span.from_ms or 0) + (span.until_ms or 0) + 1) // 2


@pytest.mark.parametrize("query", ["on 31 June 2025", "30 February", "2025-02-30", "2025-13-01", "week 53 of 2025"])
def test_what_no_calendar_has_is_no_time(query: str) -> None:
    assert () == read(query).spans


def test_a_date_only_upper_bound_includes_its_day() -> None:
    for query in ("until 5 May", "by 5 May", "through 5 May", "from 1 May to 5 May"):
        assert ms("2025-05-06", BERLIN) - 1 == read(query).spans[-1].until_ms


def test_the_span_covers_the_words_that_say_it() -> None:
    query = "What did we decide about caching between June and August 2025, and why?"
    (span,) = read(query).spans

    assert "between June and August 2025" == query[span.start : span.end]


@pytest.mark.parametrize("now_ms", [-(10**17), 10**17, -62_135_596_800_000, 253_402_300_799_999])
def test_a_time_at_the_edge_of_the_calendar_is_no_error(now_ms: int) -> None:
    for query in ("yesterday", "tomorrow", "last year", "next decade", "in March", "5 days ago", "on 29 February"):
        read_query(query, now_ms=now_ms, calendar=Calendar("Asia/Tokyo"))
