"""What happens, as it happens: server-sent events, in the form the HTML standard gives them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import StreamingResponse

from api.web.roles import Role, Routes
from api.web.site import Site
from evidence.uploads.board import Board, Event

routes = Routes()

HEARTBEAT_SECONDS = 15.0
"""A line that says nothing, so that whoever is in between does not take the call for dead."""

MOST_WAITING = 2000
"""Events that a slow reader may be behind; then its call ends, and it asks anew."""


def install(app: FastAPI, site: Site) -> None:
    """Readies `app` to tell what happens."""
    app.state.board = Board(app.state.uploads, site.desk)
    app.state.calls = set()


def hang_up(app: FastAPI) -> None:
    """Ends every call, so that the server can end; called in the server's own loop."""
    for queue in list(app.state.calls):
        _end(queue)


@routes.let(
    Role.REVIEWER,
    "GET",
    "/api/v1/events",
    summary="What happens, as server-sent events: desk, upload, footage",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    seconds: Annotated[
        float | None, Query(gt=0, le=86400, description="End after so long; never if missing.")
    ] = None,
) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _tell(request.app, seconds), media_type="text/event-stream", headers=headers
    )


async def _tell(app: FastAPI, seconds: float | None) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | None] = asyncio.Queue(MOST_WAITING)

    def hear(event: Event) -> None:
        with suppress(RuntimeError):  # the server has ended, and its loop with it
            loop.call_soon_threadsafe(_put, queue, event)

    app.state.calls.add(queue)
    watching = app.state.board.watch(hear)
    # Beginning to watch reads the case, in a thread: it is gone through with though the caller has
    # left meanwhile, and ended after it. Otherwise somebody would watch for ever.
    begun = asyncio.ensure_future(asyncio.to_thread(watching.__enter__))
    end = time.monotonic() + (seconds or float("inf"))
    try:
        await asyncio.shield(begun)
        yield "retry: 2000\n\n"
        while (left := end - time.monotonic()) > 0:
            try:
                event = await asyncio.wait_for(queue.get(), min(HEARTBEAT_SECONDS, left))
            except TimeoutError:
                yield ":\n\n"
                continue
            if event is None:
                return
            kind, data = event
            yield f"event: {kind}\ndata: {_as_json(data)}\n\n"
    finally:
        app.state.calls.discard(queue)
        begun.add_done_callback(partial(_leave, watching))


def _leave(watching: AbstractContextManager[None], begun: asyncio.Future[None]) -> None:
    if not begun.cancelled() and begun.exception() is None:
        watching.__exit__(None, None, None)


def _put(queue: asyncio.Queue[Event | None], event: Event) -> None:
    try:
        queue.put_nowait(event)
    except asyncio.QueueFull:
        _end(queue)


def _end(queue: asyncio.Queue[Event | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
    queue.put_nowait(None)


def _as_json(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=True, default=lambda moment: moment.isoformat())
