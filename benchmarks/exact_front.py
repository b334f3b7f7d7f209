"""Whole fronts of sums of choices, by dynamic programming over partial sums that none dominates.

An oracle for block selection with one budget: it shares nothing with the solvers that it checks. A front is a pair of arrays,
costs rising and losses falling. With whole numbers, as the tables of four decimals are when scaled, it is exact.
"""
import numpy as np


def nondominated(costs, losses):
    """The points that no other beats, by rising cost."""
    order = np.lexsort((losses, costs))
    costs, losses = costs[order], losses[order]
    least = np.minimum.accumulate(losses)
    keep = np.concatenate(([True], losses[1:] < least[:-1])) if len(losses) else np.zeros(0, bool)
    return costs[keep], losses[keep]


def summed(front, choices):
    """The front of sums of one point of each."""
    (costs, losses), (other_costs, other_losses) = front, choices
    if len(costs) < len(other_costs):
        (costs, losses), (other_costs, other_losses) = choices, front
    parts, pending, limit = [], 0, 4_000_000
    for cost, loss in zip(other_costs, other_losses):
        parts.append((costs + cost, losses + loss))
        pending += len(costs)
        # What no other dominates so far is little; all sums at once may not fit into memory.
        if pending > limit:
            parts = [merged(parts)]
            pending = len(parts[0][0])
    return merged(parts)


def merged(fronts):
    """The front of all points of several fronts."""
    return nondominated(np.concatenate([costs for costs, _ in fronts]), np.concatenate([losses for _, losses in fronts]))


def free_front(groups):
    """The front over all selections; a group is a pair of arrays, costs and losses."""
    front = nondominated(*groups[0])
    for group in groups[1:]:
        front = summed(front, nondominated(*group))
    return front


def matching_front(groups):
    """The front over selections in which each choice's output is the next one's input.

    A group is a dictionary from (input, output) to a pair of arrays, costs and losses.
    """
    states = {}
    for (_, output), choices in groups[0].items():
        states.setdefault(output, []).append(nondominated(*choices))
    states = {output: merged(fronts) for output, fronts in states.items()}
    for group in groups[1:]:
        following = {}
        for (entry, output), choices in group.items():
            if entry in states:
                following.setdefault(output, []).append(summed(states[entry], nondominated(*choices)))
        states = {output: merged(fronts) for output, fronts in following.items()}
    return merged(list(states.values()))


def least_loss(front, limit):
    """The least loss at a cost of at most `limit`; `None` where there is none."""
    costs, losses = front
    position = int(np.searchsorted(costs, limit, side="right"))
    return losses[position - 1] if position else None
