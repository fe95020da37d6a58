"""End-to-end test: rows of a real PostgreSQL reach Selligent's emulator through Meltano (`make e2e`)."""
