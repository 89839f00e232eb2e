"""The stages, in the order of the data. A stage knows the record it reads and the record it writes.

    synth     documents with known words, for trials and tests
      |
    sources   list, hash, recognise formats            -> Source
      |
    pages     open and render in a limited child       -> RawPage
      |
    beside    words and truth that came along, parsed in a limited child
      |
    upright   quarters and skew                        -> Pose
      |
    words     text layer where it is good, OCR else    -> Extraction
      |
    order     lines, blocks, reading order             -> Layout
      |
    shards    page.json and picture into tars          -> page shards (pipeline.ingest ties these together)
      |
    prepare   tokens, line covers, partners            -> training shards
      |
    stream    a pure function of (dataset, seed, position) -> batches

Nothing here knows who runs it: no Ray anywhere, torch only in `stream`.
"""
