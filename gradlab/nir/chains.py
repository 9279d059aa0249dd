"""The connections of a NIR graph as paths from neurons to neurons."""

from typing import Any, NamedTuple

import numpy as np

from .library import library


class Path(NamedTuple):
    """What lies between two nodes of neurons, or between the input and one.

    Attributes:
        source: name of the node where it begins.
        weight: of its linear node, ``[post, pre]``.
        delays: of the nodes before that, from the source on [s].
        encoder: a linear node before these, and the delays right after it; None if there is no such node.
    """

    source: str
    weight: np.ndarray
    delays: list[np.ndarray]
    encoder: tuple[np.ndarray, np.ndarray | None] | None


class Graph:
    """A graph with its subgraphs taken apart.

    Attributes:
        input: name of its input.
    """

    def __init__(self, graph: Any):
        """Take a graph apart.

        Raises:
            ImportError: if the package ``nir`` is missing.
            ValueError: for anything but one input and one output.
        """
        self._nir = library()
        self._nodes: dict[str, Any] = {}
        self._before: dict[str, list[str]] = {}
        self._add(graph, "")
        self._seen: set[str] = set()
        outer = [name for name in graph.nodes if type(graph.nodes[name]) in (self._nir.Input, self._nir.Output)]
        inputs = [name for name in outer if isinstance(graph.nodes[name], self._nir.Input)]
        outputs = [name for name in outer if name not in inputs]
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(f"the graph has {len(inputs)} inputs and {len(outputs)} outputs, expected one of each")
        (self.input,), (self._output,) = inputs, outputs

    def _add(self, graph: Any, prefix: str) -> None:
        """Nodes and edges of a graph; a subgraph begins at its input and ends at its output."""
        begin: dict[str, str] = {}
        end: dict[str, str] = {}
        for name, node in graph.nodes.items():
            begin[name] = end[name] = prefix + name
            if isinstance(node, self._nir.NIRGraph):
                self._add(node, f"{prefix}{name}/")
                kinds = ((begin, self._nir.Input), (end, self._nir.Output))
                for ends, kind in kinds:
                    ends[name] = next(f"{prefix}{name}/{key}" for key, x in node.nodes.items() if isinstance(x, kind))
            else:
                self._nodes[prefix + name] = node
        for before, after in dict.fromkeys(map(tuple, graph.edges)):
            self._before.setdefault(begin[after], []).append(end[before])

    def _sources(self, name: str) -> list[str]:
        """The nodes before a node, through ends of subgraphs."""
        found: list[str] = []
        for before in self._before.get(name, []):
            inner = before != self.input and isinstance(self._nodes[before], self._nir.Input | self._nir.Output)
            found += self._sources(before) if inner else [before]
        return found

    def before_output(self) -> tuple[str, str, Any]:
        """Name, kind and node of what the graph answers with."""
        sources = self._sources(self._output)
        if len(sources) != 1:
            raise ValueError(f"the output hears {len(sources)} nodes, expected one")
        node = self._nodes[sources[0]]
        if not isinstance(node, self._nir.CubaLIF | self._nir.CubaLI):
            raise ValueError(f"the output hears a {type(node).__name__}, expected CubaLIF or CubaLI")
        self._seen.add(sources[0])
        return sources[0], type(node).__name__, node

    def neurons(self, name: str) -> Any:
        """The neurons of a name, which spike."""
        node = self._nodes[name]
        if not isinstance(node, self._nir.CubaLIF):
            raise ValueError(f"node {name!r} is a {type(node).__name__}, expected CubaLIF: other neurons are not read")
        self._seen.add(name)
        return node

    def paths_to(self, name: str) -> list[Path]:
        """All paths to a node of neurons."""
        paths = [self._path(source) for source in self._sources(name)]
        if isinstance(self._nodes[name], self._nir.CubaLI) and len(paths) != 1:
            raise ValueError(f"readout {name!r} hears {len(paths)} nodes, expected one")
        return paths

    def forward_and_loop(self, name: str) -> tuple[Path, Path | None]:
        """The path from the layer before, and that from the layer to itself."""
        paths = self.paths_to(name)
        loops = [path for path in paths if path.source == name]
        forward = [path for path in paths if path.source != name]
        if len(forward) != 1 or len(loops) > 1:
            heard = ", ".join(path.source for path in paths) or "nothing"
            raise ValueError(
                f"neurons {name!r} hear {heard}, expected one node before them, and themselves at most once"
            )
        if forward[0].encoder is not None and forward[0].source != self.input:
            raise ValueError(f"neurons {name!r} hear through two linear nodes, expected one: multiply their weights")
        return forward[0], loops[0] if loops else None

    def _path(self, name: str) -> Path:
        weights: list[np.ndarray] = []
        delays: list[list[np.ndarray]] = [[]]
        while True:
            node = self._nodes[name]
            if name == self.input or isinstance(node, self._nir.CubaLIF | self._nir.CubaLI):
                break
            self._seen.add(name)
            if isinstance(node, self._nir.Delay):
                delays[-1].insert(0, np.asarray(node.delay))
            elif isinstance(node, self._nir.Linear) or self._is_unbiased(node):
                weights.append(np.asarray(node.weight))
                delays.append([])
            else:
                raise ValueError(
                    f"node {name!r} is a {type(node).__name__}, expected Linear, Delay and CubaLIF, and Affine "
                    "without bias"
                )
            before = self._sources(name)
            if len(before) != 1:
                raise ValueError(f"node {name!r} hears {len(before)} nodes, expected one")
            name = before[0]
        if not 1 <= len(weights) <= 2 or delays[0] or weights[0].ndim != 2:
            raise ValueError(f"a connection from {name!r} is no linear node after delays, expected one, of a matrix")
        if len(weights) == 1:
            return Path(name, weights[0], delays[1], None)
        if delays[2]:
            raise ValueError(f"a connection from {name!r} has delays before its first linear node, expected them after")
        of_encoder = delays[1][0] if delays[1] else None
        return Path(name, weights[0], delays[1][1:], (weights[1], of_encoder))

    def _is_unbiased(self, node: Any) -> bool:
        return isinstance(node, self._nir.Affine) and not np.any(node.bias)

    def require_all_seen(self) -> None:
        """Refuse a graph of which something was left out."""
        kinds = self._nir.Input | self._nir.Output
        if left := sorted(set(self._nodes) - self._seen - {n for n, x in self._nodes.items() if isinstance(x, kinds)}):
            raise ValueError(
                f"node {left[0]!r} is not in the row of layers from the input to the output, expected all to be"
            )
