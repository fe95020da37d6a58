"""Checks of a config against Selligent. They read, and write nothing."""

from __future__ import annotations

from target_selligent.checks.catalogs import CatalogError, read_catalog
from target_selligent.checks.check import Check
from target_selligent.checks.connection import check_connection
from target_selligent.checks.findings import Finding, render_json, render_text
from target_selligent.checks.first_config import choose_fields

__all__ = [
    "CatalogError",
    "Check",
    "Finding",
    "check_connection",
    "choose_fields",
    "read_catalog",
    "render_json",
    "render_text",
]
