"""Carry events between services, each applied once and in order, whatever fails in between.

A service writes facts with `Bus.transaction()`; the relay sends them to the log; another service's reader hands them to
what is registered in its `Consumers`. Services use the names below and never see offsets.
"""

from shared.bus.db.bus import Bus
from shared.bus.db.journal import Conflict
from shared.bus.db.leases import Lease, LeaseLost
from shared.bus.db.tables import bus_tables
from shared.bus.db.transaction import Tx
from shared.bus.inbox.consumers import Consumers
from shared.bus.log.envelope import Envelope

__all__ = ["Bus", "Conflict", "Consumers", "Envelope", "Lease", "LeaseLost", "Tx", "bus_tables"]
