"""The directory's pages in the navigation: for everybody, and what each role opens."""

from services.directory import access
from services.directory.access import APPROVE, AUDIT, PEOPLE, WRITE
from services.kit.auth import Principal
from services.kit.i18n import gettext as _
from services.kit.navigation import Menu, Way


def menu(who: Principal) -> Menu:
    main = [Way("/directory", _("Directory")), Way("/topics", _("Topics"))]
    return Menu(main, own(who) if who.session else [], [Way("/open-data", _("Open data"))])


def own(who: Principal) -> list[Way]:
    """The pages that a person's roles open."""
    ways = []
    if who.city:
        ways.append(Way(f"/city/{who.city}", _("My city")))
        if WRITE in who.scopes:
            ways += [
                Way(f"/city/{who.city}/desk", _("Our desk")),
                Way(f"/city/{who.city}/upload", _("Publish with a spreadsheet")),
                Way(f"/city/{who.city}/publications", _("Publications")),
                Way(f"/city/{who.city}/partnerships", _("Partnerships")),
            ]
    if who.where(access.NAVIGATOR):
        ways.append(Way("/mine", _("My entry in the directory")))
    if PEOPLE in who.scopes:
        ways += [Way("/people", _("Our people")), Way("/objections", _("Objections"))]
    if {PEOPLE, APPROVE} & who.scopes:
        ways.append(Way("/registrations", _("Registrations of cities")))
    if {WRITE, APPROVE} & who.scopes:
        ways.append(Way("/topics/proposals", _("Proposed topics")))
    if AUDIT in who.scopes:
        ways += [Way("/state", _("The state at a glance")), Way("/audit", _("Audit log"))]
    return ways
