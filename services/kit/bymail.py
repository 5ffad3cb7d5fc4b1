"""Something that people ask for by typing their address: a job finds out whether we know it, and sends it by mail.

The answer to the person is the same, and takes as long, whoever asks. The address is sealed: finished jobs stay.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import msgspec
from joserfc import jwe
from joserfc.jwk import OctKey
from sqlalchemy import update

from services.kit import i18n, jobs
from services.kit.db import Writer
from services.kit.jobs import Job, Run
from services.kit.log import table
from services.kit.mail import checked_address
from services.kit.service import Runtime
from services.kit.settings import Settings


class Wanted(msgspec.Struct, frozen=True):
    """The job's payload until it has run; `language` is the one in which it was asked for."""

    sealed: str
    language: str = i18n.LANGUAGES[0]


@dataclass(frozen=True)
class ByMail:
    """`name` is the job's, `purpose` that of the key; `send` mails what was asked for to the address, if we know it,
    in the language in which it was asked for, unless it knows theirs.
    """

    name: str
    purpose: str
    send: Callable[[Writer, Runtime, str], Awaitable[None]]

    async def ask(self, session: Writer, runtime: Runtime, address: str) -> None:
        """Raises Refused for what is no address at all."""
        plain = checked_address(address).encode()
        sealed = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, plain, self._key(runtime.settings))
        await jobs.enqueue(session, runtime.queue, self.job(runtime), Wanted(sealed, i18n.language()))

    def job(self, runtime: Runtime) -> Job:
        return Job(self.name, Wanted, partial(self._work, runtime))

    async def _work(self, runtime: Runtime, run: Run, wanted: Wanted) -> None:
        address = (jwe.decrypt_compact(wanted.sealed, self._key(runtime.settings)).plaintext or b"").decode()
        rows = table(run.metadata, "job")
        async with run.finish() as session:
            with i18n.speaking(wanted.language):
                await self.send(session, runtime, address)
            await session.execute(update(rows).where(rows.c.id == run.id).values(payload={}))

    def _key(self, settings: Settings) -> OctKey:
        return OctKey.import_key(settings.derived(self.purpose))
