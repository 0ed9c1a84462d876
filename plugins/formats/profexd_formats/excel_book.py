"""What surrounds the rows of a workbook: its parts, styles, sheets and the sheets' names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from profexd_formats.xml_text import escaped_text

MAX_NAME = 31
"""UTF-16 units in the name of a sheet."""
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FIRST_FREE_FORMAT = 164

ROOT_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)


@dataclass(slots=True)
class Styles:
    """The cell formats in use; each attribute is the number that a cell names."""

    formats: list[str] = field(
        default_factory=lambda: [
            "",
            "",
            "0",
            "yyyy-mm-dd",
            "hh:mm:ss",
            "hh:mm:ss.000",
            "yyyy-mm-dd hh:mm:ss",
            "yyyy-mm-dd hh:mm:ss.000",
        ]
    )
    header: ClassVar[int] = 1
    integer: ClassVar[int] = 2
    date: ClassVar[int] = 3
    time: ClassVar[int] = 4
    time_fraction: ClassVar[int] = 5
    timestamp: ClassVar[int] = 6
    timestamp_fraction: ClassVar[int] = 7

    def decimal(self, scale: int) -> int:
        """Return the style that shows ``scale`` digits after the point."""
        wanted = "0." + "0" * min(scale, 30) if scale else "0"
        if wanted not in self.formats:
            self.formats.append(wanted)
        return self.formats.index(wanted)

    def xml(self) -> str:
        """Return ``xl/styles.xml``."""
        formats = "".join(
            f'<numFmt numFmtId="{_FIRST_FREE_FORMAT + place}" formatCode="{code}"/>'
            for place, code in enumerate(self.formats)
            if code
        )
        count = sum(1 for code in self.formats if code)
        styles = "".join(
            f'<xf numFmtId="{_FIRST_FREE_FORMAT + place if code else 0}"'
            f' fontId="{int(place == self.header)}" fillId="0" borderId="0" xfId="0"'
            f' applyNumberFormat="{int(bool(code))}" applyFont="{int(place == self.header)}"/>'
            for place, code in enumerate(self.formats)
        )
        return (
            f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
            f'<numFmts count="{count}">{formats}</numFmts>'
            '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
            '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
            '<fills count="2"><fill><patternFill patternType="none"/></fill>'
            '<fill><patternFill patternType="gray125"/></fill></fills>'
            '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border>'
            "</borders>"
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
            "</cellStyleXfs>"
            f'<cellXfs count="{len(self.formats)}">{styles}</cellXfs>'
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
            "</styleSheet>"
        )


def content_types(sheets: int) -> str:
    """Return ``[Content_Types].xml``."""
    overrides = "".join(
        f'<Override PartName="/{sheet_path(number)}" ContentType="{_TYPE}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f"{overrides}</Types>"
    )


def workbook(names: Sequence[str]) -> str:
    """Return ``xl/workbook.xml``."""
    sheets = "".join(
        f'<sheet name="{_attribute(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, start=1)
    )
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'
    )


def workbook_relations(sheets: int) -> str:
    """Return ``xl/_rels/workbook.xml.rels``."""
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>"
    )


def sheet_path(number: int) -> str:
    """Return the member that holds a sheet, counted from 1."""
    return f"xl/worksheets/sheet{number}.xml"


def sheet_start(widths: Sequence[float | None]) -> str:
    """Return the beginning of a sheet, up to its rows; the header stays in view."""
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
        if width is not None
    )
    widened = f"<cols>{columns}</cols>" if columns else ""
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        "</sheetView></sheetViews>"
        f"{widened}<sheetData>"
    )


SHEET_END = "</sheetData></worksheet>"


def sheet_names(name: str) -> Iterator[str]:
    """Yield ``name``, ``name (2)``, … within what a name may hold, none of them twice."""
    used = {name.casefold()}
    yield name
    number = 2
    while True:
        suffix = f" ({number})"
        room = 2 * (MAX_NAME - len(suffix))
        short = name.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore")
        candidate = short + suffix
        if candidate.casefold() not in used:
            used.add(candidate.casefold())
            yield candidate
        number += 1


def _attribute(written: str) -> str:
    return escaped_text(written).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
