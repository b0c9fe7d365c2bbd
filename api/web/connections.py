"""Connections on which no request comes, or one that would not end: ended."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

SILENT_SECONDS = 20.0
"""After which it is looked again whether a request is under way."""

_BUSY = object()


class Connection(H11Protocol):
    """One that nobody keeps open who asks for nothing, or sends what he asks for bit by bit.

    Each counts among those that the server takes. Uvicorn ends what is silent between two requests,
    and waits for ever for the first one.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look(_BUSY)

    def shutdown(self) -> None:
        # Footage may be hours in coming. What has come of it is kept, and a proxy whose server
        # hangs up says that it is away: who sends goes on by himself once it is back.
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete:
            self.transport.close()
        else:
            super().shutdown()

    def _look(self, before: object) -> None:
        """Ends it where no request has come since `before`: what was answered last then."""
        if self.transport.is_closing():
            return
        busy = self.cycle is not None and not self.cycle.response_complete
        now = _BUSY if busy else self.cycle
        if not busy and now is before:
            self.transport.close()
            return
        self.loop.call_later(SILENT_SECONDS, self._look, now)
