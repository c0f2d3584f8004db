"""The failure of reading or writing a coordinator's files.

A module of its own, since every module here raises it and the command line catches it without loading them.
"""


class UnusableFiles(RuntimeError):
    """Files that cannot be used or written; the text is the whole message for who gave them."""
