"""Unit tests of the checks."""
