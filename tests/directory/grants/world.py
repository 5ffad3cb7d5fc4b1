"""What a person allows a client, and what it gets for that."""

import uuid
from typing import Any

import httpx
from sqlalchemy import update

from services.directory.oauth import endpoints
from services.directory.oauth.endpoints import Asked, Failed
from services.kit.service import Hub
from tests.directory.developers import CALLBACK, CHALLENGE, App, code, redeem, work

ENDED = (400, "invalid_grant")
LOOPBACK = "http://127.0.0.1/back"


async def tokens(hub: Hub, http: httpx.AsyncClient, app: App, account: uuid.UUID, **changes: Any) -> dict[str, Any]:
    answer = await redeem(http, app, await code(hub, app, account, **changes))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


async def change(hub: Hub, model: Any, where: Any, **values: Any) -> None:
    async with work(hub) as session:
        await session.execute(update(model).where(where).values(**values))


async def ask(hub: Hub, app: App, *more: tuple[str, str], **changes: str | None) -> Asked | Failed:
    fine = {"response_type": "code", "client_id": app.client_id, "redirect_uri": CALLBACK, "state": "s t&=ü",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256"}  # fmt: skip
    query = [(name, value) for name, value in {**fine, **changes}.items() if value is not None]
    async with work(hub) as session:
        return await endpoints.asked(session, hub.settings, [*query, *more], None)
