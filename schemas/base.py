"""What all records share: strict pydantic models, canonical JSON, digests."""

from __future__ import annotations

import hashlib
from typing import Any, Self

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

MAX_JSON_BYTES = 64 * 1024 * 1024


def canonical_json(value: Any) -> bytes:
    """JSON bytes with sorted keys and no spaces: the form that is hashed and stored."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sha256_hex(data: bytes) -> str:
    """Hexadecimal SHA-256 of `data` (64 characters)."""
    return hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """Hexadecimal SHA-256 of the canonical JSON of `value`."""
    return sha256_hex(canonical_json(value))


class Record(BaseModel):
    """Base of every stored record: unknown fields are refused, NaN and infinity too."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    def to_json(self) -> bytes:
        """Stable bytes: fields in the order of the class, no spaces."""
        return orjson.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse and check, types included ("1" is no integer); ValueError in one line, naming the first fault."""
        if len(data) > MAX_JSON_BYTES:
            raise ValueError(f"{cls.__name__}: {len(data)} bytes of JSON, more than {MAX_JSON_BYTES}")
        try:
            return cls.model_validate_json(data, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            # A field's name may be anything in a file that is not ours: a line break must not get through.
            place = ".".join(part if part.isprintable() else repr(part) for part in map(str, first["loc"]))
            raise ValueError(f"{cls.__name__}: {place[:100] or 'record'}: {first['msg']}") from None
