"""Read a coordinator's own files for the engine, and write its results.

The formats are in docs/file-formats.md. Nothing here needs a running system.
"""
