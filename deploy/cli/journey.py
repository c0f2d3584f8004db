"""Does everything work together? `tandem journey` goes all the way, from a draft to a figure."""

NAME = "journey"


def command() -> None:
    """Go."""
