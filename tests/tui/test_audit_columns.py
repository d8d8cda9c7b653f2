from __future__ import annotations

import gc
import weakref

from audits import fleet_view
from madrox_tui.panels.audit.table import AuditTable


def test_a_table_goes_as_soon_as_another_takes_its_place() -> None:
    """A view a second is shown: none of them waits for a garbage collection, with all it holds."""
    gc.disable()
    try:
        table = AuditTable(fleet_view())
        table.at(80)
        gone = weakref.ref(table)
        del table
        assert gone() is None
    finally:
        gc.enable()
