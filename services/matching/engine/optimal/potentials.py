"""Find potentials that prove that a flow costs least: no residual arc then has a cost below 0.

OR-tools returns the flow but no potentials, so they are found in a pass over the residual graph: the lengths of
shortest paths, by label correcting (Bellman, "On a routing problem", 1958), with one round for all nodes whose label
has changed. They exist if and only if no cycle of the residual graph has a cost below 0, which is if and only if the
flow is optimal (Klein, "A primal method for minimal cost flows", 1967).
"""

import numpy as np

from services.matching.engine.market.market import Integers
from services.matching.engine.optimal.network import Network


def residual(network: Network, flow: Integers) -> tuple[Integers, Integers, Integers]:
    """Return tails, heads and costs of the arcs along which more can flow: forth if not full, back if not empty."""
    forth, back = flow < network.capacity, flow > 0
    return (
        np.concatenate([network.tail[forth], network.head[back]]),
        np.concatenate([network.head[forth], network.tail[back]]),
        np.concatenate([network.cost[forth], -network.cost[back]]),
    )


def potentials(network: Network, flow: Integers) -> Integers:
    """Return the potential of each node, with cost + potential(tail) - potential(head) >= 0 along every residual arc.

    Raises ValueError if there are none, for the flow does not cost least.
    """
    tail, head, cost = residual(network, flow)
    order = np.argsort(tail, kind="stable")
    head, cost = head[order], cost[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(tail, minlength=network.nodes))])
    label = np.zeros(network.nodes, np.int64)
    changed = np.arange(network.nodes)
    for _ in range(network.nodes + 1):
        if not len(changed):
            return label
        counts = starts[changed + 1] - starts[changed]
        first = starts[changed] - np.cumsum(counts) + counts
        arcs = np.repeat(first, counts) + np.arange(counts.sum())
        reach, to = np.repeat(label[changed], counts) + cost[arcs], head[arcs]
        shorter = reach < label[to]
        np.minimum.at(label, to[shorter], reach[shorter])
        lowered = np.zeros(network.nodes, bool)
        lowered[to[shorter]] = True
        changed = np.flatnonzero(lowered)
    raise ValueError("The residual graph has a cycle of negative cost: the flow is not optimal")
