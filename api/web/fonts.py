"""A face for Han, where the reader's machine has none: a mark is judged by its characters."""

from __future__ import annotations

from fastapi.responses import FileResponse

from api.web.roles import Role, Routes
from datasets.fonts import font_path

routes = Routes()


@routes.let(Role.ANYONE, "GET", "/font/han.otf")
def han() -> FileResponse:
    keep = {"Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(font_path(), media_type="font/otf", headers=keep)
