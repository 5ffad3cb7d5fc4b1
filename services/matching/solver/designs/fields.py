"""Finite fields as tables, and the groups that base rounds are developed over."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int32]


def prime_power(number: int) -> tuple[int, int] | None:
    """(p, m) with number = p**m, p prime and m at least 1; None for every other number."""
    if number < 2:
        return None
    p = next((d for d in range(2, int(number**0.5) + 1) if number % d == 0), number)
    m = 0
    while number % p == 0:
        number //= p
        m += 1
    return (p, m) if number == 1 else None


@lru_cache(maxsize=64)
def addition(moduli: tuple[int, ...]) -> Table:
    """Sums in the direct product of Z_m for all m of `moduli`: n×n, n their product.

    An element is the number whose mixed-radix digits, the first one leading, are its components.
    """
    table = np.zeros((1, 1), dtype=np.int32)
    for m in moduli:
        digit = np.add.outer(np.arange(m), np.arange(m)) % m
        table = product(table, digit.astype(np.int32))
    return table


@lru_cache(maxsize=16)
def multiplication(q: int) -> Table:
    """Products in GF(q), q×q; the sums are `addition((p,) * m)`. Raises ValueError where q is not a prime power.

    An element is the number whose base-p digits are the coefficients of a polynomial in a primitive element.
    """
    power = prime_power(q)
    if power is None:
        raise ValueError(f"{q} is not a prime power")
    p, m = power
    numbers = np.arange(q)
    if m == 1:
        return (np.multiply.outer(numbers, numbers) % p).astype(np.int32)
    add = addition((p,) * m)
    scaled = np.stack([_scaled(numbers, c, p, m) for c in range(p)])
    times = _times_primitive(p, m)
    out = np.zeros((q, q), dtype=np.int32)
    power_of_x = numbers
    for i in range(m):
        digit = numbers // p**i % p
        out = add[out, scaled[digit][:, power_of_x]]
        power_of_x = times[power_of_x]
    return out


def product(first: Table, second: Table) -> Table:
    """The addition table of a direct product; element (a, b) is number a * len(second) + b."""
    n = len(first) * len(second)
    both = first[:, None, :, None] * len(second) + second[None, :, None, :]
    return both.reshape(n, n)


def _scaled(numbers: NDArray[np.int64], factor: int, p: int, m: int) -> NDArray[np.int64]:
    """Each polynomial times a constant."""
    out = np.zeros_like(numbers)
    for i in range(m):
        out += numbers // p**i * factor % p * p**i
    return out


def _times_primitive(p: int, m: int) -> NDArray[np.int64]:
    """Each polynomial times x, modulo the first polynomial of degree m for which x is primitive."""
    q = p**m
    numbers = np.arange(q)
    add = addition((p,) * m)
    for tail in range(1, q):
        # x**m equals this tail; what overflows is added that often to the rest.
        tails = np.array([_scaled(np.array([tail]), c, p, m)[0] for c in range(p)])
        times: NDArray[np.int64] = add[numbers % (q // p) * p, tails[numbers // (q // p)]].astype(np.int64)
        steps, element = 1, int(times[1])
        while element != 1 and steps < q:
            element = int(times[element])
            steps += 1
        if steps == q - 1:
            return times
    raise AssertionError("every field has a primitive element")
