"""Imports aiogram's types without what most of them are never used for.

aiogram builds a validator for each of its hundreds of types as it is imported: some seconds and 80 MB in
every process that it is imported in. pydantic builds one when it is first needed just as well, if it is told
where the names in it are to be found. So that is all we let aiogram do; the one type that the shard
validates, the update, is built at once, so that processes forked from this one share it.

Must be imported before aiogram; where it is not, nothing is different but the time.
"""

import sys
from typing import Any

from pydantic import BaseModel


def _later(cls: type[BaseModel], *, _types_namespace: dict[str, Any]) -> None:
    """In place of the building: where the names of this type are to be found."""
    cls.__pydantic_parent_namespace__ = _types_namespace


if "aiogram.types" not in sys.modules:
    build = vars(BaseModel)["model_rebuild"]
    BaseModel.model_rebuild = classmethod(_later)  # type: ignore[assignment, method-assign]
    try:
        import aiogram.types
    finally:
        BaseModel.model_rebuild = build  # type: ignore[method-assign]
    aiogram.types.Update.model_rebuild()
