"""The guards of pages and API routes, each named after those whom it lets in."""

# No `from __future__ import annotations` here: FastAPI reads these when the routes are made.
from typing import Annotated

from fastapi import Depends

from shared.contracts.codes import Role
from shared.identity import Principal, allow, signed_in
from shared.identity.token_scopes import READ_CALLS

_COORDINATOR = Role.PROGRAMME_COORDINATOR
_DECIDERS = (Role.NATIONAL_COORDINATOR, Role.CLEARANCE_OFFICER, _COORDINATOR)
_PARTICIPANTS = (Role.OFFICER, Role.MENTOR, Role.HOST_CONTACT)
_OVERSEERS = (Role.AUDITOR, Role.DATA_PROTECTION_OFFICER)

SignedIn = Annotated[Principal, Depends(signed_in())]
CallReader = Annotated[Principal, Depends(signed_in(service_scope=READ_CALLS))]
"""Everybody who is signed in, and a program with a token of its own."""
Officer = Annotated[Principal, Depends(allow(Role.OFFICER))]
Mentor = Annotated[Principal, Depends(allow(Role.MENTOR))]
Host = Annotated[Principal, Depends(allow(Role.HOST_CONTACT))]
Pair = Annotated[Principal, Depends(allow(Role.OFFICER, Role.MENTOR))]
"""Mentee and mentor."""
Counterpart = Annotated[Principal, Depends(allow(Role.HOST_CONTACT, Role.MENTOR))]
"""The principals on the other side of an officer's match."""
Participant = Annotated[Principal, Depends(allow(*_PARTICIPANTS))]
"""The participants: guest or mentee, mentor, host. On a mentoring pair's visit officer and mentor may be either."""
Coordinator = Annotated[Principal, Depends(allow(_COORDINATOR))]
"""The programme coordinator."""
Country = Annotated[Principal, Depends(allow(Role.NATIONAL_COORDINATOR, _COORDINATOR))]
"""The national coordinator, or the programme coordinator for all countries."""
Decider = Annotated[Principal, Depends(allow(*_DECIDERS))]
"""The principals who decide for a country or an EU agency, or in their place."""
Holder = Annotated[Principal, Depends(allow(Role.HOST_CONTACT, *_DECIDERS))]
"""The holders of an office for which a deputy may be named."""
MentorOrDecider = Annotated[Principal, Depends(allow(Role.MENTOR, *_DECIDERS))]
PairOrDecider = Annotated[Principal, Depends(allow(Role.OFFICER, Role.MENTOR, *_DECIDERS))]
ParticipantOrCoordinator = Annotated[Principal, Depends(allow(*_PARTICIPANTS, _COORDINATOR))]
PARTAKING = (*_PARTICIPANTS, *_DECIDERS)
Anyone = Annotated[Principal, Depends(allow(*PARTAKING))]
"""Everybody who has a part in matches and visits; whose they are is asked of each one."""
AnyoneOrProtectionOfficer = Annotated[Principal, Depends(allow(*PARTAKING, Role.DATA_PROTECTION_OFFICER))]
IncidentHandler = Annotated[Principal, Depends(allow(*_DECIDERS, Role.DATA_PROTECTION_OFFICER))]
"""The principals who may be chosen to read incident reports."""
Overseer = Annotated[Principal, Depends(allow(*_OVERSEERS))]
"""Auditor and data protection officer."""
OverseerOrCoordinator = Annotated[Principal, Depends(allow(*_OVERSEERS, _COORDINATOR))]
