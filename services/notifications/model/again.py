"""Why is a message sent anew? One of a few reasons: a free text could name somebody."""

from shared.contracts.codes import Code
from shared.web.i18n import N_


class ResendReason(Code):
    """What a coordinator says when a message that was sent is sent anew."""

    LOST = "lost", N_("They say that it did not arrive")
    ADDRESS = "address", N_("They have another address now")
    NEEDED = "needed", N_("They need it once more, to act on it")
