"""The hub: all three services in one process, or those that HUB_SERVICES names."""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module

from litestar import Litestar

from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.service import Service
from services.kit.web import from_environment


class _Services(Mapping[str, Service]):
    """By name; each is imported when somebody asks for it: a process of one service does without the others' code."""

    names = "directory", "matching", "events"

    def __getitem__(self, name: str) -> Service:
        if name not in self.names:
            raise KeyError(name)
        service: Service = import_module(f"services.{name}.app").service
        return service

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


SERVICES = _Services()


def chosen(names: str = "") -> list[Service]:
    """The services of a comma-separated list, all of them for an empty one. Raises Refused for an unknown name."""
    wanted = [name.strip() for name in names.split(",") if name.strip()] or list(SERVICES)
    if unknown := [name for name in wanted if name not in SERVICES]:
        raise Refused(
            _("There is no service {names}. There are: {known}", names=", ".join(unknown), known=", ".join(SERVICES))
        )
    return [SERVICES[name] for name in wanted]


def create() -> Litestar:
    """ASGI factory for `uvicorn --factory services.app:create`; needs PostgreSQL and Valkey from the environment."""
    return from_environment(chosen(os.environ.get("HUB_SERVICES", "")))
