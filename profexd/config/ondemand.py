"""The catalog of a child: it is told which plugins there are, and loads those that it uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any, overload

from profexd.api.hookspecs import ENTRY_POINT_GROUP
from profexd.config.catalog import Catalog, load_catalog
from profexd.wire import PluginJson


def catalog_on_demand(homes: Mapping[str, Mapping[str, str]]) -> Catalog:
    """Return the catalog that has these ``Catalog.homes``, and loads a plugin as it is asked for.

    What is not there, or can no longer be loaded, is looked for among all that is installed.
    """
    if not homes:
        return load_catalog()
    home_of = cache(_load_home)
    everything = cache(load_catalog)
    plugins: dict[str, Any] = {
        f"{kind}s": _Plugins(f"{kind}s", names, home_of, everything)
        for kind, names in homes.items()
    }
    return Catalog(**plugins, homes=homes, rows=_Rows(everything))


def _load_home(value: str) -> Catalog | None:
    found = load_catalog([EntryPoint(name=value, value=value, group=ENTRY_POINT_GROUP)])
    return None if any(row["status"] == "broken" for row in found.rows) else found


class _Plugins(Mapping[str, Any]):
    """The plugins of one kind by their names."""

    def __init__(
        self,
        kind: str,
        homes: Mapping[str, str],
        home_of: Callable[[str], Catalog | None],
        everything: Callable[[], Catalog],
    ) -> None:
        self._kind = kind
        self._homes = homes
        self._home_of = home_of
        self._everything = everything

    def __getitem__(self, name: str) -> Any:
        home = self._home_of(self._homes[name]) if name in self._homes else None
        found = getattr(home, self._kind).get(name) if home else None
        return found or getattr(self._everything(), self._kind)[name]

    def __contains__(self, name: object) -> bool:
        return name in self._homes or name in getattr(self._everything(), self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


class _Rows(Sequence[PluginJson]):
    """A row for everything that is installed, found out where somebody looks."""

    def __init__(self, everything: Callable[[], Catalog]) -> None:
        self._everything = everything

    @overload
    def __getitem__(self, index: int) -> PluginJson: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PluginJson]: ...
    def __getitem__(self, index: int | slice) -> PluginJson | Sequence[PluginJson]:
        return self._everything().rows[index]

    def __len__(self) -> int:
        return len(self._everything().rows)
