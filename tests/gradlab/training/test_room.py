"""Room for spikes grows where it is missing."""

import numpy as np

from gradlab import Network
from gradlab.training.room import Room


def test_a_layer_that_hears_of_too_few_spikes_does_not_run_away():
    """Outputs seem to overflow while the hidden spikes that reach them have no room."""
    room = Room(Network(5, 3, hidden=(64,), duration=0.06, loss="ttfs"), limited=True)
    before = room.capacities
    assert before[0] < 300
    used = room.call(lambda given: given, lambda given: np.array([300, 9 if given[0] >= 300 else 10**6]))
    assert used == room.capacities == (512, before[1])
