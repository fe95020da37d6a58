"""Benchmark: the target beside a bare loop, a stock SDK target and a released target (`make bench`)."""
