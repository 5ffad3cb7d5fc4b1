"""What all tables of events share."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from services.kit import jobs, log, mail, revoked
from services.kit.db import NAMING, TYPES


class Base(DeclarativeBase):
    metadata = MetaData(schema="events", naming_convention=NAMING)
    type_annotation_map = TYPES


for attach in (log.attach, jobs.attach, revoked.attach, mail.attach):
    attach(Base.metadata)
