"""The failure of reading or writing a coordinator's files."""


class UnusableFiles(RuntimeError):
    """Files that cannot be used or written; the text is the whole message for who gave them."""
