"""What stands in the navigation of every page: each service says which of its pages are for whom."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from services.kit.auth import Principal
from services.kit.i18n import gettext as _
from services.kit.settings import Settings


class Way(NamedTuple):
    """A page, and what it is called in the person's language."""

    path: str
    label: str

    def above(self, path: str) -> bool:
        """Whether `path` is a page below this one."""
        return path.startswith(f"{self.path}/")


@dataclass(frozen=True)
class Menu:
    """`main` is for everybody, `own` for the roles of whoever asks, `foot` what the law and developers ask for."""

    main: list[Way] = field(default_factory=list)
    own: list[Way] = field(default_factory=list)
    foot: list[Way] = field(default_factory=list)


Ways = Callable[[Principal], Menu]


def _of_hub(settings: Settings) -> Menu:
    """What every page leads to; the notice about data protection is the directory's, wherever that answers."""
    return Menu(
        foot=[
            Way("/hilfe", _("Help")),
            Way(f"{settings.urls.get('directory', '')}/privacy", _("Data protection")),
            Way("/developers", _("For developers")),
            Way("/accessibility", _("Accessibility")),
            Way("/imprint", _("Imprint")),
        ]
    )


def menu(ways: Iterable[Ways | None], who: Principal, settings: Settings) -> Menu:
    """All of them as one, in the order of the services; the hub's own come last."""
    found = [*(one(who) for one in ways if one is not None), _of_hub(settings)]
    return Menu(
        [way for one in found for way in one.main],
        [way for one in found for way in one.own],
        [way for one in found for way in one.foot],
    )
