"""How densely the input of a network spikes, for which its first weights and their learning are made."""

import dataclasses

import numpy as np

from ..networks.network import Network
from .dataset import SpikeData


def with_input_rate(network: Network, data: SpikeData) -> Network:
    """The network with the rate of its input: the one that it declares, or else that of the data.

    Args:
        network: structure and settings.
        data: training set.

    Raises:
        ValueError: as ``input_rate``.
    """
    if network.input_rate is not None:
        return network
    return dataclasses.replace(network, input_rate=input_rate(network, data))


def input_rate(network: Network, data: SpikeData) -> float:
    """Mean rate of an input channel while there is input, as the network sees it [Hz].

    There is input as long as a neuron feels a spike: for the time of a rectangle with the area and the energy of a
    postsynaptic potential, ``2 (tau_mem + tau_syn)``, after it, but not beyond the end of the trial. So short volleys
    count by their spikes, long recordings by their rate, and silence between does not count.

    Args:
        network: pools and delays the input; with its duration and time constants.
        data: whose samples are taken, all of them.

    Raises:
        ValueError: if there is no spike within the duration.
    """
    felt = 2 * (network.tau_mem + network.tau_syn)
    spikes, time = 0, 0.0
    for index in range(len(data)):
        times, _ = network.encode(data.sample(index))
        times = times[times < network.duration].astype(np.float64)
        spikes += times.size
        time += float(np.minimum(np.diff(times, append=network.duration), felt).sum())
    if not spikes:
        raise ValueError(
            f"no training sample has a spike before the end of a trial at {network.duration:g} s, expected times in "
            "seconds: correct the times or the duration"
        )
    return spikes / time / (network.inputs * network.delay_line)
