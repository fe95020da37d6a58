"""Singer target for Selligent (Marigold Engage).

Nothing heavy is imported here: the emulator shares the package and must start without the Singer SDK.
"""

__version__ = "0.1.0"
