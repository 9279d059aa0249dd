"""Circulation of a gradient field: its integral around a closed loop, a circle in weight space.

The integral of the gradient of a function along a closed curve is zero. A network's loss is smooth in its weights up to
places where a spike appears or vanishes: there it jumps, and no gradient sees it. So EventProp's gradient must give
zero on loops without such a place, and minus the sum of the jumps on the others. A surrogate gradient is the gradient
of no function, and gives anything (Gygax & Zenke 2025, Neural Comput. 37:886).
"""

import itertools
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.integrate import quad

_PANELS = 128  # stretches of a loop in which its places are looked for at first
_CLOSE = 1e-10  # [rad]
_JUMP = 1e-6  # [s]; between neighbouring floating-point numbers, a spike that is still there moves by much less


class Look(NamedTuple):
    """What there is at a point of weight space.

    Attributes:
        loss: there.
        gradient: of the loss, ``[weights]``.
        trains: spike times of each neuron in order, and the end of the trial [s] for spikes that there are not; where
            one of them jumps, a spike appeared or vanished, and the loss jumps.
        order: everything discrete, such as the order of events; where it changes, loss or gradient may jump.
    """

    loss: float
    gradient: Float[np.ndarray, " weights"]
    trains: Float[np.ndarray, "*samples neurons spikes"]
    order: np.ndarray


class Circle(NamedTuple):
    """A closed curve in weight space.

    Attributes:
        centre: ``[weights]``.
        across: two orthonormal directions, ``[2, weights]``.
        radius: in units of the weights.
    """

    centre: Float[np.ndarray, " weights"]
    across: Float[np.ndarray, "2 weights"]
    radius: float

    def point(self, angle: float) -> Float[np.ndarray, " weights"]:
        """At an angle [rad]."""
        return self.centre + self.radius * (np.cos(angle) * self.across[0] + np.sin(angle) * self.across[1])

    def tangent(self, angle: float) -> Float[np.ndarray, " weights"]:
        """Derivative of the point with respect to the angle."""
        return self.radius * (np.cos(angle) * self.across[1] - np.sin(angle) * self.across[0])


class Circulation(NamedTuple):
    """The integral of a gradient field around a circle.

    Attributes:
        integral: of the gradient along the curve.
        error: estimate of its numerical error.
        jumps: of the loss in the direction of travel, at each place where spikes appear or vanish.
        angles: of these places [rad].
        kinks: number of further places, where only the gradient jumps.
    """

    integral: float
    error: float
    jumps: np.ndarray
    angles: np.ndarray
    kinks: int

    @property
    def residual(self) -> float:
        """The integral and the jumps together: zero if the gradient is exact."""
        return abs(self.integral + float(self.jumps.sum()))


def random_circle(centre: np.ndarray, radius: float, rng: np.random.Generator) -> Circle:
    """A circle around a point in a random plane."""
    return Circle(centre, np.linalg.qr(rng.normal(size=(centre.size, 2)))[0].T, radius)


def circulation(look: Callable[[np.ndarray], Look], circle: Circle, tolerance: float = 1e-11) -> Circulation:
    """Integrate a piecewise smooth gradient field around a circle, piece by piece.

    Every place where something discrete changes is found to machine precision by bisection, the pieces between are
    integrated adaptively. The gradient has inverse square roots where a spike appears, so each piece is run through
    with a speed that vanishes at its ends.

    Args:
        look: evaluates the network at a point ``[weights]``, in double precision.
        circle: the curve.
        tolerance: absolute, of each piece's integral.
    """
    seen: dict[float, Look] = {}

    def at(angle: float) -> Look:
        if angle not in seen:
            seen[angle] = look(circle.point(angle))
        return seen[angle]

    def changes(low: float, high: float) -> list[tuple[float, float]]:
        """Pairs of neighbouring angles between which something discrete changes."""
        if np.array_equal(at(low).order, at(high).order):
            return []
        middle = (low + high) / 2
        return changes(low, middle) + changes(middle, high) if low < middle < high else [(low, high)]

    def integrate(low: float, high: float) -> tuple[float, float, float | None]:
        """Integral over a piece, its error, and an angle at which another order was met, if one was."""
        met: list[float] = []

        def integrand(s: float) -> float:
            angle = low + (high - low) * s * s * (3 - 2 * s)
            here = look(circle.point(angle))
            if not np.array_equal(here.order, at(low).order):
                met.append(angle)
            return float(here.gradient @ circle.tangent(angle)) * (high - low) * 6 * s * (1 - s)

        value, error = quad(integrand, 0, 1, epsabs=tolerance, epsrel=0, limit=100, full_output=True)[:2]
        return value, error, met[0] if met else None

    corners = [float(x) for x in np.linspace(0, 2 * np.pi, _PANELS + 1)]
    places = _merged(place for low, high in itertools.pairwise(corners) for place in changes(low, high))
    integrals: dict[tuple[float, float], tuple[float, float]] = {}
    while todo := [piece for piece in _between(places) if piece not in integrals]:
        value, error, met = integrate(*todo[0])
        if met is None:
            integrals[todo[0]] = value, error
        else:
            places = _merged([*places, *changes(todo[0][0], met), *changes(met, todo[0][1])])
    total, error = np.sum([integrals[piece] for piece in _between(places)], 0)

    moved = {place: np.abs(at(place[1]).trains - at(place[0]).trains).max() for place in places}
    events = sorted(place for place, by in moved.items() if by > _JUMP)
    return Circulation(
        float(total),
        float(error),
        jumps=np.array([at(b).loss - at(a).loss for a, b in events]),
        angles=np.array([b for _, b in events]),
        kinks=len(places) - len(events),
    )


def _merged(places: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Places in order, those too close to tell apart as one: by rounding, a spike that only just is comes and goes."""
    result: list[tuple[float, float]] = []
    for low, high in sorted(places):
        if result and low - result[-1][1] < _CLOSE:
            result[-1] = result[-1][0], max(high, result[-1][1])
        else:
            result.append((low, high))
    return result


def _between(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The pieces of the circle that places cut it into."""
    ends = [0.0, *itertools.chain(*places), 2 * np.pi]
    return list(zip(ends[::2], ends[1::2], strict=True))
