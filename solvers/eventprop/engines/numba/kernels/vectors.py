"""Steps that numba has no words for, or that its compiler does not make vectors of, as LLVM's instructions.

Arrays lie in memory without gaps, and positions in them count their entries from the first. What is scattered to a ring
or gathered from it goes for eight neurons at a time.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8
_FAST = "contract", "reassoc", "nsz", "arcp"  # as in ``flow``
_INDEX = ir.IntType(32)


def _pick(*lanes):
    return ir.Constant(ir.VectorType(_INDEX, len(lanes)), lanes)


def _at(context, builder, kind, array, position):
    """A pointer to an entry of an array."""
    return builder.gep(context.make_array(kind)(context, builder, array).data, [position])


def _load(context, builder, kind, array, position, lanes):
    """So many entries of an array, which is aligned to them only."""
    entry = context.get_data_type(kind.dtype)
    pointer = builder.bitcast(_at(context, builder, kind, array, position), ir.VectorType(entry, lanes).as_pointer())
    return builder.load(pointer, align=context.get_abi_sizeof(entry))


def _store(context, builder, kind, array, position, value):
    pointer = builder.bitcast(_at(context, builder, kind, array, position), value.type.as_pointer())
    builder.store(value, pointer, align=context.get_abi_sizeof(value.type.element))


def _place(context, builder, kind, places, position, lane):
    """Position in a ring of the first number of a place; places count pairs of numbers."""
    at = builder.add(position, ir.Constant(position.type, lane))
    pair = builder.zext(builder.load(_at(context, builder, kind, places, at)), position.type)
    return builder.shl(pair, ir.Constant(position.type, 1))


@intrinsic
def add_to_places(typing_context, ring, places, currents, voltages, n):
    """Add to each of eight places of a ring a current, a voltage, and what of both is negative.

    Args:
        typing_context: numba's.
        ring: four numbers a place.
        places: whose, from ``n`` on.
        currents: likewise.
        voltages: likewise.
        n: an unsigned number.
    """

    def generate(context, builder, signature, arguments):
        of_ring, of_places, of_numbers = signature.args[:3]
        ring, places, currents, voltages, n = arguments
        current, voltage = (_load(context, builder, of_numbers, x, n, LANES) for x in (currents, voltages))
        zero = ir.Constant(current.type, None)
        for first in (0, 2):  # neurons 0, 1, 4, 5 and 2, 3, 6, 7: vectors of half the width are not mixed
            lanes = [x for k in (first, first + 1) for x in (k, LANES + k)]
            both = builder.shuffle_vector(current, voltage, _pick(*lanes, *(x + 4 for x in lanes)))
            below = builder.select(builder.fcmp_ordered(">", both, zero), zero, both)
            for which in (0, 1):
                pick = [2 * which, 2 * which + 1]
                pick += [LANES + x for x in pick]
                all_ = builder.shuffle_vector(both, below, _pick(*pick, *(x + 4 for x in pick)))
                for half in (0, 1):
                    added = builder.shuffle_vector(all_, all_, _pick(*range(4 * half, 4 * half + 4)))
                    place = _place(context, builder, of_places, places, n, first + which + 4 * half)
                    before = _load(context, builder, of_ring, ring, place, 4)
                    _store(context, builder, of_ring, ring, place, builder.fadd(before, added, flags=_FAST))
        return context.get_dummy_value()

    return types.void(ring, places, currents, voltages, n), generate


@intrinsic
def take_pairs(typing_context, ring, places, first, second, n):
    """The pairs of numbers at eight places of a ring, apart.

    Args:
        typing_context: numba's.
        ring: two numbers a place.
        places: whose, from ``n`` on.
        first: receives the first number of each, likewise.
        second: receives the second.
        n: an unsigned number.
    """

    def generate(context, builder, signature, arguments):
        of_ring, of_places, of_numbers = signature.args[:3]
        ring, places, *targets, n = arguments
        for four in (0, 4):
            pairs = [
                _load(context, builder, of_ring, ring, _place(context, builder, of_places, places, n, four + k), 2)
                for k in range(4)
            ]
            halves = [builder.shuffle_vector(pairs[k], pairs[k + 1], _pick(0, 1, 2, 3)) for k in (0, 2)]
            at = builder.add(n, ir.Constant(n.type, four))
            for k, target in enumerate(targets):
                apart = builder.shuffle_vector(*halves, _pick(k, k + 2, k + 4, k + 6))
                _store(context, builder, of_numbers, target, at, apart)
        return context.get_dummy_value()

    return types.void(ring, places, first, second, n), generate


@intrinsic
def no_overlap(typing_context):
    """Tell the compiler that the arrays that a function takes do not overlap; it is called first in the function.

    Then loops over many arrays become vectors without tests. The function stays one of its own, with few variables.
    """

    def generate(context, builder, signature, arguments):
        builder.function.attributes.add("noinline")
        for argument in builder.function.args[2:]:  # after where the result and an error go
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def not_numbers(typing_context, array, position):
    """Which of eight entries of an array from a position on are not numbers, as bits."""

    def generate(context, builder, signature, arguments):
        x = _load(context, builder, signature.args[0], *arguments, LANES)
        return builder.zext(builder.bitcast(builder.fcmp_unordered("uno", x, x), ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(array, position), generate


@intrinsic
def shifted(typing_context, x, by):
    """An unsigned number, ``by`` bits lower; numba makes it a longer one, and vectors half as wide."""

    def generate(context, builder, signature, arguments):
        number, bits = arguments
        return builder.lshr(number, builder.trunc(bits, number.type) if bits.type != number.type else bits)

    return x(x, by), generate


@intrinsic
def equal_bytes(typing_context, array, position, byte):
    """Which of 64 bytes from a position on are equal to one, as bits."""

    def generate(context, builder, signature, arguments):
        many = _load(context, builder, signature.args[0], *arguments[:2], 64)
        one = builder.insert_element(ir.Constant(many.type, ir.Undefined), arguments[2], ir.Constant(_INDEX, 0))
        equal = builder.icmp_unsigned("==", many, builder.shuffle_vector(one, one, _pick(*[0] * 64)))
        return builder.bitcast(equal, ir.IntType(64))

    return types.uint64(array, position, byte), generate


@intrinsic
def turn_bytes(typing_context, rows, first, columns, place):
    """Transpose eight by eight bytes: of the eight rows of an array, to columns.

    Args:
        typing_context: numba's.
        rows: ``[8, neurons]``.
        first: neuron.
        columns: ``[neurons, 64]``.
        place: in each column, for the byte of the first row.
    """

    def generate(context, builder, signature, arguments):
        of_rows, of_columns = signature.args[0], signature.args[2]
        rows, first, columns, place = arguments
        whole, eight = ir.IntType(64), ir.VectorType(ir.IntType(64), 8)
        neurons = builder.extract_value(context.make_array(of_rows)(context, builder, rows).shape, 1)

        def where(kind, array, row, width, column):
            at = builder.add(builder.mul(row, width), column)
            return builder.bitcast(_at(context, builder, kind, array, at), whole.as_pointer())

        number = lambda k: ir.Constant(whole, k)  # noqa: E731
        parts = ir.Constant(eight, ir.Undefined)
        for k in range(8):
            part = builder.load(where(of_rows, rows, number(k), neurons, first), align=1)
            parts = builder.insert_element(parts, part, ir.Constant(_INDEX, k))
        bytes_ = builder.bitcast(parts, ir.VectorType(ir.IntType(8), 64))
        turned = builder.shuffle_vector(bytes_, bytes_, _pick(*(8 * j + k for k in range(8) for j in range(8))))
        turned = builder.bitcast(turned, eight)
        for k in range(8):
            part = builder.extract_element(turned, ir.Constant(_INDEX, k))
            target = where(of_columns, columns, builder.add(first, number(k)), number(64), place)
            builder.store(part, target, align=1)
        return context.get_dummy_value()

    return types.void(rows, first, columns, place), generate


@intrinsic
def trailing_zeros(typing_context, bits):
    """Number of the lowest bit that is set; 64 if there is none."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(bits), generate
