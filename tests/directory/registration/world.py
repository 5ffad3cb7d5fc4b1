"""Those who decide about the clients of cities."""

from services.directory.access import APPROVE, CENTRAL, CLIENT_SCOPES, COORDINATOR, OPERATOR
from services.kit.auth import Principal
from tests.directory.developers import App, new_key

BAVARIA = Principal(client="hub", subject="munich", scopes=frozenset({APPROVE}), roles=frozenset({f"{CENTRAL}:09"}))
OPERATING = Principal(client="hub", subject="o", scopes=frozenset({APPROVE}), roles=frozenset({f"{OPERATOR}:"}))
KEY = new_key()


def coordinator(ags: str, *scopes: str) -> Principal:
    return Principal("hub", "coordinator", ags, frozenset(scopes), frozenset({f"{COORDINATOR}:{ags}"}))


def itself(app: App, ags: str) -> Principal:
    return Principal(app.client_id, app.client_id, ags, frozenset(CLIENT_SCOPES))
