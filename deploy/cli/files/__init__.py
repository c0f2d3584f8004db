"""How does the engine work on a coordinator's own files? Read, matched or scheduled, and written again.

The formats stand in docs/file-formats.md. Nothing here needs a running system.
"""
