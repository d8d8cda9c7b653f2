"""The model of any moment, from the checkpoint before it."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from logging_core.analyse.fleet import FleetModel
from logging_core.history.order import PAGES, Order, Orderer, as_batch
from logging_core.history.spill import Spill


class _Hot(NamedTuple):
    """The model used last, and the page and record of an order up to which it has been applied."""

    order: Order
    position: tuple[int, int]
    model: FleetModel


class Models:
    """Makes the model of a moment, from that of the one asked for last where that is nearer.

    Args:
        spill: Where the records are.
        orderer: Loads checkpoints.
    """

    def __init__(self, spill: Spill, orderer: Orderer) -> None:
        self._spill = spill
        self._orderer = orderer
        self._hot: _Hot | None = None

    def at(self, order: Order, at_s: float) -> FleetModel:
        """Return a model to which exactly the records up to a moment were applied.

        Args:
            order: Of all records.
            at_s: The moment, in seconds since the epoch.
        """
        last = order.last_page(at_s)
        if last < 0:
            return self._orderer.make()
        page = self._spill.read(order.pages[last])
        stop = (last, bisect_right(page.times, at_s))
        first = last // PAGES
        start, model = (first * PAGES, 0), None
        hot, self._hot = self._hot, None
        if hot is not None and hot.order is order and start <= hot.position <= stop:
            start, model = hot.position, hot.model
        model = model or self._orderer.load(order.models[first])
        number, given = start
        for before in range(number, last):
            model.apply(as_batch(self._spill.read(order.pages[before]).entries(given)))
            given = 0
        model.apply(as_batch(page.entries(given, stop[1])))
        self._hot = _Hot(order, stop, model)
        return model
