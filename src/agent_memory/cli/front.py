"""What the commands have in common: their options, their `Memory`, their end."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from agent_memory.cli.ending import OK, error_shape, exit_code, hush, print_error
from agent_memory.errors import AgentMemoryError, ViewBehind

if TYPE_CHECKING:
    from rich.console import Console

    from agent_memory.config import Config
    from agent_memory.memory import Memory

P = ParamSpec("P")

# How long a command that opens a store itself waits for a view to take in what was appended
# before. Embedding can take minutes, and search does without.
_VIEW_WAIT_S = {"toc": 600.0, "catalog": 600.0, "entities": 600.0, "lexical": 600.0, "vectors": 5.0}
_VIEW_LOOK_S = 1.0


class Front:
    """One run of one command."""

    def __init__(
        self,
        command: str,
        *,
        as_json: bool,
        config_file: Path | None,
        flags: Mapping[str, object],
        store: Path | None = None,
    ) -> None:
        self.command = command
        self.as_json = as_json
        self.store = store
        self.partial: Any = None
        """What a command that fails half way has to tell all the same."""
        self._has_told = False
        self.config_file = config_file
        self._flags = flags

    @functools.cached_property
    def config(self) -> Config:
        """The settings in force. Errors: `InvalidConfig`."""
        from agent_memory.config import load_config

        return load_config(flags=self._flags, file=self.config_file)

    @property
    def owns_store(self) -> bool:
        """Whether the command opens its store itself, and asks no daemon."""
        return self.store is not None or self.command == "serve"

    @functools.cached_property
    def out(self) -> Console:
        from agent_memory.cli.terminal import make_console

        return make_console()

    @functools.cached_property
    def notes(self) -> Console:
        """Progress and remarks, on stderr, so that stdout can be piped."""
        from agent_memory.cli.terminal import make_console

        return make_console(stderr=True)

    @asynccontextmanager
    async def memory(self, *views: str, create: bool = False) -> AsyncIterator[Memory]:
        """The daemon's store, or with `--store` that one, once *views* contain all of its log."""
        if self.store is None:
            from agent_memory import connect

            async with connect(self.config.address) as memory:
                yield memory
            return
        from agent_memory.daemon.wiring import open_memory

        async with open_memory(self.config, create=create) as memory:
            await self.catch_up(memory, views)
            yield memory

    async def catch_up(self, memory: Memory, views: tuple[str, ...], *, timeout_s: float | None = None) -> None:
        """Wait until the views that are running contain the whole log, or time is up."""
        target = (await memory.status()).position
        for name in views:
            await self._catch_up(memory, name, target, timeout_s or _VIEW_WAIT_S[name])

    async def _catch_up(self, memory: Memory, name: str, target: int, timeout_s: float) -> None:
        from time import monotonic

        deadline = monotonic() + timeout_s
        while True:
            # Asked again and again: a view that lacks its model, or fails, says so only when it tries.
            view = next((view for view in (await memory.status()).views if view.name == name), None)
            if view is None or not view.lag or view.state.value != "live":
                return
            left_s = deadline - monotonic()
            if left_s <= 0:
                self.notes.print(f"{name} is still {view.lag:,} entries behind; they are left out for now.")
                return
            with self.notes.status(f"{name} takes in {view.lag:,} entries …"), suppress(ViewBehind):
                await memory.wait_for([name], target, timeout_s=min(left_s, _VIEW_LOOK_S))
                return

    def run(self, work: Coroutine[Any, Any, int]) -> int:
        """Run *work* to its exit code."""
        import asyncio

        return asyncio.run(work)

    def envelope(self, data: Any, *, error: BaseException | None = None, compact: bool = False) -> None:
        from agent_memory.cli.envelope import print_envelope

        self._has_told = True
        shape = error_shape(error, self.command, own_store=self.owns_store) if error else None
        print_envelope(self.command, data, error=shape, compact=compact)

    def fail(self, error: BaseException) -> int:
        """Tell of *error*; the exit code."""
        if self.as_json:
            self.envelope(self.partial, error=error)
        else:
            print_error(error, self.command, own_store=self.owns_store)
            if not isinstance(error, AgentMemoryError) and self._wants_traceback():
                import traceback

                traceback.print_exception(error)
        return exit_code(error)

    def leave(self, interrupt: KeyboardInterrupt) -> None:
        """Tell a program that reads the output how far an interrupted command came; a person has seen it."""
        if self.as_json and not self._has_told:
            self.envelope(self.partial, error=interrupt)

    def _wants_traceback(self) -> bool:
        try:
            return self.config.log_level == "debug"
        except AgentMemoryError:
            return False


def front(*, store: bool = True) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command its options in common, and call it with a `Front` as first argument.

    With *store*: those that say which store is meant.
    """

    def wrapped(work: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(work)
        def run(*args: Any, as_json: bool, config_file: Path | None, **options: Any) -> int:
            context = click.get_current_context()
            command = context.command_path.partition(" ")[2]
            flags = {name: options.pop(name) for name in ("store", "address") if store}
            this = Front(command, as_json=as_json, config_file=config_file, flags=flags, store=flags.get("store"))
            if as_json:
                return guarded(this, lambda: work(this, *args, **options))
            from agent_memory.cli.marking import marking

            with marking(command):
                return guarded(this, lambda: work(this, *args, **options))

        path = click.Path(path_type=Path)
        options = [
            click.option("--json", "as_json", is_flag=True, help="Print one JSON envelope instead; see docs/cli.md."),
            click.option("--config", "config_file", type=path, metavar="FILE", help="Read the settings of this file."),
        ]
        if store:
            options += [
                click.option("--address", metavar="HOST:PORT", help="Ask the daemon there (the default way)."),
                click.option("--store", type=path, metavar="PATH", help="Open this store in the process itself."),
            ]
        command: Callable[..., int] = run
        for option in options:
            command = option(command)
        return command

    return wrapped


def guarded(this: Front, work: Callable[[], int]) -> int:
    """Do *work*; whatever stops it is told as an error, not as a traceback."""
    try:
        return work()
    except KeyboardInterrupt as interrupt:
        this.leave(interrupt)
        raise
    except AgentMemoryError as error:
        return this.fail(error)
    except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        raise
    except BaseExceptionGroup as group:
        return this.fail(_first(group))
    except SystemExit:
        # rich ends so when the reader of its output has gone.
        hush()
        return OK
    except Exception as error:
        return this.fail(error)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What a task group stumbled over."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
