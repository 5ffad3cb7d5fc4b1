"""What every table of the directory is made from."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from services.kit import jobs, log, mail, revoked
from services.kit.db import NAMING, TYPES


class Base(DeclarativeBase):
    metadata = MetaData(schema="directory", naming_convention=NAMING)
    type_annotation_map = TYPES


for attach in (log.attach, jobs.attach, mail.attach, revoked.attach):
    attach(Base.metadata)
