"""The names of a persona's products, so that a customer's words for them are recognised."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from server.catalog import LoadedPlugin
from server.catalog.plugin_spec import TablePlugin
from server.catalog.spec import Offer

_LONGEST = 2_000


def product_names(plugins: Sequence[LoadedPlugin], offers: Sequence[Offer] = ()) -> tuple[str, ...]:
    """Names from the `name…` columns of tables that a CSV file fills, and products that offers name."""
    names: dict[str, None] = {}
    for plugin in plugins:
        if isinstance(plugin.spec, TablePlugin) and plugin.spec.rows:
            path = _rows_file(plugin.file, plugin.spec.rows)
            try:
                changed = path.stat().st_mtime_ns
            except OSError:  # the plugin's own problem says so
                continue
            names.update(dict.fromkeys(_names(path, changed)))
    names.update(dict.fromkeys(offer.product for offer in offers if offer.product))
    return tuple(names)


@lru_cache(maxsize=64)
def _rows_file(file: str, rows: str) -> Path:
    return Path(file).parent / rows


@lru_cache(maxsize=64)
def _names(path: Path, _changed: int) -> tuple[str, ...]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = [c for c in reader.fieldnames or () if c and (c == "name" or c.startswith("name_"))]
        found = {
            row[c].strip(): None for row, _ in zip(reader, range(_LONGEST), strict=False) for c in columns if row[c]
        }
    return tuple(name for name in found if name)
