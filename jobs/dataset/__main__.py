"""python -m jobs.dataset VERB ..."""

from __future__ import annotations

from jobs.command import run_app
from jobs.dataset.app import app

run_app(app)
