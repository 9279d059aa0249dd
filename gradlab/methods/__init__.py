"""Ways to train a network. A new method is one file and one line in ``METHODS``; nothing else asks for its name."""

from typing import TYPE_CHECKING, Literal

from .base import CLOCK_DRIVEN as CLOCK_DRIVEN
from .base import EVENT_DRIVEN as EVENT_DRIVEN
from .base import Method as Method
from .bptt import BPTT as BPTT
from .eventprop import EventProp as EventProp
from .eventprop_smooth import EventPropSmooth as EventPropSmooth

# The first exact method is what others are compared with; the first of a simulator runs weights of other simulators.
METHODS: dict[str, type[Method]] = {
    "eventprop": EventProp,
    "bptt": BPTT,
    "eventprop-smooth": EventPropSmooth,
}
if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(METHODS)]
