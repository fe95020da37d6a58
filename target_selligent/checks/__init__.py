"""Checks of a config against Selligent. They read, and write nothing."""

from __future__ import annotations

from target_selligent.checks.catalogs import CatalogError, read_catalog
from target_selligent.checks.check import Check
from target_selligent.checks.findings import Finding, render_json, render_text

__all__ = ["CatalogError", "Check", "Finding", "read_catalog", "render_json", "render_text"]
