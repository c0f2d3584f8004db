"""Who is told what the register says about them: an address to be confirmed, an access that has lapsed."""

from services.notifications.model.rule import Rule, When
from shared.contracts.access import AccessChanged
from shared.contracts.codes import AudienceKind as A
from shared.web.i18n import N_

ADDRESS = "address_to_confirm"
"""The one message that goes to an address which is not confirmed yet; the portal gives its link."""

RULES = (
    Rule(
        ADDRESS,
        AccessChanged,
        A.PERSON,
        N_("Please confirm your address"),
        (
            N_("The programme has this address for you. We write to it only after you have said that it is yours."),
            N_("Open the page below and press the button. The link counts for seven days, and once."),
            N_("Is this not yours? Then do nothing: you will hear no more from us."),
        ),
        "account",
        N_("Confirm the address"),
        when=When(N_("where an address is new"), lambda data: data.contact_check is not None),
    ),
    Rule(
        "access_lapsed",
        AccessChanged,
        A.PERSON,
        N_("Your access has ended for now"),
        (
            N_("Each access is confirmed once a year. Yours was not, so it has ended; nothing of yours was deleted."),
            N_("Please ask your national coordinator to confirm it. You can then sign in as before."),
        ),
        "account",
        N_("Open your account"),
        when=When(N_("where nobody confirmed it in time"), lambda data: data.lapsed_on is not None),
    ),
)
