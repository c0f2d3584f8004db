"""Messages of the register: addresses, lapsed access, proposals and their decision, partners."""

from services.notifications.messages.model.rule import NamedAudience, Rule, When
from shared.contracts.access import AccessChanged
from shared.contracts.codes import AudienceKind as A
from shared.contracts.codes import PartnerStatus, ProposalState
from shared.contracts.notifications import Purpose
from shared.contracts.registry import PartnerStatusChanged, ProposalChanged
from shared.i18n import N_

RULES = (
    Rule(
        Purpose.ADDRESS_TO_CONFIRM.value,
        AccessChanged,
        A.PERSON,
        N_("Please confirm your address"),
        (
            N_("The programme has this address for you. We only write to it after you confirm that it is yours."),
            N_("Open the page below and press the button. The link works once."),
            N_("The link ends on %(due)s."),
            N_("If this address is not yours, do nothing. You will not hear from us again."),
        ),
        "account",
        N_("Confirm the address"),
        when=When(N_("where an address is new"), lambda data: data.contact_check is not None),
        urgent=True,
    ),
    Rule(
        "access_lapsed",
        AccessChanged,
        A.PERSON,
        N_("Your access has ended for now"),
        (
            N_(
                "Each access must be confirmed once a year. Yours was not confirmed, so it has ended. Your "
                "data was not deleted."
            ),
            N_("Please ask your national coordinator to confirm it. You can then sign in as before."),
        ),
        "account",
        N_("Open your account"),
        when=When(N_("where nobody confirmed it in time"), lambda data: data.lapsed_on is not None),
        urgent=True,
    ),
    Rule(
        "proposal_to_decide",
        ProposalChanged,
        A.PROGRAMME_COORDINATOR,
        N_("A proposal for the register is waiting for you"),
        (N_("%(country)s proposes for the register: %(kind)s. Please approve it, or give a reason why not."),),
        "proposal",
        N_("View proposal"),
        when=When(N_("where it is new"), lambda data: data.state is ProposalState.WAITS),
    ),
    Rule(
        "proposal_approved",
        ProposalChanged,
        NamedAudience.PROPOSER,
        N_("Your proposal is approved"),
        (N_("Your proposal for the register (%(kind)s) is approved and applies from now on."),),
        "proposal",
        N_("View proposal"),
        when=When(N_("where it is approved"), lambda data: data.state is ProposalState.APPROVED),
    ),
    Rule(
        "proposal_refused",
        ProposalChanged,
        NamedAudience.PROPOSER,
        N_("Your proposal is not approved"),
        (
            N_("Your proposal for the register (%(kind)s) is not approved."),
            N_("The page of the proposal shows why. You can propose it again."),
        ),
        "proposal",
        N_("View reason"),
        when=When(N_("where it is refused"), lambda data: data.state is ProposalState.REFUSED),
    ),
    Rule(
        "partner_suspended",
        PartnerStatusChanged,
        A.HOME_COORDINATOR,
        N_("Your country's part in the programme is suspended"),
        (
            N_(
                "%(country)s is suspended as a partner from %(since)s. People from your country cannot sign in for now."
            ),
            N_(
                "Cases that we decided to finish continue. Each person concerned is notified of what happens to "
                "their case."
            ),
        ),
        "portal",
        N_("Open the portal"),
        when=When(N_("where it is suspended"), lambda data: data.status is PartnerStatus.SUSPENDED),
        urgent=True,
    ),
    Rule(
        "partner_reinstated",
        PartnerStatusChanged,
        A.HOME_COORDINATOR,
        N_("Your country takes part again"),
        (
            N_(
                "%(country)s is reinstated as a partner from %(since)s. People from your country can sign in "
                "and continue as before."
            ),
            N_("What was paused stays paused until its owner resumes it. What was cancelled stays cancelled."),
        ),
        "portal",
        N_("Open the portal"),
        when=When(N_("where it is reinstated"), lambda data: data.status is PartnerStatus.REINSTATED),
        prompt=True,
    ),
)
