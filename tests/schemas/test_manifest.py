"""The manifest: rows that become a table of exactly the schema."""

from __future__ import annotations

import pytest

from schemas.manifest import MANIFEST_SCHEMA, ManifestRow, Reason, Status, manifest_table

LEAST = ManifestRow(uri="/data/x.pdf", status=Status.REJECTED, reason=Reason.UNREADABLE, generation="gen-0000")
FULL = ManifestRow(
    key="ab" * 8 + "-00003",
    document="ab" * 8,
    page=3,
    uri="s3://bucket/\u00e4 b\n.pdf",
    sha256="ab" * 32,
    status=Status.OK,
    route="ocr",
    words=17,
    generation="gen-0001",
    shard="pages-000000",
)


def test_rows_keep_their_values_and_their_order() -> None:
    table = manifest_table([LEAST, FULL, LEAST])
    assert table.schema.equals(MANIFEST_SCHEMA)
    assert [ManifestRow.model_validate(row) for row in table.to_pylist()] == [LEAST, FULL, LEAST]
    assert table["status"].to_pylist() == ["rejected", "ok", "rejected"]
    assert table["key"].null_count == 2


def test_no_rows_are_an_empty_table_of_the_schema() -> None:
    assert manifest_table([]).schema.equals(MANIFEST_SCHEMA)
    assert manifest_table(iter([])).num_rows == 0


def test_every_field_of_a_row_has_its_column() -> None:
    assert list(ManifestRow.model_fields) == MANIFEST_SCHEMA.names


def test_reasons_and_statuses_are_closed_sets() -> None:
    with pytest.raises(ValueError, match="status"):
        ManifestRow.model_validate({**LEAST.model_dump(), "status": "lost"})
    with pytest.raises(ValueError, match="reason"):
        ManifestRow.model_validate({**LEAST.model_dump(), "reason": "disk-full"})
    with pytest.raises(ValueError, match="Extra inputs"):
        ManifestRow.model_validate({**LEAST.model_dump(), "colour": "red"})


def test_details_are_short() -> None:
    with pytest.raises(ValueError, match="300"):
        ManifestRow.model_validate({**LEAST.model_dump(), "detail": "x" * 301})
