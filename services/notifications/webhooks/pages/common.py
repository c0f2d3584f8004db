"""Name what the pages of webhooks share: their address, and who reads and changes them."""

from typing import Annotated

from fastapi import Depends

from services.notifications.webhooks.views import READERS
from shared.contracts.codes import Role
from shared.identity import Principal, allow

HOME = "/notifications/webhooks"
Reader = Annotated[Principal, Depends(allow(*READERS))]
Coordinator = Annotated[Principal, Depends(allow(Role.PROGRAMME_COORDINATOR))]
