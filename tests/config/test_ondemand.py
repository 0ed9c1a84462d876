"""A child loads the plugins that its pipeline names, and finds out about the others if it must."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from profexd.config.catalog import Catalog
from profexd.config.ondemand import catalog_on_demand

LOADED = """
import json, sys
from profexd.config.ondemand import catalog_on_demand
catalog = catalog_on_demand(json.loads(sys.argv[1]))
assert "s3" in catalog.sinks and len(catalog.formats) > 3
catalog.formats["json"], catalog.sinks["file"]
print(*sorted(name for name in sys.modules if name.startswith("profexd_")))
"""


def test_only_what_is_asked_for_is_loaded(catalog: Catalog) -> None:
    homes = json.dumps(catalog.homes)
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, homes], capture_output=True, check=True, text=True
    ).stdout.split()
    assert {"profexd_formats.json", "profexd_sinks.file"} <= {*loaded}
    assert not {"profexd_formats.excel", "profexd_sinks.s3", "profexd_sinks.azure"} & {*loaded}


def test_it_has_the_same_plugins_as_the_whole(catalog: Catalog) -> None:
    some = catalog_on_demand(catalog.homes)
    assert dict(some.formats) == catalog.formats
    assert dict(some.codecs) == catalog.codecs
    assert dict(some.sinks) == catalog.sinks
    assert dict(some.notifiers) == catalog.notifiers


def test_what_has_gone_is_looked_for_among_all(catalog: Catalog) -> None:
    homes = {kind: dict.fromkeys(names, "no_such_module") for kind, names in catalog.homes.items()}
    some = catalog_on_demand(homes)
    assert some.formats["csv"] is catalog.formats["csv"]
    with pytest.raises(KeyError):
        some.formats["nonsense"]
    assert "nonsense" not in some.sinks
    assert [row["name"] for row in some.rows] == [row["name"] for row in catalog.rows]
    assert some.broken("nonsense", "sink") is None
