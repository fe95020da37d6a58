"""A Selligent that runs on this machine: the REST API's contract over SQLite, with faults on demand.

It stands apart: it imports nothing of the target, and the target reaches it over HTTP only.
"""
