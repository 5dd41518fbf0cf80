"""The protocol around the tools: the SDK's server, given to a `Memory`. Importing this imports the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anyio.lowlevel
import mcp_types as types
import msgspec
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from agent_memory.annotation.own_tools import SERVER_NAME
from agent_memory.annotation.scaffolding import as_memory
from agent_memory.errors import AgentMemoryError, Invalid, NotFound
from agent_memory.mcp import resources
from agent_memory.mcp.arguments import Context, schema_of
from agent_memory.mcp.calls import Call, Client, advice
from agent_memory.mcp.finding import context
from agent_memory.mcp.notes import NoteRules
from agent_memory.mcp.projects import known_projects
from agent_memory.mcp.toolbox import INSTRUCTIONS, TOOLS, Tool
from agent_memory.memory import Memory
from agent_memory.telemetry import LOG

Request = ServerRequestContext[Any, Any]
Ask = Callable[[], Awaitable[Memory]]

_HOUR_MS = 3_600_000
_COMPLETIONS_MAX = 100
_TOPIC, _PROJECT = "topic", "project"
_RECALL = "recall"


def make_server(
    memory: Ask,
    *,
    client_of: Callable[[Request], Client],
    rules: NoteRules,
) -> Server[Any]:
    """The server of one store.

    *memory* gives the store whenever one is needed, or says why there is none: a server is there,
    and says so, when its daemon is not. *client_of* tells who asks, *rules* what may be remembered.
    """
    return _Door(memory, client_of, rules).server()


class _Door:
    def __init__(self, memory: Ask, client_of: Callable[[Request], Client], rules: NoteRules) -> None:
        self._memory = memory
        self._client_of = client_of
        self._rules = rules
        self._tools = [_as_listed(tool) for tool in TOOLS.values() if not (tool.writes and rules.is_internal)]

    def server(self) -> Server[Any]:
        from agent_memory import __version__

        lasting = CacheHint(ttl_ms=_HOUR_MS, scope="public")
        server: Server[Any] = Server(
            SERVER_NAME,
            version=__version__,
            title="Agent memory",
            instructions=INSTRUCTIONS,
            cache_hints={"tools/list": lasting, "prompts/list": lasting, "resources/templates/list": lasting},
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_completion=self._complete,
        )
        # Its spans would carry what this system's own do not: what was asked for.
        server.middleware[:] = [_cancelled_by_its_caller]
        return server

    # -- tools ----------------------------------------------------------------------------------

    async def _list_tools(self, _: Request, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        _no_cursor(params)
        return types.ListToolsResult(tools=self._tools)

    async def _call_tool(self, request: Request, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}. There are {', '.join(TOOLS)}.")
        try:
            reply = await tool(await self._call(request), params.arguments)
        except Exception as error:
            return _failed(_told(error, tool.name))
        return types.CallToolResult(
            content=[types.TextContent(text=_marked(reply.text, tool))],
            structured_content=_well_formed(msgspec.to_builtins(reply.answer)),
        )

    # -- resources ------------------------------------------------------------------------------

    async def _list_resources(
        self, _: Request, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        _no_cursor(params)
        with _Refusing("resources/list"):
            found = await resources.listed(await self._memory())
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=one.uri,
                    name=one.name,
                    description=_well_formed(one.description),
                    mime_type=resources.MIME_TYPE,
                )
                for one in found
            ]
        )

    async def _list_templates(
        self, _: Request, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        _no_cursor(params)
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=one.uri, name=one.name, description=one.description, mime_type=resources.MIME_TYPE
                )
                for one in resources.TEMPLATES
            ]
        )

    async def _read_resource(
        self, request: Request, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        with _Refusing("resources/read", uri=params.uri):
            text = await resources.read(await self._call(request), params.uri)
        contents = types.TextResourceContents(
            uri=params.uri, mime_type=resources.MIME_TYPE, text=as_memory(_well_formed(text))
        )
        return types.ReadResourceResult(contents=[contents])

    # -- prompts --------------------------------------------------------------------------------

    async def _list_prompts(self, _: Request, params: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
        _no_cursor(params)
        prompt = types.Prompt(
            name=_RECALL,
            title="Recall",
            description="What earlier conversations say about a topic, cited.",
            arguments=[
                types.PromptArgument(name=_TOPIC, description="What to recall.", required=True),
                types.PromptArgument(name=_PROJECT, description="Folder or name of a project; default: all."),
            ],
        )
        return types.ListPromptsResult(prompts=[prompt])

    async def _get_prompt(self, request: Request, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        given = params.arguments or {}
        topic = given.get(_TOPIC, "").strip()
        if params.name != _RECALL or not topic:
            problem = f"{_TOPIC} is missing." if params.name == _RECALL else f"There is no prompt {params.name!r}."
            raise MCPError(types.INVALID_PARAMS, f"{problem} The prompt is {_RECALL}, with {_TOPIC} and {_PROJECT}.")
        with _Refusing("prompts/get"):
            reply = await context(await self._call(request), Context(query=topic, project=given.get(_PROJECT, "")))
        text = _well_formed(f"What do we know about this from before: {topic}\n\n{reply.text}")
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=f"What was said about {_well_formed(topic)}", messages=[message])

    async def _complete(self, _: Request, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Projects, for the one argument that has names to choose from; nothing for any other."""
        values: list[str] = []
        if params.argument.name == _PROJECT:
            with _Refusing("completion/complete"):
                begun = params.argument.value.lower()
                known = await known_projects(await self._memory())
            values = [name for name in known if begun in name.lower()]
        shown = values[:_COMPLETIONS_MAX]
        completion = types.Completion(values=shown, total=len(values), has_more=len(shown) < len(values))
        return types.CompleteResult(completion=completion)

    # -- inside ---------------------------------------------------------------------------------

    async def _call(self, request: Request) -> Call:
        return Call(memory=await self._memory(), client=self._client_of(request), rules=self._rules)


async def _cancelled_by_its_caller(ctx: Request, call_next: CallNext) -> HandlerResult:
    """Have a cancelled request end as the SDK expects it, and with it nothing else.

    It cancels a scope, and knows the `CancelledError` of that by its message. What waits for gRPC ends with
    another one, and that, let through, is taken for the end of the whole server.
    """
    try:
        return await call_next(ctx)
    except asyncio.CancelledError as error:
        await anyio.lowlevel.checkpoint_if_cancelled()
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Nobody cancelled this request: what it asked has gone away.
        raise MCPError(types.INTERNAL_ERROR, f"{ctx.method} was given up. Call again.") from error


class _Refusing:
    """Errors as the protocol has them, where no model is there to read them."""

    def __init__(self, method: str, **data: str) -> None:
        self._method = method
        self._data = data

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, MCPError):
            code = types.INVALID_PARAMS if isinstance(error, Invalid | NotFound) else types.INTERNAL_ERROR
            raise MCPError(code, _told(error, self._method), self._data or None) from None


def _as_listed(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.asks),
        output_schema=schema_of(tool.answers),
        annotations=types.ToolAnnotations(
            read_only_hint=not tool.writes,
            # Of a tool that only reads, these say nothing.
            destructive_hint=False if tool.writes else None,
            idempotent_hint=True if tool.writes else None,
            open_world_hint=False,
        ),
    )


def _marked(text: str, tool: Tool) -> str:
    """As a memory, so that whoever captures the answer knows that it is none of the conversation's own words.

    What `context` gives is marked, and counted, already.
    """
    text = _well_formed(text)
    return text if tool.writes or tool.name == "context" else as_memory(text)


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=_well_formed(text))], is_error=True)


def _told(error: Exception, method: str) -> str:
    """What went wrong and how to mend the call; what is not the caller's doing is logged, too."""
    if isinstance(error, AgentMemoryError):
        return advice(error)
    LOG.error("call failed", method=method, error=error)
    return f"{method} failed inside agent-memory ({type(error).__name__}). It is logged; go on without it."


def _no_cursor(params: types.PaginatedRequestParams | None) -> None:
    if params is not None and params.cursor:
        raise MCPError(types.INVALID_PARAMS, "cursor: belongs to another listing; this one has a single page.")


def _well_formed(value: Any) -> Any:
    """With U+FFFD for halves of surrogate pairs, which a text may hold and no JSON on a wire."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if isinstance(value, list):
        return [_well_formed(one) for one in value]
    if isinstance(value, dict):
        return {name: _well_formed(one) for name, one in value.items()}
    return value


async def soon(memory: Ask) -> None:
    """Ask for the memory before anybody needs it; that there is none is told to who asks."""
    try:
        await memory()
    except asyncio.CancelledError:
        raise
    except Exception:
        return
