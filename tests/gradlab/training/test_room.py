"""Room for spikes grows where it is missing."""

import numpy as np

from gradlab import Network
from gradlab.training.room import Room, pool_for


def test_a_layer_that_hears_of_too_few_spikes_does_not_run_away():
    """Outputs seem to overflow while the hidden spikes that reach them have no room."""
    room = Room(Network(5, 3, hidden=(64,), duration=0.06, loss="ttfs"), limited=True)
    before = room.capacities
    assert before[0] < 300
    used = room.call(busiest, lambda given: np.array([[300, 9 if given[0] >= 300 else 10**6], [0, 0]]))
    assert used == room.capacities == (512, before[1])


def busiest(given):
    return tuple(each.busiest for each in given)


def room_of(mean, neurons=64):
    """Of one layer, with a pool for so many spikes of a sample."""
    room = Room(Network(5, 3, hidden=(neurons,), duration=1.0), limited=True)
    room.capacities, room.means = (16384,), (mean,)
    return room


def test_the_pool_grows_to_what_a_batch_needs():
    room = room_of(200)
    used = room.call(lambda given: given, lambda given: np.array([[9000], [1000]]))
    assert used == room.now and used[0].busiest == 16384
    assert 1050 <= used[0].mean <= 1100  # with 3 % to spare, in steps of 4.4 %
    assert room.call(lambda given: given, lambda given: np.array([[9000], [1001]])) == used


def test_where_it_is_only_known_that_there_were_more_it_grows_until_they_fit():
    room = room_of(500)
    tried = []
    room.call(lambda given: tried.append(given[0].mean), lambda _: np.array([[900], [min(1000, tried[-1] + 1)]]))
    assert tried == sorted(tried) and len(tried) < 20 and 1000 <= tried[-1] < 1200


def test_the_pool_shrinks_if_that_saves_enough():
    room = room_of(4900)
    room.shrink([[9000], [4500]])
    assert room.means == (4900,) and room.capacities == (16384,)
    room.shrink([[3000], [1000]])
    assert room.capacities == (4096,) and 1050 <= room.means[0] <= 1100
    room.means = (room.capacities[0] + 1,)
    assert room.now[0].mean == room.capacities[0]  # no batch needs more


def test_sizes_of_the_pool_are_few():
    sizes = {pool_for(spikes) for spikes in range(1000, 2000)}
    assert len(sizes) <= 18 and all(spikes < pool_for(spikes) < 1.1 * spikes for spikes in (1000.0, 1234.5, 70000.0))
