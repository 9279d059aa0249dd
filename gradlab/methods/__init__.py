"""Ways to train a network. A new method is one file and one line in ``METHODS``; nothing else asks for its name."""

from typing import TYPE_CHECKING, Literal

from ..networks.network import Network
from .base import CLOCK_DRIVEN as CLOCK_DRIVEN
from .base import EVENT_DRIVEN as EVENT_DRIVEN
from .base import Method as Method
from .bptt import BPTT as BPTT
from .e_prop import EProp as EProp
from .eventprop import EventProp as EventProp
from .eventprop_smooth import EventPropSmooth as EventPropSmooth
from .feedback_alignment import FeedbackAlignment as FeedbackAlignment
from .spikeprop import SpikeProp as SpikeProp
from .stochastic import Stochastic as Stochastic
from .true_derivative import TrueDerivative as TrueDerivative

# The first exact method is what others are compared with; the first of a simulator runs weights of other simulators.
METHODS: dict[str, type[Method]] = {
    "eventprop": EventProp,
    "bptt": BPTT,
    "eventprop-smooth": EventPropSmooth,
    "spikeprop": SpikeProp,
    "feedback-alignment": FeedbackAlignment,
    "e-prop": EProp,
    "true-derivative": TrueDerivative,
    "stochastic": Stochastic,
}


def able_methods(network: Network) -> dict[str, Method]:
    """Every method that can run a network, with its defaults, by name; the others refuse it, see ``Method.check``."""
    found: dict[str, Method] = {}
    for name, method in METHODS.items():
        try:
            method().check(network)
        except ValueError:
            continue
        found[name] = method()
    return found


if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(METHODS)]
