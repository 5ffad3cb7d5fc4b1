"""The words that rows are found by, for those who mistype one."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.directory.models.base import Base


class KnownWord(Base):
    """A folded word and in how many rows each audience finds it; the words of people's names are among them.

    Compared with what somebody typed, never shown.
    """

    __tablename__ = "word"
    __table_args__ = (Index("ix_word_word", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),)
    word: Mapped[str] = mapped_column(primary_key=True)
    public: Mapped[int] = mapped_column(server_default=text("0"))
    network: Mapped[int] = mapped_column(server_default=text("0"))
    """Of all rows that the network finds, those of the public included."""
