"""Where the forward pass puts events: in a row for each sample, or in pages that samples take from one pool as they go.

A table has the pages of each sample in order. Which pages it gets does not change any result.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from ....events import StaticInt, require_places

PAGE = 16  # slots


class Rows(NamedTuple):
    """Room for as many events in each sample.

    Attributes:
        begin: first slot of each sample.
        capacity: of a sample.
    """

    begin: Int[Array, " batch"]
    capacity: StaticInt

    def slot(self, number: Int[Array, " batch"]) -> Int[Array, " batch"]:
        """Of each sample's event of this number."""
        return self.begin + number


class Pages(NamedTuple):
    """The pages of each sample, as far as they are taken.

    Attributes:
        table: a row for each sample.
        capacity: of a sample.
    """

    table: Int[Array, "batch pages"]
    capacity: StaticInt

    def slot(self, number: Int[Array, " batch"]) -> Int[Array, " batch"]:
        """Of each sample's event of this number."""
        page = jnp.take_along_axis(self.table, (number // PAGE)[:, None], 1, mode="clip")[:, 0]
        return page * PAGE + number % PAGE


Places = Rows | Pages


def places(batch: int, capacity: int, kinds: int, slots: int | None) -> tuple[list[Places], int]:
    """For events of some kinds, and how many slots there are for all of them.

    Args:
        batch: number of samples.
        capacity: of a sample, of each kind.
        kinds: number of kinds.
        slots: that are to be enough, however they are spread over the samples; None for rows.
    """
    size = StaticInt(capacity)
    if slots is None:
        first = capacity * jnp.arange(kinds * batch, dtype=jnp.int32).reshape(kinds, batch)
        return [Rows(begin, size) for begin in first], require_places(kinds * batch * capacity)
    empty = jnp.zeros((batch, -(-capacity // PAGE)), jnp.int32)
    pages = -(-slots // PAGE) + kinds * batch  # as the last ones are not full
    return [Pages(empty, size)] * kinds, require_places(PAGE * pages)


def more(
    where: Places, comes: Bool[Array, " batch"], number: Int[Array, " batch"], taken: Int[Array, ""]
) -> tuple[Places, Int[Array, ""]]:
    """With pages for the samples to which an event of this number comes, and how many pages are taken then."""
    if isinstance(where, Rows):
        return where, taken
    batch, pages = where.table.shape
    needs = comes & (number % PAGE == 0)
    before = jnp.tril(jnp.ones((batch, batch), bool), -1)
    page = taken + jnp.sum(before & needs, 1, dtype=jnp.int32)
    entry = jnp.where(needs, number // PAGE, pages)
    table = where.table.at[jnp.arange(batch), entry].set(page, mode="drop")
    return where._replace(table=table), taken + jnp.sum(needs, dtype=jnp.int32)
