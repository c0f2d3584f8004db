"""Planted bugs that only the simulation of all services finds."""

from tests.planted_bugs.planting import PlantedBug

_SERVICES = "tests/simulation/test_services.py::test_the_services_heal_by_themselves_and_do_nothing_twice"

SIMULATED = (
    PlantedBug(
        "deferred-reaction-stays-when-it-is-released",
        "shared.bus.inbox.deferred_reactions:remove",
        '    await connection.execute("DELETE FROM deferred_reaction WHERE id = $1", deferred.id)\n',
        "    _ = connection, deferred\n",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "deferred-reaction-runs-twice",
        "shared.bus.inbox.apply:Applier._react_to",
        "            await react(tx, [deferred.event])\n",
        "            await react(tx, [deferred.event])\n            await react(tx, [deferred.event])\n",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "reaction-without-its-cause",
        "shared.bus.db.transaction:Tx.react",
        "correlation or cause.correlationid, cause)",
        "correlation or cause.correlationid, None)",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "messages-behind-an-event-that-waits-are-forgotten",
        "services.notifications.consumers:react",
        "            continue\n",
        "            break\n",
        _SERVICES,
        seed=1,
    ),
    PlantedBug(
        "emails-are-handed-over-again-after-they-were-recorded",
        "services.notifications.messages.store.messages:_ENDED",
        "WHERE n.id = e.id AND n.state = 'waiting' RETURNING n.id",
        "WHERE n.id = e.id AND n.state = 'waiting' AND n.mail_id IS NULL RETURNING n.id",
        _SERVICES,
        seed=1,
    ),
)
