"""From the settings to the wording of the contents: a worker with its limits, if a provider is configured."""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

from agent_memory import telemetry
from agent_memory.clock import Clock
from agent_memory.config import Config, check_summaries
from agent_memory.courtesy import give_way
from agent_memory.errors import InvalidConfig
from agent_memory.log import EventLog
from agent_memory.projectors.views import Views
from agent_memory.storage import Store
from agent_memory.summaries.control import Control

if TYPE_CHECKING:
    from agent_memory.inference.tokens import TokenCounter


class _CourteousCounter:
    """Counts tokens, and lets whoever waits go first: wording counts often, and computes in between."""

    def __init__(self, tokens: TokenCounter) -> None:
        self._tokens = tokens

    @property
    def name(self) -> str:
        return self._tokens.name

    def count(self, text: str) -> int:
        give_way()
        return self._tokens.count(text)


def open_control(
    config: Config,
    store: Store,
    log: EventLog,
    views: Views,
    *,
    tokens: TokenCounter,
    unasked: bool,
    clock: Clock,
    opening: ExitStack,
) -> Control:
    """What `LocalMemory` asks about the wording. With *unasked* a worker goes on with it by itself until closed.

    A setting that no model can be asked with is no error here: the store is served without, and says so.
    """
    time_zone = store.manifest.time_zone
    if not config.summaries_provider.strip():
        return Control(None, time_zone=time_zone, clock=clock)
    # Not above: whoever has no provider need not load what asks one.
    import functools

    from agent_memory.capture.own_patterns import redactor_of
    from agent_memory.daemon.desk import StoreDesk
    from agent_memory.summaries.errors import ProviderMisconfigured
    from agent_memory.summaries.journal import Journal
    from agent_memory.summaries.limits import Limits, Prices
    from agent_memory.summaries.metered import Meter
    from agent_memory.summaries.model import Answer
    from agent_memory.summaries.port import LanguageModel
    from agent_memory.summaries.prompting import PROMPT_VERSION
    from agent_memory.summaries.providers.registry import open_language_model
    from agent_memory.summaries.providers.settings import ProviderSettings
    from agent_memory.summaries.wording import plan, word
    from agent_memory.summaries.worker import Worker
    from agent_memory.toc.calendar import Calendar
    from agent_memory.toc.material import Material

    try:
        # Once more: whoever opens a store by himself may have put the settings together by hand.
        check_summaries(config)
        model = open_language_model(ProviderSettings.from_config(config))
    except (InvalidConfig, ProviderMisconfigured) as error:
        telemetry.LOG.error("the language model cannot be used", error=error)
        return Control(None, time_zone=time_zone, clock=clock, problem=error.advice)
    opening.callback(model.close)
    redactor = redactor_of(config)
    courteous = _CourteousCounter(tokens)
    desk = StoreDesk(log, views, time_zone=time_zone)

    def words(material: Material, model: LanguageModel, node_id: str, digest: str) -> Answer:
        return word(
            material,
            model,
            node_id=node_id,
            digest=digest,
            tokens=courteous,
            redactor=redactor,
            said=desk.said,
            clock=clock,
        )

    meter = Meter(
        model,
        Journal(store.rows, now_ms=clock.now_ms),
        limits=Limits(
            in_flight_max=config.summaries_in_flight_max,
            calls_per_minute_max=config.summaries_calls_per_minute_max,
            tokens_per_day_max=config.summaries_tokens_per_day_max,
            usd_per_day_max=config.summaries_usd_per_day_max,
            quiet_s=config.summaries_quiet_min * 60.0,
            refusals_max=config.summaries_refusals_max,
            resend_interrupted=config.summaries_interrupted == "ask-again",
        ),
        prices=Prices(
            usd_per_million_in=config.summaries_usd_per_million_in,
            usd_per_million_out=config.summaries_usd_per_million_out,
        ),
        count_tokens=courteous.count,
        calendar=Calendar(time_zone),
        clock=clock,
        chance=random.Random(),
        clean=redactor.clean,
    )
    worker = Worker(
        desk,
        meter,
        words,
        prompt_version=PROMPT_VERSION,
        left_out=config.summaries_ignore_projects,
        clock=clock,
        unasked=unasked,
    )
    opening.callback(worker.stop, drain_s=config.drain_s)
    if unasked:
        worker.start()
    plans = functools.partial(
        plan, context_tokens=model.context_tokens, tokens=courteous, redactor=redactor, said=desk.said
    )
    return Control(worker, plans, time_zone=time_zone, clock=clock)
