"""How strongly a neuron is driven: its mean voltage while there is input, for weights of one.

The weights of the EventProp papers are numbers for SHD, whose thousands of spikes drive a neuron hard. Fewer spikes do
as much with larger weights, so those are counted in units: the unit is 1 on SHD, and gives the same mean voltage on
other data. The lift of silent neurons is in the same unit, but at most a weight with which one spike is enough. Hidden
neurons that are driven alike fire alike, so only the size of their layer matters to the next one.
"""

import math

SHD_RATE = 15.8  # [Hz], of an input channel, as Rossbroich et al. 2022 take it
_SHD_DRIVE = 700 * SHD_RATE * 10e-3  # [threshold], with the default synaptic time constant
_LAYER_DRIVE = 128 * 10e-3  # of the default layer by the next one: neurons times time constant [s], at any rate


def input_unit(arrivals: float, tau_syn: float) -> float:
    """The unit of input weights.

    Args:
        arrivals: input spikes while there is input [Hz], without copies.
        tau_syn: synaptic time constant [s].
    """
    return _SHD_DRIVE / (arrivals * tau_syn)


def hidden_unit(neurons: int, tau_syn: float) -> float:
    """The unit of weights from a hidden layer of so many neurons to the next layer that spikes.

    Args:
        neurons: of the layer.
        tau_syn: synaptic time constant [s].
    """
    return _LAYER_DRIVE / (neurons * tau_syn)


def one_spike_weight(threshold: float, tau_mem: float, tau_syn: float) -> float:
    """The weight with which a single spike takes a leaky integrate-and-fire neuron from rest to its threshold.

    Args:
        threshold: of the neuron [voltage].
        tau_mem: membrane time constant [s].
        tau_syn: synaptic time constant [s].
    """
    x = tau_syn / tau_mem - 1
    return threshold * math.exp(math.log1p(x) / x if x else 1.0)  # over the peak of the postsynaptic potential
