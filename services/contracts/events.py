"""What events says."""

from services.kit.messages import Message


class EventPublished(Message, frozen=True):
    """An event as it is now. `organiser` is the OAuth client that may change it; `cities` are host and guests."""

    id: str
    organiser: str
    title: str
    cities: tuple[str, ...]
    participants: tuple[str, ...]

    def key(self) -> str:
        return self.id
