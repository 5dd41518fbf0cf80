"""What makes a sentence worth keeping: words and turns of phrase, with what each is worth.

Worth is in whole points, so that sums are exact and every machine picks the same sentences.
A sentence without any cue can still win by its place, its names and its words' frequency, so
a language that is missing here is summarised too, only with less tact.
"""

from __future__ import annotations

DECIDED, DONE, FOUND, FAILED, PLANNED, LIVED, WHEN = 90, 60, 80, 75, 10, 55, 60
RULED, KIN, COUNTED, FELT = 50, 40, 25, -30


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _worth(table: dict[int, str]) -> dict[str, tuple[int, int]]:
    """Word to what it is worth at work and in a talk among people, where news is what someone did."""
    at_work = {LIVED: 13, WHEN: 7, KIN: 0, COUNTED: 0, FELT: 0}
    return {word: (at_work.get(points, points), points) for points, words in table.items() for word in words.split()}


CUE_WORDS = _worth(
    {
        DECIDED: "decided decide decision decisions agreed chose chosen choose picked settled conclusion concluded"
        " entschieden beschlossen entscheidung décidé décision choisi decidido decidimos decisión elegimos"
        " deciso decisione besloten besluit decisão решили решено выбрали",
        DONE: "fixed implemented added merged deployed released shipped migrated refactored renamed removed replaced"
        " completed finished resolved solved works passed passes passing green upgraded switched reverted rewrote"
        " wrote created updated installed configured enabled disabled verified published"
        " behoben erledigt fertig umgesetzt hinzugefügt gelöst corrigé ajouté terminé résolu arreglado añadido"
        " terminado resuelto risolto aggiunto opgelost toegevoegd corrigido adicionado исправлено добавлено готово",
        FOUND: "found discovered learned realized realised noticed confirmed measured because cause causes caused"
        " reason culprit explains means shows proves regression bug leak bottleneck"
        " gefunden ursache ergebnis trouvé cause resultado encontrado causa trovato gevonden oorzaak нашли причина",
        FAILED: "failed fails failing failure failures error errors exception crash crashes crashed broken breaks"
        " blocked timeout denied missing invalid panic wrong outage"
        " fehlgeschlagen fehler kaputt erreur échoué échec falló fallo errore fallito fout mislukt erro falhou ошибка",
        RULED: "prefer prefers preferred rule rules policy convention remember never always forbidden regel",
        PLANNED: "plan plans planning planned tomorrow next deadline schedule scheduled todo propose proposed goal"
        " must should need needs requirement important morgen nächste demain prochaine mañana próxima domani",
        LIVED: "went started joined bought moved met visited lost opened won signed adopted married graduated hired"
        " promoted quit accepted applied travelled traveled celebrated attended hosted launched painted built born"
        " died trip wedding birthday finally researched researching interviewed competition",
        WHEN: "yesterday ago tonight weekend monday tuesday wednesday thursday friday saturday sunday january february"
        " march april june july august september october november december gestern hier ayer morning evening"
        " summer winter spring autumn",
        KIN: "mom mum mother dad father parents sister brother husband wife partner son daughter kids grandma grandpa"
        " grandmother grandfather cousin aunt uncle girlfriend boyfriend dog cat neighbour neighbor boss colleague",
        COUNTED: "two three four five six seven eight nine ten dozen once twice second third years months weeks hours",
        FELT: "love support kind kindness courage journey impact dream dreams passion passionate inspire inspired"
        " inspiring inspiration encouraging encouragement motivation motivated motivate motivating acceptance"
        " meaningful memories special hope positive together brave grateful thankful blessed lucky joy moments"
        " difference caring heart strength believe unique appreciate cherish",
    }
)

CALENDAR_WORDS = _words(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
    " september october november december"
)
"""No names, whatever their capitals say."""

PAST_WORDS = _words(
    "went got had made took saw met found bought began built came gave heard left lost read said spent told tried won"
    " wrote ran did was were"
)
"""What someone did, where the verb does not end in `ed`."""

CUE_PHRASES = tuple(
    {
        "root cause": FOUND,
        "turns out": FOUND,
        "turned out": FOUND,
        "the problem": FOUND,
        "the issue": FOUND,
        "due to": FOUND,
        "let's go with": DECIDED,
        "go with": DECIDED,
        "going with": DECIDED,
        "went with": DECIDED,
        "instead of": 40,
        "we'll use": DECIDED,
        "from now on": DECIDED,
        "no longer": 40,
        "doesn't work": FAILED,
        "does not work": FAILED,
        "last week": 40,
        "next month": 40,
        "next week": 40,
        "for the first time": 30,
    }.items()
)

PHRASE_WORDS = _words("root turns turned problem issue due go going went instead use on longer work last next time")
"""Every phrase above has one of these."""

# In scripts without spaces a cue is a part of the text, not a word of it.
CUE_PARTS = tuple(
    {
        **dict.fromkeys(("决定", "決定", "決めた", "決めました", "采用", "選択", "결정"), DECIDED),
        **dict.fromkeys(
            ("修复", "完成", "实现", "修正", "完了", "追加しました", "実装", "구현", "수정", "완료", "추가"), DONE
        ),
        **dict.fromkeys(("原因", "发现", "發現", "発見", "分かりました", "わかった", "원인", "발견"), FOUND),
        **dict.fromkeys(("失败", "失敗", "错误", "錯誤", "エラー", "不具合", "실패", "오류", "خطأ"), FAILED),
        **dict.fromkeys(("计划", "計画", "予定", "明天", "明日", "계획", "내일"), PLANNED),
    }.items()
)

FILLER_STARTS = _words(
    "thanks thank thx hey hi hello wow sure great awesome cool nice ok okay yes yeah yep no nope perfect"
    " absolutely definitely congrats congratulations sorry glad haha lol hmm oh aww bye totally right exactly"
    " indeed understood certainly good sounds danke hallo super merci bonjour gracias hola ciao grazie"
)
"""A sentence that opens so is most often courtesy."""

OPINIONS = _words(
    "amazing awesome wonderful beautiful incredible inspiring lovely great fantastic cool nice proud glad happy"
    " sweet impressive wish hope luck congrats deserve"
)
"""Words of praise: polite, seldom news."""

ANNOUNCING_STARTS = _words("i'll i'd we'd let let's now next first then looking checking going if")
"""An assistant that opens so tells what it is about to do or what may be, not what came of it."""

PASTED_STARTS = _words("│ ╷ ╵ | > $ traceback exception fatal panic at")
"""A user's line that opens so was printed by a program; what the user says of it is better news."""

OWN_STARTS = _words("i i'm i've i'll my we we're we've we'll our ich wir je nous")
YOUR_STARTS = _words("you your you're you've you'll it's it that's agreed")
POINTING_STARTS = _words("it it's its that that's this these those they them he she his her such")
"""A sentence that opens so leans on the one before it."""

ASIDE_WORDS = _words("image photo picture http https www")
"""Words of captions and links rather than of the talk."""

CODE_WORDS = _words(
    "import from def class return const let var fn func function async public private static if for while"
)
"""A line that opens so and ends like code is code."""

STOP_WORDS = _words(
    "a about above actually after again all almost already also although always am an and another any anyone"
    " anything are aren't around as at away back be because been before being below between both but by can can't"
    " cannot could couldn't did didn't do does doesn't doing don't done down each else even ever every everyone"
    " everything few for from further get gets getting give go goes going gonna got had has hasn't have haven't"
    " having he he's her here here's hers him his how how's i i'd i'll i'm i've if in instead into is isn't it"
    " it's its itself just keep know last least less let let's like likely little look looking looks lot lots made"
    " make makes making many may maybe me mean might mine more most much must my myself need needs never new next"
    " no nor not nothing now of off often oh ok okay on once one only onto or other our ours out over own part"
    " please pretty probably put quite rather really right said same say see seem seems seen set shall she she's"
    " should since so some someone something soon still such sure take takes tell than thank thanks that that's"
    " the their theirs them then there there's these they they're thing things think this those though through"
    " time to today together too took try trying two under until up upon us use used using very want wants was"
    " wasn't way we we'd we'll we're we've well went were weren't what what's when where whether which while who"
    " who's why will with within without won't work would wouldn't yeah yes yet you you'd you'll you're you've"
    " your yours yourself come came feel feels felt good great day days week thought first long kind bit able"
    " around help helped happy awesome amazing wow hey hi love loved nice cool super definitely totally haha"
    " absolutely glad sounds fun people der die das den dem des ein eine einen einem einer und oder aber nicht ist"
    " sind war wir ich sie mit für von auf zu zum zur im bei als auch noch nach wie kann haben hat wird dass bitte"
    " alle nur schon mal le la les un une des du et ou mais pas est sont nous vous je il elle avec pour dans sur"
    " que qui ce cette au aux plus par être avoir fait s'il el los las una unos y o pero no es son con para por en"
    " que se lo como más está este esta hay ser favor"
)

TRAILING_WORDS = _words(
    "few many more also another a an the and or but to of in on at for with from by as that which who so if when"
    " where while because into than then is are was were be been has have had will would can could should its my"
    " your our their his her this these those it i we you they not no very really just some any each every about"
    " after before until since via per vs let der die das ein eine und oder mit für von zu im le la les un une et ou de"
    " du des en el los y o con para por"
)
"""A heading does not end on one of these."""

WIDE_STOP_WORDS = _words(
    "好的 我们 你们 他们 这个 那个 一个 可以 什么 怎么 因为 所以 但是 如果 没有 已经 现在 今天 需要 完成 已完成 谢谢"
    " 一下 还是 私 今日 明日 昨日 何 時 方 今 후 그리고 그래서 하지만 합니다 있습니다 했습니다 입니다 감사합니다"
)
"""Stop words of scripts without spaces."""

ABBREVIATIONS = _words("e.g i.e eg ie etc vs cf mr mrs ms dr prof st no nr z.b bzw usw ca fig jr sr")

HEADING_VERBS = _words(
    "add answer build change check clean configure create debug decide delete deploy design document draft explain"
    " explore extend find fix implement improve install investigate merge migrate move optimise optimize plan"
    " prepare profile refactor release remove rename replace research review rewrite run schedule set ship sketch"
    " speed split start summarise summarize switch test trace translate tune understand update upgrade validate"
    " verify write leave keep use cancel drop measure pin read reject rerun restore send show stop withdraw"
)
"""Verbs that a heading opens with; inside a line they are lower case."""

TALLY_WORDS = _words(
    "test tests files file suite suites example examples spec specs total in and of all with passed passing failed fail"
    " failing failure failures error errors skipped warning warnings xfailed xpassed deselected pending ignored ok"
    " measured filtered out finished ran run result seconds"
)
"""A line of these and of numbers says how many tests passed, but not which."""
