"""The hub: all three services in one process, or those that HUB_SERVICES names."""

import os

from litestar import Litestar

from services.directory.app import service as directory
from services.events.app import service as events
from services.kit.errors import Refused
from services.kit.i18n import gettext as _
from services.kit.service import Service
from services.kit.web import from_environment
from services.matching.app import service as matching

SERVICES = {service.name: service for service in (directory, matching, events)}


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
