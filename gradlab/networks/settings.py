"""What a user can set about a network; data sets and presets set the same fields."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from solvers.fields import Count, Counts, NotNegative, Positive, check_fields
from solvers.neurons import NEURONS

from .delays import POSITIONS, SYNAPSES, DistributionName, OfInputs, OfNeurons
from .heterogeneity import KindName
from .initialisers import InitialiserName
from .readouts import ReadoutName
from .units_of_time import check_times

if TYPE_CHECKING:
    NeuronName = str
else:
    NeuronName = Literal[tuple(NEURONS)]


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Structure and fixed settings of a network, but for the sizes that follow from the data.

    Attributes:
        hidden: neurons of each hidden layer, such as 128, or 128 128 for two.
        neuron: model of the hidden neurons, and of spiking outputs; models without closed form (all but lif, dead-time
            and clamp) are slow to train.
        pool: neighbouring input channels that have their weights in common, such as 5.
        delay_line: copies of the input, each on channels of its own and later than the one before: so many times the
            input spikes, and so much more time.
        delay_step: delay between the copies [s].
        recurrent: recurrent weights in the hidden layers.
        loss: cross-entropy on the readout's mean voltage (mean), the same with weight exp(-t/duration) (exp), its
            maximum (max), or on the first spike times of output neurons (ttfs).
        duration: of a trial [s]; later input is left out.
        delay: of recurrent transmission [s].
        tau_mem: membrane time constant, also of the readout [s].
        tau_syn: synaptic time constant, also of the readout [s].
        threshold: firing threshold.
        reset: voltage after a spike.
        other_constants: further constants of the neuron model by name, such as tau_adapt 0.2; by default the model's.
        constants: constants of the hidden neurons: shared by a layer, one for each neuron but equal at first, or with
            time constants drawn for each neuron from a gamma distribution around the settings.
        initialiser: of the weights: mean-driven (EventProp papers), mixed (the same with more spread), or
            fluctuation-driven (Rossbroich et al. 2022).
        input_delays: delays of the connections from the inputs, parameters that can be trained: none, one for each
            channel, in deeper layers for each neuron of the layer before, one for each synapse, or each synapse's from
            the positions of both ends in space.
        recurrent_delays: the same of recurrent connections, beside ``delay``: none, one for each neuron, one for each
            synapse, or from positions.
        initial_delays: how they, or positions, are drawn: uniform up to ``longest_delay``, gaussian around its half,
            or zero.
        longest_delay: of these, also when they are trained [s].
        input_rate: mean rate of an input channel while there is input [Hz], to which the weights and their learning are
            made; by default measured from the training data.

    Raises:
        ValueError: for a field of another type or out of range, or an impossible setting.
    """

    hidden: Counts = (128,)
    neuron: NeuronName = "lif"
    pool: Count = 1
    delay_line: Count = 1
    delay_step: Positive = 30e-3
    recurrent: bool = True
    loss: ReadoutName = "exp"
    duration: Positive = 1.0
    delay: NotNegative = 1e-3
    tau_mem: Positive = 20e-3
    tau_syn: Positive = 10e-3
    threshold: Positive = 1.0
    reset: float = 0.0
    other_constants: tuple[tuple[str, float], ...] = ()
    constants: KindName = "shared"
    initialiser: InitialiserName = "mixed"
    input_delays: OfInputs = "none"
    recurrent_delays: OfNeurons = "none"
    initial_delays: DistributionName = "uniform"
    longest_delay: Positive = 0.1
    input_rate: Positive | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be; see the class."""
        check_fields(self)
        if self.reset >= self.threshold:
            raise ValueError(f"reset is {self.reset:g}, expected below the threshold {self.threshold:g}")
        self._check_other_constants()
        if self.recurrent_delays != "none" and not self.recurrent:
            raise ValueError("recurrent_delays are given, but there are no recurrent weights: set recurrent")
        kinds = {self.input_delays, self.recurrent_delays}
        if not kinds.isdisjoint((SYNAPSES, POSITIONS)) and self.recurrent and self.delay == 0:
            raise ValueError("delay is 0, expected > 0 beside delays of synapses in recurrent layers, such as 1e-3")
        self._check_positions(kinds)
        declared = NEURONS[self.neuron].constants
        slow = {name: value for name, value in self.constant_values.items() if declared[name].unit == "s"}
        lags = {"delay": self.delay} if self.recurrent else {}
        lags |= {"delay_step": self.delay_step} if self.delay_line > 1 else {}
        lags |= {"longest_delay": self.longest_delay} if self.has_delays else {}
        check_times(self.duration, slow, lags)

    def _check_positions(self, kinds: set[str]) -> None:
        if POSITIONS not in kinds:
            return
        if self.recurrent and kinds != {POSITIONS}:
            raise ValueError(
                f"input_delays are {self.input_delays}, recurrent_delays {self.recurrent_delays}: expected positions "
                "for both, for neurons have their places once"
            )
        if self.initial_delays == "zero":
            raise ValueError("initial_delays are zero, expected uniform or gaussian: positions have to differ")

    def _check_other_constants(self) -> None:
        declared = NEURONS[self.neuron].constants
        others = [name for name in declared if name not in type(self).__dataclass_fields__]
        if len(dict(self.other_constants)) < len(self.other_constants):
            raise ValueError(f"other_constants are {self.other_constants}, expected each name once")
        for name, value in self.other_constants:
            if name not in others:
                raise ValueError(
                    f"other_constants has {name!r}, expected {' or '.join(others) or 'nothing'} for neuron "
                    f"{self.neuron!r}; constants that all neurons have are settings of their own"
                )
            if declared[name].positive and value <= 0:
                raise ValueError(f"{name} is {value:g}, expected a finite number > 0")

    @property
    def has_delays(self) -> bool:
        """Whether connections have delays that are parameters."""
        return self.input_delays != "none" or self.recurrent_delays != "none"

    @property
    def constant_values(self) -> dict[str, float]:
        """The setting of each constant of the neuron model, in the order in which the model declares them."""
        given = dict(self.other_constants)
        declared = NEURONS[self.neuron].constants
        return {name: given.get(name, getattr(self, name, constant.default)) for name, constant in declared.items()}
